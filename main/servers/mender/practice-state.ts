import { join } from 'node:path';
import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { Journal } from '../practice/practice-journal';
import { noJournal, openJournal, readJournal } from '../practice/practice-journal';
import { PracticeOrder } from './practice-order';

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
  readonly #byAuthSet = new Map<string, PracticeDevice>();
  readonly #byAttribute = new Map<string, Set<PracticeDevice>>();
  readonly #leaving = new Set<PracticeDevice>();
  readonly #order = new PracticeOrder<PracticeDevice>();
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
    // A device from the journal is another object than the one before it.
    if (this.#devices.get(device.id) !== device) this.#drop(device.id);
    this.#devices.set(device.id, device);
    this.#byIdentity.set(device.canonical, device);
    for (const set of device.authSets) this.#byAuthSet.set(set.id, device);
    for (const key of attributeKeys(device)) {
      const found = this.#byAttribute.get(key) ?? new Set();
      this.#byAttribute.set(key, found.add(device));
    }
    if (device.goneAt !== undefined) this.#leaving.add(device);
    this.#order.place(device);
  }

  #drop(id: string): void {
    const device = this.#devices.get(id);
    if (device === undefined) return;
    this.#devices.delete(id);
    this.#byIdentity.delete(device.canonical);
    for (const set of device.authSets) this.#byAuthSet.delete(set.id);
    for (const key of attributeKeys(device)) {
      const found = this.#byAttribute.get(key);
      found?.delete(device);
      if (found?.size === 0) this.#byAttribute.delete(key);
    }
    this.#leaving.delete(device);
    this.#order.drop(id);
  }

  device(id: string): PracticeDevice | undefined {
    return this.#devices.get(id);
  }

  deviceByIdentity(canonical: string): PracticeDevice | undefined {
    return this.#byIdentity.get(canonical);
  }

  deviceOfAuthSet(setId: string): PracticeDevice | undefined {
    const device = this.#byAuthSet.get(setId);
    return device?.authSets.some((set) => set.id === setId) === true ? device : undefined;
  }

  /** Devices with exactly this identity attribute, in the order of the list. */
  devicesByAttribute(name: string, value: unknown): PracticeDevice[] {
    return this.#order.sorted([...(this.#byAttribute.get(attributeKey(name, value)) ?? [])]);
  }

  /** A part of the list, sorted by status, then id, as the real store does. Without statuses or ids: of all. */
  list(filter: { readonly status: readonly string[]; readonly id: readonly string[] }, start: number, length: number): PracticeDevice[] {
    if (filter.id.length === 0) return this.#order.slice(filter.status, start, length);
    const named = [...new Set(filter.id)].flatMap((id) => this.#devices.get(id) ?? []);
    return this.#order.sorted(named.filter(({ status }) => filter.status.length === 0 || filter.status.includes(status))).slice(start, start + length);
  }

  count(status?: string): number {
    return status === undefined ? this.#order.size : this.#order.count(status);
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
    for (const device of [...this.#leaving]) {
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

function attributeKeys(device: PracticeDevice): string[] {
  return Object.entries(device.identity).map(([name, value]) => attributeKey(name, value));
}

/** As JSON, because the number 5 and the text "5" are two values. */
function attributeKey(name: string, value: unknown): string {
  return JSON.stringify([name, value]);
}
