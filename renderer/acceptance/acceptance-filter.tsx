import { useEffect, useState, type RefObject } from 'react';
import { SearchForm } from '../rows/search-form';
import type { AcceptanceSearch } from '../state/page';
import { texts } from '../texts';

interface AcceptanceFilterProps {
  readonly search: AcceptanceSearch;
  readonly field: RefObject<HTMLInputElement | null>;
  /** Names that were seen, to choose from. */
  readonly batches: readonly string[];
  readonly profiles: readonly string[];
  readonly onSearch: (search: AcceptanceSearch) => void;
  /** Enter on what is found already. */
  readonly onOpenFound: () => void;
}

const { acceptance: words } = texts;

/** What QA looks for. Nothing is searched before Enter, so that a scan is one search. */
export function AcceptanceFilter({ search, field, batches, profiles, onSearch, onOpenFound }: AcceptanceFilterProps) {
  const [text, setText] = useState(search.text);
  const [batch, setBatch] = useState(search.batch);
  const [profileName, setProfileName] = useState(search.profileName);
  useEffect(() => {
    setText(search.text);
    setBatch(search.batch);
    setProfileName(search.profileName);
  }, [search.text, search.batch, search.profileName]);

  const next = { text: text.trim(), batch: batch.trim(), profileName: profileName.trim() };
  return (
    <SearchForm
      words={words}
      field={field}
      text={text}
      onText={setText}
      shown={next.text === search.text && next.batch === search.batch && next.profileName === search.profileName}
      filtered={search.text !== '' || search.batch !== '' || search.profileName !== ''}
      onFind={() => onSearch({ ...search, ...next, current: 0 })}
      onOpenFound={onOpenFound}
      onClear={() => onSearch({ ...search, text: '', batch: '', profileName: '', current: 0 })}
    >
      <NameField label={words.batch} testId="filter-batch" value={batch} names={batches} onChange={setBatch} />
      <NameField label={words.profile} testId="filter-profile" value={profileName} names={profiles} onChange={setProfileName} />
    </SearchForm>
  );
}

interface NameFieldProps {
  readonly label: string;
  readonly testId: string;
  readonly value: string;
  readonly names: readonly string[];
  readonly onChange: (value: string) => void;
}

function NameField({ label, testId, value, names, onChange }: NameFieldProps) {
  const list = `${testId}-names`;
  return (
    <label className="field filter__name">
      {label}
      <input type="text" list={list} data-testid={testId} value={value} maxLength={200} placeholder={words.any} spellCheck={false} autoComplete="off" onChange={(event) => onChange(event.target.value)} />
      <datalist id={list}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}
