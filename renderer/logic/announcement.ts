import type { SlotView } from '../contract';

/** The slots that say another word than before. A slot that was not there before is no news. */
export function changedSlots(before: readonly SlotView[], now: readonly SlotView[]): readonly SlotView[] {
  return now.filter((slot) => {
    const old = before.find((candidate) => candidate.name === slot.name);
    return old !== undefined && (old.word !== slot.word || old.state !== slot.state);
  });
}
