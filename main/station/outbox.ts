import { asImprintError, ImprintError } from '../domain/errors';
import type { Profile } from '../domain/profile';
import { Backoff, realPause, untilAborted, type Pause } from './pauses';
import { sendWaiting, type RecoveryReport } from './recover';
import type { Station } from './station';
import { unfinishedAtServer } from './unfinished';

export interface OutboxState {
  /** Verified cards that the server was not told of yet. */
  readonly waiting: number;
  /** At this number no new card is started; 0: none may wait. */
  readonly limit: number;
  readonly nextTryAt?: string | undefined;
  /** Why they wait. */
  readonly sentence?: string | undefined;
}

export interface OutboxListeners {
  changed(state: OutboxState): void;
  /** What became of one card: `done`, or `failed` where the card must be destroyed. Not for those that go on waiting. */
  sent(report: RecoveryReport): void;
}

export interface OutboxOptions {
  /** Milliseconds until the first repetition. */
  readonly interval?: number | undefined;
  readonly pause?: Pause | undefined;
}

const usualInterval = 10_000;
const longestInterval = 5 * 60_000;

/** Verified cards that wait for the server of one profile: they are sent, in the order of their jobs, when it is back. */
export class Outbox {
  readonly #station: Station;
  readonly #profile: Profile;
  readonly #listeners: OutboxListeners;
  readonly #backoff: Backoff;
  readonly #pause: Pause;
  readonly #closing = new AbortController();
  #state: OutboxState;
  #loop: Promise<void> | undefined;
  /** Ends the pause that is under way. */
  #waking = new AbortController();

  constructor(station: Station, profile: Profile, listeners: OutboxListeners, { interval = usualInterval, pause = realPause }: OutboxOptions = {}) {
    this.#station = station;
    this.#profile = profile;
    this.#listeners = listeners;
    this.#backoff = new Backoff(interval, Math.max(interval, longestInterval), station.randomness);
    this.#pause = pause;
    this.#state = { waiting: 0, limit: profile.outboxLimit };
  }

  get state(): OutboxState {
    return this.#state;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Looks at once: a job ended waiting, or a person knows that the server is back. */
  wake(): void {
    this.#waking.abort();
  }

  async close(): Promise<void> {
    this.#closing.abort(new ImprintError('cancelled', 'The outbox was closed.'));
    this.wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      // Before the look: whoever wakes it during the look is heard by the next pause.
      this.#waking = new AbortController();
      const waking = AbortSignal.any([signal, this.#waking.signal]);
      const sentence = await this.#send(signal);
      const waiting = await this.#countWaiting();
      if (waiting === 0) {
        this.#backoff.reset();
        this.#show({ waiting, limit: this.#state.limit });
        await untilAborted(waking);
        continue;
      }
      const milliseconds = this.#backoff.take();
      const nextTryAt = new Date(this.#station.clock.now().getTime() + milliseconds).toISOString();
      this.#show({ waiting, limit: this.#state.limit, nextTryAt, sentence });
      await this.#pause(milliseconds, waking).catch(() => undefined);
    }
  }

  /** @returns why some still wait */
  async #send(signal: AbortSignal): Promise<string | undefined> {
    try {
      const reports = await sendWaiting(this.#station, this.#profile, signal);
      for (const report of reports) if (report.state !== 'waiting') this.#listeners.sent(report);
      return reports.find((report) => report.state === 'waiting')?.sentence;
    } catch (thrown) {
      return asImprintError(thrown).message;
    }
  }

  async #countWaiting(): Promise<number> {
    try {
      return (await unfinishedAtServer(this.#station, this.#profile)).filter(({ job }) => job.state === 'waiting').length;
    } catch {
      // A record that is away has its own trouble; what waited goes on waiting.
      return this.#state.waiting;
    }
  }

  #show(state: OutboxState): void {
    const before = this.#state;
    this.#state = state;
    if (before.waiting !== state.waiting || before.nextTryAt !== state.nextTryAt || before.sentence !== state.sentence) this.#listeners.changed(state);
  }
}
