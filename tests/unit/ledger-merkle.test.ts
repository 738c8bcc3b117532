import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { CompactRange } from '../../main/ledger/compact-range';
import { appendLeaf, consistencyProof, emptyRoot, inclusionProof, leafHash, MissingHash, nodeHash, rootOf } from '../../main/ledger/merkle';
import type { HashStore } from '../../main/ledger/merkle';
import { verifyConsistency, verifyInclusion } from '../../main/ledger/merkle-verify';

/** The leaves of the Certificate Transparency reference implementation (merkletree/merkle_tree_test.cc), with its roots and proofs. */
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const paths: readonly (readonly [index: number, size: number, proof: readonly string[]])[] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
];
const continuations: readonly (readonly [first: number, second: number, proof: readonly string[]])[] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 5, ['5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b']],
];

const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');
const bytes = (text: string): Buffer => Buffer.from(text, 'hex');

/** A store that refuses to be written twice, and counts. */
class MemoryHashes implements HashStore {
  readonly hashes = new Map<string, Uint8Array>();
  writes = 0;
  reads = 0;

  read(level: number, index: number): Uint8Array | undefined {
    this.reads += 1;
    return this.hashes.get(`${level}/${index}`);
  }

  write(level: number, index: number, hash: Uint8Array): void {
    expect(this.hashes.has(`${level}/${index}`)).toBe(false);
    this.writes += 1;
    this.hashes.set(`${level}/${index}`, hash);
  }
}

function storeOf(leaves: readonly Uint8Array[]): MemoryHashes {
  const store = new MemoryHashes();
  leaves.forEach((leaf, size) => expect(appendLeaf(store, size, leafHash(leaf))).toBe(size + 1));
  return store;
}

/** RFC 9162, 2.1.1, word for word and without any reuse. */
function naiveRoot(leaves: readonly Uint8Array[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return createHash('sha256').digest();
  if (leaves.length === 1) return createHash('sha256').update(Buffer.concat([Buffer.of(0), only])).digest();
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return createHash('sha256').update(Buffer.concat([Buffer.of(1), naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k))])).digest();
}

