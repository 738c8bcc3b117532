import { useCallback, useEffect, useRef, useState } from 'react';
import type { ErrorReport } from '../contract';
import { RowPages, rowsOnPage, type RowPage } from '../logic/row-pages';

export interface RowsOnPage<Row, Facts> {
  /** Undefined before anything came. */
  readonly total: number | undefined;
  /** What comes with every page besides its rows. */
  readonly facts: Facts | undefined;
  readonly error: ErrorReport | undefined;
  readonly row: (index: number) => Row | undefined;
  /** These rows are on the screen. */
  readonly show: (first: number, last: number) => void;
  /** Another one with every other search, and with none of its pages: whoever scrolls to a place does it then. */
  readonly arrival: object | undefined;
}

type Load<Row, Facts> = (offset: number, limit: number) => Promise<{ readonly ok: true; readonly value: RowPage<Row, Facts> } | { readonly ok: false; readonly error: ErrorReport }>;

interface Shown<Row, Facts> {
  readonly pages: RowPages<Row, Facts, ErrorReport> | undefined;
  readonly error: ErrorReport | undefined;
  /** Counts what came, so that the same pages are drawn again. */
  readonly version: number;
}

/**
 * The rows of a search. The old search stays on the screen until the first rows of the new one are there.
 *
 * @param search another text: another search, asked for by the `load` of that moment
 * @param current the row where the page begins
 * @param freshness another value: everything is fetched again
 */
export function useRowPages<Row, Facts>(search: string, load: Load<Row, Facts>, current: number, freshness: string): RowsOnPage<Row, Facts> {
  const [shown, setShown] = useState<Shown<Row, Facts>>({ pages: undefined, error: undefined, version: 0 });
  const newest = useRef<RowPages<Row, Facts, ErrorReport> | undefined>(undefined);
  const place = useRef(current);
  place.current = current;

  useEffect(() => {
    let left = false;
    const pages: RowPages<Row, Facts, ErrorReport> = new RowPages({
      load,
      changed: () => {
        if (left) return;
        setShown((old) => ({
          pages: pages.total === undefined ? old.pages : pages,
          error: pages.problem,
          version: old.version + 1,
        }));
      },
    });
    newest.current = pages;
    const first = Math.max(0, place.current - rowsOnPage / 2);
    pages.show(first, first);
    return () => {
      left = true;
    };
  }, [search]);

  const mounted = useRef(freshness);
  useEffect(() => {
    if (mounted.current === freshness) return;
    mounted.current = freshness;
    newest.current?.refresh();
  }, [freshness]);

  const { pages } = shown;
  return {
    total: pages?.total,
    facts: pages?.facts,
    error: shown.error,
    row: (index) => pages?.row(index),
    show: useCallback((first: number, last: number) => pages?.show(first, last), [pages]),
    arrival: pages,
  };
}
