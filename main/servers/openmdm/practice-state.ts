import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { Journal } from '../practice/practice-journal';
import { noJournal, openJournal, readJournal } from '../practice/practice-journal';

const deviceSchema = z.object({
  id: z.string(),
  enrollmentId: z.string(),
  status: z.enum(['pending', 'enrolled', 'unenrolling', 'unenrolled', 'blocked']),
  model: z.string(),
  manufacturer: z.string(),
  osVersion: z.string(),
  serialNumber: z.string().nullable(),
  imei: z.string().nullable(),
  macAddress: z.string().nullable(),
  androidId: z.string().nullable(),
  policyId: z.string().nullable(),
  /** The pinned key as the text that was submitted. */
  publicKey: z.string().nullable(),
  enrollmentMethod: z.string().nullable(),
  lastHeartbeat: z.string().nullable(),
  lastSync: z.string().nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
  /** Retired: the row stays and holds its enrollmentId. */
  deletedAt: z.string().nullable(),
});
const challengeSchema = z.object({ challenge: z.string(), expiresAt: z.string() });
const entrySchema = z.union([
  z.object({ format: z.literal(1), tokenSecret: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.object({ device: deviceSchema }),
  z.object({ removedDevice: z.string() }),
  z.object({ challenge: challengeSchema }),
  z.object({ consumedChallenge: z.string() }),
]);

export type PracticeMdmDevice = z.infer<typeof deviceSchema>;
export type PracticeMdmStatus = PracticeMdmDevice['status'];
export type PracticeChallenge = z.infer<typeof challengeSchema>;

const journalName = 'practice-openmdm.jsonl';

/** Everything that the practice server knows. Changed in one turn of the event loop, so requests cannot interleave. */
export class PracticeMdmState {
  readonly #devices = new Map<string, PracticeMdmDevice>();
  readonly #byEnrollmentId = new Map<string, PracticeMdmDevice>();
  readonly #challenges = new Map<string, PracticeChallenge>();
  #tokenSecret = randomBytes(32).toString('hex');
  #journal: Journal = noJournal;

  /** Challenges that have expired by `now` are left behind, so that the file does not grow for ever. @throws ImprintError record-corrupt */
  static async open(folder: string | undefined, now: Date): Promise<PracticeMdmState> {
    const state = new PracticeMdmState();
    if (folder === undefined) return state;
    for (const entry of await readJournal(join(folder, journalName))) state.#replay(entry);
    const kept = [
      { format: 1, tokenSecret: state.#tokenSecret },
      ...[...state.#devices.values()].map((device) => ({ device })),
      ...[...state.#challenges.values()].filter(({ expiresAt }) => Date.parse(expiresAt) >= now.getTime()).map((challenge) => ({ challenge })),
    ];
    state.#journal = await openJournal(folder, journalName, kept);
    return state;
  }

  #replay(entry: unknown): void {
    const read = entrySchema.safeParse(entry);
    if (!read.success) throw new ImprintError('record-corrupt', 'The practice server\'s file is not of its own making; remove its folder to start empty.');
    if ('tokenSecret' in read.data) this.#tokenSecret = read.data.tokenSecret;
    else if ('device' in read.data) this.#keep(read.data.device);
    else if ('removedDevice' in read.data) this.#drop(read.data.removedDevice);
    else if ('challenge' in read.data) this.#challenges.set(read.data.challenge.challenge, read.data.challenge);
    else this.#challenges.delete(read.data.consumedChallenge);
  }

  #keep(device: PracticeMdmDevice): void {
    this.#devices.set(device.id, device);
    this.#byEnrollmentId.set(device.enrollmentId, device);
  }

  #drop(id: string): void {
    const device = this.#devices.get(id);
    if (device === undefined) return;
    this.#devices.delete(id);
    this.#byEnrollmentId.delete(device.enrollmentId);
  }

  /** What signs this server's tokens; kept so that they outlive a restart. SECURITY: it stands for this practice server only. */
  get tokenSecret(): string {
    return this.#tokenSecret;
  }

  device(id: string): PracticeMdmDevice | undefined {
    return this.#devices.get(id);
  }

  /** Retired devices too. */
  deviceByEnrollmentId(enrollmentId: string): PracticeMdmDevice | undefined {
    return this.#byEnrollmentId.get(enrollmentId);
  }

  /** Newest first, without retired ones. */
  devices(): PracticeMdmDevice[] {
    // In the order of their making, which the times alone do not give where two have the same.
    return [...this.#devices.values()].filter((device) => device.deletedAt === null).reverse();
  }

  saveDevice(device: PracticeMdmDevice): PracticeMdmDevice {
    this.#keep(device);
    this.#journal.append({ device });
    return device;
  }

  removeDevice(id: string): void {
    this.#drop(id);
    this.#journal.append({ removedDevice: id });
  }

  saveChallenge(challenge: PracticeChallenge): void {
    this.#challenges.set(challenge.challenge, challenge);
    this.#journal.append({ challenge });
  }

  /** Takes a challenge for good, expired or not; undefined where it was never given out or was taken before. */
  consumeChallenge(text: string): PracticeChallenge | undefined {
    const challenge = this.#challenges.get(text);
    if (challenge === undefined) return undefined;
    this.#challenges.delete(text);
    this.#journal.append({ consumedChallenge: text });
    return challenge;
  }

  /** CRASH: no reply is sent before what it promises is on the disk. */
  flush(): Promise<void> {
    return this.#journal.flush();
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}