/** RFC 9162, 2.1.3.1. */
function naivePath(index: number, leaves: readonly Uint8Array[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return index < k
    ? [...naivePath(index, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(index - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}

/** RFC 9162, 2.1.4.1. */
function naiveSubproof(first: number, leaves: readonly Uint8Array[], whole: boolean): Buffer[] {
  if (first === leaves.length) return whole ? [] : [naiveRoot(leaves)];
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return first <= k
    ? [...naiveSubproof(first, leaves.slice(0, k), whole), naiveRoot(leaves.slice(k))]
    : [...naiveSubproof(first - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}

const largest = 70;
const many = Array.from({ length: largest }, (_, number) => Buffer.from(`leaf ${number}`));
const manyRoots = Array.from({ length: largest + 1 }, (_, size) => naiveRoot(many.slice(0, size)));

describe('the vectors of the reference implementation', () => {
  const leaves = inputs.map(bytes);
  const store = storeOf(leaves);

  it('have these roots', () => {
    expect(roots.map((_, size) => hex(rootOf(store, size)))).toEqual(roots);
    expect(hex(emptyRoot())).toBe(roots[0]);
  });

  it.each(paths)('leaf %i of %i has this path', (index, size, proof) => {
    expect(inclusionProof(store, index, size).map(hex)).toEqual(proof);
    expect(verifyInclusion(leafHash(leaves[index] ?? Buffer.of()), index, size, proof.map(bytes), bytes(roots[size] ?? ''))).toBe(true);
  });

  it.each(continuations)('tree %i goes on to %i with this proof', (first, second, proof) => {
    expect(consistencyProof(store, first, second).map(hex)).toEqual(proof);
    expect(verifyConsistency(first, second, bytes(roots[first] ?? ''), bytes(roots[second] ?? ''), proof.map(bytes))).toBe(true);
  });
});

describe('every tree of up to seventy leaves', () => {
  const store = storeOf(many);

  it('has the root that the RFC’s own recursion has, from the store and from a compact range', () => {
    const range = new CompactRange();
    for (let size = 0; size <= largest; size += 1) {
      expect(range.size).toBe(size);
      expect(hex(range.root())).toBe(manyRoots[size]?.toString('hex'));
      expect(hex(rootOf(store, size))).toBe(manyRoots[size]?.toString('hex'));
      const next = many[size];
      if (next !== undefined) range.append(leafHash(next));
    }
  });

  it('has paths that verify, and for no other leaf, place, size or root', () => {
    for (let size = 1; size <= largest; size += 1) {
      const root = manyRoots[size] ?? Buffer.of();
      for (let index = 0; index < size; index += 1) {
        const leaf = leafHash(many[index] ?? Buffer.of());
        const proof = inclusionProof(store, index, size);
        expect(proof.map(hex)).toEqual(naivePath(index, many.slice(0, size)).map(hex));
        expect(verifyInclusion(leaf, index, size, proof, root)).toBe(true);
        expect(verifyInclusion(leafHash(Buffer.from('other')), index, size, proof, root)).toBe(false);
        expect(verifyInclusion(leaf, index === 0 ? size : index - 1, size, proof, root)).toBe(false);
        expect(verifyInclusion(leaf, index, size, [...proof, root], root)).toBe(false);
        expect(verifyInclusion(leaf, index, size, proof.slice(1), root)).toBe(size === 1);
        expect(verifyInclusion(leaf, index, size, proof, nodeHash(root, root))).toBe(false);
      }
    }
  });

  it('has consistency proofs that verify, and for no other pair', () => {
    for (let second = 1; second <= largest; second += 1) {
      const secondRoot = manyRoots[second] ?? Buffer.of();
      for (let first = 1; first <= second; first += 1) {
        const firstRoot = manyRoots[first] ?? Buffer.of();
        const proof = consistencyProof(store, first, second);
        expect(proof.map(hex)).toEqual(naiveSubproof(first, many.slice(0, second), true).map(hex));
        expect(verifyConsistency(first, second, firstRoot, secondRoot, proof)).toBe(true);
        if (first === second) continue;
        const other = nodeHash(firstRoot, secondRoot);
        expect(verifyConsistency(first, second, other, secondRoot, proof)).toBe(false);
        expect(verifyConsistency(first, second, firstRoot, other, proof)).toBe(false);
        expect(verifyConsistency(first, second, firstRoot, secondRoot, proof.slice(1))).toBe(false);
        expect(verifyConsistency(first, second, firstRoot, secondRoot, [...proof, other])).toBe(false);
        expect(verifyConsistency(first, second, firstRoot, secondRoot, proof.map((hash, at) => (at === proof.length - 1 ? other : hash)))).toBe(false);
        expect(verifyConsistency(second, first, secondRoot, firstRoot, proof)).toBe(false);
      }
    }
  });

  it('is a continuation of the empty tree, without a proof', () => {
    expect(consistencyProof(store, 0, 9)).toEqual([]);
    expect(verifyConsistency(0, 9, emptyRoot(), manyRoots[9] ?? Buffer.of(), [])).toBe(true);
    expect(verifyConsistency(0, 9, emptyRoot(), manyRoots[9] ?? Buffer.of(), [emptyRoot()])).toBe(false);
  });
});

describe('the store', () => {
  it('is asked for a logarithm of hashes, and written once for each of two', () => {
    const size = 4096;
    const store = new MemoryHashes();
    let most = 0;
    for (let number = 0; number < size; number += 1) {
      const before = store.reads + store.writes;
      appendLeaf(store, number, leafHash(Buffer.from(String(number))));
      most = Math.max(most, store.reads + store.writes - before);
    }
    expect(store.writes).toBe(2 * size - 1);
    expect(most).toBeLessThanOrEqual(1 + 2 * 12);
    store.reads = 0;
    inclusionProof(store, 1234, size - 1);
    expect(store.reads).toBeLessThanOrEqual(2 * 12);
  });

  it('that lacks a hash is named, not guessed', () => {
    const store = storeOf(many);
    store.hashes.delete('2/3');
    expect(() => inclusionProof(store, 9, 70)).toThrow(MissingHash);
    expect(() => rootOf(store, 16)).not.toThrow();
    expect(() => consistencyProof(store, 12, 70)).toThrow('subtree 3 of level 2');
  });

  it.each([
    [8, 8],
    [-1, 8],
    [0.5, 8],
    [0, 0],
  ])('has no path for leaf %d of %d', (index, size) => {
    expect(() => inclusionProof(storeOf(many), index, size)).toThrow(RangeError);
    expect(verifyInclusion(emptyRoot(), index, size, [], emptyRoot())).toBe(false);
  });

  it.each([0, 31, 33, 64])('takes no hash of %i bytes', (length) => {
    const store = storeOf(many);
    const wrong = (hashes: readonly Uint8Array[]): Uint8Array[] => hashes.map(() => Buffer.alloc(length));
    expect(() => nodeHash(emptyRoot(), Buffer.alloc(length))).toThrow(RangeError);
    expect(verifyInclusion(leafHash(many[3] ?? Buffer.of()), 3, 70, wrong(inclusionProof(store, 3, 70)), rootOf(store, 70))).toBe(false);
    expect(verifyInclusion(Buffer.alloc(length), 0, 1, [], Buffer.alloc(length))).toBe(false);
    expect(verifyConsistency(9, 70, rootOf(store, 9), rootOf(store, 70), wrong(consistencyProof(store, 9, 70)))).toBe(false);
  });

  it('does not continue backwards', () => {
    expect(() => consistencyProof(storeOf(many), 9, 8)).toThrow(RangeError);
  });

  it('takes sizes beyond 32 bits', () => {
    const size = 2 ** 40 + 1;
    const store = { read: (level: number, index: number) => leafHash(Buffer.from(`${level} ${index}`)) };
    const root = rootOf(store, size);
    const proof = inclusionProof(store, 2 ** 40, size);
    expect(proof).toHaveLength(1);
    expect(verifyInclusion(store.read(0, 2 ** 40), 2 ** 40, size, proof, root)).toBe(true);
    expect(verifyConsistency(2 ** 40, size, rootOf(store, 2 ** 40), root, consistencyProof(store, 2 ** 40, size))).toBe(true);
  });
});
