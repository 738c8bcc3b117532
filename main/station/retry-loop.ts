import { ImprintError } from '../domain/errors';
import type { Clock, Randomness } from '../domain/ports';
import { Backoff, realPause, untilAborted, type Pause } from './pauses';

/** What one look found. */
export interface Look {
  /** Something still waits: it is tried again by itself. */
  readonly waits: boolean;
  /** Tells what was found, before the pause. @param nextTryAt ISO 8601; undefined where nothing waits */
  readonly show: (nextTryAt: string | undefined) => void;
}

export interface RetryLoopParts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Milliseconds until the first repetition, and the longest pause. */
  readonly interval: number;
  readonly longest: number;
  readonly pause?: Pause | undefined;
  /** Why a look is broken off by close(). */
  readonly closed: string;
  /** One try of all that waits. It throws nothing. */
  readonly look: (signal: AbortSignal) => Promise<Look>;
}

/** Tries what waits again and again, with longer and longer pauses; where nothing does, it sleeps until it is woken. */
export class RetryLoop {
  readonly #parts: RetryLoopParts;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  #loop: Promise<void> | undefined;
  /** Ends the pause that is under way. */
  #waking = new AbortController();

  constructor(parts: RetryLoopParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.interval, Math.max(parts.interval, parts.longest), parts.randomness);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Looks at once. */
  wake(): void {
    this.#waking.abort();
  }

  async close(): Promise<void> {
    this.#closing.abort(new ImprintError('cancelled', this.#parts.closed));
    this.wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { look, clock, pause = realPause } = this.#parts;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      // Before the look: whoever wakes it during the look is heard by the next pause.
      this.#waking = new AbortController();
      const waking = AbortSignal.any([signal, this.#waking.signal]);
      const { waits, show } = await look(signal);
      if (!waits) {
        this.#backoff.reset();
        show(undefined);
        await untilAborted(waking);
        continue;
      }
      const milliseconds = this.#backoff.take();
      show(new Date(clock.now().getTime() + milliseconds).toISOString());
      await pause(milliseconds, waking).catch(() => undefined);
    }
  }
}
