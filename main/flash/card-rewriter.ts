import { alignedBuffer } from '../../native/index';
import { applySecret, blockBytes, roundUp, type Extent } from './card-plan';
import type { CardTarget } from './card-target';

/**
 * Writes the blocks in which some files of a card change, and reads them back past the page cache: first those with the files'
 * content, which nothing leads to yet, then those of the filesystem.
 *
 * CRASH: between the first and the last of the filesystem's blocks a kill leaves a filesystem that contradicts itself.
 *
 * @param overlay changed blocks, sorted, multiples of 4096 bytes
 * @param extents where the content lies, in the order of its bytes
 * @throws ImprintError target-write-failed, target-read-failed, verify-content-differs by the caller's own reading
 */
export async function rewriteFiles(target: CardTarget, overlay: readonly { readonly offset: number; readonly bytes: Buffer }[], extents: readonly Extent[], content: Buffer): Promise<void> {
  const plan = { imageBytes: target.bytes, erasure: 'zero' as const, overlay, secret: extents };
  const blocks = overlay.flatMap(({ offset, bytes }) => {
    const pieces: { offset: number; bytes: Buffer }[] = [];
    for (let at = 0; at < bytes.length; at += blockBytes) {
      const length = Math.min(blockBytes, bytes.length - at);
      const block = alignedBuffer(roundUp(length, target.alignment)).fill(0);
      bytes.copy(block, 0, at, at + length);
      applySecret(plan, content, block, offset + at);
      pieces.push({ offset: offset + at, bytes: block });
    }
    return pieces;
  });
  const holdsContent = ({ offset, bytes }: { offset: number; bytes: Buffer }): boolean => extents.some((extent) => extent.offset < offset + bytes.length && extent.offset + extent.length > offset);
  for (const group of [blocks.filter(holdsContent), blocks.filter((block) => !holdsContent(block))]) {
    for (const { offset, bytes } of group) {
      try {
        await target.write(bytes, offset);
      } catch (thrown) {
        throw await target.explain(thrown, 'target-write-failed', offset, bytes.length);
      }
    }
    await target.settle();
  }
}
