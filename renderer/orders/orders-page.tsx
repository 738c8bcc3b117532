import type { KeyboardEvent } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { BatchLine, BenchView } from '../contract';
import { ActionButton } from '../frame/action-button';
import { ErrorPanel } from '../frame/error-panel';
import { Icon } from '../frame/icons';
import { isDialogOpen } from '../logic/elements';
import { rowAfter } from '../logic/rows';
import { useKeys } from '../state/use-keys';
import { texts } from '../texts';
import { NewOrderDialog } from './new-order-dialog';
import { OrderPanel } from './order-panel';
import { OrderProgress } from './order-progress';
import { OrderStateBadge } from './order-state';
import { useOrders } from './use-orders';

const { orders: words } = texts;

interface OrdersPageProps {
  readonly bench: BenchView;
  /** The next devices belong to this batch. */
  readonly onUse: (batch: string) => void;
  readonly onShow: (batch: string) => void;
  readonly onOpen: (deviceId: string) => void;
}

/** Batches: what was ordered, how far it is, and what is left. Arrow keys choose, a scanner finds, Ctrl+I orders. */
export function OrdersPage({ bench, onUse, onShow, onOpen }: OrdersPageProps) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [picked, setPicked] = useState<string | undefined>(bench.batch);
  const [making, setMaking] = useState(false);
  const freshness = `${String(bench.ordersVersion)} ${bench.today[0]?.jobId ?? ''} ${JSON.stringify(bench.counts)} ${JSON.stringify(bench.order?.tally)}`;
  const control = useOrders(freshness);
  const lines = (control.lines ?? []).filter((line) => fits(line, text));
  const chosen = lines.find(({ batch }) => batch === picked) ?? lines[0];
  const allowed = bench.rights.includes('manage-batches');

  useEffect(() => field.current?.focus(), []);
  useKeys((event) => {
    if (isDialogOpen() || event.altKey || event.metaKey) return;
    if (event.key === 'F3') field.current?.focus();
    else if (event.ctrlKey && event.key.toLowerCase() === 'i' && allowed) setMaking(true);
    else return;
    event.preventDefault();
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') return field.current?.select();
    const next = rowAfter(event.key, Math.max(0, lines.findIndex(({ batch }) => batch === chosen?.batch)), lines.length);
    if (next === undefined || event.key === 'Home' || event.key === 'End') return;
    event.preventDefault();
    setPicked(lines[next]?.batch);
  };

  return (
    <main className="orders" id="content" data-testid="orders-page">
      <header className="orders__head">
        <h1>{words.title}</h1>
        <p className="devices__total" role="status" data-testid="orders-total">
          {control.lines === undefined ? '' : words.total(control.lines.length)}
        </p>
        <label className="field orders__find">
          {words.find}
          <input ref={field} type="text" data-testid="find-order" value={text} maxLength={200} placeholder={words.placeholder} spellCheck={false} autoComplete="off" onChange={(event) => setText(event.target.value)} onKeyDown={onKeyDown} />
        </label>
        {allowed ? (
          <ActionButton testId="new-order" tone="main" keyName="Ctrl+I" onPress={() => setMaking(true)} icon={<Icon name="batch" />}>
            {words.make}
          </ActionButton>
        ) : null}
      </header>
      {control.error === undefined ? null : <ErrorPanel error={control.error} />}
      {lines.length === 0 ? (
        <p className="devices__empty">{control.lines === undefined ? words.loading : text.trim() === '' ? words.none : words.noneFits}</p>
      ) : (
        <div className="orders__columns">
          <ul className="orders__list" role="listbox" aria-label={words.list} tabIndex={0} onKeyDown={onKeyDown}>
            {lines.map((line) => (
              <Line key={line.batch} line={line} chosen={line.batch === chosen?.batch} onChoose={() => setPicked(line.batch)} />
            ))}
          </ul>
          {chosen === undefined ? null : <OrderPanel line={chosen} bench={bench} control={control} freshness={`${freshness} ${chosen.order?.state ?? ''}`} onUse={onUse} onShow={onShow} onOpen={onOpen} />}
        </div>
      )}
      {making ? (
        <NewOrderDialog
          onClose={() => setMaking(false)}
          onMade={(order) => {
            setMaking(false);
            setText('');
            setPicked(order.batch);
            control.reload();
          }}
        />
      ) : null}
    </main>
  );
}

function fits({ batch, order }: BatchLine, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return [batch, order?.mes === undefined ? undefined : words.mes, order?.customer, order?.workOrder, order?.pallet].some((each) => each?.toLowerCase().includes(wanted) === true);
}

function Line({ line: { batch, order, summary }, chosen, onChoose }: { readonly line: BatchLine; readonly chosen: boolean; readonly onChoose: () => void }) {
  const signed = summary?.lastSignOff !== undefined;
  return (
    <li
      ref={(element) => {
        if (chosen) element?.scrollIntoView({ block: 'nearest' });
      }}
      role="option"
      className="order-line"
      aria-selected={chosen}
      data-testid="order-line"
      data-batch={batch}
      onClick={onChoose}
    >
      <span className="order-line__top">
        <strong>{batch}</strong>
        <span className="order-line__badges">
          {signed ? (
            <span className="badge tone--accepted">
              <Icon name="accepted" />
              {words.signed}
            </span>
          ) : null}
          {order === undefined ? null : <OrderStateBadge state={order.state} />}
        </span>
      </span>
      <span className="order-line__facts">{order === undefined ? words.typed : [order.mes === undefined ? undefined : words.mes, words.kinds[order.kind], order.customer, order.workOrder, order.pallet].filter((each) => each !== undefined).join(' · ')}</span>
      {order === undefined ? <span className="order-line__facts">{words.made(String(summary?.total ?? 0), undefined)}</span> : <OrderProgress order={order} />}
    </li>
  );
}
