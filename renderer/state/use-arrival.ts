import { useEffect, useRef, useState } from 'react';
import { isDialogOpen } from '../logic/elements';
import { texts } from '../texts';

/**
 * Whoever comes to a page hears which it is. A page with a field for the scanner has given it the focus by now, and its name is
 * said besides; on the others its heading takes the focus, so that Tab goes on from there.
 *
 * @param page changes with the page
 * @returns what is to be said
 */
export function useArrival(page: string, name: string): string {
  const last = useRef(page);
  const [said, setSaid] = useState('');
  useEffect(() => {
    document.title = `${name} – ${texts.application}`;
    if (last.current === page) return;
    last.current = page;
    const active = document.activeElement;
    const taken = isDialogOpen() || (active !== null && active.closest('#content') !== null);
    const heading = document.querySelector<HTMLElement>('#content h1');
    setSaid(taken ? name : '');
    if (taken || heading === null) return;
    heading.tabIndex = -1;
    heading.focus();
  }, [page, name]);
  return said;
}
