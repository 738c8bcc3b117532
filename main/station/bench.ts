import { cardAtPort, describeCard, describePort, type Drive, type Drives } from '../domain/drives';
import { readBatch } from '../domain/batches';
import { asImprintError, ImprintError, type ErrorCode } from '../domain/errors';
import { describeIdentity, readIdentity, type Identity } from '../domain/identity';
import type { JobOutcome, Progress, StepName } from '../domain/job';
import { slotPlace, type SlotSettings } from '../domain/profile';
import { may } from '../domain/roles';
import { provision } from './provision';
import type { RecoveryReport } from './recover';
import { asNow, serverKindOf, type LoadedProfile, type Station } from './station';

export type BenchSlotState = 'free' | 'ready' | 'running' | 'done' | 'accepted' | 'waiting' | 'cancelled' | 'failed';

/** Whether a card is in a slot. */
export interface SlotCard {
  readonly present: boolean;
  /** `Card 31.9 GB`, `No card` */
  readonly description: string;
}

/** A slot as the bench shows it. */
export interface BenchSlot {
  readonly name: string;
  readonly place: string;
  /** Absent where that is not known: before the drives were looked at, and for a file that stands for a card. */
  readonly card?: SlotCard | undefined;
  readonly state: BenchSlotState;
  readonly word: string;
  readonly sentence: string;
  /** Why it stopped: `identity-at-server` and `identity-recorded` are conflicts that a person may resolve. */
  readonly errorCode?: ErrorCode | undefined;
  readonly identity?: Identity | undefined;
  readonly deviceId?: string | undefined;
  readonly jobId?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly progress?: Progress | undefined;
  readonly canCancel: boolean;
  readonly canPowerOn: boolean;
}

/** Boots the simulated device from a card; practice only. @returns what it did and what the server said, one sentence */
export type PowerOn = (slot: SlotSettings, identity: Identity, signal: AbortSignal) => Promise<string>;

export interface BenchOptions {
  readonly powerOn?: PowerOn | undefined;
  /** The drives of this computer; a bench of files has none. */
  readonly drives?: Drives | undefined;
  /** Instead of the profile's: the slots that were bound on this station. */
  readonly slots?: readonly SlotSettings[] | undefined;
}

interface Slot {
  readonly settings: SlotSettings;
  view: BenchSlot;
  abort: AbortController | undefined;
}

const stepWords: Readonly<Record<StepName, string>> = {
  reserve: 'Reserving',
  check: 'Checking',
  generate: 'Generating',
  write: 'Writing',
  verify: 'Verifying',
  enrol: 'Enrolling',
  confirm: 'Trying the key',
  destroy: 'Erasing',
  record: 'Recording',
};

const endWords: Readonly<Record<Exclude<JobOutcome['state'], 'done'>, string>> = {
  open: 'Running',
  failed: 'Stopped',
  cancelled: 'Cancelled',
  compensated: 'Stopped',
  waiting: 'Waiting',
};

/** The slots of one profile and what happens in them. One job a slot; slots know nothing of each other. */
export class Bench {
  readonly #station: Station;
  readonly #loaded: LoadedProfile;
  #slots: ReadonlyMap<string, Slot> = new Map();
  readonly #changed: (slot: BenchSlot) => void;
  readonly #powerOn: PowerOn | undefined;
  readonly #drives: Drives | undefined;
  #running = 0;
  #batch: string | undefined;

  constructor(station: Station, loaded: LoadedProfile, changed: (slot: BenchSlot) => void, { powerOn, drives, slots }: BenchOptions = {}) {
    this.#station = station;
    this.#loaded = loaded;
    this.#changed = changed;
    this.#powerOn = powerOn;
    this.#drives = drives;
    this.#batch = loaded.profile.batch;
    this.setSlots(slots ?? loaded.profile.targets.slots);
  }

