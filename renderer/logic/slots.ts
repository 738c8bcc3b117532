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

/** Where a scanned identity goes: the selected slot, or the next free one while that works. Never onto another result. */
export function slotForScan(slots: readonly SlotView[], selected: SlotView): SlotView | undefined {
  return selected.state === 'running' ? nextFreeSlot(slots, selected.name) : selected;
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

/** The slot that an arrow key leads to in a grid that is filled row by row; the edge holds. */
export function neighbourIndex(index: number, count: number, columns: number, key: ArrowKey): number {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  const next = index + steps[key];
  return next < 0 || next >= count ? index : next;
}

/** Columns of the slot grid: one big card, else two, so that every word can be read at two metres. */
export function slotColumns(count: number): number {
  return count === 1 ? 1 : 2;
}

/** The index of the slot that Alt and a digit choose; 0 is the tenth. */
export function slotIndexOfDigit(key: string): number | undefined {
  if (!/^[0-9]$/.test(key)) return undefined;
  return key === '0' ? 9 : Number(key) - 1;
}
