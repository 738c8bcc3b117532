import { cancelled } from '../domain/errors';
import { alignedBuffer, transferBuffers } from '../../native/index';
import { chunkBytes, roundUp, type CardPlan, type Extent } from './card-plan';
import type { CardTarget } from './card-target';

/** One request to the device: short enough that a cancel is heard soon. */
const sliceBytes = 16 * 1024 * 1024;
const readsAtOnce = 4;
/** Where the device only unmaps. */
const longSliceBytes = 256 * 1024 * 1024;
/** What erased blocks must read as. */
const zeros = alignedBuffer(chunkBytes).fill(0);

/** The parts of the image that no piece covers. */
export function unmappedRanges(pieces: readonly Extent[], imageBytes: number, alignment: number): Extent[] {
  const ranges: Extent[] = [];
  let at = 0;
  for (const { offset, length } of pieces) {
    if (offset > at) ranges.push({ offset: at, length: offset - at });
    at = offset + length;
  }
  const end = imageBytes - (imageBytes % alignment);
  if (end > at) ranges.push({ offset: at, length: end - at });
  return ranges;
}

/**
 * Takes away what an earlier use left in the parts of the card that the image does not write, and the backup partition table
 * at the end of a larger card.
 *
 * SECURITY: a reused card may hold an old device's key in a block that is free in the new image.
 */
export class CardEraser {
  readonly #target: CardTarget;
  readonly #rest: readonly Extent[];
  readonly #plan: CardPlan;
  readonly #onErased: (bytes: number) => void;
  /** Where `begin` has stopped. */
  #next = 0;

  /**
   * @param rest what `unmappedRanges` gave for this image
   * @param onErased told the bytes of the image's own range as they are done
   */
  constructor(target: CardTarget, rest: readonly Extent[], plan: CardPlan, onErased: (bytes: number) => void) {
    this.#target = target;
    this.#rest = rest.flatMap(slices);
    this.#plan = plan;
    this.#onErased = onErased;
  }

  /**
   * Erases the first slice.
   *
   * @returns whether the device unmaps, so that the rest costs it nothing and may go on beside the writing. A card that writes
   *   its zeros is better off with one stream of writes at a time.
   * @throws ImprintError target-write-failed, target-read-failed, cancelled
   */
  async begin(signal: AbortSignal): Promise<boolean> {
    if (this.#plan.erasure === 'discard-verified') {
      await this.#target.discardAll().catch(() => undefined);
      return false;
    }
    const first = this.#rest[0];
    if (first === undefined) return false;
    const unmapped = await this.#zero(first, signal);
    this.#onErased(first.length);
    this.#next = 1;
    return unmapped;
  }

  /**
   * Erases what `begin` left, and what lies behind the image where the device unmaps; else of that the last MiB.
   *
   * @returns bytes behind the image that stay as they were, because erasing them would take as long as writing them
   * @throws ImprintError target-write-failed, target-read-failed, cancelled
   */
  async finish(signal: AbortSignal): Promise<number> {
    const scratches = this.#plan.erasure === 'discard-verified' ? transferBuffers(readsAtOnce, chunkBytes) : [];
    for (const slice of this.#rest.slice(this.#next)) {
      const done = this.#plan.erasure === 'discard-verified' && (await isZero(this.#target, slice, scratches, signal));
      if (!done) await this.#zero(slice, signal);
      this.#onErased(slice.length);
    }
    return this.#eraseBehindImage(signal);
  }

  async #eraseBehindImage(signal: AbortSignal): Promise<number> {
    const { bytes, alignment } = this.#target;
    const end = bytes - (bytes % alignment);
    const begin = roundUp(this.#plan.imageBytes, alignment);
    const backup = Math.max(begin, end - chunkBytes);
    if (backup < end && !(await this.#zero({ offset: backup, length: end - backup }, signal))) return backup - begin;
    for (let at = begin; at < backup; at += longSliceBytes) {
      const length = Math.min(longSliceBytes, backup - at);
      if (!(await this.#zero({ offset: at, length }, signal))) return backup - at - length;
    }
    return 0;
  }

  async #zero({ offset, length }: Extent, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) throw cancelled();
    try {
      return await this.#target.zeroOut(offset, length);
    } catch (thrown) {
      throw await this.#target.explain(thrown, 'target-write-failed', offset, length);
    }
  }
}

function slices({ offset, length }: Extent): Extent[] {
  return Array.from({ length: Math.ceil(length / sliceBytes) }, (_, index) => {
    const at = index * sliceBytes;
    return { offset: offset + at, length: Math.min(sliceBytes, length - at) };
  });
}

/** Whether a range reads as zeros; `scratches` are as many buffers of `chunkBytes` as reads are to be under way at once. */
async function isZero(target: CardTarget, { offset, length }: Extent, scratches: readonly Buffer[], signal: AbortSignal): Promise<boolean> {
  const end = offset + length;
  let next = offset;
  let zero = true;
  const read = async (scratch: Buffer): Promise<void> => {
    while (zero && next < end) {
      if (signal.aborted) throw cancelled();
      const at = next;
      next += chunkBytes;
      const bytes = Math.min(chunkBytes, end - at);
      try {
        if ((await target.compare(zeros.subarray(0, bytes), scratch.subarray(0, bytes), at)) >= 0) zero = false;
      } catch (thrown) {
        zero = false;
        throw await target.explain(thrown, 'target-read-failed', at, bytes);
      }
    }
  };
  await Promise.all(scratches.map(read));
  return zero;
}
