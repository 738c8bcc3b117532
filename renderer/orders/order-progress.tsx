import type { OrderView } from '../contract';
import { Icon } from '../frame/icons';
import { formatCount, formatShare, percentOf } from '../logic/format';
import { texts } from '../texts';

const { orders: words } = texts;

/** How far an order is: number, bar, yield and what is left. */
export function OrderProgress({ order }: { readonly order: OrderView }) {
  const { batch, quantity, tally, left } = order;
  const percent = quantity === undefined ? undefined : percentOf(tally.made, quantity);
  return (
    <span className="order-progress" data-testid="order-progress" data-made={tally.made} data-left={left}>
      {percent === undefined ? null : (
        <span className="order-progress__bar" role="progressbar" aria-label={words.progress(batch)} aria-valuemin={0} aria-valuemax={quantity} aria-valuenow={tally.made}>
          <span style={{ width: `${String(percent)}%` }} />
        </span>
      )}
      <strong>{words.made(formatCount(tally.made), quantity === undefined ? undefined : formatCount(quantity))}</strong>
      {left === undefined ? null : <span>{left === 0 && tally.making === 0 ? words.complete : words.left(formatCount(left))}</span>}
      {tally.making === 0 ? null : <span>{words.making(formatCount(tally.making))}</span>}
      {order.yield === undefined ? null : <span title={words.yieldMeaning}>{words.yield(formatShare(order.yield))}</span>}
    </span>
  );
}

/** The same in the bench's own line; a batch that begins nothing says so there. */
export function BenchOrder({ order }: { readonly order: OrderView }) {
  return (
    <div className="bench-order" data-testid="bench-order" data-state={order.state}>
      {order.state === 'open' ? null : (
        <strong className="bench-order__stopped">
          <Icon name="warning" />
          {words.stopped[order.state]}
        </strong>
      )}
      <OrderProgress order={order} />
    </div>
  );
}
