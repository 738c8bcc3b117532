import { ImprintError } from '../domain/errors';
import type { LogHead } from '../domain/record-log';
import type { ExportDevice, ExportSelection } from '../ledger/export-rows';
import type { KeptEntry } from '../ledger/export-writer';
import { openDatabaseForReading } from './database';
import { exportedDevices, exportedEntries } from './log-export';
import { LogStore } from './log-store';
import { RecordSession } from './session';

/**
 * The log for those who only look: exports, receipts.
 *
 * SECURITY: its connection cannot write, so an auditor's export changes nothing whatever else goes wrong in it.
 */
export class LogReader {
  readonly #session: RecordSession;
  readonly #log: LogStore;

  private constructor(session: RecordSession) {
    this.#session = session;
    this.#log = new LogStore(session);
  }

  /** @throws as `openDatabaseForReading` */
  static open(path: string): LogReader {
    return new LogReader(new RecordSession(openDatabaseForReading(path)));
  }

  /**
   * The head with the key that must sign it.
   *
   * @throws ImprintError log-broken for a record without a log, record-corrupt
   */
  head(): Promise<LogHead & { readonly logKey: string }> {
    return this.#session.read(() => {
      const head = this.#log.head();
      const logKey = this.#log.currentKey();
      if (logKey === undefined) throw new ImprintError('log-broken', `The record at ${this.#session.path} has no log of its own yet: make a device first.`);
      return { ...head, logKey };
    });
  }

  /** As the newest of the first `size` entries names it. @throws ImprintError log-entry-invalid */
  station(size: number): Promise<string | undefined> {
    return this.#session.read(() => this.#log.entry(size - 1)?.station);
  }

  entries(size: number): AsyncIterable<readonly KeptEntry[]> {
    return exportedEntries(this.#session, this.#log, size);
  }

  devices(size: number, selection: ExportSelection): AsyncIterable<readonly ExportDevice[]> {
    return exportedDevices(this.#session, this.#log, size, selection);
  }

  /** The checkpoints that were brought elsewhere, over up to `size` entries, each once. */
  anchors(size: number): Promise<readonly string[]> {
    return this.#session.read(() => [...new Set(this.#log.anchors().flatMap((anchor) => (anchor.size <= size ? [anchor.note] : [])))]);
  }

  /** @throws ImprintError log-proof-invalid */
  receipt(seq: number, checkpoint: string): Promise<string> {
    return this.#session.read(() => this.#log.receipt(seq, checkpoint));
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
