import type { ReactNode } from 'react';
import { keyNames } from '../logic/key-names';

interface ActionButtonProps {
  readonly children: ReactNode;
  readonly onPress: () => void;
  /** The key that does the same. */
  readonly keyName?: string;
  readonly tone?: 'plain' | 'main' | 'danger';
  readonly disabled?: boolean;
  readonly testId?: string;
  readonly icon?: ReactNode;
}

/** A button with its key beside its words. */
export function ActionButton({ children, onPress, keyName, tone = 'plain', disabled = false, testId, icon }: ActionButtonProps) {
  return (
    <button type="button" className={`button button--${tone}`} onClick={onPress} disabled={disabled} data-testid={testId} aria-keyshortcuts={keyName}>
      {icon}
      <span className="button__words">{children}</span>
      {keyName === undefined ? null : <kbd aria-hidden="true">{keyNames(keyName)}</kbd>}
    </button>
  );
}
