import type { Clock } from '../domain/ports';

/** A bucket of requests that fills again: so many at once, and so many a second in the long run. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #at: number;

  constructor(clock: Clock, { burst, perSecond }: { readonly burst: number; readonly perSecond: number }) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#at = clock.now().getTime();
  }

  /** @returns 0 where the request may go on, else the milliseconds until one may */
  take(): number {
    const now = this.#clock.now().getTime();
    // A clock that was set back fills nothing, and takes nothing away.
    this.#left = Math.min(this.#burst, this.#left + (Math.max(0, now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#left < 1) return Math.ceil(((1 - this.#left) / this.#perSecond) * 1000);
    this.#left -= 1;
    return 0;
  }
}
