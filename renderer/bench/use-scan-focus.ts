import type { RefObject } from 'react';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { focusHolder, isDialogOpen, isTextMarked } from '../logic/elements';
import { landsInScanField, scanFieldTakesFocus } from '../logic/focus';

/**
 * Gives the focus back to the scan field, by the rules of logic/focus.
 *
 * @param onReturn called before the first character that is typed into the field after the focus came back to it
 */
export function useScanFocus(field: RefObject<HTMLInputElement | null>, onReturn: () => void): void {
  const newest = useRef(onReturn);
  newest.current = onReturn;
  // Before the browser handles the key press that led here, so that its character lands in the field.
  useLayoutEffect(() => field.current?.focus(), [field]);

  useEffect(() => {
    let movedBy: 'pointer' | 'keyboard' = 'pointer';
    let waiting = 0;
    const decide = (): void => {
      const situation = { dialogOpen: isDialogOpen(), holder: focusHolder(field.current), movedBy, textMarked: isTextMarked() };
      if (scanFieldTakesFocus(situation)) field.current?.focus({ preventScroll: true });
    };
    // After the browser has moved the focus, or a closing dialog has given it back.
    const decideSoon = (): void => {
      clearTimeout(waiting);
      waiting = window.setTimeout(decide, 0);
    };
    const onPointer = (): void => {
      movedBy = 'pointer';
    };
    const onKey = (event: KeyboardEvent): void => {
      movedBy = 'keyboard';
      if (landsInScanField(event, { dialogOpen: isDialogOpen(), holder: focusHolder(field.current) })) field.current?.focus({ preventScroll: true });
      const types = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
      if (!returned || document.activeElement !== field.current) return;
      returned = false;
      if (types) newest.current();
    };
    // Until the first key press: a scanner may be faster than any timer after the focus came back.
    let returned = false;
    const onFocus = (event: FocusEvent): void => {
      if (event.target === field.current) returned = true;
    };
    document.addEventListener('focusin', onFocus);
    document.addEventListener('pointerdown', onPointer, true);
    document.addEventListener('keydown', onKey, true);
    document.addEventListener('click', decideSoon);
    document.addEventListener('focusout', decideSoon);
    document.addEventListener('close', decideSoon, true);
    window.addEventListener('focus', decideSoon);
    return () => {
      clearTimeout(waiting);
      document.removeEventListener('focusin', onFocus);
      document.removeEventListener('pointerdown', onPointer, true);
      document.removeEventListener('keydown', onKey, true);
      document.removeEventListener('click', decideSoon);
      document.removeEventListener('focusout', decideSoon);
      document.removeEventListener('close', decideSoon, true);
      window.removeEventListener('focus', decideSoon);
    };
  }, [field]);
}
