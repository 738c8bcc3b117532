import { PracticeFaults, type FaultAction } from '../../main/servers/practice/practice-faults';
import { randomNumbers } from './plan';

/** Requests in a thousand that something happens to, by what it is called in the report. */
const shares: readonly (readonly [string, number, (random: () => number) => FaultAction])[] = [
  ['429 with Retry-After', 20, () => ({ kind: 'reply', status: 429, headers: { 'Retry-After': '1' } })],
  ['5xx, not processed', 15, (random) => ({ kind: 'reply', status: [500, 502, 503][Math.floor(random() * 3)] ?? 503 })],
  ['5xx, processed', 10, () => ({ kind: 'replaced-reply', status: 502 })],
  ['reset before processing', 15, () => ({ kind: 'reset' })],
  ['reset after processing', 15, () => ({ kind: 'lost-reply' })],
  ['reply cut in half', 5, () => ({ kind: 'half-reply' })],
  ['slow reply (0.2 to 2 s)', 20, (random) => ({ kind: 'slow', milliseconds: 200 + Math.floor(random() * 1800) })],
  // Longer than the client waits: it took effect, and nobody hears of it.
  ['reply later than the time-out', 2, () => ({ kind: 'slow', milliseconds: 6000 })],
];

/** The server is away for this long, every so many requests: cards must wait in the outbox. */
const outage = { everyRequests: 6000, milliseconds: 12_000 };

/** Faults by chance, for every kind of request. */
export class RandomFaults extends PracticeFaults {
  readonly #random: () => number;
  readonly counts: Record<string, number> = {};
  /** Those that a fault could have struck. */
  requests = 0;
  #enabled = true;
  #awayUntil = 0;

  constructor(seed: number) {
    super();
    this.#random = randomNumbers(seed);
  }

  stop(): void {
    this.#enabled = false;
  }

  override take(): FaultAction | undefined {
    if (!this.#enabled) return undefined;
    this.requests += 1;
    if (this.requests % outage.everyRequests === 0) this.#awayUntil = Date.now() + outage.milliseconds;
    if (Date.now() < this.#awayUntil) return this.#count('away for 12 s', { kind: 'reset' });
    let left = this.#random() * 1000;
    for (const [name, share, action] of shares) {
      left -= share;
      if (left < 0) return this.#count(name, action(this.#random));
    }
    return undefined;
  }

  #count(name: string, action: FaultAction): FaultAction {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    return action;
  }
}
