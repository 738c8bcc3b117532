import { useEffect, useRef, useState } from 'react';
import type { ActionEntry, ErrorReport, Identity, RevocationReason } from '../contract';
import { Dialog } from '../frame/dialog';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { ReasonField, usualReason } from '../frame/reason-field';
import { ServerWait } from '../frame/server-wait';
import { TypedConfirmation } from '../frame/typed-confirmation';
import { shortFingerprint } from '../logic/fingerprint';
import { ask } from '../station';
import { texts } from '../texts';

const { confirm: words } = texts;

/** What is to be done to the device at its server. */
export interface DeviceAction {
  readonly kind: 'decommission' | 'remove-key' | 'reject';
  readonly serverDeviceId: string;
  /** The auth set, where it is about one. */
  readonly authSetId: string;
  readonly fingerprint: string | undefined;
  /** The device has certificates that are revoked with it. */
  readonly revokes?: boolean;
}

interface DeviceActionDialogProps {
  readonly action: DeviceAction;
  readonly identity: Identity;
  /** What must be typed. */
  readonly confirmation: string;
  readonly onClose: () => void;
  /** It is done, or failed and is in the record. */
  readonly onDone: (entry: ActionEntry) => void;
  /** It failed after the dialog was left. */
  readonly onProblem: (problem: ErrorReport) => void;
}

const content = {
  'decommission': { title: words.decommissionTitle, sentence: words.decommissionSentence, button: words.decommission },
  'remove-key': { title: words.removeKeyTitle, sentence: words.removeKeySentence, button: words.removeKey },
  'reject': { title: words.rejectTitle, sentence: words.rejectSentence, button: words.reject },
} as const satisfies Record<DeviceAction['kind'], { title: string; sentence: string; button: string }>;

/** Asks once more, tells the server, and waits for it where everybody can see. */
export function DeviceActionDialog({ action, identity, confirmation, onClose, onDone, onProblem }: DeviceActionDialogProps) {
  const [working, setWorking] = useState(false);
  const [reason, setReason] = useState<RevocationReason>(usualReason);
  const [error, setError] = useState<ErrorReport>();
  const left = useRef(false);
  useEffect(() => {
    left.current = false;
    return () => {
      left.current = true;
    };
  }, []);
  const { title, sentence, button } = content[action.kind];

  const act = (typed: string): void => {
    if (working) return;
    setWorking(true);
    setError(undefined);
    void tell(action, identity, typed, reason).then((reply) => {
      if (reply.ok) return onDone(reply.value);
      if (left.current) return onProblem(reply.error);
      setWorking(false);
      setError(reply.error);
    });
  };

  return (
    <Dialog title={title} onClose={onClose} className="dialog--wide device-action">
      <div data-testid="device-action" data-action={action.kind} data-working={working}>
        {action.fingerprint === undefined ? null : <p className="code">{`${shortFingerprint(action.fingerprint)} …`}</p>}
        {error === undefined ? null : <ErrorPanel error={error} />}
        {working ? (
          <>
            <ServerWait sentence={texts.conflict.leaveMeaning} />
            <div className="dialog__actions">
              <EscapeButton onPress={onClose}>{texts.conflict.leave}</EscapeButton>
            </div>
          </>
        ) : action.kind === 'reject' ? (
          <RejectQuestion sentence={sentence} onConfirm={() => act('')} onBack={onClose} />
        ) : (
          <TypedConfirmation value={confirmation} sentence={sentence} button={button} onConfirm={act} onBack={onClose}>
            {action.kind === 'decommission' && action.revokes === true ? <ReasonField reason={reason} onReason={setReason} /> : null}
          </TypedConfirmation>
        )}
      </div>
    </Dialog>
  );
}

function tell({ kind, serverDeviceId, authSetId, revokes = false }: DeviceAction, identity: Identity, confirmation: string, reason: RevocationReason): ReturnType<typeof ask<'decommission'>> {
  switch (kind) {
    case 'decommission':
      return ask('decommission', { identity, serverDeviceId, confirmation, ...(revokes ? { reason } : {}) });
    case 'remove-key':
      return ask('removeKey', { identity, serverDeviceId, authSetId, confirmation });
    case 'reject':
      return ask('reject', { identity, serverDeviceId, authSetId });
  }
}

/** Can be undone at the server, so one press is enough. */
function RejectQuestion({ sentence, onConfirm, onBack }: { readonly sentence: string; readonly onConfirm: () => void; readonly onBack: () => void }) {
  return (
    <>
      <p className="confirmation__sentence">{sentence}</p>
      <div className="dialog__actions">
        <EscapeButton first onPress={onBack}>{words.back}</EscapeButton>
        <button type="button" className="button button--danger" data-testid="confirm" onClick={onConfirm}>
          {words.reject}
        </button>
      </div>
    </>
  );
}
