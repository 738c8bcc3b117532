import type { ProgressListener, ProgressPhase } from './job';

const windowMilliseconds = 3000;
const shortestIntervalMilliseconds = 100;

/**
 * Turns byte counts into progress: rate over the last three seconds, time left, never more than ten reports a second.
 * The last report (all bytes done) is always sent.
 */
export class ProgressMeter {
  readonly #phase: ProgressPhase;
  readonly #totalBytes: number;
  readonly #listener: ProgressListener;
  readonly #milliseconds: () => number;
  readonly #samples: { at: number; bytes: number }[] = [];
  #doneBytes = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;

  /** @param milliseconds a clock that never goes back */
  constructor(phase: ProgressPhase, totalBytes: number, listener: ProgressListener, milliseconds: () => number) {
    this.#phase = phase;
    this.#totalBytes = totalBytes;
    this.#listener = listener;
    this.#milliseconds = milliseconds;
    this.add(0);
  }

  add(bytes: number): void {
    const now = this.#milliseconds();
    this.#doneBytes += bytes;
    const finished = this.#doneBytes >= this.#totalBytes;
    if (!finished && now - this.#reportedAt < shortestIntervalMilliseconds) return;
    this.#reportedAt = now;
    this.#samples.push({ at: now, bytes: this.#doneBytes });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > windowMilliseconds) this.#samples.shift();
    const first = this.#samples[0] ?? { at: now, bytes: 0 };
    const elapsed = now - first.at;
    const bytesPerSecond = elapsed > 0 ? ((this.#doneBytes - first.bytes) * 1000) / elapsed : 0;
    const left = Math.max(0, this.#totalBytes - this.#doneBytes);
    this.#listener({
      phase: this.#phase,
      doneBytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
      bytesPerSecond,
      ...(bytesPerSecond > 0 ? { secondsLeft: left / bytesPerSecond } : {}),
    });
  }
}
