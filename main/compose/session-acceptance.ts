import type { AcceptanceList, AcceptanceRowView, BatchView, ConflictView, DeviceView, WindowMethods } from '../contract/window-channel';
import type { ParamsOf } from '../contract/methods';
import type { AcceptanceState, ActionEntry, BatchSummary, SignOff } from '../domain/acceptance';
import { ImprintError } from '../domain/errors';
import { readIdentity, type Identity } from '../domain/identity';
import type { AcceptanceRow, ServerDevice } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { readScan, rulesOf } from '../domain/scan-rules';
import { confirmationOf, decommissionAtServer, rejectAtServer, removeKeyAtServer, signOffBatch, type PossibleAct } from '../station/administration';
import { findConflict, type Conflict } from '../station/conflict';
import { scannedIdentity } from '../station/scanned-identity';
import { asNow, type Station } from '../station/station';
import { readScanPattern } from './scan-patterns';

type Query = ParamsOf<WindowMethods, 'acceptances'>;
type ServerView = NonNullable<DeviceView['server']>;

/** Batches that can be chosen from; older ones are found by their name in the list. */
const mostBatches = 500;
/** Devices that are named beside a sign-off. */
const mostUnaccepted = 50;
/** What needs a person comes first. */
const unacceptedStates: readonly AcceptanceState[] = ['stuck', 'missing', 'waiting', 'unchecked'];

/** QA's page, the sign-off of batches, and what is done to devices at the server: all that the window asks about them. */
export class SessionAcceptance {
  readonly #station: Station;
  readonly #profile: Profile;
  readonly #decommissioned: (identity: Identity) => void;
  readonly #closing = new AbortController();

  constructor(station: Station, profile: Profile, decommissioned: (identity: Identity) => void) {
    this.#station = station;
    this.#profile = profile;
    this.#decommissioned = decommissioned;
  }

  async page({ text, ...query }: Query): Promise<AcceptanceList> {
    const { rows, total, counts } = await this.#station.record.acceptancePage({ ...query, text: text === undefined ? undefined : normalisedScan(this.#profile, text) });
    return { rows: rows.map(rowView), total, counts };
  }

  batches(): Promise<readonly BatchSummary[]> {
    return this.#station.record.batches(mostBatches);
  }

  /** @throws ImprintError no-such-device */
  async batch(batch: string): Promise<BatchView> {
    const summary = (await this.batches()).find((each) => each.batch === batch);
    if (summary === undefined) throw new ImprintError('no-such-device', `No device belongs to batch ${batch} any more.`, { field: 'batch' });
    const unaccepted: AcceptanceRowView[] = [];
    for (const state of unacceptedStates) {
      const limit = mostUnaccepted - unaccepted.length;
      if (limit === 0 || summary.counts[state] === 0) continue;
      const { rows } = await this.#station.record.acceptancePage({ batch, state, limit, offset: 0 });
      unaccepted.push(...rows.map(rowView));
    }
    return { summary, unaccepted, more: Math.max(0, summary.total - summary.counts.accepted - unaccepted.length) };
  }

