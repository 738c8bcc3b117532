import { useLayoutEffect, useRef, useState } from 'react';
import type { RecordSearch } from '../state/page';
import { emptyRecordSearch } from '../state/page';
import { texts } from '../texts';

const { audit: words } = texts;

type Field = 'batch' | 'operator' | 'from' | 'to';

/** A scanner fills the first field, and its Enter finds. */
export function SearchForm({ search, onSearch }: { readonly search: RecordSearch; readonly onSearch: (search: RecordSearch) => void }) {
  const [typed, setTyped] = useState(search);
  const text = useRef<HTMLInputElement>(null);
  // What is there from before is replaced by the next scan.
  useLayoutEffect(() => text.current?.select(), []);
  const change = (part: Partial<RecordSearch>): void => setTyped((old) => ({ ...old, ...part }));
  const field = (name: Field, label: string, type: 'search' | 'date') => (
    <label className="field">
      {label}
      <input type={type} data-testid={`record-${name}`} value={typed[name]} maxLength={200} spellCheck={false} autoComplete="off" onChange={(event) => change({ [name]: event.target.value })} />
    </label>
  );
  return (
    <form
      className="filter audit__filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        text.current?.select();
        onSearch({ ...typed, text: typed.text.trim(), batch: typed.batch.trim(), operator: typed.operator.trim(), offset: 0 });
      }}
    >
      <label className="field audit__text">
        {words.text}
        <input ref={text} type="search" autoFocus data-testid="record-text" value={typed.text} placeholder={words.textPlaceholder} maxLength={1000} spellCheck={false} autoComplete="off" onChange={(event) => change({ text: event.target.value })} />
      </label>
      {field('batch', words.batch, 'search')}
      {field('operator', words.operator, 'search')}
      {field('from', words.from, 'date')}
      {field('to', words.to, 'date')}
      <button type="submit" className="button button--main">
        {words.find}
        <kbd aria-hidden="true">Enter</kbd>
      </button>
      <button
        type="button"
        className="button button--plain"
        onClick={() => {
          setTyped(emptyRecordSearch);
          onSearch(emptyRecordSearch);
          text.current?.focus();
        }}
      >
        {words.clear}
      </button>
    </form>
  );
}
