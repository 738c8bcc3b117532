import { hostname } from 'node:os';

import type { NewEntry } from '../ledger/entry';
import type { EventData } from '../ledger/events';
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
  readonly #build: EventData<'station-build'> | undefined;
  #station: string | undefined;

  /**
   * @param suggested name of the station, where its log has none yet
   * @param build which program this is; entries of one that does not say are of the one before
   */
  constructor(session: RecordSession, log: LogStore, suggested = hostname(), build?: EventData<'station-build'>) {
    this.#session = session;
    this.#log = log;
    this.#suggested = suggested;
    this.#build = build;
  }

  /**
   * CRASH: durable together with the row that it tells of, before the call returns.
   *
   * @returns number of the first of them
   * @throws ImprintError log-entry-invalid, record-corrupt; all undo the transaction
   */
  add(...events: readonly RecordedEvent[]): number {
    const [first] = events;
    if (first === undefined) return this.#log.size();
    const station = this.#name();
    const whole = (event: RecordedEvent): NewEntry => ({ ...event, at: timestamp(event.at), by: logText(event.by), station });
    const own = events.map(whole);
    const build = this.#newBuild(first.at).map(whole);
    // The signatures of a renewed key name its entry's number: nothing may come between.
    if (first.event === 'log-key') {
      const number = this.#log.append(own);
      this.#log.append(build);
      return number;
    }
    return this.#log.append([...build, ...own]) + build.length;
  }

  /**
   * Asked under the lock of each write: processes of two builds may share a record while a station is updated. Whoever only
   * looks writes nothing.
   */
  #newBuild(at: string): readonly RecordedEvent[] {
    const data = this.#build;
    if (data === undefined) return [];
    const last = this.#session.text(`SELECT entry ->> '$.data.version' || ' ' || (entry ->> '$.data.build') AS value FROM log_entries WHERE event = 'station-build' AND device IS NULL ORDER BY seq DESC LIMIT 1`);
    return last === `${data.version} ${data.build}` ? [] : [{ event: 'station-build', by: 'station', at, data }];
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
