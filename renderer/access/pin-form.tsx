import { useRef, useState } from 'react';
import type { ErrorReport } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { TextField } from '../frame/text-field';
import { errorAt, errorBeside, toFirstEmpty } from '../logic/forms';
import { ownError } from '../logic/of-main';
import { texts } from '../texts';

const { person: words } = texts.access;

interface PinFormProps {
  /** One's own needs the one before; an admin gives somebody another one without it. */
  readonly own: boolean;
  /** @returns what is wrong with it; undefined where it was changed */
  readonly onSave: (newPin: string, pin: string) => Promise<ErrorReport | undefined>;
  readonly onBack: () => void;
}

/** SECURITY: the PINs live in this form's state only, and go with it; after a refusal they are typed anew. */
export function PinForm({ own, onSave, onBack }: PinFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [pin, setPin] = useState('');
  const [newPin, setNewPin] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<ErrorReport>();
  const [sending, setSending] = useState(false);

  const submit = (): void => {
    if (sending || toFirstEmpty(form.current)) return;
    if (newPin !== again) {
      setAgain('');
      return setError(ownError('operator-invalid', words.differs, 'again'));
    }
    setSending(true);
    setError(undefined);
    void onSave(newPin, pin).then((refusal) => {
      setSending(false);
      setError(refusal);
      if (refusal === undefined) return;
      const old = own && refusal.field === 'pin';
      if (old) setPin('');
      else {
        setNewPin('');
        setAgain('');
      }
      form.current?.querySelectorAll('input')[own && !old ? 1 : 0]?.focus();
    });
  };

  const ofNew = own ? 'newPin' : 'pin';
  const outside = errorBeside(error, ['pin', 'newPin', 'again']);
  return (
    <form
      ref={form}
      noValidate
      className="person-form"
      data-testid="pin-form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {outside === undefined ? null : <ErrorPanel error={outside} />}
      {own ? <TextField label={words.oldPin} value={pin} testId="old-pin" onChange={setPin} kind="hidden" error={errorAt(error, 'pin')} first /> : null}
      <TextField label={words.newPin} value={newPin} testId="new-pin" onChange={setNewPin} kind="hidden" error={errorAt(error, ofNew)} first={!own} />
      <TextField label={words.newAgain} value={again} testId="new-pin-again" onChange={setAgain} kind="hidden" error={errorAt(error, 'again')} />
      <div className="lock__actions">
        <EscapeButton onPress={onBack}>{words.back}</EscapeButton>
        <button type="submit" className="button button--main" disabled={sending} data-testid="save-pin">
          {words.savePin}
          <kbd aria-hidden="true">Enter</kbd>
        </button>
      </div>
    </form>
  );
}
