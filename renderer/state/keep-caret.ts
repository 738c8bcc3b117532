/** Types of inputs that have a caret (HTML, 4.10.5.2.10); asking any other for its selection gives null. */
const hasCaret = (element: Element | null): element is HTMLInputElement => element instanceof HTMLInputElement && element.selectionStart !== null;

/**
 * Puts the caret back into the input that has the focus, before each key press that may type.
 *
 * When a modal dialog closes, or the input that had the focus is taken off the page, Chromium gives the focus back to another
 * input and leaves the caret where it was: key presses arrive, and no character of them does. A scanned code would be lost
 * without a word.
 */
export function keepCaret(): void {
  document.addEventListener(
    'keydown',
    () => {
      const holder = document.activeElement;
      if (hasCaret(holder)) holder.setSelectionRange(holder.selectionStart, holder.selectionEnd, holder.selectionDirection ?? undefined);
    },
    { capture: true },
  );
}