  signOff(batch: string, remark: string | undefined): Promise<SignOff> {
    return signOffBatch(asNow(this.#station), { batch, remark });
  }

  /** Who has this identity, or that of a scan. @throws ImprintError identity-*, server-* */
  async conflict(asked: ParamsOf<WindowMethods, 'conflict'>): Promise<ConflictView | undefined> {
    const identity = 'identity' in asked ? asked.identity : this.#scanned(asked.text, asked.others);
    const conflict = await findConflict(this.#station, this.#profile, identity, this.#signal());
    return conflict === undefined ? undefined : conflictView(this.#profile, identity, conflict);
  }

  reject(request: ParamsOf<WindowMethods, 'reject'>): Promise<ActionEntry> {
    return rejectAtServer(asNow(this.#station), this.#profile, request, this.#signal());
  }

  removeKey(request: ParamsOf<WindowMethods, 'removeKey'>): Promise<ActionEntry> {
      return removeKeyAtServer(asNow(this.#station), this.#profile, { ...request, confirmation: normalisedScan(this.#profile, request.confirmation) }, this.#closing.signal);
  }

  /** Answers when the device is gone; that takes as long as the server needs. */
  async decommission(request: ParamsOf<WindowMethods, 'decommission'>): Promise<ActionEntry> {
      const entry = await decommissionAtServer(asNow(this.#station), this.#profile, { ...request, confirmation: normalisedScan(this.#profile, request.confirmation) }, this.#closing.signal);
    this.#decommissioned(request.identity);
    return entry;
  }

  close(): void {
    this.#closing.abort(new ImprintError('cancelled', 'The station was closed.'));
  }

  /** For what a person waits in front of. */
  #signal(): AbortSignal {
    return AbortSignal.any([this.#closing.signal, AbortSignal.timeout(30_000)]);
  }

  #scanned(text: string, others: Readonly<Record<string, string>>): Identity {
    return scannedIdentity(this.#station, this.#profile, text, others);
  }
}

/** What a scanner read, as it was recorded: `0212-6113-6C42` → `02:12:61:13:6c:42`. Anything else stays as it is. */
export function normalisedScan(profile: Profile, text: string): string {
  try {
    const read = readScan(rulesOf(profile), text, readScanPattern);
    // What the scanner fills, or the first of several values of one label.
    const [first = ''] = Object.keys(read);
    const name = profile.identity.find((attribute) => attribute.scan && Object.hasOwn(read, attribute.name))?.name ?? first;
    return readIdentity(profile.identity.filter((attribute) => attribute.name === name), { [name]: read[name] ?? text })[name] ?? text;
  } catch {
    return text;
  }
}

function rowView({ deviceId, identity, profileName, batch, acceptance, diagnosis, sentence, preauthorizedAt, acceptedAt, checkedAt }: AcceptanceRow): AcceptanceRowView {
  return { deviceId, identity: { ...identity }, profileName, batch, acceptance, diagnosis, sentence, preauthorizedAt, acceptedAt, checkedAt };
}

/** How the server sees a device; `ours` is the fingerprint of the recorded key. */
export function serverView(device: ServerDevice, ours: string | undefined, acts: readonly PossibleAct[]): ServerView {
  return {
    status: device.keysHidden === true ? 'known' : device.status,
    sentence: device.decommissioning ? `The server is decommissioning device ${device.id}.` : device.keysHidden === true ? `Device ${device.id} at the server: ${device.status}.` : `Device ${device.id} is ${device.status} at the server.`,
    serverDeviceId: device.id,
    decommissioning: device.decommissioning,
    ...(device.keysHidden === true ? { keysHidden: true } : {}),
    acts: [...acts],
    createdAt: device.createdAt,
    checkedInAt: device.checkedInAt,
    authSets: device.authSets.map(({ id, status, fingerprint, at }) => ({ id, status, fingerprint, at, ours: fingerprint !== undefined && fingerprint === ours })),
  };
}

function conflictView(profile: Profile, identity: Identity, { serverDevice, acts, holder, sentence, choices }: Conflict): ConflictView {
  const recorded = holder !== undefined && 'jobs' in holder ? holder : undefined;
  return {
    identity: { ...identity },
    confirmation: confirmationOf(profile, identity),
    sentence,
    choices: [...choices],
    serverDeviceId: serverDevice?.id ?? recorded?.serverDeviceId,
    server: serverDevice === undefined ? undefined : serverView(serverDevice, recorded?.fingerprint, acts),
    recorded:
      holder === undefined
        ? undefined
        : {
            deviceId: holder.deviceId,
            identity: { ...holder.identity },
            fingerprint: holder.fingerprint,
            state: recorded?.state,
            serverKind: recorded?.serverKind,
            revokes: recorded?.certificates.some(({ state }) => state !== 'revoked') ?? false,
            createdAt: recorded?.createdAt,
            batch: recorded?.batch,
          },
  };
}
