import { useLayoutEffect, useRef, useState } from 'react';
import type { ErrorReport, OperatorRole } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { TextField } from '../frame/text-field';
import { errorAt, errorBeside, scannerPause, toFirstEmpty } from '../logic/forms';
import { ownError } from '../logic/of-main';
import { texts } from '../texts';
import { RoleSelect } from './role-select';

const { person: words } = texts.access;

export interface NewPerson {
  readonly name: string;
  readonly pin: string;
  readonly badge?: string;
}

interface PersonFormProps {
  /** An admin makes themselves, or somebody else whose role is asked for. */
  readonly of: 'first-admin' | 'somebody';
  readonly button: string;
  /** @returns what is wrong with it; undefined where it was made. `role` is undefined for the first admin */
  readonly onMake: (person: NewPerson, role: OperatorRole | undefined) => Promise<ErrorReport | undefined>;
  readonly onBack: () => void;
}

const fields = ['name', 'role', 'pin', 'again', 'badge'];

/** SECURITY: the PIN lives in this form's state only, and goes with it. */
export function PersonForm({ of, button, onMake, onBack }: PersonFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const scanned = useRef(0);
  const [name, setName] = useState('');
  const [role, setRole] = useState<OperatorRole>();
  const [pin, setPin] = useState('');
  const [again, setAgain] = useState('');
  const [badge, setBadge] = useState('');
  const [error, setError] = useState<ErrorReport>();
  const [sending, setSending] = useState(false);
  const own = of === 'first-admin';

  // Whoever types goes on where something is wrong, which the next key press replaces.
  useLayoutEffect(() => {
    const wrong = error === undefined ? null : form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    wrong?.focus();
    if (wrong instanceof HTMLInputElement) wrong.select();
  }, [error]);

  const submit = (): void => {
    if (sending || toFirstEmpty(form.current)) return;
    if (pin !== again) return setError(ownError('operator-invalid', words.differs, 'again'));
    setSending(true);
    setError(undefined);
    void onMake({ name, pin, ...(badge === '' ? {} : { badge }) }, role).then((refusal) => {
      setSending(false);
      setError(refusal);
    });
  };

  const outside = errorBeside(error, fields);
  return (
    <form
      ref={form}
      noValidate
      className="person-form"
      data-testid="person-form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {outside === undefined ? null : <ErrorPanel error={outside} />}
      <TextField label={own ? words.yourName : words.name} value={name} testId="person-name" onChange={setName} error={errorAt(error, 'name')} first />
      {own ? null : <RoleSelect role={role} onRole={setRole} error={errorAt(error, 'role')} />}
      <div className="person-form__pair">
        <TextField label={words.pin} value={pin} testId="person-pin" onChange={setPin} kind="hidden" error={errorAt(error, 'pin')} />
        <TextField label={words.again} value={again} testId="person-pin-again" onChange={setAgain} kind="hidden" error={errorAt(error, 'again')} />
      </div>
      <TextField
        label={own ? words.yourBadge : words.badge}
        value={badge}
        testId="person-badge"
        onChange={setBadge}
        kind="hidden"
        optional
        error={errorAt(error, 'badge')}
        hint={badge === '' ? undefined : words.badgeTyped}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          // The scanner's, not the person's: it sends nothing, and leads on.
          event.preventDefault();
          scanned.current = performance.now();
          if (!toFirstEmpty(form.current)) form.current?.querySelector<HTMLElement>('button[type="submit"]')?.focus();
        }}
      />
      <div className="lock__actions">
        <EscapeButton onPress={onBack}>{words.back}</EscapeButton>
        <button
          type="submit"
          className="button button--main"
          disabled={sending}
          data-testid="person-make"
          onKeyDown={(event) => {
            if (performance.now() - scanned.current < scannerPause) event.preventDefault();
          }}
        >
          {button}
          <kbd aria-hidden="true">Enter</kbd>
        </button>
      </div>
    </form>
  );
}
