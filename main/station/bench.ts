import { cardAtPort, describeCard, describePort, type Drive, type Drives } from '../domain/drives';
import { readBatch } from '../domain/batches';
import { asImprintError, cancelled, ImprintError } from '../domain/errors';
import { describeIdentity, type Identity } from '../domain/identity';
import type { LabelPrint } from '../domain/labels';
import type { JobOutcome } from '../domain/job';
import type { ServerKind } from '../domain/ports';
import { slotPlace, type SlotSettings } from '../domain/profile';
import { assertMay, may } from '../domain/roles';
import { cancellable, endWord, freeSlot, insertedUnattended, phaseWords, readySentence, scanLabelWord, slotLabel, stepWords, type BenchSlot, type SlotCard } from './bench-slot';
import { provision } from './provision';
import type { RecoveryReport } from './recover';
import type { AwaitingSlot } from './scan-back';
import { scannedIdentity } from './scanned-identity';
import { renewalWords, renewCard, type RenewalOutcome, type RenewalPhase } from './renew';
import { asNow, serverKindOf, type LoadedProfile, type Station } from './station';

export type { BenchSlot } from './bench-slot';

/** Boots the simulated device from a card; practice only. @returns what it did and what the server said, one sentence */
export type PowerOn = (slot: SlotSettings, identity: Identity, signal: AbortSignal) => Promise<string>;

export interface BenchOptions {
  readonly powerOn?: PowerOn | undefined;
  /** The drives of this computer; a bench of files has none. */
  readonly drives?: Drives | undefined;
  /** Instead of the profile's: the slots that were bound on this station. */
  readonly slots?: readonly SlotSettings[] | undefined;
}

/** As many as there may be slots. */
const mostKeysAhead = 16;

