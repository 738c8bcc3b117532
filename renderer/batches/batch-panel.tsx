import { AcceptanceBadge } from '../acceptance/acceptance-badge';
import type { BatchView, BenchView } from '../contract';
import { ActionButton } from '../frame/action-button';
import { Icon } from '../frame/icons';
import { English } from '../frame/said';
import { statesInOrder } from '../logic/acceptance-keys';
import { formatCount, formatDateTime } from '../logic/format';
import { viewIdentity } from '../logic/identity';
import { useKeys } from '../state/use-keys';
import { texts } from '../texts';
import { SignOffForm } from './sign-off-form';
import type { BatchesControl } from './use-batches';

const { batches: words } = texts;

interface BatchPanelProps {
  readonly view: BatchView;
  readonly bench: BenchView;
  readonly control: BatchesControl;
  /** The sign-off was asked for and is to be confirmed. */
  readonly asking: boolean;
  readonly onAsk: () => void;
  /** The signing has ended, or was left. */
  readonly onEnd: () => void;
  readonly onShow: (batch: string) => void;
  readonly onOpen: (deviceId: string) => void;
}

/** One batch: how its devices stand, which are not accepted, and the sign-off. */
export function BatchPanel({ view, bench, control, asking, onAsk, onEnd, onShow, onOpen }: BatchPanelProps) {
  const { summary, unaccepted, more } = view;
  const { batch, counts, total, lastSignOff } = summary;
  const allowed = bench.rights.includes('sign-off');

  useKeys((event) => {
    if (event.key !== 'F7' || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (allowed && !event.repeat) onAsk();
  });

  return (
    <section className="panel batch" aria-label={batch} data-testid="batch" data-batch={batch}>
      <header className="panel__head">
        <h3>{batch}</h3>
        <span className="panel__aside">{words.accepted(formatCount(counts.accepted), formatCount(total))}</span>
      </header>
      <ul className="batch__counts">
        {statesInOrder.map((state) => (
          <li key={state} data-state={state}>
            <AcceptanceBadge state={state} />
            <strong>{formatCount(counts[state])}</strong>
          </li>
        ))}
      </ul>
      {asking ? (
        <SignOffForm
          summary={summary}
          operator={bench.operator}
          signing={control.signing}
          onSign={(remark) => {
            void control.signOff(batch, remark).then((signed) => {
              if (signed) onEnd();
            });
          }}
          onLeave={onEnd}
        />
      ) : (
        <>
          <div className="batch__sign">
            <div data-testid="last-sign-off" data-signed={lastSignOff !== undefined}>
              <p className="batch__signed">
                <Icon name={lastSignOff === undefined ? 'free' : 'done'} />
                {lastSignOff === undefined ? words.notSigned : words.signed(lastSignOff.by, formatDateTime(lastSignOff.at))}
              </p>
              {lastSignOff === undefined ? null : <p className="quiet">{words.signedThen(formatCount(lastSignOff.accepted), formatCount(lastSignOff.total))}</p>}
              {lastSignOff?.remark === undefined ? null : <p className="quiet">{words.remark(lastSignOff.remark)}</p>}
            </div>
            {allowed ? (
              <ActionButton testId="sign-off" keyName="F7" tone={lastSignOff === undefined ? 'main' : 'plain'} onPress={onAsk}>
                {lastSignOff === undefined ? words.sign : words.signAgain}
              </ActionButton>
            ) : (
              <p className="quiet">{words.notAllowed(texts.roles[bench.role])}</p>
            )}
          </div>
          <Unaccepted view={view} scanAttribute={bench.scanAttribute} onOpen={onOpen} />
          <div className="batch__more">
            {more > 0 ? <span className="quiet">{words.more(formatCount(more))}</span> : null}
            <button type="button" className="button button--plain" data-testid="show-batch" onClick={() => onShow(batch)}>
              {words.showAll}
            </button>
          </div>
        </>
      )}
      {unaccepted.length === 0 && !asking ? <p className="quiet">{words.allAccepted}</p> : null}
    </section>
  );
}

function Unaccepted({ view, scanAttribute, onOpen }: { readonly view: BatchView; readonly scanAttribute: string; readonly onOpen: (deviceId: string) => void }) {
  if (view.unaccepted.length === 0) return null;
  return (
    <>
      <h4>{words.unaccepted}</h4>
      <ul className="batch__devices">
        {view.unaccepted.map((device) => (
          <li key={device.deviceId}>
            <button type="button" className="batch-device" data-testid="unaccepted" onClick={() => onOpen(device.deviceId)}>
              <span className="code">{viewIdentity(device.identity, scanAttribute).main}</span>
              <AcceptanceBadge state={device.acceptance} />
              <span className="batch-device__sentence" title={device.sentence}>
                {device.diagnosis === undefined ? null : <strong>{texts.diagnoses[device.diagnosis]}. </strong>}
                <English>{device.sentence ?? ''}</English>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
