import { asImprintError, ImprintError } from '../domain/errors';
import { describeIdentity, readIdentity, type Identity } from '../domain/identity';
import type { JobOutcome, Progress, StepName } from '../domain/job';
import type { SlotSettings } from '../domain/profile';
import { provision } from './provision';
import type { LoadedProfile, Station } from './station';

export type BenchSlotState = 'free' | 'ready' | 'running' | 'done' | 'accepted' | 'waiting' | 'cancelled' | 'failed';

/** A slot as the bench shows it. */
export interface BenchSlot {
  readonly name: string;
  readonly place: string;
  readonly state: BenchSlotState;
  readonly word: string;
  readonly sentence: string;
  readonly identity?: Identity | undefined;
  readonly deviceId?: string | undefined;
  readonly jobId?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly progress?: Progress | undefined;
  readonly canCancel: boolean;
  readonly canPowerOn: boolean;
}

/** Boots the simulated device from a card; practice only. */
export type PowerOn = (slot: SlotSettings, identity: Identity, signal: AbortSignal) => Promise<void>;

const stepWords: Readonly<Record<StepName, string>> = {
  reserve: 'Reserving',
  check: 'Checking',
  generate: 'Generating',
  write: 'Writing',
  verify: 'Verifying',
  enrol: 'Enrolling',
  destroy: 'Erasing',
  record: 'Recording',
};

const endWords: Readonly<Record<JobOutcome['state'], string>> = {
  open: 'Running',
  done: 'Preauthorized',
  failed: 'Stopped',
  cancelled: 'Cancelled',
  compensated: 'Stopped',
  waiting: 'Waiting',
};

/** The slots of one profile and what happens in them. One job a slot; slots know nothing of each other. */
export class Bench {
  readonly #station: Station;
  readonly #loaded: LoadedProfile;
  readonly #slots = new Map<string, { readonly settings: SlotSettings; view: BenchSlot; abort: AbortController | undefined }>();
  readonly #changed: (slot: BenchSlot) => void;
  readonly #powerOn: PowerOn | undefined;
  #running = 0;

  constructor(station: Station, loaded: LoadedProfile, changed: (slot: BenchSlot) => void, powerOn?: PowerOn) {
    this.#station = station;
    this.#loaded = loaded;
    this.#changed = changed;
    this.#powerOn = powerOn;
    for (const settings of loaded.profile.targets.slots) {
      this.#slots.set(settings.name, { settings, view: freeSlot(settings), abort: undefined });
    }
  }

  get slots(): readonly BenchSlot[] {
    return [...this.#slots.values()].map((slot) => slot.view);
  }

  get busy(): boolean {
    return this.#running > 0;
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
    const twin = [...this.#slots.values()].find(
      (other) => other !== slot && (other.view.state === 'ready' || other.view.state === 'running') && describeIdentity(other.view.identity ?? {}) === describeIdentity(identity),
    );
    if (twin !== undefined) throw new ImprintError('identity-recorded', `${describeIdentity(identity)} is in ${twin.view.name} already.`, { field: 'identity' });
    await this.#refuseRecorded(identity);
    return this.#show(name, {
      ...freeSlot(slot.settings),
      state: 'ready',
      word: 'Ready',
      sentence: `Put a card into ${name} and press Enter to make it the card of ${describeIdentity(identity)}.`,
      identity,
    });
  }

  /** Starts the job of a slot that is ready. Returns when it runs; how it ends is told by `changed`. */
  start(name: string): void {
    const slot = this.#slot(name);
    const { identity } = slot.view;
    if (slot.view.state !== 'ready' || identity === undefined) throw new ImprintError('slot-busy', `${name} has no scanned identity yet: scan the label of the board first.`);
    const abort = new AbortController();
    slot.abort = abort;
    this.#running += 1;
    this.#show(name, { ...slot.view, state: 'running', word: 'Starting', sentence: `${describeIdentity(identity)} is being made.`, canCancel: true });
    void this.#run(slot.settings, identity, abort.signal).finally(() => {
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
    this.#show(name, freeSlot(slot.settings));
  }

  /** Practice only. @throws ImprintError device-not-accepted with the server's reason */
  async powerOn(name: string): Promise<BenchSlot> {
    const slot = this.#slot(name);
    const { view, settings } = slot;
    if (this.#powerOn === undefined || view.identity === undefined || view.deviceId === undefined || !view.canPowerOn) {
      throw new ImprintError('device-not-accepted', 'There is no simulated device with a finished card in this slot.');
    }
    await this.#powerOn(settings, view.identity, new AbortController().signal);
    await this.#station.record.markAccepted(view.deviceId, this.#station.clock.now().toISOString());
    return this.#show(name, {
      ...view,
      state: 'accepted',
      word: 'Accepted',
      sentence: `The device signed in with the key from this card, and the server accepted ${describeIdentity(view.identity)}.`,
      canPowerOn: false,
    });
  }

  async #run(settings: SlotSettings, identity: Identity, signal: AbortSignal): Promise<void> {
    const { name } = settings;
    const slot = this.#slot(name);
    const change = (part: Partial<BenchSlot>): void => void this.#show(name, { ...slot.view, ...part });
    let outcome: JobOutcome;
    try {
      outcome = await provision(
        this.#station,
        { loaded: this.#loaded, identity, slot: name, targetPath: settings.path, naming: settings.fixedDisk ? 'fixed-disk' : 'listed' },
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
      change({ state: 'failed', word: 'Stopped', sentence: error.message, progress: undefined, canCancel: false });
      return;
    }
    change({
      state: outcome.state === 'done' || outcome.state === 'cancelled' || outcome.state === 'waiting' ? outcome.state : 'failed',
      word: endWords[outcome.state],
      sentence: outcome.sentence,
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
    if (known === undefined || known.state === 'released') return;
    throw new ImprintError('identity-recorded', `${describeIdentity(identity)} was made already on ${known.createdAt.slice(0, 10)} (${known.state}): scan another board.`, { field: 'identity' });
  }

  #slot(name: string): { readonly settings: SlotSettings; view: BenchSlot; abort: AbortController | undefined } {
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
  return { name: settings.name, place: settings.path, state: 'free', word: 'Free', sentence: 'Scan the label of a board.', canCancel: false, canPowerOn: false };
}
