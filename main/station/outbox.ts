import { asImprintError } from '../domain/errors';
import type { Profile } from '../domain/profile';
import type { Pause } from './pauses';
import { RetryLoop, type Look } from './retry-loop';
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
  readonly #loop: RetryLoop;
  #state: OutboxState;

  constructor(station: Station, profile: Profile, listeners: OutboxListeners, { interval = usualInterval, pause }: OutboxOptions = {}) {
    this.#station = station;
    this.#profile = profile;
    this.#listeners = listeners;
    this.#loop = new RetryLoop({ clock: station.clock, randomness: station.randomness, interval, longest: longestInterval, pause, closed: 'The outbox was closed.', look: (signal) => this.#look(signal) });
    this.#state = { waiting: 0, limit: profile.outboxLimit };
  }

  get state(): OutboxState {
    return this.#state;
  }

  start(): void {
    this.#loop.start();
  }

  /** Looks at once: a job ended waiting, or a person knows that the server is back. */
  wake(): void {
    this.#loop.wake();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  async #look(signal: AbortSignal): Promise<Look> {
    const sentence = await this.#send(signal);
    const waiting = await this.#countWaiting();
    const { limit } = this.#state;
    return {
      waits: waiting > 0,
      show: (nextTryAt) => {
        this.#show(nextTryAt === undefined ? { waiting, limit } : { waiting, limit, nextTryAt, sentence });
      },
    };
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
