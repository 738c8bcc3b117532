import { useEffect, useState } from 'react';
import type { DeviceList, ErrorReport } from '../contract';
import { readIdentityFilter } from '../logic/identity';
import { ask } from '../station';
import type { DeviceSearch } from '../state/page';
import { devicesOnPage } from '../state/page';
import { texts } from '../texts';

export interface FoundDevices {
  readonly found: DeviceList | undefined;
  /** Where the rows in `found` begin; the search may be a page ahead of them. */
  readonly offset: number;
  readonly error: ErrorReport | undefined;
}

/** One page of the record, asked again whenever the search changes. The old rows stay until the new ones are there. */
export function useDevices(search: DeviceSearch, scanAttribute: string): FoundDevices {
  const [result, setResult] = useState<FoundDevices>({ found: undefined, offset: 0, error: undefined });
  useEffect(() => {
    let outdated = false;
    const filter = readIdentityFilter(search.text, scanAttribute);
    if (!filter.ok) {
      setResult((old) => ({ ...old, error: { code: 'usage', sentence: texts.devices.wrongFilter(filter.part) } }));
      return undefined;
    }
    const { state, offset } = search;
    void ask('devices', { limit: devicesOnPage, offset, ...(filter.identity === undefined ? {} : { identity: filter.identity }), ...(state === undefined ? {} : { state }) }).then((reply) => {
      if (outdated) return;
      if (reply.ok) setResult({ found: reply.value, offset, error: undefined });
      else setResult((old) => ({ ...old, error: reply.error }));
    });
    return () => {
      outdated = true;
    };
  }, [search, scanAttribute]);
  return result;
}
