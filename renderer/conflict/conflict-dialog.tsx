import type { KeyboardEvent } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { BenchView, ConflictChoice, ConflictView, RevocationReason } from '../contract';
import { Dialog } from '../frame/dialog';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { Icon, type IconName } from '../frame/icons';
import { ReasonField } from '../frame/reason-field';
import { English } from '../frame/said';
import { ServerWait } from '../frame/server-wait';
import { TypedConfirmation } from '../frame/typed-confirmation';
import { landsInScanField } from '../logic/focus';
import { viewIdentity } from '../logic/identity';
import { useKeys } from '../state/use-keys';
import { texts } from '../texts';
import { ConflictFacts } from './conflict-facts';
import { useConflict } from './use-conflict';

const { conflict: words } = texts;

const icons = { 'other-identity': 'ready', 'reject': 'cancelled', 'decommission': 'removed', 'wait': 'waiting' } satisfies Record<ConflictChoice, IconName>;

interface ConflictDialogProps {
  readonly conflict: ConflictView;
  readonly bench: BenchView;
  readonly onClose: () => void;
  /** Another board is scanned: the scan field takes the key press that began it. */
  readonly onScan: () => void;
  /** The identity is free again. */
  readonly onFree: () => void;
}

/** An identity that somebody has already: who, and what this person may do about it. */
export function ConflictDialog({ conflict, bench, onClose, onScan, onFree }: ConflictDialogProps) {
  const control = useConflict(conflict, onFree);
  const { view, step } = control;
  const [reason, setReason] = useState<RevocationReason>('superseded');
  const scanned = viewIdentity(view.identity, bench.scanAttribute).main;

  useKeys((event) => {
    // A scan in front of the choices is another board.
    if (step === 'choices' && !event.ctrlKey && landsInScanField(event, { dialogOpen: false, holder: 'nothing' })) onScan();
  });

  return (
    // Escape goes one step back; what the server is doing goes on without this window.
    <Dialog title={words.title} onClose={step === 'confirm' ? control.back : onClose} className="dialog--wide conflict">
      <div data-testid="conflict" data-step={step}>
        <p className="conflict__identity">
          <Icon name="warning" />
          <span className="code">{scanned}</span>
          <small>{viewIdentity(view.identity, bench.scanAttribute).rest}</small>
        </p>
        <p className="conflict__sentence" data-testid="conflict-sentence">
          <English>{view.sentence}</English>
        </p>
        {control.error === undefined ? null : <ErrorPanel error={control.error} />}
        {step === 'server' ? <ServerWait sentence={control.doing === 'wait' ? words.meaning.wait : words.leaveMeaning} /> : null}
        {step === 'confirm' ? (
          <TypedConfirmation value={view.confirmation} sentence={words.meaning.decommission} button={texts.confirm.decommission} onConfirm={(typed) => control.decommission(typed, reason)} onBack={control.back}>
            {view.recorded?.revokes === true ? <ReasonField reason={reason} onReason={setReason} /> : null}
          </TypedConfirmation>
        ) : null}
        {step === 'choices' ? <Choices view={view} onOther={onClose} onReject={control.reject} onDecommission={control.askToConfirm} onWait={control.wait} /> : null}
        {step === 'choices' ? (
          <>
            {view.server !== undefined && !view.choices.includes('decommission') && !bench.rights.includes('decommission') ? <p className="quiet conflict__role">{words.onlyThese(texts.roles[bench.role])}</p> : null}
            <ConflictFacts view={view} bench={bench} />
          </>
        ) : null}
      </div>
      {step === 'confirm' ? null : (
        <div className="dialog__actions">
          <EscapeButton onPress={onClose}>{step === 'server' ? words.leave : words.close}</EscapeButton>
        </div>
      )}
    </Dialog>
  );
}

interface ChoicesProps {
  readonly view: ConflictView;
  readonly onOther: () => void;
  readonly onReject: () => void;
  readonly onDecommission: () => void;
  readonly onWait: () => void;
}

/** The list has the focus, no choice has: the line feed after a scan must not press one. */
function Choices({ view, onOther, onReject, onDecommission, onWait }: ChoicesProps) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.focus(), []);
  const acts: Readonly<Record<ConflictChoice, () => void>> = { 'other-identity': onOther, 'reject': onReject, 'decommission': onDecommission, 'wait': onWait };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const now = buttons.findIndex((button) => button === document.activeElement);
    const next = event.key === 'ArrowDown' ? now + 1 : now < 0 ? buttons.length - 1 : now - 1;
    buttons[Math.min(buttons.length - 1, Math.max(0, next))]?.focus();
  };
  return (
    <ul ref={list} className="choices" tabIndex={-1} aria-label={words.choices} onKeyDown={onKeyDown}>
      {view.choices.map((choice) => (
        <li key={choice}>
          <button type="button" className={`choice choice--${choice}`} data-testid="choice" data-choice={choice} onClick={acts[choice]}>
            <Icon name={icons[choice]} />
            <strong>{words.choice[choice]}</strong>
            <span>{words.meaning[choice]}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
