import { useCallback, useEffect, useState } from 'react';
import type { ErrorReport, HealthFinding, HealthReport, Notice } from '../contract';
import { ActionButton } from '../frame/action-button';
import { CopyButton } from '../frame/copy-button';
import { Dialog } from '../frame/dialog';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { Icon, type IconName } from '../frame/icons';
import { formatDateTime } from '../logic/format';
import { useKeys } from '../state/use-keys';
import { ask } from '../station';
import { texts } from '../texts';

const { health: words } = texts;

type State = HealthReport['state'];
const icons = { ok: 'done', warning: 'warning', stop: 'failed' } satisfies Record<State, IconName>;
const tones = { ok: 'done', warning: 'waiting', stop: 'failed' } satisfies Record<State, string>;
const order = { stop: 0, warning: 1, ok: 2 } satisfies Record<State, number>;

/** What `imprint doctor` finds, the worst first, with the command that mends it. */
export function HealthDialog({ onClose, notify }: { readonly onClose: () => void; readonly notify: (notice: Notice) => void }) {
  const [report, setReport] = useState<HealthReport>();
  const [error, setError] = useState<ErrorReport>();
  const [looking, setLooking] = useState(true);
  const look = useCallback((): void => {
    setLooking(true);
    void ask('stationHealth', {}).then((reply) => {
      setLooking(false);
      setError(reply.ok ? undefined : reply.error);
      if (reply.ok) setReport(reply.value);
    });
  }, []);
  useEffect(look, [look]);
  const save = (): void => {
    void ask('saveDiagnostics', {}).then((reply) => {
      if (!reply.ok) setError(reply.error);
      else if (reply.value !== undefined) {
        notify({ sentence: reply.value.sentence, tone: 'success' });
        onClose();
      }
    });
  };
  useKeys((event) => {
    if (event.key !== 'F5') return;
    event.preventDefault();
    if (!event.repeat && !looking) look();
  });
  return (
    <Dialog title={words.title} onClose={onClose} className="dialog--wide health">
      {error === undefined ? null : <ErrorPanel error={error} />}
      {report === undefined ? (
        looking ? <p className="quiet" role="status">{words.looking}</p> : null
      ) : (
        <div data-testid="health" data-state={report.state} data-looking={looking}>
          <p className={`badge badge--big tone--${tones[report.state]}`} role="status">
            <Icon name={icons[report.state]} />
            {words.states[report.state]}
          </p>
          <p className="health__overall">{words.overall[report.state]}</p>
          <p className="quiet">{looking ? words.looking : <time dateTime={report.at}>{words.lookedAt(formatDateTime(report.at))}</time>}</p>
          <ul className="health__findings" tabIndex={0} aria-label={words.title}>
            {[...report.findings].sort((one, other) => order[one.state] - order[other.state]).map((finding) => <Finding key={finding.check} finding={finding} />)}
          </ul>
        </div>
      )}
      <div className="dialog__actions">
        <ActionButton onPress={save} disabled={looking} testId="save-diagnostics">
          {words.save}
        </ActionButton>
        <ActionButton onPress={look} keyName="F5" disabled={looking} testId="health-again">
          {words.again}
        </ActionButton>
        <EscapeButton tone="main" first onPress={onClose}>{words.close}</EscapeButton>
      </div>
    </Dialog>
  );
}

function Finding({ finding: { check, state, sentence, command } }: { readonly finding: HealthFinding }) {
  return (
    <li className="health__finding" data-testid="health-finding" data-check={check} data-state={state}>
      <span className={`badge tone--${tones[state]}`}>
        <Icon name={icons[state]} />
        {words.states[state]}
      </span>
      <div>
        <h3>{words.checks[check]}</h3>
        <p>{sentence}</p>
        {command === undefined ? null : (
          <div className="health__command">
            <code className="code" aria-label={words.command}>
              {command}
            </code>
            <CopyButton text={command} what={words.checks[check]} />
          </div>
        )}
      </div>
    </li>
  );
}
