import type { ReactNode } from 'react';
import { useState } from 'react';
import { texts } from '../texts';
import { EscapeButton } from './escape-button';

interface TypedConfirmationProps {
  /** What must be typed or scanned. */
  readonly value: string;
  readonly sentence: string;
  readonly button: string;
  /** What else is asked, above it. */
  readonly children?: ReactNode;
  readonly onConfirm: (typed: string) => void;
  readonly onBack: () => void;
}

/** What cannot be undone is confirmed by the name of the thing, typed or scanned. Main compares; this only asks. */
export function TypedConfirmation({ value, sentence, button, children, onConfirm, onBack }: TypedConfirmationProps) {
  const [text, setText] = useState('');
  const typed = text.trim();
  return (
    <form
      className="confirmation"
      data-testid="confirmation"
      onSubmit={(event) => {
        event.preventDefault();
        if (typed !== '') onConfirm(typed);
      }}
    >
      <p className="confirmation__sentence">{sentence}</p>
      {children}
      <label className="field">
        <span className="confirmation__question">{texts.confirm.label(value)}</span>
        <input type="text" autoFocus data-testid="confirmation-input" data-scans value={text} maxLength={1000} autoComplete="off" spellCheck={false} onChange={(event) => setText(event.target.value)} />
      </label>
      <div className="dialog__actions">
        <EscapeButton onPress={onBack}>{texts.confirm.back}</EscapeButton>
        <button type="submit" className="button button--danger" disabled={typed === ''} data-testid="confirm">
          {button}
          <kbd aria-hidden="true">Enter</kbd>
        </button>
      </div>
    </form>
  );
}
