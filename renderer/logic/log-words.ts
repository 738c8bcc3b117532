import type { LoggedEntry } from '../contract';
import { texts } from '../texts';
import { formatBytes, formatDateTime } from './format';

const { life: words } = texts.audit;

type Value = LoggedEntry['data'][string];

export interface EntryFact {
  readonly name: string;
  readonly value: string;
  /** To be compared letter by letter: a hash, a number, a path. */
  readonly code: boolean;
}

const inWords: ReadonlySet<string> = new Set(['change', 'action', 'reason', 'slot', 'bytes', 'keyType', 'profile', 'batch', 'serverKind', 'notAfter', 'recordedAt']);

/** What happened, in words. An event that this page does not know yet keeps its own name. */
export function eventWords({ event }: Pick<LoggedEntry, 'event'>): string {
  return words.events[event] ?? event;
}

/** The data of an entry in words. The fingerprint is the same in each entry of a device: it stands at its key alone. */
export function entryFacts({ event, data }: Pick<LoggedEntry, 'event' | 'data'>): readonly EntryFact[] {
  return Object.entries(words.members).flatMap(([member, name]) => {
    if (member === 'fingerprint' && event !== 'key-generated') return [];
    const value = data[member];
    return value === undefined ? [] : lines(member, value).map((line) => ({ name, value: line, code: !inWords.has(member) }));
  });
}

function lines(member: string, value: Value): readonly string[] {
  if (member === 'files' && Array.isArray(value)) return value.map(fileLine);
  if (member === 'bytes' && typeof value === 'number') return [formatBytes(value)];
  if ((member === 'notAfter' || member === 'recordedAt') && typeof value === 'string') return [formatDateTime(value)];
  if (member === 'keyType' && typeof value === 'string') return [(texts.device.keyTypes as Readonly<Record<string, string>>)[value] ?? value];
  if (member === 'action' && typeof value === 'string') return [words.actions[value] ?? value];
  return [typeof value === 'string' ? value : JSON.stringify(value)];
}

function fileLine(file: unknown): string {
  if (typeof file !== 'object' || file === null) return JSON.stringify(file);
  const { path, partition, mode, uid, gid } = file as Readonly<Record<string, unknown>>;
  return words.file(String(path), String(partition), typeof mode === 'number' ? mode.toString(8).padStart(4, '0') : String(mode), `${String(uid)}:${String(gid)}`);
}
