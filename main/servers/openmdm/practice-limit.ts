import type { Clock } from '../../domain/ports';
import type { PracticeRequest } from '../practice/practice-http';

const windowMilliseconds = 60_000;

/** The real server's limit for its two open routes together: a fixed window for each caller, in memory only. */
export class PracticeLimit {
  readonly #windows = new Map<string, { count: number; readonly startedAt: number }>();
  readonly #most: number;
  readonly #clock: Clock;

  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }

  /** Counts a request. False where it is one too many. */
  allows(request: PracticeRequest): boolean {
    const now = this.#clock.now().getTime();
    const caller = callerOf(request);
    const current = this.#windows.get(caller);
    if (current === undefined || now - current.startedAt >= windowMilliseconds) {
      this.#windows.set(caller, { count: 1, startedAt: now });
      return this.#most >= 1;
    }
    current.count += 1;
    return current.count <= this.#most;
  }
}

/** By a proxy's headers alone: without one all callers share a window. */
function callerOf({ headers }: PracticeRequest): string {
  const forwarded = String(headers['x-forwarded-for'] ?? '').split(',')[0]?.trim() ?? '';
  if (forwarded !== '') return forwarded;
  return String(headers['x-real-ip'] ?? 'unkeyed');
}
