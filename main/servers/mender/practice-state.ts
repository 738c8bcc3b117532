import { join } from 'node:path';
import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { Journal } from './practice-journal';
import { noJournal, openJournal, readJournal } from './practice-journal';

export const authSetStatuses = ['accepted', 'preauthorized', 'pending', 'rejected'] as const;
export type AuthSetStatus = (typeof authSetStatuses)[number];
export type DeviceStatus = AuthSetStatus | 'noauth';

export interface PracticeAuthSet {
  readonly id: string;
  /** SPKI as PEM, normalised. */
  readonly publicKey: string;
  status: AuthSetStatus;
  readonly createdAt: string;
}

export interface PracticeDevice {
  readonly id: string;
  readonly identity: Record<string, unknown>;
  /** Key-sorted compact JSON of the identity: what the server compares. */
  readonly canonical: string;
  status: DeviceStatus;
  readonly createdAt: string;
  updatedAt: string;
  checkInAt?: string | undefined;
  /** Milliseconds since 1970 at which the decommissioning is over; it runs while this is set. */
  goneAt?: number | undefined;
  readonly authSets: PracticeAuthSet[];
}

/** A personal access token without its text, which is shown once only. */
export interface PracticeToken {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly createdAt: string;
  readonly expiresAt?: string | undefined;
}

const authSetSchema = z.object({ id: z.string(), publicKey: z.string(), status: z.enum(authSetStatuses), createdAt: z.string() });
const deviceSchema = z.object({
  id: z.string(),
  identity: z.record(z.string(), z.unknown()),
  canonical: z.string(),
  status: z.enum([...authSetStatuses, 'noauth']),
  createdAt: z.string(),
  updatedAt: z.string(),
  checkInAt: z.string().optional(),
  goneAt: z.number().optional(),
  authSets: z.array(authSetSchema),
});
const tokenSchema = z.object({ id: z.string(), username: z.string(), name: z.string(), createdAt: z.string(), expiresAt: z.string().optional() });
const entrySchema = z.union([
  z.object({ format: z.literal(1) }),
  z.object({ device: deviceSchema }),
  z.object({ removedDevice: z.string() }),
  z.object({ token: tokenSchema }),
  z.object({ removedToken: z.string() }),
]);

const journalName = 'practice-server.jsonl';

/** Everything that the practice server knows. Changed in one turn of the event loop, so requests cannot interleave. */
export class PracticeState {
  readonly #devices = new Map<string, PracticeDevice>();
  readonly #byIdentity = new Map<string, PracticeDevice>();
  readonly #tokens = new Map<string, PracticeToken>();
  #journal: Journal = noJournal;
  /** How many devices may be accepted; -1 for any number. */
  deviceLimit = -1;

  /** @throws ImprintError record-corrupt */
  static async open(folder: string | undefined): Promise<PracticeState> {
    const state = new PracticeState();
    if (folder === undefined) return state;
    for (const entry of await readJournal(join(folder, journalName))) state.#replay(entry);
    const kept = [{ format: 1 }, ...[...state.#tokens.values()].map((token) => ({ token })), ...[...state.#devices.values()].map((device) => ({ device }))];
    state.#journal = await openJournal(folder, journalName, kept);
    return state;
  }

  #replay(entry: unknown): void {
    const read = entrySchema.safeParse(entry);
    if (!read.success) throw new ImprintError('record-corrupt', 'The practice server\'s file is not of its own making; remove its folder to start empty.');
    if ('device' in read.data) this.#keep(read.data.device);
    else if ('removedDevice' in read.data) this.#drop(read.data.removedDevice);
    else if ('token' in read.data) this.#tokens.set(read.data.token.id, read.data.token);
    else if ('removedToken' in read.data) this.#tokens.delete(read.data.removedToken);
  }

  #keep(device: PracticeDevice): void {
    this.#devices.set(device.id, device);
    this.#byIdentity.set(device.canonical, device);
  }

  #drop(id: string): void {
    const device = this.#devices.get(id);
    if (device === undefined) return;
    this.#devices.delete(id);
    this.#byIdentity.delete(device.canonical);
  }

  device(id: string): PracticeDevice | undefined {
    return this.#devices.get(id);
  }

  deviceByIdentity(canonical: string): PracticeDevice | undefined {
    return this.#byIdentity.get(canonical);
  }

  /** Sorted by status, then id, as the real store does. */
  devices(): PracticeDevice[] {
    const key = (device: PracticeDevice): string => `${device.status} ${device.id}`;
    return [...this.#devices.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  count(status?: string): number {
    if (status === undefined) return this.#devices.size;
    return [...this.#devices.values()].filter((device) => device.status === status).length;
  }

  saveDevice(device: PracticeDevice): void {
    this.#keep(device);
    this.#journal.append({ device });
  }

  removeDevice(id: string): void {
    this.#drop(id);
    this.#journal.append({ removedDevice: id });
  }

  /** Ends decommissionings whose time is over. */
  sweep(now: Date): void {
    for (const device of [...this.#devices.values()]) {
      if (device.goneAt !== undefined && device.goneAt <= now.getTime()) this.removeDevice(device.id);
    }
  }

  token(id: string): PracticeToken | undefined {
    return this.#tokens.get(id);
  }

  tokensOf(username: string): PracticeToken[] {
    return [...this.#tokens.values()].filter((token) => token.username === username);
  }

  saveToken(token: PracticeToken): void {
    this.#tokens.set(token.id, token);
    this.#journal.append({ token });
  }

  removeToken(id: string): void {
    this.#tokens.delete(id);
    this.#journal.append({ removedToken: id });
  }

  /** CRASH: no reply is sent before what it promises is on the disk. */
  flush(): Promise<void> {
    return this.#journal.flush();
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}
