import type { KeyboardEvent } from 'react';
import { useId } from 'react';
import type { ShownError } from '../logic/of-main';
import { Icon } from './icons';
import { ErrorText } from './said';

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly testId: string;
  readonly onChange: (value: string) => void;
  /** `hidden`: what is typed is never shown. */
  readonly kind?: 'text' | 'hidden' | 'digits' | undefined;
  /** Has the focus at first. */
  readonly first?: boolean;
  /** May stay empty. */
  readonly optional?: boolean;
  /** What is wrong with it. */
  readonly error?: ShownError | undefined;
  readonly hint?: string | undefined;
  readonly onKeyDown?: ((event: KeyboardEvent<HTMLInputElement>) => void) | undefined;
}

/** One line of a form, with what is wrong with it right below. */
export function TextField({ label, value, testId, onChange, kind = 'text', first = false, optional = false, error, hint, onKeyDown }: TextFieldProps) {
  const id = useId();
  const below = error ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={kind === 'hidden' ? 'password' : 'text'}
        // A badge is scanned, also in a dialog; a name or PIN may be typed as fast. None of it is a board.
        data-scans
        inputMode={kind === 'digits' ? 'numeric' : 'text'}
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        autoFocus={first}
        required={!optional}
        value={value}
        data-testid={testId}
        aria-invalid={error !== undefined}
        aria-describedby={below === undefined ? undefined : `${id}-below`}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {error === undefined ? null : (
        <p id={`${id}-below`} className="field__error" role="alert" data-testid="field-error">
          <Icon name="failed" />
          <ErrorText error={error} />
        </p>
      )}
      {error === undefined && hint !== undefined ? (
        <p id={`${id}-below`} className="field__hint">
          {hint}
        </p>
      ) : null}
    </div>
  );
}
