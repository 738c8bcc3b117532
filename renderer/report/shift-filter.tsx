import { useState } from 'react';
import type { ReportWish } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { ownError } from '../logic/of-main';
import { texts } from '../texts';

const { report: words } = texts;

const spans = ['shift', 'before', 'sign-in', 'span'] as const satisfies readonly ReportWish['which'][];

interface Typed {
  readonly which: ReportWish['which'];
  readonly from: string;
  readonly until: string;
  readonly batch: string;
  readonly operator: string;
}

/** Which time, batch and person the report is about. */
export function ShiftFilter({ wish, onWish }: { readonly wish: ReportWish; readonly onWish: (wish: ReportWish) => void }) {
  const [typed, setTyped] = useState<Typed>({ which: wish.which, from: localOf(wish.from), until: localOf(wish.until), batch: wish.batch ?? '', operator: wish.operator ?? '' });
  const change = (part: Partial<Typed>): void => setTyped((old) => ({ ...old, ...part }));
  const choose = (which: ReportWish['which']): void => {
    const next = { ...typed, which };
    setTyped(next);
    if (which !== 'span') onWish(wishOf(next));
  };
  const isWrong = typed.which === 'span' && typed.from !== '' && typed.until !== '' && typed.until <= typed.from;
  const field = (name: 'from' | 'until' | 'batch' | 'operator') => (
    <label className="field">
      {words[name]}
      <input type={name === 'from' || name === 'until' ? 'datetime-local' : 'search'} data-testid={`report-${name}`} value={typed[name]} maxLength={200} spellCheck={false} autoComplete="off" onChange={(event) => change({ [name]: event.target.value })} />
    </label>
  );
  return (
    <form
      className="filter report__filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isWrong) onWish(wishOf(typed));
      }}
    >
      <label className="field">
        {words.span}
        <select data-testid="report-span" value={typed.which} onChange={(event) => choose(spans.find((each) => each === event.target.value) ?? 'shift')}>
          {spans.map((which) => (
            <option key={which} value={which}>
              {words.spans[which]}
            </option>
          ))}
        </select>
      </label>
      {typed.which === 'span' ? (
        <>
          {field('from')}
          {field('until')}
        </>
      ) : null}
      {field('batch')}
      {field('operator')}
      <button type="submit" className="button button--plain" data-testid="report-show">
        {words.show}
        <kbd aria-hidden="true">Enter</kbd>
      </button>
      {isWrong ? <ErrorPanel error={ownError('usage', words.wrongSpan)} /> : null}
    </form>
  );
}

function wishOf({ which, from, until, batch, operator }: Typed): ReportWish {
  const moments = which === 'span' ? { ...(from === '' ? {} : { from: new Date(from).toISOString() }), ...(until === '' ? {} : { until: new Date(until).toISOString() }) } : {};
  return { which, ...moments, ...(batch.trim() === '' ? {} : { batch: batch.trim() }), ...(operator.trim() === '' ? {} : { operator: operator.trim() }) };
}

/** As the field of a moment has it. */
function localOf(iso: string | undefined): string {
  if (iso === undefined) return '';
  const moment = new Date(iso);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
