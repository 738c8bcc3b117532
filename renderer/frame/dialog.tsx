import type { ReactNode } from 'react';
import { useLayoutEffect, useRef } from 'react';

interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /** Escape, or the button that says so. */
  readonly onClose: () => void;
  readonly className?: string;
}

/** A modal dialog: the browser itself keeps the focus inside and everything else untouchable. */
export function Dialog({ title, children, onClose, className }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  // Closed before it is taken off the page: only then does the browser give the focus back to where it came from.
  useLayoutEffect(() => {
    const dialog = element.current;
    if (dialog !== null && !dialog.open) {
      dialog.showModal();
      // The button that closes it is in sight by itself: what is to be read begins at its beginning.
      if (dialog.querySelector(':scope > .dialog__actions')?.contains(document.activeElement) === true) dialog.scrollTop = 0;
    }
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      className={className === undefined ? 'dialog' : `dialog ${className}`}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}
