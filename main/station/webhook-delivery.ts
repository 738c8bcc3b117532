import { asImprintError } from '../domain/errors';
import type { Clock, FaultPoints, Randomness } from '../domain/ports';
import type { DeliveryOutcome, Receiver, WebhookJournal, WebhookProgress, WebhookState } from '../domain/webhooks';
import { chance, realPause, type Pause } from './pauses';

const seconds = 1000;
const firstPause = 5 * seconds;
const longestPause = 6 * 3600 * seconds;
/** After about three days of them a receiver is dead. */
const mostAttempts = 24;
/** How often the log is looked at. */
const lookAfter = 2 * seconds;
/** After something went wrong here, and not at the receiver. */
const troublePause = 30 * seconds;

export interface DeliveryParts {
  readonly journal: WebhookJournal;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly faults: FaultPoints;
  readonly pause?: Pause | undefined;
  /** A receiver is in trouble, or is not any more: the progress after an attempt. */
  readonly changed?: ((progress: WebhookProgress) => void) | undefined;
}

/** How far a pass over one receiver came. waiting: the next attempt is not due. blocked: it waits for a person. */
export type PassResult = { readonly at: 'end' | 'blocked'; readonly progress: WebhookProgress } | { readonly at: 'waiting'; readonly progress: WebhookProgress; readonly milliseconds: number };

/** How long after the `attempt`th failure in a row, a tenth shorter or longer by chance. */
export function pauseAfter(attempt: number, randomness: Randomness): number {
  return Math.round(Math.min(firstPause * 2 ** (attempt - 1), longestPause) * (0.9 + 0.2 * chance(randomness)));
}

/**
 * Tells receivers what the log says, each in the order of the log and at least once. Receivers do not wait for each other,
 * and nobody at the bench waits for any of them: the log is written by the bench alone.
 */
export class WebhookDelivery {
  readonly #parts: DeliveryParts;
  readonly #receivers: readonly Receiver[];
  readonly #pause: Pause;
  readonly #closing = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: DeliveryParts, receivers: readonly Receiver[]) {
    this.#parts = parts;
    this.#receivers = receivers;
    this.#pause = parts.pause ?? realPause;
  }

  /** Goes on until `close`. */
  start(): void {
    const { signal } = this.#closing;
    this.#running = Promise.all(this.#receivers.map((receiver) => this.#goOn(receiver, signal).catch(() => undefined)));
  }

  /** Sends whatever is due to one receiver. @throws ImprintError record-*, cancelled */
  async pass(receiver: Receiver, signal: AbortSignal): Promise<PassResult> {
    const { journal, clock } = this.#parts;
    await journal.openWebhook(receiver.url, clock.now().toISOString());
    for (;;) {
      signal.throwIfAborted();
      const next = await journal.nextDelivery(receiver.url, receiver.events);
      if (next.kind === 'more') continue;
      const { progress } = next;
      if (progress.state !== 'active') return { at: 'blocked', progress };
      if (next.kind === 'nothing') return { at: 'end', progress };
      const due = progress.nextTryAt === undefined ? 0 : Date.parse(progress.nextTryAt) - clock.now().getTime();
      // A clock that was set back must not keep a message for longer than any pause is.
      if (due > 0) return { at: 'waiting', progress, milliseconds: Math.min(due, longestPause) };
      await this.#attempt(receiver, next.message, progress, signal);
    }
  }

  /** Ends what is under way: a message in it is sent again the next time. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #goOn(receiver: Receiver, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let wait = lookAfter;
      try {
        const result = await this.pass(receiver, signal);
        // Looked at again soon all the same: a person may have it tried now.
        if (result.at === 'waiting') wait = Math.min(result.milliseconds, lookAfter);
      } catch {
        // The record is what the bench needs too: it says so by itself.
        wait = troublePause;
      }
      await this.#pause(wait, signal);
    }
  }

  async #attempt(receiver: Receiver, message: { readonly id: string; readonly entry: number; readonly body: string }, before: WebhookProgress, signal: AbortSignal): Promise<void> {
    const { journal, clock, randomness, faults, changed } = this.#parts;
    const attempt = before.attempts + 1;
    const now = clock.now().getTime();
    const nextTryAt = new Date(now + pauseAfter(attempt, randomness)).toISOString();
    if (!(await journal.beginDelivery(receiver.url, before.nextEntry, message.entry, new Date(now).toISOString(), nextTryAt))) return;
    faults.reached('webhook:begun');
    const outcome = await receiver.send(message, signal);
    // CRASH: it may have arrived. The next start sends it once more, under the same id, before anything that follows.
    faults.reached('webhook:sent');
    const state = stateAfter(outcome, attempt);
    await journal.endDelivery(receiver.url, message.entry, told(outcome, state), state, clock.now().toISOString());
    faults.reached('webhook:ended');
    if (changed === undefined) return;
    const progress = (await journal.webhookProgress()).find(({ url }) => url === receiver.url);
    if (progress !== undefined) changed(progress);
  }
}

function stateAfter({ kind }: DeliveryOutcome, attempt: number): WebhookState {
  if (kind === 'gone') return 'gone';
  return kind === 'failed' && attempt >= mostAttempts ? 'dead' : 'active';
}

function told(outcome: DeliveryOutcome, state: WebhookState): DeliveryOutcome {
  return state === 'dead' ? { ...outcome, sentence: `${outcome.sentence} It was tried ${String(mostAttempts)} times; it is not tried any more.` } : outcome;
}

/** An address as people may see it: what stands behind a ? may be a secret of the receiver. */
export function shownUrl(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? url : `${url.slice(0, at)}?…`;
}

/** What the person at the station must know about a receiver; undefined while all is well or it is tried again soon. */
export function webhookWarning({ url, state, attempts, failingSince, sentence = '' }: WebhookProgress): string | undefined {
  const where = shownUrl(url);
  if (state === 'gone') return `Nothing is told to ${where} any more: it answered that it wants nothing (HTTP 410). See "imprint hooks list".`;
  if (state === 'dead') return `Nothing is told to ${where} any more: it took nothing since ${failingSince ?? 'days'}. ${sentence} See "imprint hooks list".`;
  return attempts >= attemptsUntilWarning ? `${where} takes no messages since ${failingSince ?? 'a while'}; they are kept and tried again. ${sentence}` : undefined;
}

/** About five minutes. */
const attemptsUntilWarning = 6;

/** @throws whatever went wrong as ImprintError */
export async function testWebhook(parts: Pick<DeliveryParts, 'clock' | 'randomness'>, receiver: Receiver, station: { readonly name: string; readonly practice: boolean }, signal: AbortSignal): Promise<DeliveryOutcome> {
  const id = `imprint_test_${parts.randomness.uuid()}`;
  const body = JSON.stringify({ v: 1, id, event: 'test', at: parts.clock.now().toISOString(), station: station.name, ...(station.practice ? { practice: true } : {}), data: {} });
  try {
    return await receiver.send({ id, body }, signal);
  } catch (thrown) {
    throw asImprintError(thrown);
  }
}
