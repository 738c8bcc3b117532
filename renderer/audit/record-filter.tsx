import { useEffect, useState, type RefObject } from 'react';
import { SearchForm } from '../rows/search-form';
import type { RecordSearch } from '../state/page';
import { emptyRecordSearch } from '../state/page';
import { texts } from '../texts';

interface RecordFilterProps {
  readonly search: RecordSearch;
  readonly field: RefObject<HTMLInputElement | null>;
  readonly onSearch: (search: RecordSearch) => void;
  /** Enter on what is found already. */
  readonly onOpenFound: () => void;
}

const { audit: words } = texts;

type Asked = Omit<RecordSearch, 'offset'>;
const names = ['text', 'batch', 'operator', 'from', 'to'] as const satisfies readonly (keyof Asked)[];

/** What an auditor looks for. Nothing is searched before Enter, so that a scan is one search. */
export function RecordFilter({ search, field, onSearch, onOpenFound }: RecordFilterProps) {
  const [typed, setTyped] = useState<Asked>(search);
  const { text, batch, operator, from, to } = search;
  // Another page of the same search takes away nothing that is typed meanwhile.
  useEffect(() => setTyped({ text, batch, operator, from, to }), [text, batch, operator, from, to]);
  const change = (part: Partial<Asked>): void => setTyped((old) => ({ ...old, ...part }));

  const next: Asked = { ...typed, text: typed.text.trim(), batch: typed.batch.trim(), operator: typed.operator.trim() };
  const input = (name: 'batch' | 'operator' | 'from' | 'to', label: string, type: 'search' | 'date') => (
    <label className="field">
      {label}
      <input type={type} data-testid={`record-${name}`} value={typed[name]} maxLength={200} spellCheck={false} autoComplete="off" onChange={(event) => change({ [name]: event.target.value })} />
    </label>
  );
  return (
    <SearchForm
      words={words}
      layout="audit__filter"
      field={field}
      text={typed.text}
      onText={(more) => change({ text: more })}
      shown={names.every((name) => next[name] === search[name])}
      filtered={names.some((name) => typed[name] !== '')}
      onFind={() => onSearch({ ...next, offset: 0 })}
      onOpenFound={onOpenFound}
      onClear={() => {
        onSearch(emptyRecordSearch);
        setTyped(emptyRecordSearch);
        field.current?.focus();
      }}
    >
      {input('batch', words.batch, 'search')}
      {input('operator', words.operator, 'search')}
      {input('from', words.from, 'date')}
      {input('to', words.to, 'date')}
    </SearchForm>
  );
}
