import { readBatch } from '../domain/batches';
import { asImprintError } from '../domain/errors';
import { canonicalIdentity, describeIdentity, readIdentity, type Identity } from '../domain/identity';
import type { BatchDevice, BatchDevicePage, BatchInbox, BatchOverview, BatchProblem, BatchResults, BatchVerdict, MesRecord, OfferedBatch } from '../domain/mes-orders';
import type { DeviceSearcher } from '../domain/device-search';
import type { RecordStore } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { mesName, type OrderSource, type PlacedOrder, type WorkOrder } from '../domain/work-orders';
import { serverKindOf, type Station } from './station';

/** Problems that are told at once: whoever has more has one cause. */
const mostProblems = 100;

export interface InboxParts {
  readonly station: Pick<Station, 'clock' | 'randomness' | 'servers' | 'readKeptProfile'> & { readonly record: Pick<RecordStore, 'orders'> };
  readonly mes: Pick<MesRecord, 'newestProfile'>;
  /** SHA-256, hexadecimal. */
  readonly digest: (text: string) => string;
  /** The profile that is open here, where one is; others are known from the record once they were used. */
  readonly openProfile?: Profile | undefined;
  /** What is ordered here is not real, and its receipt says so. */
  readonly practice?: boolean | undefined;
  /** A work order is there that was not there before. */
  readonly ordered?: ((order: WorkOrder) => void) | undefined;
}

/**
 * Makes work orders of what an MES hands in: identities are those of the profile's scheme and of its server, each once, and
 * nobody's. What stands on the page of batches afterwards is the order itself.
 *
 * CRASH: an order is durable before it is said to be accepted; whoever heard nothing offers it again, which changes nothing.
 */
export class MesInbox implements BatchInbox {
  readonly #parts: InboxParts;

  constructor(parts: InboxParts) {
    this.#parts = parts;
  }

  async accept(offered: OfferedBatch, source: OrderSource): Promise<BatchVerdict> {
    const { station, digest, ordered } = this.#parts;
    const problems: BatchProblem[] = [];
    const batch = collected('name', problems, () => readBatch(offered.name)) ?? offered.name;
    const profile = await this.#profile(offered.profile);
    if (profile === undefined) problems.push({ field: 'profile', sentence: `This station knows no profile "${offered.profile}": open it once, or start "imprint integrate" with it.` });
    const { quantity, customer, workOrder, pallet } = offered;
    if (quantity !== undefined && offered.identities.length > 0 && quantity !== offered.identities.length) problems.push({ field: 'quantity', sentence: `The batch is of ${String(quantity)} devices and names ${String(offered.identities.length)}.` });
    const identities = profile === undefined ? [] : this.#identities(profile, offered.identities, problems);
    if (problems.length > 0) return refused(problems);
    const list = identities.length > 0;
    const sha256 = digest(canonicalOrder({ ...offered, name: batch }, identities));
    const placed = await station.record.orders.placeOrder(
      {
        orderId: station.randomness.uuid(),
        batch,
        kind: list ? 'list' : 'open',
        profileName: offered.profile,
        quantity: list ? identities.length : quantity,
        customer,
        workOrder,
        pallet,
        mes: { source, sha256 },
        by: mesName,
        at: station.clock.now().toISOString(),
      },
      identities,
    );
    switch (placed.kind) {
      case 'taken':
        return refused(placed.taken.flatMap(({ index, how }) => (identities[index] === undefined ? [] : [{ field: `identities.${String(index)}`, sentence: `${describeIdentity(identities[index])} ${how}.` }])));
      case 'other':
        return { accepted: false, conflict: true, problems: [{ field: 'name', sentence: inTheWay(batch, placed) }] };
      case 'placed':
        ordered?.(placed.order);
        break;
      case 'already':
        break;
    }
    return { accepted: true, already: placed.kind === 'already', receipt: { name: batch, sha256, acceptedAt: placed.order.createdAt, identities: identities.length, ...(this.#parts.practice === true ? { practice: true } : {}) } };
  }

  async #profile(name: string): Promise<Profile | undefined> {
    const { openProfile, mes, station } = this.#parts;
    if (openProfile?.name === name) return openProfile;
    const json = await mes.newestProfile(name);
    return json === undefined ? undefined : station.readKeptProfile(json);
  }

  #identities(profile: Profile, given: readonly Readonly<Record<string, string>>[], problems: BatchProblem[]): readonly Identity[] {
    const kind = collected('profile', problems, () => serverKindOf(this.#parts.station, profile));
    return readIdentities(given, problems, (one) => {
      const identity = readIdentity(profile.identity, one);
      kind?.checkIdentity?.(identity, profile.server);
      return identity;
    });
  }
}

function refused(problems: readonly BatchProblem[]): BatchVerdict {
  return { accepted: false, conflict: false, problems: problems.slice(0, mostProblems) };
}

function inTheWay(batch: string, { order }: Extract<PlacedOrder, { kind: 'other' }>): string {
  if (order === undefined) return `Batch ${batch} has devices already that nobody ordered: give this one another name.`;
  return order.mes === undefined ? `Batch ${batch} was ordered at the station already, at ${order.createdAt}: give this one another name.` : `Batch ${batch} was ordered already at ${order.createdAt}, with another content.`;
}

function readIdentities(given: readonly Readonly<Record<string, string>>[], problems: BatchProblem[], read: (one: Readonly<Record<string, string>>) => Identity): readonly Identity[] {
  const seen = new Map<string, number>();
  return given.flatMap((one, index) => {
    const field = `identities.${String(index)}`;
    const identity = collected(field, problems, () => read(one));
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
function canonicalOrder({ name, profile, quantity, customer, workOrder, pallet }: OfferedBatch, identities: readonly Identity[]): string {
  return JSON.stringify([1, name, profile, quantity ?? null, customer ?? null, workOrder ?? null, pallet ?? null, identities.map(canonicalIdentity)]);
}

/** What an MES may ask, over the record. SECURITY: nothing here writes, and nothing but public facts comes out. */
export class MesResults implements BatchResults {
  readonly #mes: MesRecord;
  readonly #record: Pick<RecordStore, 'findByIdentity' | 'orders'>;
  readonly #search: DeviceSearcher;
  readonly practice: boolean;

  constructor(mes: MesRecord, record: Pick<RecordStore, 'findByIdentity' | 'orders'>, search: DeviceSearcher, practice = false) {
    this.#mes = mes;
    this.#record = record;
    this.#search = search;
    this.practice = practice;
  }

  async batch(name: string): Promise<BatchOverview | undefined> {
    const [order, counts, signedOffAt] = await Promise.all([this.#record.orders.order(name), this.#mes.batchCounts(name), this.#mes.signedOffAt(name)]);
    if (order === undefined && Object.values(counts).every((count) => count === 0)) return undefined;
    const complete = order?.quantity !== undefined && order.tally.made >= order.quantity;
    return { name, order, counts, signedOffAt, complete };
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
