import { useEffect, useState } from 'react';
import type { BatchLine, BenchView, OrderView, PlannedState } from '../contract';
import { BatchPanel } from '../batches/batch-panel';
import { useBatches } from '../batches/use-batches';
import { ActionButton } from '../frame/action-button';
import { Dialog } from '../frame/dialog';
import { TypedConfirmation } from '../frame/typed-confirmation';
import { formatDateTime } from '../logic/format';
import { viewIdentity } from '../logic/identity';
import { texts } from '../texts';
import { OrderProgress } from './order-progress';
import { OrderStateBadge } from './order-state';
import { usePlanned, type OrdersControl } from './use-orders';

const { orders: words } = texts;
const mostShown = 12;

interface OrderPanelProps {
  readonly line: BatchLine;
  readonly bench: BenchView;
  readonly control: OrdersControl;
  readonly freshness: string;
  readonly onUse: (batch: string) => void;
  readonly onShow: (batch: string) => void;
  readonly onOpen: (deviceId: string) => void;
}

/** One batch: what was ordered, how far it is, what can be done to it, and below how its devices stand at the server. */
export function OrderPanel({ line, bench, control, freshness, onUse, onShow, onOpen }: OrderPanelProps) {
  const { batch, order, summary } = line;
  return (
    <div className="order-panel">
      {order === undefined ? null : <OrderFacts order={order} bench={bench} control={control} freshness={freshness} onUse={onUse} />}
      {summary === undefined ? null : <Devices key={batch} batch={batch} bench={bench} onShow={onShow} onOpen={onOpen} onSigned={control.reload} />}
    </div>
  );
}

interface OrderFactsProps {
  readonly order: OrderView;
  readonly bench: BenchView;
  readonly control: OrdersControl;
  readonly freshness: string;
  readonly onUse: (batch: string) => void;
}

function OrderFacts({ order, bench, control, freshness, onUse }: OrderFactsProps) {
  const [closing, setClosing] = useState<string>();
  const { batch, state, range } = order;
  const allowed = bench.rights.includes('manage-batches');
  const facts: readonly (readonly [string, string | undefined])[] = [
    [words.facts.customer, order.customer],
    [words.facts.workOrder, order.workOrder],
    [words.facts.pallet, order.pallet],
    [words.facts.profile, order.profileName],
    [words.facts.origin, order.mes === undefined ? undefined : words.origins[order.mes.source]],
    [words.facts.created, words.by(order.createdBy, formatDateTime(order.createdAt))],
    [words.facts.range, range === undefined ? undefined : words.range(Object.values(range.first).join(' '), Object.values(range.last).join(' '))],
    [words.facts.hash, order.identitiesSha256?.slice(0, 16).concat('…')],
  ];
  return (
    <section className="panel order" aria-label={batch} data-testid="order" data-batch={batch} data-state={state}>
      <header className="panel__head">
        <h2>{batch}</h2>
        <OrderStateBadge state={state} />
      </header>
      <OrderProgress order={order} />
      {order.tally.failures === 0 ? null : <p className="quiet">{words.failed(order.tally.failures)}</p>}
      <dl className="order__facts">
        {facts.map(([name, value]) =>
          value === undefined ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      <div className="order__actions">
        {state === 'open' && bench.rights.includes('provision') && bench.profileName === order.profileName && bench.batch !== batch ? <ActionButton testId="use-batch" tone="main" onPress={() => onUse(batch)}>{words.use}</ActionButton> : null}
        {allowed && state === 'open' ? <ActionButton testId="pause-batch" onPress={() => void control.change(batch, 'paused')}>{words.pause}</ActionButton> : null}
        {allowed && state === 'paused' ? <ActionButton testId="resume-batch" tone="main" onPress={() => void control.change(batch, 'resumed')}>{words.resume}</ActionButton> : null}
        {allowed && state !== 'closed' ? <ActionButton testId="close-batch" onPress={() => setClosing(batch)}>{words.close}</ActionButton> : null}
        {allowed ? null : <p className="quiet">{words.notAllowed(texts.roles[bench.role])}</p>}
      </div>
      {closing === batch ? (
        <Dialog title={words.closeButton} onClose={() => setClosing(undefined)}>
          <TypedConfirmation
            value={batch}
            sentence={words.closeSentence}
            button={words.closeButton}
            onBack={() => setClosing(undefined)}
            onConfirm={(typed) => {
              if (typed !== batch) return;
              setClosing(undefined);
              void control.change(batch, 'closed');
            }}
          />
        </Dialog>
      ) : null}
      <div className="order__identities">
        {(['failed', 'planned'] as const).map((each) => (
          <Planned key={each} batch={batch} state={each} scanAttribute={bench.scanAttribute} freshness={freshness} />
        ))}
      </div>
    </section>
  );
}

function Planned({ batch, state, scanAttribute, freshness }: { readonly batch: string; readonly state: PlannedState; readonly scanAttribute: string; readonly freshness: string }) {
  const planned = usePlanned(batch, state, mostShown + 1, freshness);
  if (planned.length === 0) return null;
  return (
    <section>
      <h3>{words.planned[state]}</h3>
      <ul className="order__list" data-testid={`identities-${state}`}>
        {planned.slice(0, mostShown).map(({ identity }) => {
          const { main } = viewIdentity(identity, scanAttribute);
          return (
            <li key={main} className="code">
              {main}
            </li>
          );
        })}
        {planned.length > mostShown ? <li className="quiet">{words.more}</li> : null}
      </ul>
    </section>
  );
}

interface DevicesProps {
  readonly batch: string;
  readonly bench: BenchView;
  readonly onShow: (batch: string) => void;
  readonly onOpen: (deviceId: string) => void;
  readonly onSigned: () => void;
}

/** How its devices stand at the server, and QA's word on them. */
function Devices({ batch, bench, onShow, onOpen, onSigned }: DevicesProps) {
  const control = useBatches();
  const { choose } = control;
  useEffect(() => choose(batch), [choose, batch]);
  const [asking, setAsking] = useState(false);
  if (control.batch === undefined) return null;
  return (
    <BatchPanel
      view={control.batch}
      bench={bench}
      control={control}
      asking={asking}
      onAsk={() => setAsking(true)}
      onEnd={() => {
        setAsking(false);
        onSigned();
      }}
      onShow={onShow}
      onOpen={onOpen}
    />
  );
}
