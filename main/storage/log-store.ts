import { z } from 'zod';

import { ImprintError } from '../domain/errors';
import type { Anchor, LogHead, LogSummary } from '../domain/record-log';
import { parseCheckpointText } from '../ledger/checkpoint';
import { encodeEntry, parseEntry } from '../ledger/entry';
import type { EntryOf, LogEntry, NewEntry } from '../ledger/entry';
import type { EventName } from '../ledger/events';
import type { KeptEntry } from '../ledger/export-writer';
import { appendLeaf, consistencyProof, inclusionProof, leafHash, MissingHash, rootOf } from '../ledger/merkle';
import type { HashStore } from '../ledger/merkle';
import { equal } from '../ledger/merkle-verify';
import { parseNote } from '../ledger/note';
import { formatProof } from '../ledger/tlog-proof';
import { bug, timestamp, wholeNumber } from './checks';
import { parse } from './rows';
import type { RecordSession } from './session';
import { corruptRecord } from './sqlite-errors';

/**
 * The tamper-evident log in the record's file. Everything here is synchronous and runs inside the caller's transaction, so
 * that an entry is durable exactly where the row is that it tells of.
 */
export class LogStore {
  readonly #session: RecordSession;

  constructor(session: RecordSession) {
    this.#session = session;
  }

  /**
   * Adds entries with the hashes that they complete: log2(size) at most for each, one on average.
   *
   * CRASH: only inside the write transaction of what the entries tell of, or one could be there without the other.
   *
   * @returns the number of the first of them; the others follow
   * @throws ImprintError log-entry-invalid, record-corrupt where the log lacks a hash; all undo the transaction
   */
  append(entries: readonly NewEntry[]): number {
    if (!this.#session.inTransaction) throw bug('An entry is logged outside of a transaction');
    const first = this.size();
    this.#reading(() => {
      entries.forEach((entry, offset) => {
        const seq = first + offset;
        const bytes = encodeEntry({ ...entry, v: 1, seq });
        const hash = leafHash(bytes);
        this.#session.run('INSERT INTO log_entries (seq, entry, leaf_hash) VALUES (?, ?, ?)', seq, Buffer.from(bytes).toString('utf8'), hash);
        appendLeaf(this.#hashes, seq, hash);
      });
    });
    return first;
  }

  size(): number {
    return this.#session.number('SELECT ifnull(max(seq) + 1, 0) AS value FROM log_entries');
  }

