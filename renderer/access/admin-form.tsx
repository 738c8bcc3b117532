import { useRef, useState } from 'react';
import { texts } from '../texts';

const { setUp: words } = texts.access;

export interface NewAdmin {
  readonly name: string;
  readonly pin: string;
  readonly badge?: string;
}

interface AdminFormProps {
  readonly onMake: (admin: NewAdmin) => void;
  readonly onDiffers: () => void;
  readonly onBack: () => void;
}

/** SECURITY: the PIN lives in this form's state only, and goes with it. */
export function AdminForm({ onMake, onDiffers, onBack }: AdminFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [name, setName] = useState('');
  const [pin, setPin] = useState('');
  const [again, setAgain] = useState('');
  const [badge, setBadge] = useState('');

  const submit = (): void => {
    // Enter in a field leads to the next one that is empty; the badge may stay so.
    const empty = [name, pin, again].findIndex((value) => value.trim() === '');
    if (empty >= 0) return form.current?.querySelectorAll('input')[empty]?.focus();
    if (pin !== again) return onDiffers();
    onMake({ name, pin, ...(badge === '' ? {} : { badge }) });
  };

  return (
    <form
      ref={form}
      className="admin-form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Field label={words.name} value={name} testId="admin-name" onChange={setName} first />
      <Field label={words.pin} value={pin} testId="admin-pin" onChange={setPin} hidden />
      <Field label={words.again} value={again} testId="admin-pin-again" onChange={setAgain} hidden />
      <Field label={words.badge} value={badge} testId="admin-badge" onChange={setBadge} hidden />
      <div className="lock__actions">
        <button type="button" className="button button--plain" onClick={onBack}>
          {words.back}
          <kbd aria-hidden="true">Esc</kbd>
        </button>
        <button type="submit" className="button button--main" data-testid="admin-make">
          {words.make}
          <kbd aria-hidden="true">Enter</kbd>
        </button>
      </div>
    </form>
  );
}

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly testId: string;
  readonly first?: boolean;
  readonly hidden?: boolean;
  readonly onChange: (value: string) => void;
}

function Field({ label, value, testId, first = false, hidden = false, onChange }: FieldProps) {
  return (
    <label className="field">
      {label}
      <input type={hidden ? 'password' : 'text'} autoComplete="off" spellCheck={false} maxLength={200} autoFocus={first} value={value} data-testid={testId} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}
