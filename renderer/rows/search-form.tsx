import { useRef, type ReactNode, type RefObject } from 'react';
import { terminatorTailMilliseconds } from '../logic/scan-buffer';

interface SearchFormProps {
  readonly words: Readonly<Record<'filter' | 'text' | 'textPlaceholder' | 'find' | 'clear', string>>;
  /** Lays out the fields. */
  readonly layout?: string;
  readonly field: RefObject<HTMLInputElement | null>;
  readonly text: string;
  readonly onText: (text: string) => void;
  /** Further fields. */
  readonly children: ReactNode;
  /** Whether what is in the fields is on the page already. */
  readonly shown: boolean;
  /** Whether the page leaves something out. */
  readonly filtered: boolean;
  readonly onFind: () => void;
  /** Enter on what is found already. */
  readonly onOpenFound: () => void;
  readonly onClear: () => void;
}

/** The search of a page of rows. A text is searched with Enter, so that a scan is one search. */
export function SearchForm({ words, layout = 'acceptance__filter', field, text, onText, children, shown, filtered, onFind, onOpenFound, onClear }: SearchFormProps) {
  const submittedAt = useRef(-Infinity);
  const submit = (): void => {
    const now = performance.now();
    // The line feed that follows a scanner's carriage return is no wish to open the device.
    if (shown) return now - submittedAt.current < terminatorTailMilliseconds ? undefined : onOpenFound();
    submittedAt.current = now;
    onFind();
  };
  return (
    <form
      className={`filter ${layout}`}
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
          onChange={(event) => onText(event.target.value)}
        />
      </label>
      {children}
      <button type="submit" className="button button--main">
        {words.find}
        <kbd aria-hidden="true">Enter</kbd>
      </button>
      <button type="button" className="button button--plain" data-testid="show-all" disabled={!filtered} onClick={onClear}>
        {words.clear}
      </button>
    </form>
  );
}
