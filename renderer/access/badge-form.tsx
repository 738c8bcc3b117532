import { useState } from 'react';
import type { ErrorReport } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { TextField } from '../frame/text-field';
import { errorAt, errorBeside } from '../logic/forms';
import { texts } from '../texts';

const { person: words } = texts.access;

interface BadgeFormProps {
  /** @returns what is wrong with it; undefined where it is theirs now */
  readonly onSave: (badge: string) => Promise<ErrorReport | undefined>;
  readonly onBack: () => void;
}

/** One scan: the line end of the scanner saves it, because nothing else is asked. */
export function BadgeForm({ onSave, onBack }: BadgeFormProps) {
  const [badge, setBadge] = useState('');
  const [error, setError] = useState<ErrorReport>();
  const [sending, setSending] = useState(false);
  const outside = errorBeside(error, ['badge']);
  return (
    <form
      noValidate
      className="person-form"
      data-testid="badge-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (badge.trim() === '' || sending) return;
        setSending(true);
        void onSave(badge).then((refusal) => {
          setSending(false);
          setError(refusal);
          // The next scan is another badge, not the rest of this one.
          setBadge('');
        });
      }}
    >
      {outside === undefined ? null : <ErrorPanel error={outside} />}
      <TextField label={words.scanBadge} value={badge} testId="new-badge" onChange={setBadge} kind="hidden" error={errorAt(error, 'badge')} hint={words.scanBadgeHint} first />
      <div className="lock__actions">
        <EscapeButton onPress={onBack}>{words.back}</EscapeButton>
        <button type="submit" className="button button--main" disabled={badge.trim() === '' || sending}>
          {words.saveBadge}
          <kbd aria-hidden="true">Enter</kbd>
        </button>
      </div>
    </form>
  );
}
