import { useEffect, useRef } from 'react';

/** Listens to key presses anywhere in the window, before any element. The newest handler is always the one that is called. */
export function useKeys(handler: (event: KeyboardEvent) => void): void {
  const newest = useRef(handler);
  useEffect(() => {
    newest.current = handler;
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => newest.current(event);
    document.addEventListener('keydown', listener, { capture: true });
    return () => document.removeEventListener('keydown', listener, { capture: true });
  }, []);
}
