import { useCallback, useEffect, useState } from 'react';
import type { BatchLine, ErrorReport, PlannedIdentity, PlannedState } from '../contract';
import { ask } from '../station';

export interface OrdersControl {
  /** Undefined before they came. */
  readonly lines: readonly BatchLine[] | undefined;
  readonly error: ErrorReport | undefined;
  readonly change: (batch: string, change: 'paused' | 'resumed' | 'closed') => Promise<void>;
  readonly reload: () => void;
}

/** @param freshness another text where devices or orders may have changed */
export function useOrders(freshness: string): OrdersControl {
  const [lines, setLines] = useState<readonly BatchLine[]>();
  const [error, setError] = useState<ErrorReport>();
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((now) => now + 1), []);

  useEffect(() => {
    let left = false;
    void ask('batchLines', {}).then((reply) => {
      if (left) return;
      if (reply.ok) setLines(reply.value);
      else setError(reply.error);
    });
    return () => {
      left = true;
    };
  }, [round, freshness]);

  const change = useCallback(
    async (batch: string, what: 'paused' | 'resumed' | 'closed'): Promise<void> => {
      const reply = await ask('changeOrder', { batch, change: what });
      setError(reply.ok ? undefined : reply.error);
      reload();
    },
    [reload],
  );

  return { lines, error, change, reload };
}

/** The first identities of an order in one state. */
export function usePlanned(batch: string, state: PlannedState, limit: number, freshness: string): readonly PlannedIdentity[] {
  const [planned, setPlanned] = useState<readonly PlannedIdentity[]>([]);
  useEffect(() => {
    let left = false;
    void ask('plannedIdentities', { batch, state, limit, offset: 0 }).then((reply) => {
      if (!left) setPlanned(reply.ok ? reply.value : []);
    });
    return () => {
      left = true;
    };
  }, [batch, state, limit, freshness]);
  return planned;
}
