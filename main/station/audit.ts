import { ImprintError } from '../domain/errors';
import { describeIdentity, type Identity } from '../domain/identity';
import type { ServerAuthSet, ServerConnection, ServerDevice } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { identityKeyOf, now, withServer, type Station } from './station';

/**
 * only-in-record, foreign-missing: the server has no such device. only-at-server: nobody recorded or imported it.
 * key-differs, foreign-key-differs: the server has it without the recorded key. second-key: the server has another key of
 * it besides. key-twice: the server has one key under two identities.
 */
export const auditFindingKinds = ['only-in-record', 'only-at-server', 'key-differs', 'second-key', 'key-twice', 'foreign-missing', 'foreign-key-differs'] as const;
export type AuditFindingKind = (typeof auditFindingKinds)[number];

export interface AuditFinding {
  readonly kind: AuditFindingKind;
  readonly identity: Identity;
  readonly deviceId?: string | undefined;
  readonly serverDeviceId?: string | undefined;
  readonly sentence: string;
}

export interface AuditReport {
  /** Devices of this server in the record, imported ones included. */
  readonly recorded: number;
  readonly atServer: number;
  /** Recorded and at the server, with exactly the recorded key. */
  readonly matching: number;
  readonly findings: number;
  /** False where it was stopped: then nothing is said about what the server does not have. */
  readonly complete: boolean;
  readonly at: string;
}

const pageSize = 500;

/** What the record expects of one identity. */
interface Expected {
  readonly identity: Identity;
  readonly deviceId: string | undefined;
  readonly serverDeviceId: string | undefined;
  readonly fingerprint: string;
  seen: boolean;
}

/**
 * Compares the record with the server, both ways. In memory are identities and fingerprints, never the devices.
 *
 * @throws ImprintError server-*, record-*
 */
