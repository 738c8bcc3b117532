import type { RefObject } from 'react';
import { useEffect, useRef, useState } from 'react';
import { terminatorTailMilliseconds } from '../logic/scan-buffer';
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
  const submittedAt = useRef(-Infinity);
  useEffect(() => {
    setText(search.text);
    setBatch(search.batch);
    setProfileName(search.profileName);
  }, [search.text, search.batch, search.profileName]);

  const submit = (): void => {
    const next = { text: text.trim(), batch: batch.trim(), profileName: profileName.trim() };
    const same = next.text === search.text && next.batch === search.batch && next.profileName === search.profileName;
    const now = performance.now();
    // The line feed that follows a scanner's carriage return is no wish to open the device.
    if (same) return now - submittedAt.current < terminatorTailMilliseconds ? undefined : onOpenFound();
    submittedAt.current = now;
    onSearch({ ...search, ...next, current: 0 });
  };
  const filtered = search.text !== '' || search.batch !== '' || search.profileName !== '';
  return (
    <form
      className="filter acceptance__filter"
      role="search"
      aria-label={words.filter}
      onSubmit={(event) => {
        event.preventDefault();
        // The next scan replaces this text.
        field.current?.select();
        submit();
      }}
    >
      <label className="field filter__identity">
        {words.text}
        <input
          ref={field}
          type="search"
          autoFocus
          data-testid="filter-text"
          value={text}
          maxLength={1000}
          placeholder={words.textPlaceholder}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <NameField label={words.batch} testId="filter-batch" value={batch} names={batches} onChange={setBatch} />
      <NameField label={words.profile} testId="filter-profile" value={profileName} names={profiles} onChange={setProfileName} />
      <button type="submit" className="button button--main">
        {words.find}
        <kbd aria-hidden="true">Enter</kbd>
      </button>
      <button type="button" className="button button--plain" data-testid="show-all" disabled={!filtered} onClick={() => onSearch({ ...search, text: '', batch: '', profileName: '', current: 0 })}>
        {words.clear}
      </button>
    </form>
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