  /** @param size an earlier one, for the head as it was then. @throws ImprintError record-corrupt */
  head(size = this.size()): LogHead {
    return { size, root: this.#reading(() => rootOf(this.#hashes, size)) };
  }

  /** @throws ImprintError log-entry-invalid where the entry of the key is none */
  summary(): LogSummary {
    // A head that got cosignatures is kept again: what counts is when it was signed.
    const checkpoint = this.#session.get('SELECT size, kept_at AS at FROM log_checkpoints ORDER BY size DESC, sequence LIMIT 1');
    const anchor = this.#session.get('SELECT size, place, anchored_at AS at FROM log_anchors ORDER BY size DESC, sequence DESC LIMIT 1');
    return {
      size: this.size(),
      key: this.currentKey(),
      checkpoint: checkpoint === undefined ? undefined : parse(signedSchema, checkpoint, 'checkpoint', this.#session.path),
      anchor: anchor === undefined ? undefined : parse(anchorSchema.omit({ note: true }), anchor, 'anchor', this.#session.path),
    };
  }

  /** @throws ImprintError log-entry-invalid where the row is no entry */
  entry(seq: number): LogEntry | undefined {
    const [row] = this.entriesFrom(seq, 1);
    return row === undefined ? undefined : parseEntry(row.bytes, seq);
  }

  /** The key that signs checkpoints now, `name+id+base64`: the one of the newest `log-key` entry. */
  currentKey(): string | undefined {
    const row = this.#session.get(`SELECT seq, entry, leaf_hash FROM log_entries WHERE event = 'log-key' AND device IS NULL ORDER BY seq DESC LIMIT 1`);
    if (row === undefined) return undefined;
    const { seq, bytes } = this.#kept(row);
    const entry = parseEntry(bytes, seq);
    return entry.event === 'log-key' ? entry.data.key : undefined;
  }

  /** The entries of a device's life, oldest first. */
  entriesOfDevice(device: string): readonly LogEntry[] {
    return this.#session
      .all('SELECT seq, entry, leaf_hash FROM log_entries WHERE device = ? ORDER BY seq', device)
      .map((row) => this.#kept(row))
      .map(({ seq, bytes }) => parseEntry(bytes, seq));
  }

  /** Up to `limit` entries `key-generated` from `seq` on, among the first `size` of the log. */
  keysFrom(seq: number, limit: number, size: number): readonly EntryOf<'key-generated'>[] {
    return this.#session
      .all(`SELECT seq, entry, leaf_hash FROM log_entries WHERE event = 'key-generated' AND seq >= ? AND seq < ? ORDER BY seq LIMIT ?`, seq, size, limit)
      .map((row) => this.#kept(row))
      .flatMap(({ seq: number, bytes }) => {
        const entry = parseEntry(bytes, number);
        return entry.event === 'key-generated' ? [entry] : [];
      });
  }

  /** All entries of one event that is about no device, oldest first; of those that are few. */
  entriesOf<Name extends 'operator-changed'>(event: Name): readonly EntryOf<Name>[] {
    return this.#session
      .all('SELECT seq, entry, leaf_hash FROM log_entries WHERE event = ? AND device IS NULL ORDER BY seq', event)
      .map((row) => this.#kept(row))
      .map(({ seq, bytes }) => parseEntry(bytes, seq))
      .filter((entry): entry is EntryOf<Name> => entry.event === event);
  }

  /** The newest entry of a device that is one of these events, before entry number `seq`. */
  newestOfDevice(device: string, events: readonly EventName[], seq: number): LogEntry | undefined {
    const chosen = 'SELECT seq, entry, leaf_hash FROM log_entries WHERE device = ? AND seq < ? AND event IN (SELECT value FROM json_each(?)) ORDER BY seq DESC LIMIT 1';
    const row = this.#session.get(chosen, device, seq, JSON.stringify(events));
    if (row === undefined) return undefined;
    const kept = this.#kept(row);
    return parseEntry(kept.bytes, kept.seq);
  }

  /** The same of many devices at once, by device; those without such an entry are not in it. */
  newestOfDevices(devices: readonly string[], events: readonly EventName[], seq: number): ReadonlyMap<string, LogEntry> {
    const newest = `SELECT max(seq) AS seq FROM log_entries
      WHERE device IN (SELECT value FROM json_each(?)) AND seq < ? AND event IN (SELECT value FROM json_each(?)) GROUP BY device`;
    const rows = this.#session.all(
      `SELECT log_entries.seq, log_entries.entry, log_entries.leaf_hash FROM (${newest}) AS newest CROSS JOIN log_entries USING (seq)`,
      JSON.stringify(devices),
      seq,
      JSON.stringify(events),
    );
    const found = new Map<string, LogEntry>();
    for (const row of rows) {
      const kept = this.#kept(row);
      const entry = parseEntry(kept.bytes, kept.seq);
      if ('device' in entry.data) found.set(entry.data.device, entry);
    }
    return found;
  }

  /** Up to `limit` entries from `seq` on, as they are kept: for an export, and for whoever checks them. */
  entriesFrom(seq: number, limit: number): readonly (KeptEntry & { readonly seq: number })[] {
    return this.#session
      .all('SELECT seq, entry, leaf_hash FROM log_entries WHERE seq >= ? ORDER BY seq LIMIT ?', wholeNumber(seq, 'start'), wholeNumber(limit, 'limit'))
      .map((row) => this.#kept(row));
  }

  /** A receipt (`.tlog-proof`) for one entry under a checkpoint of this log. @throws ImprintError log-proof-invalid where that does not cover it */
  receipt(seq: number, checkpoint: string): string {
    const { size } = parseCheckpointText(parseNote(checkpoint).text);
    const [kept] = this.entriesFrom(seq, 1);
    if (kept?.seq !== seq) throw notProvable(`The log has no entry ${seq}.`);
    if (size > this.size()) throw notProvable(`The log has no ${size} entries.`);
    return formatProof({ index: seq, hashes: this.#reading(() => inclusionProof(this.#hashes, seq, size)), checkpoint, extra: kept.bytes });
  }

  /** @throws ImprintError log-proof-invalid where the first size is the larger one, or beyond the log */
  consistency(first: number, second: number): readonly Uint8Array[] {
    if (second > this.size()) throw notProvable(`The log has no ${second} entries.`);
    return this.#reading(() => consistencyProof(this.#hashes, first, second));
  }

  /** The complete subtrees of one level (1 and more) from number `from` up to `to`, as they are kept, by number. */
  nodes(level: number, from: number, to: number): ReadonlyMap<number, Uint8Array> {
    const rows = this.#session.all('SELECT place, hash FROM log_nodes WHERE level = ? AND place >= ? AND place < ?', level, from, to);
    return new Map(rows.map((row) => parse(nodeSchema, row, 'hash', this.#session.path)).map(({ place, hash }) => [place, hash]));
  }

  /**
   * Keeps a signed checkpoint; with its cosignatures it is kept again.
   *
   * SECURITY: only one of this very log: a note with another root would be evidence against it.
   */
  keepCheckpoint(note: string, at: string): void {
    this.#session.run('INSERT INTO log_checkpoints (size, note, kept_at) VALUES (?, ?, ?)', this.#sizeOf(note), note, timestamp(at));
  }

  keepAnchor(note: string, place: string, at: string): void {
    this.#session.run('INSERT INTO log_anchors (size, note, place, anchored_at) VALUES (?, ?, ?, ?)', this.#sizeOf(note), note, place, timestamp(at));
  }

  /** The newest checkpoint, with all the cosignatures that came. */
  lastCheckpoint(): string | undefined {
    return this.#session.text('SELECT note AS value FROM log_checkpoints ORDER BY size DESC, sequence DESC LIMIT 1');
  }

  /** Over more than `afterSize` entries, in their order; for each size the newest, which has all the cosignatures that came. */
  checkpoints(afterSize: number, limit: number): readonly string[] {
    const rows = this.#session.all(
      'SELECT note, max(sequence) FROM log_checkpoints WHERE size > ? GROUP BY size ORDER BY size LIMIT ?',
      afterSize,
      wholeNumber(limit, 'limit'),
    );
    return rows.map((row) => parse(noteSchema, row, 'checkpoint', this.#session.path).note);
  }

  anchors(): readonly Anchor[] {
    return this.#session.all('SELECT size, note, place, anchored_at AS at FROM log_anchors ORDER BY size, sequence').map((row) => parse(anchorSchema, row, 'anchor', this.#session.path));
  }

  readonly #hashes: HashStore = {
    read: (level, index) => {
      const row =
        level === 0
          ? this.#session.get('SELECT leaf_hash AS hash FROM log_entries WHERE seq = ?', index)
          : this.#session.get('SELECT hash FROM log_nodes WHERE level = ? AND place = ?', level, index);
      return row === undefined ? undefined : parse(hashSchema, row, 'hash', this.#session.path).hash;
    },
    write: (level, index, hash) => {
      // Level 0 stands with its entry.
      if (level > 0) this.#session.run('INSERT INTO log_nodes (level, place, hash) VALUES (?, ?, ?)', level, index, hash);
    },
  };

  #kept(row: unknown): KeptEntry & { readonly seq: number } {
    const { seq, entry, leaf_hash: leaf } = parse(entrySchema, row, 'entry of the log', this.#session.path);
    return { seq, bytes: Buffer.from(entry, 'utf8'), leaf };
  }

  #sizeOf(note: string): number {
    const { size, root } = parseCheckpointText(parseNote(note).text);
    if (size > this.size() || !equal(root, this.head(size).root)) throw bug('A checkpoint is kept that is not one of this log');
    return size;
  }

  #reading<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (thrown) {
      if (thrown instanceof MissingHash) throw corruptRecord(this.#session.path, `its log has no hash for subtree ${thrown.index} of level ${thrown.level}`, thrown);
      if (thrown instanceof RangeError) throw notProvable(`${thrown.message}.`);
      throw thrown;
    }
  }
}

function notProvable(sentence: string): ImprintError {
  return new ImprintError('log-proof-invalid', sentence);
}

const hashSchema = z.object({ hash: z.instanceof(Uint8Array) });
const nodeSchema = z.object({ place: z.int(), hash: z.instanceof(Uint8Array) });
const entrySchema = z.object({ seq: z.int(), entry: z.string(), leaf_hash: z.instanceof(Uint8Array) });
const noteSchema = z.object({ note: z.string() });
const signedSchema = z.object({ size: z.int(), at: z.string() });
const anchorSchema = z.object({ size: z.int(), note: z.string(), place: z.string(), at: z.string() });
