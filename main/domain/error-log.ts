/** What the station remembers of its refusals for whoever looks for a fault: codes and sentences, and nobody's identity or secret. */
import type { ErrorCode, ErrorReport } from './errors';

export interface LoggedError {
  /** ISO 8601 UTC. */
  readonly at: string;
  readonly version: string;
  /** command: `provision`. window: the name of the method. job: the card of a slot ended with it. */
  readonly from: 'command' | 'window' | 'job';
  readonly name: string;
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly field?: string | undefined;
}

/** These are told to the person who made the slip, and say nothing about the station. A sentence of `usage` quotes whatever was typed. */
const slips: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['usage', 'cancelled', 'sign-in-needed', 'sign-in-refused', 'sign-in-paused', 'not-allowed']);

/** @param given what a person gave with it: identities, what was scanned or typed */
export function loggedError(error: ErrorReport, about: Pick<LoggedError, 'at' | 'version' | 'from' | 'name'>, given: readonly string[]): LoggedError | undefined {
  if (slips.has(error.code)) return undefined;
  return { ...about, code: error.code, sentence: withoutWhatWasGiven(error.sentence, given), ...(error.field === undefined ? {} : { field: withoutWhatWasGiven(error.field, given) }) };
}

const longestSentence = 600;
const gone = '…';

/**
 * A sentence without what identifies a device and without anything that could be a key, a token or a password.
 *
 * SECURITY: what is known is taken out by its value; what is not by its looks. It is better to lose a hash or a file's name here
 * than to keep a token.
 */
export function withoutWhatWasGiven(sentence: string, given: readonly string[]): string {
  // The longest first: one may be a part of another.
  const known = [...new Set(given.flatMap((text) => [text, text.trim()]))].filter((text) => text.length >= 3).sort((one, other) => other.length - one.length);
  const taken = known.reduce((text, value) => replaceAll(text, value), sentence.slice(0, 10 * longestSentence));
  return taken
    .replace(/-----BEGIN[\s\S]*?(?:-----END[^-]*-----|$)/g, gone)
    .replace(/\/\/[^\s/@]+@/g, `//${gone}@`)
    // Accounts are people's addresses.
    .replace(/[^\s"'/@:]+@[^\s"'/@:]*\w/g, (run) => (run.startsWith(gone) ? run : gone))
    .replace(/\?[^\s"',;]+/g, `?${gone}`)
    .replace(/\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b/gi, gone)
    .replace(/\b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b/gi, gone)
    .replace(/[A-Za-z0-9+/=_-]{24,}/g, (run) => (isPath(run) ? run : gone))
    .replace(/\b\d{10,}\b/g, gone)
    .slice(0, longestSentence);
}

/** Words between slashes. A token in base64 may have slashes anywhere, and hardly a run of small letters between them. */
function isPath(run: string): boolean {
  return run.includes('/') && run.split('/').every((part) => /^[A-Z]?[a-z0-9_-]{0,19}$/.test(part));
}

function replaceAll(text: string, value: string): string {
  return text.toLowerCase().includes(value.toLowerCase()) ? text.replace(new RegExp(value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), gone) : text;
}
