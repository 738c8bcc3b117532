import type { Progress, ProgressListener } from '../domain/job';

const shortestPause = 100;
const rateWindow = 3000;

/** Tells a listener at most ten times a second how far the image is. */
export class ImageProgress {
  readonly #listener: ProgressListener;
  readonly #totalBytes: number;
  readonly #milliseconds: () => number;
  readonly #samples: { at: number; doneBytes: number }[] = [];
  #lastCall = -Infinity;

  /** @param milliseconds a clock that only goes forward */
  constructor(listener: ProgressListener, totalBytes: number, milliseconds: () => number) {
    this.#listener = listener;
    this.#totalBytes = totalBytes;
    this.#milliseconds = milliseconds;
  }

  reached(doneBytes: number): void {
    const at = this.#milliseconds();
    if (at - this.#lastCall < shortestPause && doneBytes < this.#totalBytes) return;
    this.#lastCall = at;
    this.#samples.push({ at, doneBytes });
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > rateWindow) this.#samples.shift();
    this.#listener(this.#describe(at, doneBytes));
  }

  #describe(at: number, doneBytes: number): Progress {
    const first = this.#samples[0];
    const elapsed = first === undefined ? 0 : at - first.at;
    const bytesPerSecond = first === undefined || elapsed <= 0 ? 0 : Math.round(((doneBytes - first.doneBytes) * 1000) / elapsed);
    const totalBytes = this.#totalBytes;
    const known = { phase: 'image' as const, doneBytes, totalBytes, bytesPerSecond };
    return bytesPerSecond === 0 ? known : { ...known, secondsLeft: (totalBytes - doneBytes) / bytesPerSecond };
  }
}
