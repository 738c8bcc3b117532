import { useState, type SyntheticEvent } from 'react';
import type { ErrorReport } from '../contract';
import { Dialog } from '../frame/dialog';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { Icon } from '../frame/icons';
import { ask } from '../station';
import { texts } from '../texts';

const { again: words } = texts.labels;

interface ReprintDialogProps {
  readonly deviceId: string;
  readonly onClose: () => void;
  readonly onDone: (sentence: string, printed: boolean) => void;
}

/** Asks why; the reason goes into the record. */
export function ReprintDialog({ deviceId, onClose, onDone }: ReprintDialogProps) {
  const [reason, setReason] = useState('');
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<ErrorReport>();
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (working || reason.trim() === '') return;
    setWorking(true);
    void ask('reprintLabel', { deviceId, reason }).then((reply) => {
      setWorking(false);
      if (reply.ok) onDone(reply.value.sentence, reply.value.printed);
      else setError(reply.error);
    });
  };
  return (
    <Dialog title={words.title} onClose={onClose}>
      <form data-testid="reprint-dialog" onSubmit={submit}>
        <p className="confirmation__sentence">{words.sentence}</p>
        {error === undefined ? null : <ErrorPanel error={error} />}
        <label className="field">
          {words.reason}
          <input type="text" data-testid="reprint-reason" autoFocus value={reason} maxLength={200} placeholder={words.placeholder} autoComplete="off" onChange={(event) => setReason(event.target.value)} />
        </label>
        <div className="dialog__actions">
          <EscapeButton onPress={onClose}>{words.back}</EscapeButton>
          <button type="submit" className="button button--main" data-testid="confirm-reprint" disabled={working || reason.trim() === ''}>
            <Icon name="label" />
            {words.yes}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
