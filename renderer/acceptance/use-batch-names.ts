import { useEffect, useState } from 'react';
import { ask } from '../station';

/** Names of the newest batches, for the filter. Without them it is typed. */
export function useBatchNames(freshness: string): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    let left = false;
    void ask('batches', {}).then((reply) => {
      if (!left && reply.ok) setNames(reply.value.map((summary) => summary.batch));
    });
    return () => {
      left = true;
    };
  }, [freshness]);
  return names;
}
