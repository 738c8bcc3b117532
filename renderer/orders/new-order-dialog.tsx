import { useEffect, useRef, useState } from 'react';
import type { CountParams, ErrorReport, OrderContentParams, OrderKind, OrderView } from '../contract';
import { Dialog } from '../frame/dialog';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { ErrorText } from '../frame/said';
import { ask } from '../station';
import { texts } from '../texts';
import { CounterFields } from './counter-fields';
import { ListImport } from './list-import';
import { useList } from './use-list';

const { form: words, facts } = texts.orders;
const kinds: readonly OrderKind[] = ['list', 'counter', 'open'];

interface NewOrderDialogProps {
  readonly onClose: () => void;
  readonly onMade: (order: OrderView) => void;
}

/** A batch is ordered: its name and where it goes, and where its identities come from. Nothing is kept before the last button. */
export function NewOrderDialog({ onClose, onMade }: NewOrderDialogProps) {
  const [kind, setKind] = useState<OrderKind>('list');
  const [given, setGiven] = useState({ batch: '', customer: '', workOrder: '', pallet: '', quantity: '' });
  const [attributes, setAttributes] = useState<readonly { readonly name: string; readonly mac: boolean }[]>([]);
  const [counts, setCounts] = useState<readonly CountParams[]>([]);
  const [error, setError] = useState<ErrorReport>();
  const [ordering, setOrdering] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const list = useList();

  useEffect(() => {
    void ask('orderAttributes', {}).then((reply) => {
      if (!reply.ok) return setError(reply.error);
      setAttributes(reply.value);
      setCounts(reply.value.map(({ name, mac }) => ({ name, prefix: '', first: mac ? '000000' : '0001', hexadecimal: mac, step: 1 })));
    });
  }, []);

  const content = (): OrderContentParams | undefined => {
    const quantity = given.quantity.trim() === '' ? undefined : Number(given.quantity);
    if (kind === 'open') return { kind, quantity };
    if (kind === 'counter') return { kind, quantity: quantity ?? 0, counts: [...counts] };
    return list.source === undefined ? undefined : { kind, source: list.source, reading: list.reading, onlyGood: (list.view?.bad ?? 0) > 0 };
  };

  const order = (): void => {
    const wanted = content();
    if (wanted === undefined || ordering) return;
    const fact = (text: string): string | undefined => (text.trim() === '' ? undefined : text.trim());
    setOrdering(true);
    void ask('createOrder', { request: { batch: given.batch, customer: fact(given.customer), workOrder: fact(given.workOrder), pallet: fact(given.pallet), content: wanted } }).then((reply) => {
      setOrdering(false);
      if (reply.ok) return onMade(reply.value);
      setError(reply.error);
      form.current?.querySelector<HTMLElement>(`[data-field="${reply.error.field ?? ''}"]`)?.focus();
    });
  };

  const field = (name: keyof typeof given, label: string, more: { readonly placeholder?: string; readonly autoFocus?: boolean } = {}) => (
    <label className="field">
      {label}
      <input type="text" data-testid={`order-${name}`} data-field={name} value={given[name]} maxLength={200} autoComplete="off" spellCheck={false} {...more} onChange={(event) => setGiven((now) => ({ ...now, [name]: event.target.value }))} />
    </label>
  );
  const bad = kind === 'list' ? (list.view?.bad ?? 0) : 0;
  const ready = !ordering && given.batch.trim() !== '' && (kind !== 'list' || (list.view !== undefined && list.view.good > 0));

  return (
    <Dialog title={words.title} onClose={onClose} className="dialog--wide new-order">
      <form
        data-scans
        ref={form}
        data-testid="new-order-form"
        onSubmit={(event) => {
          event.preventDefault();
          // A scanner's Enter in a field leads to the next one; bad rows are left out by the button alone.
          if (ready && bad === 0) order();
        }}
      >
        <div className="new-order__facts">
          {field('batch', words.name, { placeholder: words.namePlaceholder, autoFocus: true })}
          {field('customer', facts.customer)}
          {field('workOrder', facts.workOrder)}
          {field('pallet', facts.pallet)}
        </div>
        <fieldset className="new-order__kinds">
          <legend>{words.from}</legend>
          {kinds.map((each) => (
            <label key={each} className="check">
              <input type="radio" name="kind" data-testid={`kind-${each}`} checked={kind === each} onChange={() => setKind(each)} />
              {words.sources[each]}
            </label>
          ))}
        </fieldset>
        {kind === 'list' ? <ListImport list={list} attributes={attributes.map(({ name }) => name)} /> : null}
        {kind === 'counter' ? <CounterFields attributes={attributes} counts={counts} onCounts={setCounts} /> : null}
        {kind === 'list' ? null : <div className="new-order__quantity">{field('quantity', kind === 'open' ? words.quantityOptional : words.quantity)}</div>}
        {error === undefined ? null : (
          <ErrorPanel error={error}>
            <ErrorText error={error} />
            {error.expected === undefined ? null : <small>{words.expected(error.expected)}</small>}
          </ErrorPanel>
        )}
        <div className="dialog__actions">
          <EscapeButton onPress={onClose}>{words.back}</EscapeButton>
          {bad === 0 ? (
            <button type="submit" className="button button--main" data-testid="make-order" disabled={!ready}>
              {ordering ? words.ordering : words.order}
              <kbd aria-hidden="true">Enter</kbd>
            </button>
          ) : (
            <button type="button" className="button button--main" data-testid="order-only-good" disabled={!ready} onClick={order}>
              {ordering ? words.ordering : words.onlyGood(list.view?.good ?? 0)}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
