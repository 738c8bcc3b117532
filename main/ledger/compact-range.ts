import { emptyRoot, nodeHash } from './merkle';

/**
 * A tree of which only the right edge is kept: the roots of the complete subtrees that its leaves fall into, the largest
 * first. It takes any number of leaves with at most 53 hashes of memory, and knows its root after each of them.
 */
export class CompactRange {
  /** By level; a hole where the size has a zero bit. */
  readonly #peaks: (Uint8Array | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(leaf: Uint8Array): void {
    let hash = leaf;
    let level = 0;
    for (; ; level += 1) {
      const left = this.#peaks[level];
      if (left === undefined) break;
      hash = nodeHash(left, hash);
      this.#peaks[level] = undefined;
    }
    this.#peaks[level] = hash;
    this.#size += 1;
  }

  root(): Uint8Array {
    let root: Uint8Array | undefined;
    for (const peak of this.#peaks) {
      if (peak !== undefined) root = root === undefined ? peak : nodeHash(peak, root);
    }
    return root ?? emptyRoot();
  }
}
