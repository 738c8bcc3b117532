import { readBatch } from '../domain/batches';
import { asImprintError } from '../domain/errors';
import { canonicalIdentity, describeIdentity, readIdentity, type Identity } from '../domain/identity';
import type { BatchDevice, BatchDevicePage, BatchInbox, BatchOverview, BatchProblem, BatchResults, BatchVerdict, KeptOrder, MesOrder, MesRecord, OfferedBatch, OrderSource } from '../domain/mes-orders';
import type { DeviceSearcher } from '../domain/device-search';
import type { Clock, RecordStore } from '../domain/ports';
import type { Profile } from '../domain/profile';

/** Problems that are told at once: whoever has more has one cause. */
const mostProblems = 100;
const portion = 500;

export interface InboxParts {
  readonly mes: MesRecord;
  readonly clock: Clock;
  /** SHA-256, hexadecimal. */
  readonly digest: (text: string) => string;
  /** The profile that is open here, where one is; others are known from the record once they were used. */
  readonly openProfile?: Profile | undefined;
  readonly readKeptProfile: (json: string) => Profile;
}

/**
 * Takes orders of an MES over what the record has: identities are those of the profile's scheme, each once, and nobody's.
 *
 * CRASH: an order is durable before it is said to be accepted; whoever heard nothing offers it again, which changes nothing.
 */
export class MesInbox implements BatchInbox {
  readonly #parts: InboxParts;

  constructor(parts: InboxParts) {
    this.#parts = parts;
  }

  async accept(offered: OfferedBatch, source: OrderSource): Promise<BatchVerdict> {
    const { mes, clock, digest } = this.#parts;
    const problems: BatchProblem[] = [];
    const name = collected('name', problems, () => readBatch(offered.name)) ?? offered.name;
    const profile = await this.#profile(offered.profile);
    if (profile === undefined) problems.push({ field: 'profile', sentence: `This station knows no profile "${offered.profile}": open it once, or start "imprint integrate" with it.` });
    const { quantity, identities } = offered;
    if (quantity !== undefined && identities.length > 0 && quantity !== identities.length) problems.push({ field: 'quantity', sentence: `The batch is of ${String(quantity)} devices and names ${String(identities.length)}.` });
    const read = profile === undefined ? [] : readIdentities(profile, identities, problems);
    if (problems.length > 0) return { accepted: false, conflict: false, problems: problems.slice(0, mostProblems) };
    const order: MesOrder = { ...offered, name, identities: read };
    const sha256 = digest(canonicalOrder(order));
    const known = await mes.order(name);
    if (known === undefined) {
      const taken = await this.#taken(read);
      if (taken.length > 0) return { accepted: false, conflict: false, problems: taken.slice(0, mostProblems) };
    }
    const kept = known ?? (await mes.keepOrder({ name, sha256, acceptedAt: clock.now().toISOString(), identities: read.length, source, order }));
    if (kept.sha256 !== sha256) return { accepted: false, conflict: true, problems: [{ field: 'name', sentence: `Batch ${name} was ordered already at ${kept.acceptedAt}, with another content.` }] };
    return { accepted: true, already: known !== undefined, receipt: receiptOf(kept) };
  }

  async #profile(name: string): Promise<Profile | undefined> {
    const { openProfile, mes, readKeptProfile } = this.#parts;
    if (openProfile?.name === name) return openProfile;
    const json = await mes.newestProfile(name);
    return json === undefined ? undefined : readKeptProfile(json);
  }

  async #taken(identities: readonly Identity[]): Promise<readonly BatchProblem[]> {
    const texts = identities.map(canonicalIdentity);
    const taken = new Set<string>();
    for (let from = 0; from < texts.length; from += portion) {
      for (const text of await this.#parts.mes.takenIdentities(texts.slice(from, from + portion))) taken.add(text);
    }
    return identities.flatMap((identity, index) => (taken.has(canonicalIdentity(identity)) ? [{ field: `identities.${String(index)}`, sentence: `${describeIdentity(identity)} is in the record already: a device has it.` }] : []));
  }
}

