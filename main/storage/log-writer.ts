import { hostname } from 'node:os';

import type { NewEntry } from '../ledger/entry';
import { timestamp } from './checks';
import type { LogStore } from './log-store';
import type { RecordSession } from './session';

type Unsigned<Entry> = Entry extends unknown ? Omit<Entry, 'station'> : never;

/** An entry as a call of the record makes it; the station's name is the log's own. */
export type RecordedEvent = Unsigned<NewEntry>;

/** Longest text of an entry (shape.ts), in UTF-16 units. */
const longest = 4096;

/** Entries for what the record's calls do, each inside the transaction of its call. */
export class LogWriter {
  readonly #session: RecordSession;
  readonly #log: LogStore;
  readonly #suggested: string;
  #station: string | undefined;

  /** @param suggested name of the station, where its log has none yet */
  constructor(session: RecordSession, log: LogStore, suggested = hostname()) {
    this.#session = session;
    this.#log = log;
    this.#suggested = suggested;
  }

  /**
   * CRASH: durable together with the row that it tells of, before the call returns.
   *
   * @returns number of the first of them
   * @throws ImprintError log-entry-invalid, record-corrupt; all undo the transaction
   */
  add(...events: readonly RecordedEvent[]): number {
    if (events.length === 0) return this.#log.size();
    const station = this.#name();
    return this.#log.append(events.map((event) => ({ ...event, at: timestamp(event.at), by: logText(event.by), station })));
  }

  /** The name of the first entry: made once, and never changed by another host name. */
  #name(): string {
    this.#station ??= this.#session.text(`SELECT entry ->> '$.station' AS value FROM log_entries WHERE seq = 0`);
    return this.#station ?? logText(this.#suggested);
  }
}

/** A text in the form that every entry can have: not empty, whole characters, not too long for a line. */
export function logText(text: string): string {
  const whole = text.toWellFormed().slice(0, longest).toWellFormed();
  return whole === '' ? '-' : whole;
}
