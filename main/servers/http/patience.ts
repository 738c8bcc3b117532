import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../domain/ports';
import { cancelled, ImprintError } from '../../domain/errors';
import type { HttpReply } from './http-exchange';
import { ExchangeFailure } from './http-failures';
import { serverWords } from './server-words';

/** How long the adapter puts up with a server that is busy. */
export interface Patience {
  /** Milliseconds before each repetition of a read that met a 5xx or a reset. */
  readonly delays: readonly number[];
  /** Longest single wait that a 429 may ask for, in seconds; a longer one is told to the person instead. */
  readonly longestWaitSeconds: number;
  /** How many 429 in a row are waited for. */
  readonly waits: number;
  /** Seconds to wait after a 429 that does not say how long; 1 unless told. */
  readonly usualWaitSeconds?: number | undefined;
}

export const usualPatience: Patience = { delays: [250, 1000, 3000], longestWaitSeconds: 60, waits: 3 };

/** @throws ImprintError cancelled */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch {
    throw cancelled();
  }
}

/** A date as HTTP writes it (RFC 9110, 5.6.7); Date.parse alone takes nearly any text for one. */
export function httpDate(text: string | undefined): number | undefined {
  if (text === undefined || !/\d{2}:\d{2}:\d{2}/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * Seconds of a Retry-After header, which is a number of seconds or a date (RFC 9110, 10.2.3).
 *
 * @param date the reply's Date header: where the clock of this workstation is wrong, the server's own counts
 */
export function retryAfterSeconds(header: string | undefined, now: Date, date?: string): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const at = httpDate(header);
  return at === undefined ? undefined : Math.max(0, Math.ceil((at - (httpDate(date) ?? now.getTime())) / 1000));
}

/** Waits for something that is shared with others, and leaves it to them when cancelled. @throws ImprintError cancelled */
export async function untilCancelled<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw cancelled();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(cancelled());
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([shared, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * Sends until there is a reply that means something: waits out 429 (the server did not process the request, so that is
 * safe for every method) and, where `repeat` says that the request changes nothing, repeats after a 5xx or a reset.
 *
 * @throws ExchangeFailure; ImprintError server-busy, cancelled
 */
export async function exchangePatiently(
  exchange: () => Promise<HttpReply>,
  options: { readonly repeat: boolean; readonly patience: Patience; readonly clock: Clock },
  signal: AbortSignal,
): Promise<HttpReply> {
  const { patience, clock, repeat } = options;
  let repetitions = 0;
  let waits = 0;
  let waited = 0;
  for (;;) {
    let reply: HttpReply;
    try {
      reply = await exchange();
    } catch (thrown) {
      const delay = patience.delays[repetitions];
      if (!(thrown instanceof ExchangeFailure) || !thrown.momentary || !repeat || delay === undefined) throw thrown;
      repetitions += 1;
      await pause(delay, signal);
      continue;
    }
    const asked = retryAfterSeconds(reply.headers['retry-after'], clock.now(), reply.headers['date']);
    if (reply.status === 429) {
      const seconds = asked ?? patience.usualWaitSeconds ?? 1;
      if (seconds > patience.longestWaitSeconds || waits >= patience.waits) {
        const sofar = waits === 0 ? '' : `, although it was given ${inWords(waited)}`;
        throw new ImprintError('server-busy', `The server takes no more requests for now${sofar}; try again in ${inWords(Math.max(1, seconds))}.`);
      }
      waits += 1;
      waited += seconds;
      await pause(seconds * 1000, signal);
      continue;
    }
    if (reply.status >= 500 && reply.status !== 501 && repeat) {
      const delay = patience.delays[repetitions];
      if (delay === undefined) {
        throw new ImprintError('server-busy', `The server has a problem of its own (${String(reply.status)}${wordsAfterColon(reply)}); try again later.`);
      }
      repetitions += 1;
      await pause(Math.min(Math.max(delay, (asked ?? 0) * 1000), patience.longestWaitSeconds * 1000), signal);
      continue;
    }
    return reply;
  }
}

function inWords(seconds: number): string {
  return seconds === 1 ? '1 second' : `${String(seconds)} seconds`;
}

function wordsAfterColon(reply: HttpReply): string {
  const words = serverWords(reply);
  return words === undefined ? '' : `: ${words}`;
}
