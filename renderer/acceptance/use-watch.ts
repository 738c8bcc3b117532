import { useCallback, useEffect, useState } from 'react';
import type { ErrorReport, WatchView } from '../contract';
import { ask, listen } from '../station';

export interface WatchOnPage {
  readonly watch: WatchView | undefined;
  readonly error: ErrorReport | undefined;
  readonly askNow: () => void;
}

/** The rounds of the watch as main tells them. */
export function useWatch(): WatchOnPage {
  const [watch, setWatch] = useState<WatchView>();
  const [error, setError] = useState<ErrorReport>();
  useEffect(() => {
    let left = false;
    const end = listen('watch', (view) => setWatch(view));
    void ask('watch', {}).then((reply) => {
      if (left) return;
      if (reply.ok) setWatch((now) => now ?? reply.value);
      else setError(reply.error);
    });
    return () => {
      left = true;
      end();
    };
  }, []);
  const askNow = useCallback(() => {
    void ask('askNow', {}).then((reply) => setError(reply.ok ? undefined : reply.error));
  }, []);
  return { watch, error, askNow };
}
