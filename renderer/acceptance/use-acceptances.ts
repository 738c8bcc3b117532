import type { AcceptanceList, AcceptanceParams, AcceptanceRowView } from '../contract';
import { useRowPages, type RowsOnPage } from '../rows/use-row-pages';
import type { AcceptanceSearch } from '../state/page';
import { ask } from '../station';

export type Acceptances = RowsOnPage<AcceptanceRowView, AcceptanceList['counts']>;

/** The rows of QA's page. */
export function useAcceptances(search: AcceptanceSearch, freshness: string): Acceptances {
  const { current, ...filters } = search;
  return useRowPages(
    JSON.stringify(filters),
    async (offset, limit) => {
      const reply = await ask('acceptances', paramsOf(filters, offset, limit));
      if (!reply.ok) return reply;
      return { ok: true, value: { rows: reply.value.rows, total: reply.value.total, facts: reply.value.counts } };
    },
    current,
    freshness,
  );
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
