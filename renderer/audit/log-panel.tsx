import { useState } from 'react';
import type { LogHealthView, Notice } from '../contract';
import { ActionButton } from '../frame/action-button';
import { CopyButton } from '../frame/copy-button';
import { ErrorPanel } from '../frame/error-panel';
import { Icon } from '../frame/icons';
import { English } from '../frame/said';
import { isDialogOpen } from '../logic/elements';
import { formatCount, formatDateTime } from '../logic/format';
import { refused } from '../logic/of-main';
import { useKeys } from '../state/use-keys';
import { ask } from '../station';
import { texts } from '../texts';
import { LogCheck } from './log-check';
import { LogKeyDialog } from './log-key-dialog';
import { useLogHealth } from './use-log-health';

const { log: words } = texts.audit;

/** How the log behind the record stands, and its check on demand. */
export function LogPanel({ notify }: { readonly notify: (notice: Notice) => void }) {
  const { health, error } = useLogHealth();
  const [keyOpen, setKeyOpen] = useState(false);
  const running = health?.check.running;
  const logKey = health?.key;

  const press = (): void => {
    if (health === undefined || running?.canCancel === false) return;
    void ask(running === undefined ? 'checkLog' : 'cancelLogCheck', {}).then((reply) => {
      if (!reply.ok) notify(refused(reply.error));
    });
  };

  useKeys((event) => {
    const { key, repeat } = event;
    if ((key !== 'F5' && key !== 'F6') || isDialogOpen()) return;
    event.preventDefault();
    if (repeat) return;
    if (key === 'F5') press();
    else setKeyOpen(logKey !== undefined);
  });

  return (
    <section className="panel" aria-label={words.title} data-testid="log-panel" data-check={running === undefined ? health?.check.last?.result : 'running'} data-size={health?.size}>
      <header className="panel__head">
        <h2>{words.title}</h2>
      </header>
      {error === undefined ? null : <ErrorPanel error={error} />}
      {health === undefined ? null : (
        <>
          {health.trouble === undefined ? null : <ErrorPanel error={{ code: 'record-corrupt', sentence: health.trouble }} />}
          <LogCheck check={health.check} />
          <ActionButton onPress={press} keyName="F5" testId="check-log" disabled={running?.canCancel === false}>
            {running?.canCancel === true ? words.stopCheck : words.checkNow}
          </ActionButton>
          <Facts health={health} />
          <Warnings warnings={health.warnings} />
          {logKey === undefined ? null : (
            <>
              <h3>{words.key}</h3>
              <p className="audit__key code" data-testid="log-key-line">
                {logKey}
              </p>
              <div className="audit__buttons">
                <CopyButton text={logKey} what={words.key} />
                <ActionButton onPress={() => setKeyOpen(true)} keyName="F6" testId="show-log-key">
                  {words.showKey}
                </ActionButton>
              </div>
            </>
          )}
        </>
      )}
      {keyOpen && logKey !== undefined ? <LogKeyDialog logKey={logKey} onClose={() => setKeyOpen(false)} /> : null}
    </section>
  );
}

function Facts({ health: { size, checkpoint, anchor } }: { readonly health: LogHealthView }) {
  return (
    <dl className="facts facts--stacked">
      <dt>{words.size}</dt>
      <dd data-testid="log-size">{size === undefined ? words.none : formatCount(size)}</dd>
      <dt>{words.checkpoint}</dt>
      <dd data-testid="log-checkpoint">{checkpoint === undefined ? words.none : words.at(formatCount(checkpoint.size), formatDateTime(checkpoint.at))}</dd>
      <dt>{words.anchor}</dt>
      <dd data-testid="log-anchor">{anchor === undefined ? words.none : words.anchorAt(formatCount(anchor.size), formatDateTime(anchor.at), anchor.place)}</dd>
    </dl>
  );
}

function Warnings({ warnings }: { readonly warnings: readonly string[] }) {
  return warnings.map((warning) => (
    <p key={warning} className="audit__warning" data-testid="log-warning">
      <Icon name="warning" />
      <English>{warning}</English>
    </p>
  ));
}
