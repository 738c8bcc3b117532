import { useEffect, useRef, useState } from 'react';
import type { SlotView } from '../contract';
import { changedSlots } from '../logic/announcement';

/** What a screen reader says: a slot whose word changed. Progress alone is silent. */
export function useAnnouncement(slots: readonly SlotView[]): string {
  const before = useRef(slots);
  const [sentence, setSentence] = useState('');
  useEffect(() => {
    const changed = changedSlots(before.current, slots);
    before.current = slots;
    if (changed.length > 0) setSentence(changed.map((slot) => `${slot.name}: ${slot.word}. ${slot.sentence}`).join(' '));
  }, [slots]);
  return sentence;
}
