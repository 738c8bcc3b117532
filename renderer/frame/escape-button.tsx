import type { ReactNode } from 'react';

interface EscapeButtonProps {
  readonly children: ReactNode;
  readonly onPress: () => void;
  readonly tone?: 'plain' | 'main';
  /** Has the focus when it appears. */
  readonly first?: boolean;
}

/** The way out of a dialog or form, with the key that does the same. */
export function EscapeButton({ children, onPress, tone = 'plain', first = false }: EscapeButtonProps) {
  return (
    <button type="button" className={`button button--${tone}`} autoFocus={first} onClick={onPress}>
      {children}
      <kbd aria-hidden="true">Esc</kbd>
    </button>
  );
}
