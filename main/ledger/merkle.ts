import { hash as digest } from 'node:crypto';

/**
 * The Merkle tree of RFC 6962 / RFC 9162, 2.1, over SHA-256. What is kept of it are the hashes of its complete subtrees:
 * (level, index) is the one over the leaves index·2^level … (index + 1)·2^level − 1; level 0 are the leaves themselves.
 * Such a hash never changes once its last leaf is there, so a log only ever adds to them.
 *
 * Sizes are whole numbers below 2^53; nothing here uses JavaScript's 32-bit operators on them.
 */

export const hashBytes = 32;

/** RFC 9162, 2.1.1: one byte before a leaf and another before a node, so that neither can pass for the other. */
const leafPrefix = Uint8Array.of(0);
/** Used again for every node: a log of a million entries hashes a million of them. */
const node = new Uint8Array(1 + 2 * hashBytes).fill(1, 0, 1);

/** Where complete subtrees are read from. */
export interface HashReader {
  /** 32 bytes, or undefined where that subtree is not kept. */
  read(level: number, index: number): Uint8Array | undefined;
}

/** Where complete subtrees are kept. */
export interface HashStore extends HashReader {
  /** Each (level, index) is written once. */
  write(level: number, index: number, hash: Uint8Array): void;
}

/** A kept hash that is not there: the store does not hold the tree that it says it holds. */
export class MissingHash extends Error {
  constructor(
    readonly level: number,
    readonly index: number,
  ) {
    super(`The log keeps no hash for subtree ${index} of level ${level}`);
    this.name = 'MissingHash';
  }
}

/** RFC 9162, 2.1.1: MTH({d(0)}) = HASH(0x00 || d(0)). */
export function leafHash(leaf: Uint8Array): Uint8Array {
  return digest('sha256', Buffer.concat([leafPrefix, leaf]), 'buffer');
}

/** RFC 9162, 2.1.1: HASH(0x01 || left || right). @throws RangeError where one of them has not 32 bytes */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  // SECURITY: a shorter one would leave bytes of the node before in the middle.
  if (left.length !== hashBytes || right.length !== hashBytes) throw new RangeError('A hash has 32 bytes');
  node.set(left, 1);
  node.set(right, 1 + hashBytes);
  return digest('sha256', node, 'buffer');
}

/** RFC 9162, 2.1.1: the hash of no leaves is the hash of the empty text. */
export function emptyRoot(): Uint8Array {
  return digest('sha256', new Uint8Array(), 'buffer');
}

/**
 * Adds the leaf number `size` and every subtree that it completes: one hash in the middle, log2(size) at most.
 *
 * @param size number of leaves before it
 * @returns number of leaves with it
 * @throws MissingHash
 */
export function appendLeaf(store: HashStore, size: number, hash: Uint8Array): number {
  store.write(0, size, hash);
  let index = size;
  let above = hash;
  for (let level = 0; index % 2 === 1; level += 1) {
    above = nodeHash(kept(store, level, index - 1), above);
    index = (index - 1) / 2;
    store.write(level + 1, index, above);
  }
  return size + 1;
}

/** The root over the first `size` leaves, also of a tree that has more by now. @throws MissingHash */
export function rootOf(store: HashReader, size: number): Uint8Array {
  return size === 0 ? emptyRoot() : rangeHash(store, 0, size);
}

/**
 * RFC 9162, 2.1.3.1: PATH(index, D[size]), from the leaf's sibling up to the root's child.
 *
 * @throws MissingHash, RangeError where the tree has no such leaf
 */
export function inclusionProof(store: HashReader, index: number, size: number): readonly Uint8Array[] {
  if (!isSize(index) || !isSize(size) || index >= size) throw new RangeError(`A tree of ${size} leaves has no leaf ${index}`);
  const proof: Uint8Array[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      proof.push(rangeHash(store, middle, end));
      end = middle;
    } else {
      proof.push(rangeHash(store, start, middle));
      start = middle;
    }
  }
  return proof.reverse();
}

/**
 * RFC 9162, 2.1.4.1: PROOF(first, D[second]). Empty where the sizes are the same, and where the first tree is empty, of
 * which every tree is a continuation.
 *
 * @throws MissingHash, RangeError where the first tree is the larger one
 */
export function consistencyProof(store: HashReader, first: number, second: number): readonly Uint8Array[] {
  if (!isSize(first) || !isSize(second) || first > second) throw new RangeError(`A tree of ${second} leaves does not continue one of ${first}`);
  if (first === 0 || first === second) return [];
  const proof: Uint8Array[] = [];
  let start = 0;
  let end = second;
  // SUBPROOF(m, D[n], b): down to the subtree that ends where the first tree ends.
  while (first !== end) {
    const middle = start + splitOf(end - start);
    if (first <= middle) {
      proof.push(rangeHash(store, middle, end));
      end = middle;
    } else {
      proof.push(rangeHash(store, start, middle));
      start = middle;
    }
  }
  // b: the first tree as a whole is known to whoever asks.
  if (start !== 0) proof.push(rangeHash(store, start, end));
  return proof.reverse();
}

export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** The hash over the leaves start … end − 1, where `start` is a place at which a subtree of that size may begin. */
function rangeHash(store: HashReader, start: number, end: number): Uint8Array {
  const count = end - start;
  const split = splitOf(count);
  if (split * 2 === count || count === 1) return kept(store, Math.round(Math.log2(count)), start / count);
  return nodeHash(kept(store, Math.round(Math.log2(split)), start / split), rangeHash(store, start + split, end));
}

/** The largest power of two below `count` (RFC 9162, 2.1.1: k < n ≤ 2k). */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

function kept(store: HashReader, level: number, index: number): Uint8Array {
  const hash = store.read(level, index);
  if (hash === undefined) throw new MissingHash(level, index);
  return hash;
}
