import { useEffect, useState } from 'react';
import type { ErrorReport, LogHealthView } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { Icon, type IconName } from '../frame/icons';
import { formatDateTime } from '../logic/format';
import { ask } from '../station';
import { texts } from '../texts';

const { log: words } = texts.audit;

type CheckResult = NonNullable<LogHealthView['check']>['result'];
const icons: Readonly<Record<CheckResult, IconName>> = { running: 'running', sound: 'done', broken: 'failed' };
const tones: Readonly<Record<CheckResult, string>> = { running: 'open', sound: 'done', broken: 'failed' };

/** How the log behind the record stands. */
export function LogPanel() {
  const [health, setHealth] = useState<LogHealthView>();
  const [error, setError] = useState<ErrorReport>();
  useEffect(() => {
    let left = false;
    void ask('logHealth', {}).then((reply) => {
      if (left) return;
      if (reply.ok) setHealth(reply.value);
      else setError(reply.error);
    });
    return () => {
      left = true;
    };
  }, []);
  return (
    <section className="panel" aria-label={words.title} data-testid="log-panel" data-available={health?.available}>
      <header className="panel__head">
        <h2>{words.title}</h2>
      </header>
      {error === undefined ? null : <ErrorPanel error={error} />}
      {health === undefined ? null : (
        <>
          {health.available ? null : (
            <p className="badge tone--waiting">
              <Icon name="warning" />
              {words.missing}
            </p>
          )}
          <p>{health.sentence}</p>
          {health.available ? <Facts health={health} /> : null}
        </>
      )}
    </section>
  );
}

function Facts({ health: { size, checkpoint, anchor, check } }: { readonly health: LogHealthView }) {
  return (
    <>
      {check === undefined ? null : (
        <div>
          <p className={`badge badge--big tone--${tones[check.result]}`} data-testid="log-check">
            <Icon name={icons[check.result]} />
            {`${words.check}: ${words.results[check.result]}`}
          </p>
          <p>{check.sentence}</p>
        </div>
      )}
      <dl className="facts">
        <dt>{words.size}</dt>
        <dd>{size?.toLocaleString('en') ?? words.none}</dd>
        <dt>{words.checkpoint}</dt>
        <dd>{checkpoint === undefined ? words.none : words.at(checkpoint.size.toLocaleString('en'), formatDateTime(checkpoint.at))}</dd>
        <dt>{words.anchor}</dt>
        <dd>{anchor === undefined ? words.none : words.anchorAt(anchor.size.toLocaleString('en'), formatDateTime(anchor.at), anchor.place)}</dd>
      </dl>
    </>
  );
}
