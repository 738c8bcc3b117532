import { cancelled } from '../domain/errors';
import { alignedBuffer } from '../../native/index';
import { chunkBytes, type CardPlan, type Extent } from './card-plan';
import type { CardTarget } from './card-target';
import { transferError } from './io-errors';

/** One request to the device: short enough that a cancel is heard soon. */
const sliceBytes = 16 * 1024 * 1024;

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
 *
 * @param rest what `unmappedRanges` gave for this image
 * @param onErased told the bytes of the image's own range as they are done
 * @throws ImprintError target-write-failed, target-read-failed, cancelled
 */
export async function eraseRest(target: CardTarget, rest: readonly Extent[], { imageBytes, erasure }: CardPlan, onErased: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  if (erasure === 'discard-verified') await target.discardAll().catch(() => undefined);
  for (const range of rest) {
    if (erasure === 'discard-verified' && (await isZero(target, range, signal))) onErased(range.length);
    else await zero(target, range, onErased, signal);
  }
  const end = target.bytes - (target.bytes % target.alignment);
  const backup = Math.max(imageBytes + (target.alignment - (imageBytes % target.alignment)) % target.alignment, end - chunkBytes);
  if (backup < end) await zero(target, { offset: backup, length: end - backup }, () => undefined, signal);
}

async function zero(target: CardTarget, { offset, length }: Extent, onErased: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  for (let at = offset; at < offset + length; at += sliceBytes) {
    if (signal.aborted) throw cancelled();
    const slice = Math.min(sliceBytes, offset + length - at);
    try {
      await target.zeroOut(at, slice);
    } catch (thrown) {
      throw transferError(thrown, 'target-write-failed', target.path, at);
    }
    onErased(slice);
  }
}

async function isZero(target: CardTarget, { offset, length }: Extent, signal: AbortSignal): Promise<boolean> {
  const scratch = alignedBuffer(chunkBytes);
  const zeros = alignedBuffer(chunkBytes).fill(0);
  for (let at = offset; at < offset + length; at += chunkBytes) {
    if (signal.aborted) throw cancelled();
    const slice = Math.min(chunkBytes, offset + length - at);
    try {
      if ((await target.compare(zeros.subarray(0, slice), scratch.subarray(0, slice), at)) >= 0) return false;
    } catch (thrown) {
      throw transferError(thrown, 'target-read-failed', target.path, at);
    }
  }
  return true;
}