function receiptOf({ name, sha256, acceptedAt, identities }: KeptOrder): Extract<BatchVerdict, { accepted: true }>['receipt'] {
  return { name, sha256, acceptedAt, identities };
}

function readIdentities(profile: Profile, given: readonly Readonly<Record<string, string>>[], problems: BatchProblem[]): readonly Identity[] {
  const seen = new Map<string, number>();
  return given.flatMap((one, index) => {
    const field = `identities.${String(index)}`;
    const identity = collected(field, problems, () => readIdentity(profile.identity, one));
    if (identity === undefined) return [];
    const text = canonicalIdentity(identity);
    const before = seen.get(text);
    if (before !== undefined) problems.push({ field, sentence: `${describeIdentity(identity)} stands there twice: it is number ${String(before + 1)} too.` });
    seen.set(text, index);
    return [identity];
  });
}

/** What it returns; where it throws, that as a problem. */
function collected<T>(field: string, problems: BatchProblem[], read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    const { message, field: inside } = asImprintError(thrown);
    problems.push({ field: inside?.startsWith('identity.') === true ? `${field}.${inside.slice('identity.'.length)}` : field, sentence: message });
    return undefined;
  }
}

/** One text for one order, in whatever form it came. */
function canonicalOrder({ name, profile, quantity, customer, workOrder, pallet, identities }: MesOrder): string {
  return JSON.stringify([1, name, profile, quantity ?? null, customer ?? null, workOrder ?? null, pallet ?? null, identities.map(canonicalIdentity)]);
}

/** What an MES may ask, over the record. SECURITY: nothing here writes, and nothing but public facts comes out. */
export class MesResults implements BatchResults {
  readonly #mes: MesRecord;
  readonly #record: Pick<RecordStore, 'findByIdentity'>;
  readonly #search: DeviceSearcher;

  constructor(mes: MesRecord, record: Pick<RecordStore, 'findByIdentity'>, search: DeviceSearcher) {
    this.#mes = mes;
    this.#record = record;
    this.#search = search;
  }

  async batch(name: string): Promise<BatchOverview | undefined> {
    const [order, counts, signedOffAt] = await Promise.all([this.#mes.order(name), this.#mes.batchCounts(name), this.#mes.signedOffAt(name)]);
    const made = counts.preauthorized + counts.accepted;
    if (order === undefined && Object.values(counts).every((count) => count === 0)) return undefined;
    const wanted = order === undefined ? undefined : (order.order.quantity ?? (order.identities > 0 ? order.identities : undefined));
    return { name, order, counts, signedOffAt, complete: wanted !== undefined && made >= wanted };
  }

  devices(batch: string, after: string | undefined, limit: number): Promise<BatchDevicePage> {
    return this.#mes.devicesOfBatch(batch, after, limit);
  }

  /** Every device that has all of these attributes, newest first; at most a page of them. */
  async devicesWith(identity: Identity): Promise<readonly BatchDevice[]> {
    const exact = await this.#record.findByIdentity(identity);
    const values = Object.values(identity);
    const longest = values.reduce((best, value) => (value.length > best.length ? value : best), '');
    const found = longest.length < shortestSearch ? [] : (await this.#search.searchDevices({ text: longest, limit: 100, offset: 0 })).devices;
    const fitting = found.filter((device) => Object.entries(identity).every(([name, value]) => device.identity[name] === value));
    const all = exact === undefined || fitting.some(({ deviceId }) => deviceId === exact.deviceId) ? fitting : [exact, ...fitting];
    return all.map(({ deviceId, identity: whole, state, keyType, fingerprint, publicKeyPem, serverKind, profileName: profile, batch, createdAt, updatedAt }) => ({
      deviceId, identity: whole, state, keyType, fingerprint, publicKeyPem, serverKind, profile, batch, createdAt, updatedAt,
    }));
  }
}

/** Shorter texts are in so many identities that a search is no answer. */
const shortestSearch = 3;
