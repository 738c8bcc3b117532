import type { SlotsView } from '../contract';
import { ask } from '../station';
import { texts } from '../texts';

const { layout: words } = texts.desk;

type Layout = NonNullable<SlotsView['layout']>;
const orders = Object.keys(words.orders) as readonly Layout['order'][];
const columns = [1, 2, 3, 4, 5, 6, 7, 8];

interface LayoutFormProps {
  readonly layout: Layout | undefined;
  /** It was kept. */
  readonly onKept: () => void;
}

/** How the slots stand on the desk: the bench shows them the same way. */
export function LayoutForm({ layout, onKept }: LayoutFormProps) {
  const keep = (next: Layout | undefined): void => void ask('setSlotLayout', next === undefined ? {} : { layout: next }).then(onKept);
  return (
    <>
      <h3>{words.title}</h3>
      <div className="layout-form">
        <label className="field field--inline">
          {words.columns}
          <select data-testid="layout-columns" value={layout?.columns ?? ''} onChange={(event) => keep(event.target.value === '' ? undefined : { columns: Number(event.target.value), order: layout?.order ?? 'rows' })}>
            <option value="">{words.automatic}</option>
            {columns.map((count) => (
              <option key={count}>{count}</option>
            ))}
          </select>
        </label>
        <label className="field field--inline">
          {words.order}
          <select data-testid="layout-order" disabled={layout === undefined} value={layout?.order ?? 'rows'} onChange={(event) => keep({ columns: layout?.columns ?? 2, order: orders.find((order) => order === event.target.value) ?? 'rows' })}>
            {orders.map((order) => (
              <option key={order} value={order}>
                {words.orders[order]}
              </option>
            ))}
          </select>
        </label>
      </div>
    </>
  );
}
