import { useState } from 'react';
import type { SecretQuestion } from '../contract';
import { texts } from '../texts';
import { Dialog } from './dialog';
import { EscapeButton } from './escape-button';

interface SecretDialogProps {
  readonly question: SecretQuestion;
  readonly onAnswer: (requestId: string, value: string | undefined, keep: boolean) => void;
}

export function SecretDialog({ question, onAnswer }: SecretDialogProps) {
  const [value, setValue] = useState('');
  const [keep, setKeep] = useState(false);
  const refuse = (): void => onAnswer(question.requestId, undefined, false);
  return (
    <Dialog title={texts.secret.title} onClose={refuse}>
      <form
        className="secret"
        onSubmit={(event) => {
          event.preventDefault();
          if (value !== '') onAnswer(question.requestId, value, keep);
        }}
      >
        <label className="field">
          <span className="secret__question">{question.question}</span>
          <input type="password" autoFocus data-scans autoComplete="off" maxLength={10_000} value={value} onChange={(event) => setValue(event.target.value)} data-testid="secret-input" />
        </label>
        {question.canKeep ? (
          <label className="check">
            <input type="checkbox" checked={keep} onChange={(event) => setKeep(event.target.checked)} />
            {texts.secret.keep}
          </label>
        ) : null}
        <div className="dialog__actions">
          <EscapeButton onPress={refuse}>{texts.secret.refuse}</EscapeButton>
          <button type="submit" className="button button--main" disabled={value === ''}>
            {texts.secret.answer}
            <kbd aria-hidden="true">Enter</kbd>
          </button>
        </div>
      </form>
    </Dialog>
  );
}
