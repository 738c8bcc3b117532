import { ImprintError } from '../domain/errors';
import type { LogCheck } from '../domain/record-log';
import { openCheckpoint } from '../ledger/checkpoint';
import { CompactRange } from '../ledger/compact-range';
import { parseEntry } from '../ledger/entry';
import { trustedAfter } from '../ledger/log-key';
import { leafHash, nodeHash } from '../ledger/merkle';
import { equal } from '../ledger/merkle-verify';
import { parseVerifierKey, sameKey } from '../ledger/note';
import type { VerifierKey } from '../ledger/note';
import type { LogStore } from './log-store';
import type { RecordSession } from './session';

export interface LogCheckOptions {
  /** The key that the station signs with; the log must lead to it. Absent where it is not known yet. */
  readonly key?: VerifierKey | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

/** Of the hashes and the signatures; the record's devices are log-devices.ts. */
export type HashCheck = Omit<Extract<LogCheck, { sound: true }>, 'devices'> | Extract<LogCheck, { sound: false }>;

/** Entries that are read in one transaction; between two of them other work of the process has its turn. */
const portion = 1000;

/**
 * Makes every hash of the log again and compares it with what is kept: entries, the tree, and the heads that were signed or
 * anchored. Repairs nothing. Entries that are added meanwhile are left to the next check.
 *
 * @throws ImprintError record-*; the signal's reason where it was cancelled
 */
export async function checkLog(session: RecordSession, log: LogStore, options: LogCheckOptions = {}): Promise<HashCheck> {
  try {
    return await check(session, log, options);
  } catch (thrown) {
    if (thrown instanceof Broken) return { sound: false, sentence: thrown.message, ...(thrown.entry === undefined ? {} : { entry: thrown.entry }) };
    throw thrown;
  }
}

/** @throws ImprintError log-broken; else as checkLog */
export async function assertLogSound(session: RecordSession, log: LogStore, options: LogCheckOptions = {}): Promise<void> {
  const result = await checkLog(session, log, options);
  if (!result.sound) throw new ImprintError('log-broken', `${result.sentence} No device is made until an administrator has looked at it; nothing was repaired.`);
}

/** An ImprintError, because a transaction lets no other error through as it is. */
class Broken extends ImprintError {
  /** @param what as a clause without a full stop */
  constructor(
    what: string,
    readonly entry?: number,
  ) {
    super('log-broken', `The log of this record is broken: ${what}.`);
  }
}

async function check(session: RecordSession, log: LogStore, { key, signal, progress }: LogCheckOptions): Promise<HashCheck> {
  const { size, anchors } = await session.read(() => ({ size: log.size(), anchors: log.anchors().map(({ note }) => note) }));
  const tree = new CompactRange();
  const peaks: Uint8Array[] = [];
  const keys: VerifierKey[] = [];
  const heads = new SignedHeads(session, log, anchors, size);
  await heads.compare(tree, keys);
  let told = 0;
  while (tree.size < size) {
    signal?.throwIfAborted();
    // A portion ends where the next head was signed, because the tree is known there only while it grows.
    const end = Math.min(size, tree.size + portion, heads.next ?? size);
    await session.read(() => {
      const first = tree.size;
      const rows = log.entriesFrom(first, end - first);
      const nodes = completed(log, first, end);
      if (rows[0]?.seq !== first) throw new Broken(`entry ${first} is missing`, first);
      for (const { seq, bytes, leaf } of rows) {
        if (seq !== tree.size) throw new Broken(`entry ${tree.size} is missing`, tree.size);
        if (!equal(leafHash(bytes), leaf)) throw new Broken(`entry ${seq} is not what it was when it was logged`, seq);
        readKey(seq, bytes, keys);
        compareNodes(nodes, seq, leaf, peaks);
        tree.append(leaf);
      }
    });
    await heads.compare(tree, keys);
    if (tree.size - told >= portion || tree.size === size) progress?.((told = tree.size), size);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const current = keys.at(-1);
  if (key !== undefined && (current === undefined || !sameKey(key, current))) throw new Broken('its key is not the one that this station signs with');
  heads.assertAllCompared();
  return { sound: true, size, root: tree.root(), checkpoints: heads.compared };
}

/** Notes that were signed over this log, in the order of their sizes. A record of years has too many for the memory. */
class SignedHeads {
  readonly #session: RecordSession;
  readonly #log: LogStore;
  readonly #size: number;
  readonly #waiting: Head[];
  #lastSize = -1;
  #more = true;
  #compared = 0;

  constructor(session: RecordSession, log: LogStore, anchors: readonly string[], size: number) {
    this.#session = session;
    this.#log = log;
    this.#size = size;
    this.#waiting = anchors.map((note) => ({ note, size: sizeIn(note), what: 'anchor' }));
  }

  get compared(): number {
    return this.#compared;
  }

  /** Size of the next one, known after `compare`. */
  get next(): number | undefined {
    return this.#waiting[0]?.size;
  }

  /** Those that stand over exactly this tree. */
  async compare(tree: CompactRange, keys: readonly VerifierKey[]): Promise<void> {
    await this.#read();
    while (this.next === tree.size) {
      const { note, what } = this.#waiting.shift() as Head;
      const name = `the ${what} over ${tree.size} entries`;
      const opened = opening(name, () => openCheckpoint(note, keys));
      if (!equal(opened.checkpoint.root, tree.root())) throw new Broken(`${name} was signed over other entries: one of them was changed together with its hashes`);
      this.#compared += 1;
      await this.#read();
    }
  }

  /** Whatever is left stands over more entries than there are, unless it was signed after the check had begun. */
  assertAllCompared(): void {
    const [left] = this.#waiting;
    if (left === undefined) return;
    if (left.what === 'anchor' || left.size <= this.#size) throw new Broken(`the ${left.what} over ${left.size} entries was signed, and the log has only ${this.#size} entries`);
    if (left.size > this.#log.size()) throw new Broken(`the checkpoint over ${left.size} entries was signed, and the log has only ${this.#log.size()} entries`);
  }

  async #read(): Promise<void> {
    if (!this.#more || this.#waiting.some(({ what }) => what === 'checkpoint')) return;
    const notes = await this.#session.read(() => this.#log.checkpoints(this.#lastSize, portion));
    this.#more = notes.length === portion;
    for (const note of notes) {
      const size = sizeIn(note);
      if (!(size > this.#lastSize)) throw new Broken(`a checkpoint over ${size} entries stands in the place of another one`);
      this.#waiting.push({ note, size, what: 'checkpoint' });
      this.#lastSize = size;
    }
    this.#waiting.sort((one, other) => one.size - other.size || Number(one.what === 'anchor') - Number(other.what === 'anchor'));
  }
}

interface Head {
  readonly note: string;
  readonly size: number;
  readonly what: 'checkpoint' | 'anchor';
}

/** The entry in its one form, and the keys that it hands the log over to. */
function readKey(seq: number, bytes: Uint8Array, keys: VerifierKey[]): void {
  const entry = opening(`entry ${seq}`, () => parseEntry(bytes, seq), seq);
  if (entry.event !== 'log-key') return;
  const last = keys.at(-1);
  if (last === undefined) {
    if (entry.data.previous !== undefined) throw new Broken(`entry ${seq} renews a key that no entry before it has`, seq);
    keys.push(opening(`entry ${seq}`, () => parseVerifierKey(entry.data.key), seq));
    return;
  }
  const next = opening(`entry ${seq}`, () => trustedAfter(last, seq, entry.data), seq);
  if (next === last) throw new Broken(`entry ${seq} sets a key that the one before did not sign`, seq);
  keys.push(next);
}

/** The subtrees as they are kept that entries `first` up to `end` complete: by level less one. */
function completed(log: LogStore, first: number, end: number): readonly ReadonlyMap<number, Uint8Array>[] {
  const levels: ReadonlyMap<number, Uint8Array>[] = [];
  for (let level = 1; ; level += 1) {
    const [from, to] = [Math.floor(first / 2 ** level), Math.floor(end / 2 ** level)];
    // Where a level has none, none above it has.
    if (from === to) return levels;
    levels.push(log.nodes(level, from, to));
  }
}

/** Every subtree that this entry completes, as merkle.ts makes it, beside the one that is kept. `peaks`: by level. */
function compareNodes(nodes: readonly ReadonlyMap<number, Uint8Array>[], seq: number, leaf: Uint8Array, peaks: Uint8Array[]): void {
  let hash = leaf;
  let index = seq;
  let level = 0;
  for (; index % 2 === 1; level += 1) {
    const left = peaks[level];
    if (left === undefined) throw new Broken(`the tree has no left side at entry ${seq}`, seq);
    hash = nodeHash(left, hash);
    index = (index - 1) / 2;
    const kept = nodes[level]?.get(index);
    if (kept === undefined || !equal(kept, hash)) throw new Broken(`the hash over the ${2 ** (level + 1)} entries that end with entry ${seq} is ${kept === undefined ? 'missing' : 'another one'}`, seq);
  }
  peaks[level] = hash;
}

function sizeIn(note: string): number {
  const size = Number(note.split('\n')[1]);
  if (!Number.isSafeInteger(size)) throw new Broken('one of its checkpoints or anchors has no number of entries');
  return size;
}

function opening<Result>(name: string, work: () => Result, entry?: number): Result {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof ImprintError) throw new Broken(`${name} cannot be read (${thrown.message})`, entry);
    throw thrown;
  }
}
