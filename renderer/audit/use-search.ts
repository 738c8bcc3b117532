import { useEffect, useState } from 'react';
import type { ErrorReport, FoundDevicesView } from '../contract';
import { rangeOfDays } from '../logic/days';
import type { RecordSearch } from '../state/page';
import { devicesOnPage } from '../state/page';
import { ask } from '../station';
import { texts } from '../texts';

export interface Found {
  readonly found: FoundDevicesView | undefined;
  /** Where the rows in `found` begin. */
  readonly offset: number;
  readonly error: ErrorReport | undefined;
}

/** What a search asks main for, without its page. */
export function paramsOf({ text, batch, operator, from, to }: RecordSearch) {
  return { ...(text === '' ? {} : { text }), ...(batch === '' ? {} : { batch }), ...(operator === '' ? {} : { operator }), ...rangeOfDays(from, to) };
}

/** One page of the search; the old rows stay until the new ones are there. */
export function useSearch(search: RecordSearch): Found {
  const [result, setResult] = useState<Found>({ found: undefined, offset: 0, error: undefined });
  useEffect(() => {
    let outdated = false;
    const { offset, from, to } = search;
    if (from !== '' && to !== '' && to < from) {
      setResult((old) => ({ ...old, error: { code: 'usage', sentence: texts.audit.wrongDays } }));
      return undefined;
    }
    void ask('searchDevices', { ...paramsOf(search), limit: devicesOnPage, offset }).then((reply) => {
      if (outdated) return;
      if (reply.ok) setResult({ found: reply.value, offset, error: undefined });
      else setResult((old) => ({ ...old, error: reply.error }));
    });
    return () => {
      outdated = true;
    };
  }, [search]);
  return result;
}
