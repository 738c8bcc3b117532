import { useCallback, useEffect, useRef, useState } from 'react';
import type { AcceptanceList, AcceptanceParams, AcceptanceRowView, ErrorReport } from '../contract';
import { RowPages, rowsOnPage } from '../logic/row-pages';
import type { AcceptanceSearch } from '../state/page';
import { ask } from '../station';

type Counts = AcceptanceList['counts'];

export interface Acceptances {
  /** Undefined before anything came. */
  readonly total: number | undefined;
  readonly counts: Counts | undefined;
  readonly error: ErrorReport | undefined;
  readonly row: (index: number) => AcceptanceRowView | undefined;
  /** These rows are on the screen. */
  readonly show: (first: number, last: number) => void;
  /** Another one with every other search, and with none of its pages: whoever scrolls to a place does it then. */
  readonly arrival: object | undefined;
}

type Pages = RowPages<AcceptanceRowView, Counts, ErrorReport>;

interface Shown {
  readonly pages: Pages | undefined;
  readonly error: ErrorReport | undefined;
  /** Counts what came, so that the same pages are drawn again. */
  readonly version: number;
}

/**
 * The rows of QA's page. The old search stays on the screen until the first rows of the new one are there.
 *
 * @param freshness another value: everything is fetched again
 */
export function useAcceptances(search: AcceptanceSearch, freshness: string): Acceptances {
  const [shown, setShown] = useState<Shown>({ pages: undefined, error: undefined, version: 0 });
  const newest = useRef<Pages | undefined>(undefined);
  const place = useRef(search.current);
  place.current = search.current;
  const { text, batch, profileName, state } = search;

  useEffect(() => {
    let left = false;
    const pages: Pages = new RowPages({
      load: async (offset, limit) => {
        const reply = await ask('acceptances', paramsOf({ text, batch, profileName, state }, offset, limit));
        if (!reply.ok) return reply;
        return { ok: true, value: { rows: reply.value.rows, total: reply.value.total, facts: reply.value.counts } };
      },
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
  }, [text, batch, profileName, state]);

  const mounted = useRef(freshness);
  useEffect(() => {
    if (mounted.current === freshness) return;
    mounted.current = freshness;
    newest.current?.refresh();
  }, [freshness]);

  const { pages } = shown;
  return {
    total: pages?.total,
    counts: pages?.facts,
    error: shown.error,
    row: (index) => pages?.row(index),
    show: useCallback((first: number, last: number) => pages?.show(first, last), [pages]),
    arrival: pages,
  };
}

function paramsOf({ text, batch, profileName, state }: Omit<AcceptanceSearch, 'current'>, offset: number, limit: number): AcceptanceParams {
  return {
    limit,
    offset,
    ...(text === '' ? {} : { text }),
    ...(batch === '' ? {} : { batch }),
    ...(profileName === '' ? {} : { profileName }),
    ...(state === undefined ? {} : { state }),
  };
}