export async function compareWithServer(
  station: Station,
  profile: Profile,
  onFinding: (finding: AuditFinding) => void,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<AuditReport> {
  const audit = new Audit(station, profile, onFinding);
  await audit.readRecord(signal);
  try {
    await withServer(station, profile, signal, async (connection) => {
      await audit.readServer(connection, onProgress, signal);
      await audit.lookForTheMissing(connection, signal);
    });
  } catch (thrown) {
    const stopped = thrown instanceof ImprintError && thrown.code === 'cancelled';
    if (!stopped) throw thrown;
    return audit.report(false);
  }
  return audit.report(true);
}

class Audit {
  readonly #station: Station;
  readonly #profile: Profile;
  readonly #onFinding: (finding: AuditFinding) => void;
  /** By what the server tells devices apart. */
  readonly #expected = new Map<string, Expected>();
  readonly #byServerId = new Map<string, Expected>();
  /** Under which identity the server has each key. */
  readonly #keysAtServer = new Map<string, Identity>();
  readonly #serverIds = new Set<string>();
  #matching = 0;
  #findings = 0;

  constructor(station: Station, profile: Profile, onFinding: (finding: AuditFinding) => void) {
    this.#station = station;
    this.#profile = profile;
    this.#onFinding = onFinding;
  }

  async readRecord(signal: AbortSignal): Promise<void> {
    const { record } = this.#station;
    // In this order: a device that is accepted meanwhile is read twice and never missed.
    for (const state of ['preauthorized', 'accepted'] as const) {
      for (let offset = 0; ; offset += pageSize) {
        signal.throwIfAborted();
        const { devices } = await record.list({ state, limit: pageSize, offset });
        for (const { identity, deviceId, serverUrl, serverDeviceId, fingerprint } of devices) {
          if (serverUrl !== this.#profile.server.url || fingerprint === undefined) continue;
          const expected: Expected = { identity, deviceId, serverDeviceId, fingerprint, seen: false };
          this.#expected.set(this.#keyOf(identity), expected);
          if (serverDeviceId !== undefined) this.#byServerId.set(serverDeviceId, expected);
        }
        if (devices.length < pageSize) break;
      }
    }
    for (let offset = 0; ; offset += pageSize) {
      signal.throwIfAborted();
      const { devices } = await record.foreignDevices({ limit: pageSize, offset });
      for (const { identity, fingerprint } of devices) {
        const key = this.#keyOf(identity);
        // One that was decommissioned since and made anew is ours.
        if (!this.#expected.has(key)) this.#expected.set(key, { identity, deviceId: undefined, serverDeviceId: undefined, fingerprint, seen: false });
      }
      if (devices.length < pageSize) break;
    }
  }

  async readServer(connection: ServerConnection, onProgress: (done: number, total: number) => void, signal: AbortSignal): Promise<void> {
    for await (const devices of connection.devices({}, signal)) {
      for (const device of devices) await this.#see(device);
      onProgress(this.#serverIds.size, Math.max(this.#expected.size, this.#serverIds.size));
      signal.throwIfAborted();
    }
  }

  /** A list that is read while devices change their status may miss some: those are asked for once more. */
  async lookForTheMissing(connection: ServerConnection, signal: AbortSignal): Promise<void> {
    const unseen = (): Expected[] => [...this.#expected.values()].filter(({ seen }) => !seen);
    const ids = unseen().flatMap(({ serverDeviceId }) => serverDeviceId ?? []);
    if (ids.length > 0) {
      for await (const devices of connection.devices({ ids }, signal)) for (const device of devices) await this.#see(device);
    }
    for (const expected of unseen()) {
      signal.throwIfAborted();
      const { identity } = expected;
      if (expected.serverDeviceId === undefined) {
        const found = await connection.findDevice(identity, signal);
        if (found !== undefined) {
          await this.#see(found);
          continue;
        }
      }
      const who = describeIdentity(identity);
      if (expected.deviceId === undefined) this.#report('foreign-missing', { identity, sentence: `${who} was imported, and the server does not have it.` });
      else this.#report('only-in-record', { identity, deviceId: expected.deviceId, serverDeviceId: expected.serverDeviceId, sentence: `${who} is recorded, and the server does not have it: it was removed there.` });
    }
  }

  report(complete: boolean): AuditReport {
    return { recorded: this.#expected.size, atServer: this.#serverIds.size, matching: this.#matching, findings: this.#findings, complete, at: now(this.#station) };
  }

  async #see(device: ServerDevice): Promise<void> {
    if (this.#serverIds.has(device.id)) return;
    this.#serverIds.add(device.id);
    // A server that knows ids alone knows this device by the one that is recorded.
    const recorded = device.keysHidden === true ? this.#byServerId.get(device.id) : undefined;
    if (recorded !== undefined) return this.#compare(device, recorded);
    const key = this.#keyOf(device.identity);
    const { identity, id: serverDeviceId } = device;
    for (const { fingerprint } of device.authSets) {
      if (fingerprint === undefined) continue;
      const other = this.#keysAtServer.get(fingerprint);
      if (other !== undefined) {
        this.#report('key-twice', { identity, serverDeviceId, deviceId: this.#expected.get(key)?.deviceId, sentence: `The server has the same key under ${describeIdentity(identity)} and under ${describeIdentity(other)}: one card was copied, or a board changed its identity.` });
      }
      this.#keysAtServer.set(fingerprint, identity);
    }
    const expected = this.#expected.get(key);
    if (expected === undefined) await this.#seeStranger(device);
    else this.#compare(device, expected);
  }

  #compare(device: ServerDevice, expected: Expected): void {
    expected.seen = true;
    const { identity, authSets, id: serverDeviceId } = device;
    const { deviceId } = expected;
    const who = `${describeIdentity(identity)} (device ${serverDeviceId}, ${device.status})`;
    if (device.keysHidden === true) {
      this.#matching += 1;
      return;
    }
    if (!authSets.some((set) => set.fingerprint === expected.fingerprint)) {
      const kind = deviceId === undefined ? 'foreign-key-differs' : 'key-differs';
      this.#report(kind, { identity, deviceId, serverDeviceId, sentence: `The server has ${who} ${authSets.length === 0 ? 'without any key' : 'with another key'} than the ${deviceId === undefined ? 'imported' : 'recorded'} one.` });
      return;
    }
    this.#matching += 1;
    // A key that a person rejected, or that was replaced, lets nobody in.
    const others = authSets.filter((set) => set.fingerprint !== expected.fingerprint && set.status !== 'rejected');
    if (others.length > 0) {
      this.#report('second-key', { identity, deviceId, serverDeviceId, sentence: `The server has ${who} with another key besides: ${others.map(describeSet).join(', ')}.` });
    }
  }

  async #seeStranger(device: ServerDevice): Promise<void> {
    const { identity, id: serverDeviceId, status } = device;
    // It may have been made while the server's list was read, or be on its way.
    const recorded = await this.#station.record.findByIdentity(identity);
    const here = recorded?.serverUrl === this.#profile.server.url ? recorded : undefined;
    if (here !== undefined && here.state !== 'released' && here.state !== 'decommissioned') return;
    const former = here === undefined ? 'nobody recorded or imported it' : `the record has it as ${here.state}`;
    this.#report('only-at-server', { identity, deviceId: here?.deviceId, serverDeviceId, sentence: `The server has ${describeIdentity(identity)} (device ${serverDeviceId}, ${status}), and ${former}.` });
  }

  #keyOf(identity: Identity): string {
    return identityKeyOf(this.#station, this.#profile, identity);
  }

  #report(kind: AuditFindingKind, finding: Omit<AuditFinding, 'kind'>): void {
    this.#findings += 1;
    this.#onFinding({ kind, ...finding });
  }
}

function describeSet({ status, fingerprint }: ServerAuthSet): string {
  return `${status}, ${fingerprint === undefined ? 'unreadable' : `fingerprint ${fingerprint.slice(0, 16)}…`}`;
}
