import { hash } from 'node:crypto';

import { ImprintError } from '../domain/errors';
import { canonicalJson, isJsonObject, parseCanonicalJson } from './canonical-json';
import { events, isEventName } from './events';
import type { EventData, EventName } from './events';
import { moment, oneOf, text, wholeNumber } from './shape';

/** One leaf of the log. Its number is part of it, so that no entry can stand for another one. */
export type LogEntry = { readonly [Name in EventName]: EntryOf<Name> }[EventName];

export interface EntryOf<Name extends EventName> {
  readonly v: 1;
  /** From 0, without gaps: the leaf's index in the tree. */
  readonly seq: number;
  /** ISO 8601 UTC with milliseconds, by the station's clock, which may have been set back. */
  readonly at: string;
  /** Name of the station. */
  readonly station: string;
  /** Who was at work: an operator, or `station` for what it does by itself. */
  readonly by: string;
  readonly event: Name;
  readonly data: EventData<Name>;
}

/** An entry before the log gives it its number. */
export type NewEntry = { readonly [Name in EventName]: Omit<EntryOf<Name>, 'v' | 'seq'> }[EventName];

/** Larger than any entry has to be; a reader may hold a line of it in memory. */
export const largestEntry = 64 * 1024;

const header = { v: { words: '1', is: (value: unknown): boolean => value === 1 }, seq: wholeNumber, at: moment, station: text, by: text } as const;
const known = oneOf(Object.keys(events));

/**
 * The bytes that are hashed, kept and exported: canonical JSON (RFC 8785) in UTF-8, without a line end.
 *
 * @throws ImprintError log-entry-invalid where the entry is not one of the documented ones
 */
export function encodeEntry(entry: LogEntry): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = Buffer.from(canonicalJson(entry), 'utf8');
  } catch (thrown) {
    throw invalid(`entry ${entry.seq} cannot be written: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  // What was written is read, so that no entry is ever logged that its readers would refuse.
  parseEntry(bytes);
  return bytes;
}

/**
 * @param seq the number that it must have, where that is known
 * @throws ImprintError log-entry-invalid for anything but the canonical bytes of a documented entry
 */
export function parseEntry(bytes: Uint8Array, seq?: number): LogEntry {
  const what = seq === undefined ? 'an entry' : `entry ${seq}`;
  if (bytes.length > largestEntry) throw invalid(`${what} is larger than ${largestEntry} bytes`);
  const value = parseCanonicalJson(bytes);
  if (!isJsonObject(value)) throw invalid(`${what} is not an object in canonical JSON`);
  for (const [name, shape] of Object.entries(header)) {
    if (!Object.hasOwn(value, name) || !shape.is(value[name])) throw invalid(`in ${what}, ${name} is not ${shape.words}`);
  }
  if (seq !== undefined && value['seq'] !== seq) throw invalid(`${what} says that it is entry ${canonicalJson(value['seq'])}`);
  const { event, data } = value;
  if (!isEventName(event)) throw invalid(`in ${what}, event is not ${known.words}`);
  if (Object.keys(value).length !== Object.keys(header).length + 2 || !isJsonObject(data)) throw invalid(`${what} has other members than an entry has`);
  const problem = events[event].problem(data) ?? keyProblem(data['spki'], data['fingerprint']);
  if (problem !== undefined) throw invalid(`in the data of ${what} (${event}), ${problem}`);
  return value as unknown as LogEntry;
}

function keyProblem(spki: unknown, fingerprint: unknown): string | undefined {
  if (typeof spki !== 'string') return undefined;
  return hash('sha256', Buffer.from(spki, 'base64'), 'hex') === fingerprint ? undefined : 'fingerprint is not the SHA-256 of spki';
}

function invalid(what: string): ImprintError {
  return new ImprintError('log-entry-invalid', `The log of this record cannot take or read that: ${what}.`);
}
