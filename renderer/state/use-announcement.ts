import { useEffect, useRef, useState } from 'react';
import type { SlotView } from '../contract';
import { changedSlots } from '../logic/announcement';
import { slotSentence } from '../logic/of-main';
import { texts } from '../texts';

/** What a screen reader says: a slot whose word changed. Progress alone is silent. */
export function useAnnouncement(slots: readonly SlotView[]): string {
  const before = useRef(slots);
  const [sentence, setSentence] = useState('');
  useEffect(() => {
    const changed = changedSlots(before.current, slots);
    before.current = slots;
    if (changed.length > 0) setSentence(changed.map((slot) => `${slot.name}: ${texts.slotWords[slot.word]}. ${slotSentence(slot).said}`).join(' '));
  }, [slots]);
  return sentence;
}
