import type { LogHealthView } from '../contract';
import { Icon, type IconName } from '../frame/icons';
import { ProgressBar } from '../frame/progress-bar';
import { English } from '../frame/said';
import { formatCount, formatDateTime, percentOf } from '../logic/format';
import { texts } from '../texts';

const { log: words } = texts.audit;

type Result = NonNullable<LogHealthView['check']['last']>['result'];
const icons = { sound: 'done', broken: 'failed', unfinished: 'warning' } satisfies Record<Result, IconName>;
const tones = { sound: 'done', broken: 'failed', unfinished: 'waiting' } satisfies Record<Result, string>;

/** What the log's check of itself found, and how far it is where one is under way. */
export function LogCheck({ check: { running, last } }: { readonly check: LogHealthView['check'] }) {
  return (
    <>
      {running === undefined ? null : <Running done={running.done} total={running.total} />}
      {last === undefined ? (
        running === undefined ? <p className="quiet">{words.notChecked}</p> : null
      ) : (
        <div className="audit__check">
          <p className={`badge badge--big tone--${tones[last.result]}`} role="status" data-testid="log-check" data-result={last.result}>
            <Icon name={icons[last.result]} />
            {words.results[last.result]}
          </p>
          {last.entry === undefined ? null : <p className="audit__entry">{words.entry(formatCount(last.entry))}</p>}
          <p>
            <English>{last.sentence}</English>
          </p>
          <p className="quiet">
            <time dateTime={last.at}>{words.checkedAt(formatDateTime(last.at))}</time>
          </p>
        </div>
      )}
    </>
  );
}

function Running({ done, total }: { readonly done: number; readonly total: number }) {
  const percent = percentOf(done, total);
  return (
    <div className="progress" data-testid="log-check-running">
      <ProgressBar percent={percent} label={words.checking} phase={words.checking} />
      <p className="progress__facts">
        <span className="progress__phase">{words.checking}</span>
        {percent === undefined ? null : <span>{words.of(formatCount(done), formatCount(total))}</span>}
      </p>
    </div>
  );
}