interface Slot {
  readonly settings: SlotSettings;
  view: BenchSlot;
  abort: AbortController | undefined;
}

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
  #giving: Promise<unknown> = Promise.resolve();

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
    const before = this.#batch;
    this.#batch = batch === undefined ? this.#loaded.profile.batch : readBatch(batch);
    if (this.#batch === before) return;
    // Their identities were another batch's.
    for (const { settings, view } of this.#slots.values()) if (view.state === 'ready' && view.counted === true) this.clear(settings.name);
  }

  /**
   * A scanned code for a slot: checked, normalised and shown; the start key comes next.
   *
   * @throws ImprintError identity-*, batch-stopped, slot-busy, no-such-slot; the slot stays as it was
   */
  async scan(name: string, text: string, others: Readonly<Record<string, string>>): Promise<BenchSlot> {
    const slot = this.#slot(name);
    if (slot.view.state === 'running') throw new ImprintError('slot-busy', `${name} is at work; wait until it has ended, or scan for another slot.`);
    const { profile } = this.#loaded;
    const identity = scannedIdentity(this.#station, profile, text, others);
    serverKindOf(this.#station, profile).checkIdentity?.(identity, profile.server);
    const twin = [...this.#slots.values()].find(
      (other) => other !== slot && (other.view.state === 'ready' || other.view.state === 'running') && describeIdentity(other.view.identity ?? {}) === describeIdentity(identity),
    );
    if (twin !== undefined) throw new ImprintError('identity-recorded', `${describeIdentity(identity)} is in ${twin.view.name} already.`, { field: 'identity' });
    await this.#station.record.orders.checkIdentity({ batch: this.#batch, profileName: profile.name, identity });
    await this.#refuseRecorded(identity);
    return this.#ready(slot, identity, false);
  }

  /**
   * The next identity of a batch that counts, for a slot: shown; the start key comes next. Which one it is at last is settled
   * with the reservation.
   *
   * @throws ImprintError batch-stopped, slot-busy, no-such-slot; the slot stays as it was
   */
  give(name: string): Promise<BenchSlot> {
    // One after another, so that two slots are not shown the same.
    const given = this.#giving.then(() => this.#give(name));
    this.#giving = given.catch(() => undefined);
    return given;
  }

  async #give(name: string): Promise<BenchSlot> {
    const slot = this.#slot(name);
    if (slot.view.state === 'running') throw new ImprintError('slot-busy', `${name} is at work; wait until it has ended, or choose another slot.`);
    const batch = this.#batch;
    if (batch === undefined) throw new ImprintError('batch-stopped', 'No batch is chosen: scan the label of a board.', { field: 'batch', expected: 'a batch with a counter' });
    // What runs without a job is promised too: it is about to be reserved.
    const promised = [...this.#slots.values()].filter((other) => other !== slot && (other.view.state === 'ready' || (other.view.state === 'running' && other.view.jobId === undefined)));
    const without = promised.flatMap(({ view }) => (view.identity === undefined ? [] : [view.identity]));
    const identity = await this.#station.record.orders.nextIdentity({ batch, profileName: this.#loaded.profile.name, without });
    if (slot.abort !== undefined) throw new ImprintError('slot-busy', `${name} is starting already.`);
    return this.#ready(slot, identity, true);
  }

  #ready(slot: Slot, identity: Identity, counted: boolean): BenchSlot {
    const { name } = slot.settings;
    const startsAlone = this.#startsWhenInserted && slot.view.card?.present === false;
    return this.#show(name, {
      ...this.#free(slot),
      state: 'ready',
      word: 'Ready',
      sentence: readySentence(name, identity, startsAlone),
      identity,
      ...(counted ? { counted } : {}),
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
    const station = asNow(this.#station);
    const began = await this.#begin(slot);
    // Taken back while the drive was looked up.
    if (began === undefined) return;
    const { abort, targetPath } = began;
    this.#running += 1;
    this.#show(name, { ...slot.view, state: 'running', word: 'Starting', sentence: `${describeIdentity(identity)} is being made.`, canCancel: true });
    void this.#run(station, slot.settings, targetPath, identity, abort.signal).finally(() => {
      this.#running -= 1;
      slot.abort = undefined;
    });
  }

  /**
   * What the server gave to the card in a slot, given anew. Returns when it has ended; how it goes on is told by `changed`.
   *
   * @throws ImprintError slot-busy, target-not-found: the slot stays as it was; else as renewCard, and the slot says so
   */
  async renew(name: string): Promise<RenewalOutcome> {
    const slot = this.#slot(name);
    const station = asNow(this.#station);
    assertMay(station.role, 'provision');
    if (slot.view.state === 'running') throw new ImprintError('slot-busy', `${name} is at work; wait until it has ended.`);
    if (slot.view.state === 'ready') throw new ImprintError('slot-busy', `${name} is ready to write a card: press Escape first, or renew in another slot.`);
    const began = await this.#begin(slot);
    if (began === undefined) throw cancelled();
    const { abort, targetPath } = began;
    if (this.#slot(name).view.state === 'ready') {
      // Scanned while the drive was looked up.
      slot.abort = undefined;
      throw new ImprintError('slot-busy', `${name} was scanned meanwhile: it is ready to write a card.`);
    }
    this.#running += 1;
    const show = (part: Partial<BenchSlot>): void => void this.#show(name, { ...this.#free(slot), ...part });
    let identity: Identity | undefined;
    const onPhase = (phase: RenewalPhase, found: Identity | undefined): void => {
      identity = found ?? identity;
      show({ state: 'running', ...renewalWords[phase], identity, canCancel: phase !== 'write' });
    };
    try {
      const naming = slot.settings.fixedDisk ? 'fixed-disk' : 'listed';
      const outcome = await renewCard(station, this.#loaded.profile, { targetPath, naming, onPhase }, abort.signal);
      const { device, action } = outcome;
      show({ state: 'done', word: 'Renewed', sentence: action.sentence ?? '', identity, deviceId: device.deviceId, fingerprint: device.fingerprint });
      return outcome;
    } catch (thrown) {
      const error = asImprintError(thrown);
      const stopped = error.code !== 'cancelled';
      show({ state: stopped ? 'failed' : 'cancelled', word: stopped ? 'Not renewed' : 'Cancelled', sentence: error.message, errorCode: error.code, identity });
      throw error;
    } finally {
      this.#running -= 1;
      slot.abort = undefined;
    }
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
    this.#show(slot.settings.name, { ...slot.view, state: done ? 'done' : 'failed', word: endWord(state, this.#kind), sentence, canPowerOn: done && this.#powerOn !== undefined, label: done ? this.#newLabel : undefined });
  }

  /** What became of the label of a job. A slot that was used again since then shows nothing of it. */
  showLabel(print: LabelPrint): BenchSlot | undefined {
    const slot = [...this.#slots.values()].find(({ view }) => view.jobId === print.jobId && (view.state === 'done' || view.state === 'accepted'));
    if (slot === undefined || print.reprint) return undefined;
    const { view, settings } = slot;
    const label = slotLabel(print);
    const ended = view.state === 'accepted' ? 'Accepted' : endWord('done', this.#kind);
    const shown = this.#show(settings.name, { ...view, label, word: label.awaitsScan ? scanLabelWord : ended });
    return view.label?.awaitsScan === true && isGoneFor(shown) ? this.#show(settings.name, this.#free(slot)) : shown;
  }

  /** Slots whose printed label is to be scanned, `first` before the others. */
  awaitingLabels(first: string): readonly AwaitingSlot[] {
    const awaiting = [...this.#slots.values()].flatMap(({ view: { name, jobId, identity, label } }) => (label?.awaitsScan === true && jobId !== undefined && identity !== undefined ? [{ name, jobId, identity }] : []));
    return [...awaiting.filter(({ name }) => name === first), ...awaiting.filter(({ name }) => name !== first)];
  }

  /** Where the code of a board goes that was scanned for this slot: one that waits for its label keeps its place. @throws ImprintError slot-busy */
  slotForBoard(name: string): string {
    if (this.#slot(name).view.label?.awaitsScan !== true) return name;
    const free = [...this.#slots.values()].find(({ view }) => view.state === 'free');
    if (free !== undefined) return free.view.name;
    throw new ImprintError('slot-busy', `${name} waits for its label: scan the label that was printed, or press F7 to go on without it.`, { field: 'label', expected: 'the code of the printed label' });
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
      const card: SlotCard = { present: found !== undefined, description: describeCard(found), ...(found === undefined ? {} : { bytes: found.bytes }) };
      const place = slot.settings.path ?? found?.path ?? describePort(slot.settings.port);
      if (before?.present === card.present && before.description === card.description && slot.view.place === place) continue;
      const { name, state, identity, sentence } = slot.view;
      // Out again: the next one that comes in starts by itself, whatever the slot said before.
      const waits = found === undefined && state === 'ready' && identity !== undefined;
      const shown = this.#show(name, { ...slot.view, place, card, sentence: waits ? readySentence(name, identity, this.#startsWhenInserted) : sentence });
      if (before?.present === true && isGoneFor(shown)) this.#show(name, this.#free(slot));
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
      word: view.label?.awaitsScan === true ? scanLabelWord : 'Accepted',
      sentence,
      canPowerOn: false,
    });
  }

  get #kind(): ServerKind {
    return serverKindOf(this.#station, this.#loaded.profile);
  }

  /** The label of a device that is finished now: it is in the record from the same moment. */
  get #newLabel(): BenchSlot['label'] {
    const { label } = this.#loaded.profile;
    return label === undefined ? undefined : slotLabel({ state: 'waiting', attempts: 0, scanBack: label.scanBack });
  }

  get #startsWhenInserted(): boolean {
    return this.#loaded.profile.targets.startWhenInserted === true;
  }

  /** Takes a slot and finds its card. @returns undefined where it was taken back meanwhile. @throws ImprintError slot-busy, target-not-found */
  async #begin(slot: Slot): Promise<{ readonly abort: AbortController; readonly targetPath: string } | undefined> {
    const { name, path, port } = slot.settings;
    if (slot.abort !== undefined) throw new ImprintError('slot-busy', `${name} is starting already.`);
    const abort = new AbortController();
    slot.abort = abort;
    try {
      const targetPath = path ?? (await this.#driveAt(port, name)).path;
      if (!abort.signal.aborted) return { abort, targetPath };
      slot.abort = undefined;
      return undefined;
    } catch (thrown) {
      slot.abort = undefined;
      throw thrown;
    }
  }

  async #startInserted(slot: Slot, drive: Drive): Promise<void> {
    const { identity } = slot.view;
    if (slot.view.state !== 'ready' || identity === undefined) return;
    await this.#drives?.settled(drive);
    const view: BenchSlot = slot.view;
    // Not for another identity than the one that waited when the card came.
    if (view.identity !== identity || view.state !== 'ready') return;
    // SECURITY: nobody's card is made. Whoever signs in next starts it by the key, having seen what it becomes.
    if (!may(this.#station.role, 'provision')) {
      this.#show(view.name, { ...view, sentence: insertedUnattended(view.name, identity) });
      return;
    }
    // A card that is gone again, or a start key that was faster: the slot says where it stands.
    await this.start(view.name).catch(() => undefined);
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
    // Told before each card: a custody process that was started again knows nothing of it. Without them it is only slower.
    void station.custody.keysAhead(this.#loaded.profile.keyType, Math.min(this.#slots.size, mostKeysAhead)).catch(() => undefined);
    try {
      outcome = await provision(
        station,
        { loaded: this.#loaded, identity, slot: name, targetPath, port, naming: settings.fixedDisk ? 'fixed-disk' : 'listed', batch: this.#batch, counted: slot.view.counted },
        {
          signal,
          onReserved: change,
          onProgress: (progress) => {
            change({ progress, word: phaseWords[progress.phase] });
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
      word: endWord(outcome.state, this.#kind),
      sentence: outcome.sentence,
      errorCode: outcome.error?.code,
      fingerprint: outcome.fingerprint,
      deviceId: outcome.deviceId,
      jobId: outcome.jobId,
      label: outcome.state === 'done' ? this.#newLabel : undefined,
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

/**
 * Whether a slot has nothing more to say: its card is good and was taken out, and no label of it is to be scanned. What was stopped
 * stays until somebody has seen why.
 */
function isGoneFor({ state, card, label }: BenchSlot): boolean {
  return card?.present === false && (state === 'done' || state === 'accepted' || state === 'waiting') && label?.awaitsScan !== true;
}
