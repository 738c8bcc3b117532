import type { KeyboardEvent } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { BatchSummary, BenchView } from '../contract';
import { Dialog } from '../frame/dialog';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { Icon } from '../frame/icons';
import { formatCount } from '../logic/format';
import { rowAfter } from '../logic/rows';
import { texts } from '../texts';
import { BatchPanel } from './batch-panel';
import { useBatches } from './use-batches';

const { batches: words } = texts;

interface BatchesDialogProps {
  readonly bench: BenchView;
  readonly onClose: () => void;
  /** Shows the devices of a batch in the list. */
  readonly onShow: (batch: string) => void;
  readonly onOpen: (deviceId: string) => void;
}

/** Batches, and QA's word that one may leave. Arrow keys choose, a scanner finds, F7 signs. */
export function BatchesDialog({ bench, onClose, onShow, onOpen }: BatchesDialogProps) {
  const field = useRef<HTMLInputElement>(null);
  const control = useBatches();
  const [text, setText] = useState('');
  const [picked, setPicked] = useState<string>();
  const [asking, setAsking] = useState(false);
  const fitting = (control.batches ?? []).filter((summary) => summary.batch.toLowerCase().includes(text.trim().toLowerCase()));
  const chosen = fitting.find((summary) => summary.batch === picked) ?? fitting[0];

  const { choose: show } = control;
  useEffect(() => show(chosen?.batch), [show, chosen?.batch]);

  const choose = (batch: string | undefined): void => {
    setAsking(false);
    setPicked(batch);
  };

  const endAsking = (): void => {
    setAsking(false);
    field.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const next = rowAfter(event.key, Math.max(0, fitting.findIndex((summary) => summary.batch === chosen?.batch)), fitting.length);
    if (next === undefined || event.key === 'Home' || event.key === 'End') return;
    event.preventDefault();
    choose(fitting[next]?.batch);
  };

  return (
    // Escape leaves the question first, then the dialog.
    <Dialog title={words.title} onClose={asking ? endAsking : onClose} className="dialog--wide batches">
      {control.error === undefined ? null : <ErrorPanel error={control.error} />}
      {control.batches?.length === 0 ? (
        <p>{words.none}</p>
      ) : (
        <div className="batches__columns">
          <div className="batches__choice">
            <label className="field">
              {words.find}
              <input
                ref={field}
                type="text"
                autoFocus
                data-testid="find-batch"
                value={text}
                maxLength={200}
                data-scans
                placeholder={words.placeholder}
                spellCheck={false}
                autoComplete="off"
                aria-controls="batch-list"
                onChange={(event) => {
                  setAsking(false);
                  setText(event.target.value);
                }}
                onKeyDown={(event) => {
                  onKeyDown(event);
                  // The next scan replaces this one.
                  if (event.key === 'Enter') event.currentTarget.select();
                }}
              />
            </label>
            <ul id="batch-list" className="batches__list" role="listbox" aria-label={words.list} tabIndex={0} onKeyDown={onKeyDown}>
              {fitting.map((summary) => (
                <BatchLine key={summary.batch} summary={summary} chosen={summary.batch === chosen?.batch} onChoose={() => choose(summary.batch)} />
              ))}
            </ul>
            {control.batches !== undefined && fitting.length === 0 ? <p className="quiet">{words.noneFits}</p> : null}
          </div>
          {control.batch === undefined ? <div className="panel" /> : (
            <BatchPanel view={control.batch} bench={bench} control={control} asking={asking} onAsk={() => setAsking(true)} onEnd={endAsking} onShow={onShow} onOpen={onOpen} />
          )}
        </div>
      )}
      <div className="dialog__actions">
        <EscapeButton first={control.batches?.length === 0} onPress={onClose}>{words.close}</EscapeButton>
      </div>
    </Dialog>
  );
}

function BatchLine({ summary, chosen, onChoose }: { readonly summary: BatchSummary; readonly chosen: boolean; readonly onChoose: () => void }) {
  const { batch, total, counts, lastSignOff } = summary;
  return (
    <li
      ref={(element) => {
        if (chosen) element?.scrollIntoView({ block: 'nearest' });
      }}
      role="option"
      className="batch-line"
      aria-selected={chosen}
      data-testid="batch-line"
      data-batch={batch}
      data-signed={lastSignOff !== undefined}
      onClick={onChoose}
    >
      <strong>{batch}</strong>
      <span className="batch-line__facts">
        <Icon name={lastSignOff === undefined ? 'free' : 'done'} />
        {lastSignOff === undefined ? words.notSigned : words.signedShort}
        {' · '}
        {words.accepted(formatCount(counts.accepted), formatCount(total))}
      </span>
    </li>
  );
}
