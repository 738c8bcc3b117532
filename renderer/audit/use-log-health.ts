import { useEffect, useState } from 'react';
import type { ErrorReport, LogHealthView } from '../contract';
import { ask, listen } from '../station';

export interface LogHealthOnPage {
  readonly health: LogHealthView | undefined;
  readonly error: ErrorReport | undefined;
}

/** What other processes log and sign comes by no event; it is read again this often while somebody looks. */
const everyMilliseconds = 3000;

/** How the log stands, kept up to date: a check by main's events, the rest by asking. */
export function useLogHealth(): LogHealthOnPage {
  const [shown, setShown] = useState<LogHealthOnPage>({ health: undefined, error: undefined });
  useEffect(() => {
    let left = false;
    let told = 0;
    const end = listen('logHealth', (health) => {
      told += 1;
      setShown({ health, error: undefined });
    });
    const look = (): void => {
      const before = told;
      void ask('logHealth', {}).then((reply) => {
        // An event that came meanwhile is newer.
        if (left || told !== before) return;
        setShown((old) => (reply.ok ? { health: reply.value, error: undefined } : { ...old, error: reply.error }));
      });
    };
    look();
    const timer = setInterval(look, everyMilliseconds);
    return () => {
      left = true;
      clearInterval(timer);
      end();
    };
  }, []);
  return shown;
}
