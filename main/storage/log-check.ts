import { ImprintError } from '../domain/errors';
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

export type LogCheck =
  | { readonly sound: true; readonly size: number; readonly root: Uint8Array; readonly checkpoints: number }
  | {
      readonly sound: false;
      /** The first entry that is not what it was, where it is one. */
      readonly entry?: number | undefined;
      /** What is wrong and where, for the person at the station. */
      readonly sentence: string;
    };

/** Entries that are read in one transaction; between two of them other work of the process has its turn. */
const portion = 1000;

/**
 * Makes every hash of the log again and compares it with what is kept: entries, the tree, and the heads that were signed or
 * anchored. Repairs nothing. Entries that are added meanwhile are left to the next check.
 *
 * @throws ImprintError record-*; the signal's reason where it was cancelled
 */
export async function checkLog(session: RecordSession, log: LogStore, options: LogCheckOptions = {}): Promise<LogCheck> {
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

async function check(session: RecordSession, log: LogStore, { key, signal, progress }: LogCheckOptions): Promise<LogCheck> {
  const { size, notes } = await session.read(() => {
    const heads = [...log.checkpoints().map((note) => ({ note, what: 'checkpoint' })), ...log.anchors().map(({ note }) => ({ note, what: 'anchor' }))];
    return { size: log.size(), notes: heads };
  });
  const wanted = new Set(notes.map(({ note }) => sizeIn(note)));
  const roots = new Map<number, Uint8Array>();
  const tree = new CompactRange();
  const peaks: Uint8Array[] = [];
  const keys: VerifierKey[] = [];
  const seen = (): void => {
    if (wanted.has(tree.size)) roots.set(tree.size, tree.root());
  };
  seen();
  while (tree.size < size) {
    signal?.throwIfAborted();
    await session.read(() => {
      const first = tree.size;
      const rows = log.entriesFrom(first, Math.min(portion, size - first));
      if (rows[0]?.seq !== first) throw new Broken(`entry ${first} is missing`, first);
      for (const { seq, bytes, leaf } of rows) {
        if (seq !== tree.size) throw new Broken(`entry ${tree.size} is missing`, tree.size);
        if (!equal(leafHash(bytes), leaf)) throw new Broken(`entry ${seq} is not what it was when it was logged`, seq);
        readKey(seq, bytes, keys);
        compareNodes(log, seq, leaf, peaks);
        tree.append(leaf);
        seen();
      }
    });
    progress?.(tree.size, size);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const current = keys.at(-1);
  if (key !== undefined && current !== undefined && !sameKey(key, current)) throw new Broken('its key is not the one that this station signs with');
  for (const { note, what } of notes) {
    const name = `the ${what} over ${sizeIn(note)} entries`;
    const root = roots.get(sizeIn(note));
    if (root === undefined) throw new Broken(`${name} was signed, and the log has only ${size} entries`);
    const opened = opening(name, () => openCheckpoint(note, keys));
    if (!equal(opened.checkpoint.root, root)) throw new Broken(`${name} was signed over other entries: one of them was changed together with its hashes`);
  }
  return { sound: true, size, root: tree.root(), checkpoints: notes.length };
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

/** Every subtree that this entry completes, as merkle.ts makes it, beside the one that is kept. `peaks`: by level. */
function compareNodes(log: LogStore, seq: number, leaf: Uint8Array, peaks: Uint8Array[]): void {
  let hash = leaf;
  let index = seq;
  let level = 0;
  for (; index % 2 === 1; level += 1) {
    const left = peaks[level];
    if (left === undefined) throw new Broken(`the tree has no left side at entry ${seq}`, seq);
    hash = nodeHash(left, hash);
    index = (index - 1) / 2;
    const kept = log.node(level + 1, index);
    if (kept === undefined || !equal(kept, hash)) throw new Broken(`the hash over the ${2 ** (level + 1)} entries that end with entry ${seq} is ${kept === undefined ? 'missing' : 'another one'}`, seq);
  }
  peaks[level] = hash;
}

function sizeIn(note: string): number {
  return Number(note.split('\n')[1]);
}

function opening<Result>(name: string, work: () => Result, entry?: number): Result {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof ImprintError) throw new Broken(`${name} cannot be read (${thrown.message})`, entry);
    throw thrown;
  }
}