  /** Other slots than before; one that stays the same keeps what is in it. @throws ImprintError slot-busy while a card is written */
  setSlots(slots: readonly SlotSettings[]): void {
    if (this.busy) throw new ImprintError('slot-busy', 'A card is being written: wait until it has ended, or cancel it.');
    const before = this.#slots;
    this.#slots = new Map(
      slots.map((settings) => {
        const old = before.get(settings.name);
        const same = old !== undefined && slotPlace(old.settings) === slotPlace(settings);
        return [settings.name, same ? old : { settings, view: freeSlot(settings), abort: undefined }];
      }),
    );
  }

  get slots(): readonly BenchSlot[] {
    return [...this.#slots.values()].map((slot) => slot.view);
  }

  get busy(): boolean {
    return this.#running > 0;
  }

  /** The batch of the devices that are started from now on. */
  get batch(): string | undefined {
    return this.#batch;
  }

  /** @param batch the profile's again where it is undefined. @throws ImprintError usage */
  setBatch(batch: string | undefined): void {
    this.#batch = batch === undefined ? this.#loaded.profile.batch : readBatch(batch);
  }

  /**
   * A scanned code for a slot: checked, normalised and shown; the start key comes next.
   *
   * @throws ImprintError identity-*, slot-busy, no-such-slot; the slot stays as it was
   */
  async scan(name: string, text: string, others: Readonly<Record<string, string>>): Promise<BenchSlot> {
    const slot = this.#slot(name);
    if (slot.view.state === 'running') throw new ImprintError('slot-busy', `${name} is at work; wait until it has ended, or scan for another slot.`);
    const { identity: scheme } = this.#loaded.profile;
    const scanned = scheme.find((attribute) => attribute.scan);
    if (scanned === undefined) throw new ImprintError('profile-invalid', 'The profile names no attribute that the scanner fills.', { field: 'identity' });
    const identity = readIdentity(scheme, { ...others, [scanned.name]: text });
    const { profile } = this.#loaded;
    serverKindOf(this.#station, profile).checkIdentity?.(identity, profile.server);
    const twin = [...this.#slots.values()].find(
      (other) => other !== slot && (other.view.state === 'ready' || other.view.state === 'running') && describeIdentity(other.view.identity ?? {}) === describeIdentity(identity),
    );
    if (twin !== undefined) throw new ImprintError('identity-recorded', `${describeIdentity(identity)} is in ${twin.view.name} already.`, { field: 'identity' });
    await this.#refuseRecorded(identity);
    const startsAlone = this.#startsWhenInserted && slot.view.card?.present === false;
    return this.#show(name, {
      ...this.#free(slot),
      state: 'ready',
      word: 'Ready',
      sentence: startsAlone
        ? `Put a card into ${name}: it becomes the card of ${describeIdentity(identity)} as soon as it is in.`
        : `Put a card into ${name} and press Enter to make it the card of ${describeIdentity(identity)}.`,
      identity,
    });
  }

  /**
   * Starts the job of a slot that is ready. Returns when it runs; how it ends is told by `changed`.
   *
   * @throws ImprintError slot-busy, target-not-found; the slot stays as it was
   */
  async start(name: string): Promise<void> {
    const slot = this.#slot(name);
    const { identity } = slot.view;
    if (slot.view.state !== 'ready' || identity === undefined) throw new ImprintError('slot-busy', `${name} has no scanned identity yet: scan the label of the board first.`);
    if (slot.abort !== undefined) throw new ImprintError('slot-busy', `${name} is starting already.`);
    const station = asNow(this.#station);
    const abort = new AbortController();
    slot.abort = abort;
    let targetPath: string;
    try {
      targetPath = slot.settings.path ?? (await this.#driveAt(slot.settings.port, name)).path;
    } catch (thrown) {
      slot.abort = undefined;
      throw thrown;
    }
    if (abort.signal.aborted) {
      // Taken back while the drive was looked up.
      slot.abort = undefined;
      return;
    }
    this.#running += 1;
    this.#show(name, { ...slot.view, state: 'running', word: 'Starting', sentence: `${describeIdentity(identity)} is being made.`, canCancel: true });
    void this.#run(station, slot.settings, targetPath, identity, abort.signal).finally(() => {
      this.#running -= 1;
      slot.abort = undefined;
    });
  }

  /** Ends a running job; also takes a scanned identity back. */
  cancel(name: string): void {
    const slot = this.#slot(name);
    if (slot.view.state === 'ready') this.clear(name);
    slot.abort?.abort(new ImprintError('cancelled', 'Cancelled at the bench.'));
  }

  cancelAll(): void {
    for (const name of this.#slots.keys()) this.cancel(name);
  }

  clear(name: string): void {
    const slot = this.#slot(name);
    if (slot.view.state === 'running') throw new ImprintError('slot-busy', `${name} is at work; cancel it first.`);
    this.#show(name, this.#free(slot));
  }

  /** A card that waited for the server does so no more. A slot that was used again since then shows nothing of it. */
  settle({ jobId, state, sentence }: RecoveryReport): void {
    const slot = [...this.#slots.values()].find((each) => each.view.jobId === jobId && each.view.state === 'waiting');
    if (slot === undefined || state === 'waiting') return;
    const done = state === 'done';
    this.#show(slot.settings.name, { ...slot.view, state: done ? 'done' : 'failed', word: this.#endWord(state), sentence, canPowerOn: done && this.#powerOn !== undefined });
  }

  /** The server has forgotten this identity with all its keys: whoever finds its old card in a slot must not use it. */
  decommissioned(identity: Identity): void {
    for (const { settings, view } of this.#slots.values()) {
      const ended = view.state === 'done' || view.state === 'accepted';
      if (!ended || describeIdentity(view.identity ?? {}) !== describeIdentity(identity)) continue;
      const sentence = `${describeIdentity(identity)} was decommissioned: the server does not know the key on this card any more. Destroy the card, or write it again.`;
      this.#show(settings.name, { ...view, state: 'cancelled', word: 'Decommissioned', sentence, canPowerOn: false });
    }
  }

  /** The drives as they are now: shows which slots have a card, and starts those that only waited for theirs. */
  async showDrives(drives: readonly Drive[]): Promise<void> {
    for (const slot of [...this.#slots.values()]) {
      const found = await this.#cardIn(slot.settings, drives);
      const before = slot.view.card;
      if (found === 'unknown' || this.#slots.get(slot.settings.name) !== slot) continue;
      const card: SlotCard = { present: found !== undefined, description: describeCard(found) };
      const place = slot.settings.path ?? found?.path ?? describePort(slot.settings.port);
      if (before?.present === card.present && before.description === card.description && slot.view.place === place) continue;
      this.#show(slot.settings.name, { ...slot.view, place, card });
      // Only a card that was seen to come in: one that was there when its slot was scanned waits for the start key.
      if (found !== undefined && before?.present === false && this.#startsWhenInserted) void this.#startInserted(slot, found);
    }
  }

  /** Practice only. @throws ImprintError device-not-accepted with the server's reason */
  async powerOn(name: string): Promise<BenchSlot> {
    const slot = this.#slot(name);
    const { view, settings } = slot;
    if (this.#powerOn === undefined || view.identity === undefined || view.deviceId === undefined || !view.canPowerOn) {
      throw new ImprintError('device-not-accepted', 'There is no simulated device with a finished card in this slot.');
    }
    const sentence = await this.#powerOn(settings, view.identity, new AbortController().signal);
    await this.#station.record.markAccepted(view.deviceId, this.#station.clock.now().toISOString());
    return this.#show(name, {
      ...view,
      state: 'accepted',
      word: 'Accepted',
      sentence,
      canPowerOn: false,
    });
  }

  get #startsWhenInserted(): boolean {
    return this.#loaded.profile.targets.startWhenInserted === true;
  }

  async #startInserted(slot: Slot, drive: Drive): Promise<void> {
    const { identity } = slot.view;
    if (slot.view.state !== 'ready' || identity === undefined) return;
    await this.#drives?.settled(drive);
    // Not for another identity than the one that waited when the card came, and not while nobody is signed in.
    if (slot.view.identity !== identity || !may(this.#station.role, 'provision')) return;
    // A card that is gone again, or a start key that was faster: the slot says where it stands.
    await this.start(slot.settings.name).catch(() => undefined);
  }

  /** The card in a slot; undefined where there is none, `unknown` for what is no drive. */
  async #cardIn(settings: SlotSettings, drives: readonly Drive[]): Promise<Drive | 'unknown' | undefined> {
    if (settings.port !== undefined) return cardAtPort(drives, settings.port);
    const path = (await this.#drives?.realPath(settings.path)) ?? settings.path;
    const drive = drives.find((each) => each.path === path);
    if (drive?.mediaPresent === true) return drive;
    // A partition, or a drive of a kind that is not listed, is there all the same.
    const missing = drive !== undefined || (path.startsWith('/dev/') && (await this.#drives?.realPath(path)) === undefined);
    return missing ? undefined : 'unknown';
  }

  /** @throws ImprintError target-not-found */
  async #driveAt(port: string, name: string): Promise<Drive> {
    const drive = cardAtPort((await this.#drives?.list()) ?? [], port);
    if (drive !== undefined) return drive;
    throw new ImprintError('target-not-found', `There is no card in ${name}: put one in.`, { field: 'target', expected: `a card at ${describePort(port)}` });
  }

  async #run(station: Station, settings: SlotSettings, targetPath: string, identity: Identity, signal: AbortSignal): Promise<void> {
    const { name, port } = settings;
    const slot = this.#slot(name);
    const change = (part: Partial<BenchSlot>): void => void this.#show(name, { ...slot.view, ...part });
    let outcome: JobOutcome;
    try {
      outcome = await provision(
        station,
        { loaded: this.#loaded, identity, slot: name, targetPath, port, naming: settings.fixedDisk ? 'fixed-disk' : 'listed', batch: this.#batch },
        {
          signal,
          onReserved: change,
          onProgress: (progress) => {
            change({ progress, word: progress.phase === 'image' ? 'Reading' : stepWords[progress.phase] });
          },
          onStep: (step, state) => {
            if (state === 'started') change({ word: stepWords[step], progress: undefined, canCancel: cancellable.has(step) });
          },
        },
      );
    } catch (thrown) {
      const error = asImprintError(thrown);
      change({ state: 'failed', word: 'Stopped', sentence: error.message, errorCode: error.code, progress: undefined, canCancel: false });
      return;
    }
    change({
      state: outcome.state === 'done' || outcome.state === 'cancelled' || outcome.state === 'waiting' ? outcome.state : 'failed',
      word: this.#endWord(outcome.state),
      sentence: outcome.sentence,
      errorCode: outcome.error?.code,
      fingerprint: outcome.fingerprint,
      deviceId: outcome.deviceId,
      jobId: outcome.jobId,
      progress: undefined,
      canCancel: false,
      canPowerOn: outcome.state === 'done' && this.#powerOn !== undefined,
    });
  }

  async #refuseRecorded(identity: Identity): Promise<void> {
    const known = await this.#station.record.findByIdentity(identity);
    if (known === undefined || known.state === 'released' || known.state === 'decommissioned') return;
    throw new ImprintError('identity-recorded', `${describeIdentity(identity)} was made already on ${known.createdAt.slice(0, 10)} (${known.state}): scan another board.`, { field: 'identity' });
  }

  /** What the server did with a finished device has a word for each kind of server. */
  #endWord(state: JobOutcome['state']): string {
    return state === 'done' ? serverKindOf(this.#station, this.#loaded.profile).expectedWord : endWords[state];
  }

  /** The slot without its job, with the card that is in it. */
  #free({ settings, view: { place, card } }: Slot): BenchSlot {
    return { ...freeSlot(settings), place, card };
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new ImprintError('no-such-slot', `There is no slot "${name}" on this bench.`);
    return slot;
  }

  #show(name: string, view: BenchSlot): BenchSlot {
    this.#slot(name).view = view;
    this.#changed(view);
    return view;
  }
}

const cancellable: ReadonlySet<StepName> = new Set<StepName>(['reserve', 'check', 'generate', 'write', 'verify']);

function freeSlot(settings: SlotSettings): BenchSlot {
  return { name: settings.name, place: settings.path ?? describePort(settings.port), state: 'free', word: 'Free', sentence: 'Scan the label of a board.', canCancel: false, canPowerOn: false };
}
