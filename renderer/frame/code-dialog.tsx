import { useState } from 'react';
import type { CodeQuestion } from '../contract';
import { codeDigits, fewestCodeDigits } from '../logic/one-time-code';
import { texts } from '../texts';
import { Dialog } from './dialog';
import { EscapeButton } from './escape-button';

interface CodeDialogProps {
  readonly question: CodeQuestion;
  readonly onAnswer: (requestId: string, code: string | undefined) => void;
}

/** The code of a second factor. SECURITY: it lives in this dialog's state only, and goes with it. */
export function CodeDialog({ question, onAnswer }: CodeDialogProps) {
  const [code, setCode] = useState('');
  const refuse = (): void => onAnswer(question.requestId, undefined);
  const complete = code.length >= fewestCodeDigits;
  return (
    <Dialog title={texts.code.title} onClose={refuse}>
      <form
        className="secret code-question"
        data-testid="code-dialog"
        onSubmit={(event) => {
          event.preventDefault();
          if (complete) onAnswer(question.requestId, code);
        }}
      >
        <label className="field">
          <span className="secret__question">{texts.code.question(question.account)}</span>
          <input
            type="text"
            inputMode="numeric"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            value={code}
            data-testid="code-input"
            data-scans
            aria-describedby="code-hint"
            onChange={(event) => setCode(codeDigits(event.target.value))}
          />
        </label>
        <p id="code-hint" className="quiet">
          {texts.code.hint}
        </p>
        <div className="dialog__actions">
          <EscapeButton onPress={refuse}>{texts.code.refuse}</EscapeButton>
          <button type="submit" className="button button--main" disabled={!complete}>
            {texts.code.answer}
            <kbd aria-hidden="true">Enter</kbd>
          </button>
        </div>
      </form>
    </Dialog>
  );
}
