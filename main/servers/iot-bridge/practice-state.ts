import { join } from 'node:path';
import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { Journal } from '../practice/practice-journal';
import { noJournal, openJournal, readJournal } from '../practice/practice-journal';

const certificateSchema = z.object({ serial: z.string(), deviceId: z.string(), pem: z.string(), notAfter: z.string() });
const revocationSchema = z.object({ serial: z.string(), at: z.string(), reasonCode: z.number(), reason: z.string() });
const targetSchema = z.object({
  controllerId: z.string(),
  name: z.string(),
  description: z.string().optional(),
  securityToken: z.string(),
  /** Times in milliseconds since 1970, as hawkBit has them. */
  createdAt: z.number(),
  lastModifiedAt: z.number(),
  lastControllerRequestAt: z.number().optional(),
  updateStatus: z.enum(['unknown', 'registered', 'pending', 'in_sync', 'error']),
  attributes: z.record(z.string(), z.string()),
});
/** What ThingsBoard has of a device; times in milliseconds since 1970. */
const boardDeviceSchema = z.object({ id: z.string(), name: z.string(), createdTime: z.number(), lastConnectTime: z.number(), lastActivityTime: z.number(), active: z.boolean() });
const peerSchema = z.object({ deviceId: z.string(), address: z.string(), publicKey: z.string().optional() });

/** A certificate that was signed, as step-ca's database has it; `serial` is decimal. */
export type IssuedCertificate = z.infer<typeof certificateSchema>;
export type Revocation = z.infer<typeof revocationSchema>;
export type HawkBitTarget = z.infer<typeof targetSchema>;
export type ThingsBoardDevice = z.infer<typeof boardDeviceSchema>;
export type WireGuardPeer = z.infer<typeof peerSchema>;

const entrySchema = z.union([
  z.object({ format: z.literal(1) }),
  z.object({ certificate: certificateSchema }),
  z.object({ revocation: revocationSchema }),
  z.object({ usedToken: z.string() }),
  z.object({ target: targetSchema }),
  z.object({ removedTarget: z.string() }),
  z.object({ peer: peerSchema }),
  z.object({ boardDevice: boardDeviceSchema }),
  z.object({ removedBoardDevice: z.string() }),
]);
type Entry = z.infer<typeof entrySchema>;

const journalName = 'practice-bridge.jsonl';

/**
 * What bridge, CA, hawkBit and ThingsBoard know. In one place, as they stand for one tenant; each reads and writes its own
 * part, in one turn of the event loop.
 */
export class PracticeBridgeState {
  readonly #certificates = new Map<string, IssuedCertificate>();
  readonly #revocations = new Map<string, Revocation>();
  readonly #usedTokens = new Set<string>();
  readonly #targets = new Map<string, HawkBitTarget>();
  readonly #peers = new Map<string, WireGuardPeer>();
  readonly #boardDevices = new Map<string, ThingsBoardDevice>();
  readonly #boardDeviceIds = new Map<string, string>();
  #journal: Journal = noJournal;

  /** @throws ImprintError record-corrupt */
  static async open(folder: string | undefined): Promise<PracticeBridgeState> {
    const state = new PracticeBridgeState();
    if (folder === undefined) return state;
    for (const entry of await readJournal(join(folder, journalName))) {
      const read = entrySchema.safeParse(entry);
      if (!read.success) throw new ImprintError('record-corrupt', 'The practice server\'s file is not of its own making; remove its folder to start empty.');
      state.#apply(read.data);
    }
    state.#journal = await openJournal(folder, journalName, state.#entries());
    return state;
  }

  #entries(): Entry[] {
    return [
      { format: 1 },
      ...[...this.#certificates.values()].map((certificate) => ({ certificate })),
      ...[...this.#revocations.values()].map((revocation) => ({ revocation })),
      ...[...this.#usedTokens].map((usedToken) => ({ usedToken })),
      ...[...this.#targets.values()].map((target) => ({ target })),
      ...[...this.#peers.values()].map((peer) => ({ peer })),
      ...[...this.#boardDevices.values()].map((boardDevice) => ({ boardDevice })),
    ];
  }

  #apply(entry: Entry): void {
    if ('certificate' in entry) this.#certificates.set(entry.certificate.serial, entry.certificate);
    else if ('revocation' in entry) this.#revocations.set(entry.revocation.serial, entry.revocation);
    else if ('usedToken' in entry) this.#usedTokens.add(entry.usedToken);
    else if ('target' in entry) this.#targets.set(entry.target.controllerId, entry.target);
    else if ('removedTarget' in entry) this.#targets.delete(entry.removedTarget);
    else if ('peer' in entry) this.#peers.set(entry.peer.deviceId, entry.peer);
    else if ('boardDevice' in entry) {
      this.#boardDevices.set(entry.boardDevice.id, entry.boardDevice);
      this.#boardDeviceIds.set(entry.boardDevice.name, entry.boardDevice.id);
    } else if ('removedBoardDevice' in entry) {
      const device = this.#boardDevices.get(entry.removedBoardDevice);
      this.#boardDevices.delete(entry.removedBoardDevice);
      if (device !== undefined) this.#boardDeviceIds.delete(device.name);
    }
  }

  #save(entry: Entry): void {
    this.#apply(entry);
    this.#journal.append(entry);
  }

  certificates(): IssuedCertificate[] {
    return [...this.#certificates.values()];
  }

  certificate(serial: string): IssuedCertificate | undefined {
    return this.#certificates.get(serial);
  }

  saveCertificate(certificate: IssuedCertificate): void {
    this.#save({ certificate });
  }

  revocation(serial: string): Revocation | undefined {
    return this.#revocations.get(serial);
  }

  revocations(): Revocation[] {
    return [...this.#revocations.values()];
  }

  saveRevocation(revocation: Revocation): void {
    this.#save({ revocation });
  }

  /** @returns false where it was used before */
  useToken(id: string): boolean {
    if (this.#usedTokens.has(id)) return false;
    this.#save({ usedToken: id });
    return true;
  }

  target(controllerId: string): HawkBitTarget | undefined {
    return this.#targets.get(controllerId);
  }

  targets(): HawkBitTarget[] {
    return [...this.#targets.values()];
  }

  saveTarget(target: HawkBitTarget): void {
    this.#save({ target });
  }

  removeTarget(controllerId: string): void {
    this.#save({ removedTarget: controllerId });
  }

  peer(deviceId: string): WireGuardPeer | undefined {
    return this.#peers.get(deviceId);
  }

  peerCount(): number {
    return this.#peers.size;
  }

  savePeer(peer: WireGuardPeer): void {
    this.#save({ peer });
  }

  boardDevice(id: string): ThingsBoardDevice | undefined {
    return this.#boardDevices.get(id);
  }

  boardDeviceByName(name: string): ThingsBoardDevice | undefined {
    return this.#boardDevices.get(this.#boardDeviceIds.get(name) ?? '');
  }

  saveBoardDevice(boardDevice: ThingsBoardDevice): void {
    this.#save({ boardDevice });
  }

  removeBoardDevice(id: string): void {
    this.#save({ removedBoardDevice: id });
  }

  /** CRASH: no reply is sent before what it promises is on the disk. */
  flush(): Promise<void> {
    return this.#journal.flush();
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}
