import type { Anchor, BackupReceipt, DevicePortion, ExportSelection, KeptLogEntry, LogCheck, LogHead, LoggedEntry, LogSummary, OwnLogEntry, RecordLog } from '../domain/record-log';
import { ImprintError } from '../domain/errors';
import { trustedAfter } from '../ledger/log-key';
import { parseVerifierKey, verifierKeyText } from '../ledger/note';
import { backUp } from './backup';
import { wholeNumber } from './checks';
import type { RecordDatabase } from './database';
import { checkLog } from './log-check';
import { checkDevices } from './log-devices';
import { checkOperators } from './log-operators';
import { devicePortion } from './log-export';
import type { LogStore } from './log-store';
import type { LogWriter, RecordedEvent } from './log-writer';
import type { RecordSession } from './session';

/** The log as main uses it, over the record's own session. */
export class SqliteRecordLog implements RecordLog {
  readonly #session: RecordSession;
  readonly #log: LogStore;
  readonly #writer: LogWriter;
  readonly #database: RecordDatabase;

  constructor(database: RecordDatabase, session: RecordSession, log: LogStore, writer: LogWriter) {
    this.#database = database;
    this.#session = session;
    this.#log = log;
    this.#writer = writer;
  }

  log(entry: OwnLogEntry, seq?: number): Promise<number | undefined> {
    return this.#session.write(() => {
      const next = this.#log.size();
      if (seq !== undefined && seq !== next) return undefined;
      if (entry.event === 'log-key') this.#assertKeyFollows(next, entry.data);
      return this.#writer.add(ownEntry(entry));
    });
  }

  head(): Promise<LogHead> {
    return this.#session.read(() => this.#log.head());
  }

  summary(): Promise<LogSummary> {
    return this.#session.read(() => this.#log.summary());
  }

  currentKey(): Promise<string | undefined> {
    return this.#session.read(() => this.#log.currentKey());
  }

  lastCheckpoint(): Promise<string | undefined> {
    return this.#session.read(() => this.#log.lastCheckpoint());
  }

  checkpoints(afterSize: number, limit: number): Promise<readonly string[]> {
    return this.#session.read(() => this.#log.checkpoints(afterSize, limit));
  }

  keepCheckpoint(note: string, at: string): Promise<void> {
    return this.#session.write(() => {
      this.#log.keepCheckpoint(note, at);
    });
  }

  anchors(): Promise<readonly Anchor[]> {
    return this.#session.read(() => this.#log.anchors());
  }

  keepAnchor(note: string, place: string, at: string): Promise<void> {
    return this.#session.write(() => {
      this.#log.keepAnchor(note, place, at);
    });
  }

  entries(from: number, limit: number): Promise<readonly KeptLogEntry[]> {
    return this.#session.read(() => this.#log.entriesFrom(from, limit));
  }

  devices(from: number, limit: number, size: number, selection: ExportSelection): Promise<DevicePortion> {
    return this.#session.read(() => devicePortion(this.#log, wholeNumber(from, 'start'), wholeNumber(limit, 'limit'), size, selection));
  }

  entriesOfDevice(deviceId: string): Promise<readonly LoggedEntry[]> {
    // An entry was parsed from canonical JSON: its data is what the wider type says.
    return this.#session.read(() => this.#log.entriesOfDevice(deviceId) as readonly unknown[] as readonly LoggedEntry[]);
  }

  receipt(seq: number, checkpoint: string): Promise<string> {
    return this.#session.read(() => this.#log.receipt(seq, checkpoint));
  }

  consistency(first: number, second: number): Promise<readonly Uint8Array[]> {
    return this.#session.read(() => this.#log.consistency(first, second));
  }

  async check(key: string | undefined, onProgress: (done: number, total: number) => void, signal: AbortSignal): Promise<LogCheck> {
    const hashes = await checkLog(this.#session, this.#log, { key: key === undefined ? undefined : parseVerifierKey(key), signal, progress: onProgress });
    if (!hashes.sound) return hashes;
    const devices = await checkDevices(this.#session, this.#log, signal);
    if (!devices.sound) return devices;
    const operators = await checkOperators(this.#session, this.#log);
    return operators.sound ? { ...hashes, devices: devices.devices } : operators;
  }

  backup(path: string, onProgress: (done: number, total: number) => void, signal: AbortSignal): Promise<BackupReceipt> {
    return backUp(this.#database, path, onProgress, signal);
  }

  /**
   * SECURITY: a second key that the first did not hand over to would end the log for every auditor, and the station would
   * have logged it itself.
   */
  #assertKeyFollows(seq: number, data: Extract<OwnLogEntry, { event: 'log-key' }>['data']): void {
    const current = this.#log.currentKey();
    const { previous } = data;
    if (current === undefined ? previous === undefined : verifierKeyText(trustedAfter(parseVerifierKey(current), seq, defined(data))) === data.key && previous === current) return;
    throw new ImprintError('log-broken', `The log has ${current === undefined ? 'no key that could be renewed' : `the key ${current} already, and this one does not follow it`}; nothing was logged.`);
  }
}

function ownEntry(entry: OwnLogEntry): RecordedEvent {
  // Absent members are left out: canonical JSON has no undefined. What is in them is checked by the log.
  return { ...entry, data: defined(entry.data) } as RecordedEvent;
}

type Defined<T> = { readonly [Name in keyof T]: Exclude<T[Name], undefined> };

function defined<T extends object>(data: T): Defined<T> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) as Defined<T>;
}
