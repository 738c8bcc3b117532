import type { CertificateList, CertificateParams, CertificateRowView } from '../contract';
import { useRowPages, type RowsOnPage } from '../rows/use-row-pages';
import type { CertificateSearch } from '../state/page';
import { ask } from '../station';

export type Certificates = RowsOnPage<CertificateRowView, CertificateList['counts']>;

/** What expires when, soonest first. */
export function useCertificates(search: CertificateSearch, freshness: string): Certificates {
  const { current, ...filters } = search;
  return useRowPages(
    JSON.stringify(filters),
    async (offset, limit) => {
      const reply = await ask('certificates', paramsOf(filters, offset, limit));
      if (!reply.ok) return reply;
      return { ok: true, value: { rows: reply.value.rows, total: reply.value.total, facts: reply.value.counts } };
    },
    current,
    freshness,
  );
}

function paramsOf({ text, state, withinHours }: Omit<CertificateSearch, 'current'>, offset: number, limit: number): CertificateParams {
  return { limit, offset, ...(text === '' ? {} : { text }), ...(state === undefined ? {} : { state }), ...(withinHours === undefined ? {} : { withinHours }) };
}
