import type { Extent } from '../domain/extent';

export type { Extent };

/** Extents in file order with neighbours that continue each other made one. */
export function mergeExtents(extents: readonly Extent[]): Extent[] {
  const merged: { offset: number; length: number }[] = [];
  for (const { offset, length } of extents) {
    const last = merged.at(-1);
    if (last !== undefined && last.offset + last.length === offset) last.length += length;
    else merged.push({ offset, length });
  }
  return merged;
}
