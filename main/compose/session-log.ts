import type { LogHealthView } from '../contract/evidence-channel';
import { asImprintError, cancelled } from '../domain/errors';
import type { Clock } from '../domain/ports';
import type { LogCheck, LogSummary, RecordLog } from '../domain/record-log';
import type { LogAnchors } from './log-anchors';
import type { LogKeeper } from './log-keeper';

type Checked = NonNullable<LogHealthView['check']['last']>;

export interface SessionLogParts {
  readonly log: Pick<RecordLog, 'summary'>;
  readonly keeper: Pick<LogKeeper, 'check' | 'foundBroken' | 'signer' | 'warnings'>;
  readonly anchors: Pick<LogAnchors, 'warnings'>;
  readonly clock: Clock;
  readonly changed: (health: LogHealthView) => void;
  /** A check has come to its end. */
  readonly checked: (found: LogCheck) => void;
}

const fastestMilliseconds = 250;

/** How the log of an open bench stands, and its checks of itself: one at a time, the first one at the start. */
export class SessionLog {
  readonly #parts: SessionLogParts;
  #running: { readonly controller: AbortController; readonly canCancel: boolean; readonly work: Promise<void>; done: number; total: number } | undefined;
  #last: Checked | undefined;
  #toldAt = 0;
  #closed = false;

  constructor(parts: SessionLogParts) {
    this.#parts = parts;
  }

  async health(): Promise<LogHealthView> {
    const { log, keeper, anchors } = this.#parts;
    const summary = await log.summary().catch((thrown: unknown): { readonly trouble: string } => ({ trouble: asImprintError(thrown).message }));
    return { ...shown(summary), check: this.#check(), warnings: [...keeper.warnings(), ...anchors.warnings()] };
  }

  /**
   * At the start, in the background: whoever is at the window, the key is made and the whole log is checked.
   *
   * SECURITY: nobody can cancel this one, or a person who may only look could keep the station from noticing.
   */
  async begin(): Promise<void> {
    await this.#parts.keeper.signer().catch(() => undefined);
    this.#start(false);
  }

  /** A check that a person wants. One that is under way is as good. */
  checkNow(): void {
    this.#start(true);
  }

  cancelCheck(): void {
    if (this.#running?.canCancel === true) this.#running.controller.abort(cancelled());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#running?.controller.abort(cancelled());
    await this.#running?.work;
  }

  #start(canCancel: boolean): void {
    if (this.#closed || this.#running !== undefined) return;
    const controller = new AbortController();
    // In a turn of its own, so that what ends at once ends after it has begun.
    const work = Promise.resolve().then(() => this.#run(controller.signal));
    this.#running = { controller, canCancel, work, done: 0, total: 0 };
    this.#tell();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { keeper, clock, checked } = this.#parts;
    try {
      const found = await keeper.check((done, total) => {
        this.#progress(done, total);
      }, signal);
      const at = clock.now().toISOString();
      this.#last = found.sound ? { result: 'sound', sentence: soundSentence(found), at } : { result: 'broken', sentence: found.sentence, at, entry: found.entry };
      checked(found);
    } catch (thrown) {
      const error = asImprintError(thrown);
      // A check that was cancelled says nothing: what was found before stays.
      if (error.code !== 'cancelled') this.#last = { result: 'unfinished', sentence: error.message, at: clock.now().toISOString() };
    }
    this.#running = undefined;
    this.#tell();
  }

  #check(): LogHealthView['check'] {
    const running = this.#running;
    return { running: running === undefined ? undefined : { done: running.done, total: running.total, canCancel: running.canCancel }, last: this.#lastOfAll() };
  }

  /** Another process may have found the log broken, or sound again, since this one looked. */
  #lastOfAll(): Checked | undefined {
    const broken = this.#parts.keeper.foundBroken();
    if (broken === undefined) return this.#last?.result === 'broken' ? undefined : this.#last;
    return this.#last?.sentence === broken.sentence ? this.#last : { result: 'broken', ...broken };
  }

  #progress(done: number, total: number): void {
    if (this.#running === undefined) return;
    Object.assign(this.#running, { done, total });
    if (performance.now() - this.#toldAt >= fastestMilliseconds) this.#tell();
  }

  #tell(): void {
    if (this.#closed) return;
    this.#toldAt = performance.now();
    void this.health().then(this.#parts.changed, () => undefined);
  }
}

function shown(summary: LogSummary | { readonly trouble: string }): Omit<LogHealthView, 'check' | 'warnings'> {
  return { ...summary };
}

function soundSentence({ size, checkpoints, devices }: Extract<LogCheck, { sound: true }>): string {
  return `Every entry is as it was logged: ${size.toLocaleString('en')} entries, ${checkpoints.toLocaleString('en')} signed heads, ${devices.toLocaleString('en')} devices.`;
}
