import type { SlotState, SlotView } from '../contract';

/** States in which a slot's job is over and its card can be taken out. */
export function hasEnded(state: SlotState): boolean {
  return state === 'done' || state === 'accepted' || state === 'waiting' || state === 'cancelled' || state === 'failed';
}

/** The free slot that follows `from` in the bench's order, round the end; undefined where none is free. */
export function nextFreeSlot(slots: readonly SlotView[], from: string): SlotView | undefined {
  const start = slots.findIndex((slot) => slot.name === from);
  const inOrder = [...slots.slice(start + 1), ...slots.slice(0, start + 1)];
  return inOrder.find((slot) => slot.state === 'free');
}

/**
 * Where a scanned identity goes: the selected slot if it is free, else the next free one. Where none is free, the selected slot
 * takes it unless that works: a scan corrects the one before it, and a result that somebody selected was seen.
 */
export function slotForScan(slots: readonly SlotView[], selected: SlotView): SlotView | undefined {
  if (selected.state === 'free') return selected;
  return nextFreeSlot(slots, selected.name) ?? (selected.state === 'running' ? undefined : selected);
}

/**
 * The slot that a key is meant for: the selected one if it can, else the only one that can. After a start the selection has
 * moved on to the next free slot, and nobody should have to go back to take out the one card that is done.
 */
export function slotForAction(slots: readonly SlotView[], selected: SlotView | undefined, can: (slot: SlotView) => boolean): SlotView | undefined {
  if (selected !== undefined && can(selected)) return selected;
  const able = slots.filter(can);
  return able.length === 1 ? able[0] : undefined;
}

export const canCancel = (slot: SlotView): boolean => !hasEnded(slot.state) && (slot.canCancel || slot.state === 'ready');
export const canPowerOn = (slot: SlotView): boolean => slot.canPowerOn;
/** Not while a job is at the card, nor while one is about to be. */
export const canRenew = (slot: SlotView): boolean => slot.state !== 'running' && slot.state !== 'ready';
export const canClear = (slot: SlotView): boolean => hasEnded(slot.state);

export type ArrowKey = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

/** Columns of the slot grid: one big card, else two, so that every word can be read at two metres. */
export function slotColumns(count: number): number {
  return count === 1 ? 1 : 2;
}

/** The index of the slot that Alt and a digit choose; 0 is the tenth. */
export function slotIndexOfDigit(key: string): number | undefined {
  if (!/^[0-9]$/.test(key)) return undefined;
  return key === '0' ? 9 : Number(key) - 1;
}
