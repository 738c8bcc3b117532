import { useEffect, useRef, useState } from 'react';
import type { SlotView } from '../contract';
import { announce, type Announcement } from '../logic/announcement';

/** What a screen reader is told of the slots; each has a number, so that the same sentence twice is told twice. */
export function useAnnouncement(slots: readonly SlotView[]): Announcement & { readonly number: number } {
  const before = useRef(slots);
  const [said, setSaid] = useState({ polite: '', urgent: '', number: 0 });
  useEffect(() => {
    const news = announce(before.current, slots);
    before.current = slots;
    if (news.polite !== '' || news.urgent !== '') setSaid(({ number }) => ({ ...news, number: number + 1 }));
  }, [slots]);
  return said;
}
