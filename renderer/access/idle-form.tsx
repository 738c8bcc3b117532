import { useState } from 'react';
import type { ErrorReport } from '../contract';
import { TextField } from '../frame/text-field';
import { texts } from '../texts';

const { operators: words } = texts.access;

interface IdleFormProps {
  readonly minutes: number;
  /** @returns what is wrong with it */
  readonly onSave: (minutes: number) => Promise<ErrorReport | undefined>;
}

/** After how long the window locks by itself. */
export function IdleForm({ minutes, onSave }: IdleFormProps) {
  const [text, setText] = useState(String(minutes));
  const [error, setError] = useState<ErrorReport>();
  return (
    <form
      noValidate
      className="idle-form"
      data-testid="idle-form"
      onSubmit={(event) => {
        event.preventDefault();
        // Main says what is wrong with what is no number.
        void onSave(/^\d{1,6}$/.test(text.trim()) ? Number(text) : 0).then(setError);
      }}
    >
      <TextField label={words.idle} value={text} testId="idle-minutes" onChange={setText} kind="digits" error={error} />
      <button type="submit" className="button button--plain" data-testid="save-idle" disabled={text.trim() === String(minutes)}>
        {words.saveIdle}
      </button>
    </form>
  );
}
