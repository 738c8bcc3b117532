import { useState } from 'react';
import type { DeviceDetails, ErrorReport, LoggedEntry, Notice } from '../contract';
import { ActionButton } from '../frame/action-button';
import { ErrorPanel } from '../frame/error-panel';
import { English } from '../frame/said';
import { isDialogOpen } from '../logic/elements';
import { formatCount, formatDateTime } from '../logic/format';
import { entryFacts, eventWords } from '../logic/log-words';
import { told } from '../logic/of-main';
import { useKeys } from '../state/use-keys';
import { ask } from '../station';
import { texts } from '../texts';
import { useDeviceLog } from './use-device-log';

const { life: words } = texts.audit;

interface LifePanelProps {
  readonly device: DeviceDetails;
  readonly notify: (notice: Notice) => void;
}

/** The device's life as the log has it, entry by entry, and the receipt that proves its key. */
export function LifePanel({ device, notify }: LifePanelProps) {
  const { deviceId } = device;
  const { log, error } = useDeviceLog(deviceId, device);
  const [saving, setSaving] = useState(false);
  const [refusal, setRefusal] = useState<ErrorReport>();
  const hasKey = log?.entries.some(({ event }) => event === 'key-generated') === true;

  const save = (): void => {
    if (saving || !hasKey) return;
    setSaving(true);
    setRefusal(undefined);
    void ask('saveReceipt', { deviceId }).then((reply) => {
      setSaving(false);
      if (!reply.ok) setRefusal(reply.error);
      else if (reply.value !== undefined) notify(told(reply.value.sentence, 'success'));
    });
  };

  useKeys((event) => {
    if (event.key !== 'F6' || isDialogOpen()) return;
    event.preventDefault();
    if (!event.repeat) save();
  });

  return (
    <section className="panel" aria-label={words.title} data-testid="life-panel">
      <header className="panel__head">
        <h2>{words.title}</h2>
        {hasKey ? (
          <ActionButton onPress={save} keyName="F6" testId="save-receipt" disabled={saving}>
            {saving ? words.receiptSaving : words.receipt}
          </ActionButton>
        ) : null}
      </header>
      {refusal !== undefined ? <ErrorPanel error={refusal} /> : log?.noReceipt === undefined ? null : <p className="quiet" data-testid="no-receipt"><English>{log.noReceipt}</English></p>}
      {error === undefined ? null : <ErrorPanel error={error} />}
      {log === undefined ? (
        <p className="quiet">{error === undefined ? words.loading : ''}</p>
      ) : log.entries.length === 0 ? (
        <p className="quiet">{words.none}</p>
      ) : (
        <ol className="life">
          {log.entries.map((entry) => (
            <Entry key={entry.seq} entry={entry} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Entry({ entry }: { readonly entry: LoggedEntry }) {
  const { seq, at, by } = entry;
  return (
    <li className="life__entry" data-testid="life-entry" data-event={entry.event} data-seq={seq}>
      <p className="life__head">
        <strong>{eventWords(entry)}</strong>
        <span className="life__seq code">{words.entry(formatCount(seq))}</span>
        <span className="quiet">
          <time dateTime={at}>{formatDateTime(at)}</time> {words.by(by)}
        </span>
      </p>
      <dl className="facts">
        {entryFacts(entry).map(({ name, value, code }, index) => (
          <Fact key={index} name={name} value={value} code={code} />
        ))}
      </dl>
    </li>
  );
}

function Fact({ name, value, code }: { readonly name: string; readonly value: string; readonly code: boolean }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={code ? 'code' : undefined}>{value}</dd>
    </>
  );
}
