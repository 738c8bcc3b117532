import type { RefObject } from 'react';
import { useEffect, useRef, useState } from 'react';
import { spans } from '../logic/certificates';
import { terminatorTailMilliseconds } from '../logic/scan-buffer';
import type { CertificateSearch } from '../state/page';
import { texts } from '../texts';

interface CertificateFilterProps {
  readonly search: CertificateSearch;
  readonly field: RefObject<HTMLInputElement | null>;
  readonly onSearch: (search: CertificateSearch) => void;
  /** Enter on what is found already. */
  readonly onOpenFound: () => void;
}

const { certificates: words } = texts;

/** Which certificates are looked for. A text is searched with Enter, so that a scan is one search; a span at once. */
export function CertificateFilter({ search, field, onSearch, onOpenFound }: CertificateFilterProps) {
  const [text, setText] = useState(search.text);
  const submittedAt = useRef(-Infinity);
  useEffect(() => setText(search.text), [search.text]);

  const submit = (): void => {
    const wanted = text.trim();
    const now = performance.now();
    // The line feed that follows a scanner's carriage return is no wish to open the device.
    if (wanted === search.text) return now - submittedAt.current < terminatorTailMilliseconds ? undefined : onOpenFound();
    submittedAt.current = now;
    onSearch({ ...search, text: wanted, current: 0 });
  };
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
      <label className="field">
        {words.within}
        <select
          data-testid="filter-within"
          value={search.withinHours ?? ''}
          onChange={(event) => onSearch({ ...search, text: text.trim(), withinHours: event.target.value === '' ? undefined : Number(event.target.value), current: 0 })}
        >
          <option value="">{words.any}</option>
          {spans.map((hours) => (
            <option key={hours} value={hours}>
              {words.spans[hours]}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className="button button--main">
        {words.find}
        <kbd aria-hidden="true">Enter</kbd>
      </button>
      <button type="button" className="button button--plain" data-testid="show-all" disabled={search.text === '' && search.withinHours === undefined} onClick={() => onSearch({ ...search, text: '', withinHours: undefined, current: 0 })}>
        {words.clear}
      </button>
    </form>
  );
}
