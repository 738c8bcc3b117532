import { useEffect, useState } from 'react';
import type { ErrorReport, WindowReply } from '../contract';

const interval = 30_000;

/** What `read` says: again when the key changes, when cards have moved, and every half minute. The old one stays until the new one is there. */
export function useFresh<T>(key: string, freshness: string, read: () => Promise<WindowReply<T>>): { readonly value: T | undefined; readonly error: ErrorReport | undefined } {
  const [found, setFound] = useState<{ readonly value: T | undefined; readonly error: ErrorReport | undefined }>({ value: undefined, error: undefined });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTurn((last) => last + 1), interval);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    let outdated = false;
    void read().then((reply) => {
      if (outdated) return;
      setFound((old) => (reply.ok ? { value: reply.value, error: undefined } : { value: old.value, error: reply.error }));
    });
    return () => {
      outdated = true;
    };
    // `read` is new at each rendering; what it asks for is the key.
  }, [key, freshness, turn]);
  return found;
}
