import { useEffect, useState, type RefObject } from 'react';
import { spans } from '../logic/certificates';
import { SearchForm } from '../rows/search-form';
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
  useEffect(() => setText(search.text), [search.text]);

  const wanted = text.trim();
  return (
    <SearchForm
      words={words}
      field={field}
      text={text}
      onText={setText}
      shown={wanted === search.text}
      filtered={search.text !== '' || search.withinHours !== undefined}
      onFind={() => onSearch({ ...search, text: wanted, current: 0 })}
      onOpenFound={onOpenFound}
      onClear={() => onSearch({ ...search, text: '', withinHours: undefined, current: 0 })}
    >
      <label className="field">
        {words.within}
        <select
          data-testid="filter-within"
          value={search.withinHours ?? ''}
          onChange={(event) => onSearch({ ...search, text: wanted, withinHours: event.target.value === '' ? undefined : Number(event.target.value), current: 0 })}
        >
          <option value="">{words.any}</option>
          {spans.map((hours) => (
            <option key={hours} value={hours}>
              {words.spans[hours]}
            </option>
          ))}
        </select>
      </label>
    </SearchForm>
  );
}
