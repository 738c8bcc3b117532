import { blockBytes } from '../../domain/extent';
import type { Extent } from '../extents';

/** A gap below this costs a card more in seeks than it saves in writes. */
export const leastGapBytes = 64 * 1024;

/**
 * Ranges as the writer takes them: sorted, whole blocks, apart by at least `leastGapBytes`. Only grows, never shrinks.
 *
 * @param ranges in any order; they may overlap and need no alignment
 * @param bytes size of the image: only its very end may be no whole block
 */
export function normaliseRanges(ranges: readonly Extent[], bytes: number): Extent[] {
  const normal: { offset: number; length: number }[] = [];
  for (const range of ranges.toSorted((one, other) => one.offset - other.offset)) {
    const offset = Math.floor(range.offset / blockBytes) * blockBytes;
    const end = Math.min(Math.ceil((range.offset + range.length) / blockBytes) * blockBytes, bytes);
    if (range.length <= 0 || end <= offset) continue;
    const last = normal.at(-1);
    if (last !== undefined && offset - (last.offset + last.length) < leastGapBytes) last.length = Math.max(last.length, end - last.offset);
    else normal.push({ offset, length: end - offset });
  }
  return normal;
}

/** What is left of `[0, bytes)` without the given extents, which may be in any order and may overlap. */
export function complement(extents: readonly Extent[], bytes: number): Extent[] {
  const left: Extent[] = [];
  let position = 0;
  for (const { offset, length } of extents.toSorted((one, other) => one.offset - other.offset)) {
    if (offset > position) left.push({ offset: position, length: Math.min(offset, bytes) - position });
    position = Math.max(position, offset + length);
  }
  if (position < bytes) left.push({ offset: position, length: bytes - position });
  return left;
}
