import { cancelled } from '../domain/errors';
import type { Randomness } from '../domain/ports';

/** Waits; tests pass one that does not. @throws ImprintError cancelled */
export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export const realPause: Pause = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(cancelled());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => { resolve(); }, { once: true });
  });
}

/** A pause that doubles until it is reset, a tenth shorter or longer by chance, so that stations do not ask in step. */
export class Backoff {
  readonly #first: number;
  readonly #longest: number;
  readonly #randomness: Randomness;
  #next: number;

  /** Both in milliseconds. */
  constructor(first: number, longest: number, randomness: Randomness) {
    this.#first = first;
    this.#longest = longest;
    this.#randomness = randomness;
    this.#next = first;
  }

  reset(): void {
    this.#next = this.#first;
  }

  /** The longest pause from now on. */
  exhaust(): void {
    this.#next = this.#longest;
  }

  take(): number {
    const milliseconds = this.#next;
    this.#next = Math.min(milliseconds * 2, this.#longest);
    return Math.round(milliseconds * (0.9 + 0.2 * chance(this.#randomness)));
  }
}

/** From 0, below 1: the first group of a UUID version 4 is 32 random bits. */
export function chance(randomness: Randomness): number {
  return parseInt(randomness.uuid().slice(0, 8), 16) / 0x1_0000_0000;
}
