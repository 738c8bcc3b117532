import { blockBytes, type Extent } from '../domain/extent';
import type { Erasure } from '../domain/profile';

export { blockBytes, type Extent };

/** What makes one card besides its golden image: the blocks that differ, and where the secret bytes go. */
export interface CardPlan {
  readonly imageBytes: number;
  readonly erasure: Erasure;
  /** Changed blocks, sorted, not overlapping. Where a secret will lie they hold random tokens. */
  readonly overlay: readonly { readonly offset: number; readonly bytes: Buffer }[];
  /** Where the secret's bytes lie, in the order of the file. */
  readonly secret: readonly Extent[];
}

/** The first blocks of the card, kept back until everything else has been verified: partition table and boot sector. */
export const headBytes = 1024 * 1024;

/** One transfer. */
export const chunkBytes = 1024 * 1024;

export function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}

/**
 * The 4 KiB blocks that hold a piece of the secret, in their order.
 *
 * @param cardBytes where the last block is cut: the image's length, filled up to whole sectors of the card
 */
export function secretBlocks(plan: CardPlan, cardBytes = plan.imageBytes): readonly Extent[] {
  const starts = new Set<number>();
  for (const { offset, length } of plan.secret) {
    for (let at = offset - (offset % blockBytes); at < offset + length; at += blockBytes) starts.add(at);
  }
  return [...starts]
    .sort((left, right) => left - right)
    .map((offset) => ({ offset, length: Math.min(blockBytes, cardBytes - offset) }));
}

/** Lays the overlay's blocks over a piece of the golden image that starts at `position`. */
export function applyOverlay(plan: CardPlan, piece: Buffer, position: number): void {
  const end = position + piece.length;
  for (const { offset, bytes } of plan.overlay) {
    if (offset >= end) break;
    if (offset + bytes.length <= position) continue;
    const from = Math.max(0, position - offset);
    const until = Math.min(bytes.length, end - offset);
    bytes.copy(piece, offset + from - position, from, until);
  }
}

/**
 * Puts the secret's bytes into a piece of the card.
 *
 * SECURITY: `piece` must be locked memory.
 */
export function applySecret(plan: CardPlan, secret: Buffer, piece: Buffer, position: number): void {
  let from = 0;
  for (const { offset, length } of plan.secret) {
    const start = Math.max(offset, position);
    const end = Math.min(offset + length, position + piece.length);
    if (start < end) secret.copy(piece, start - position, from + start - offset, from + end - offset);
    from += length;
  }
}
