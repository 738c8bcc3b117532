import { useCallback, useEffect, useState } from 'react';
import type { BatchSummary, BatchView, ErrorReport } from '../contract';
import { ask, listen } from '../station';

export interface BatchesControl {
  /** Undefined before they came. */
  readonly batches: readonly BatchSummary[] | undefined;
  /** The chosen one with its devices that are not accepted. */
  readonly batch: BatchView | undefined;
  readonly error: ErrorReport | undefined;
  readonly signing: boolean;
  readonly choose: (batch: string | undefined) => void;
  /** @returns whether it is signed */
  readonly signOff: (batch: string, remark: string) => Promise<boolean>;
}

export function useBatches(): BatchesControl {
  const [batches, setBatches] = useState<readonly BatchSummary[]>();
  const [chosen, setChosen] = useState<string>();
  const [batch, setBatch] = useState<BatchView>();
  const [error, setError] = useState<ErrorReport>();
  const [signing, setSigning] = useState(false);
  const [round, setRound] = useState(0);

  useEffect(() => listen('watch', (watch) => (watch.asking ? undefined : setRound((now) => now + 1))), []);

  useEffect(() => {
    let left = false;
    void ask('batches', {}).then((reply) => {
      if (left) return;
      if (reply.ok) setBatches(reply.value);
      else setError(reply.error);
    });
    return () => {
      left = true;
    };
  }, [round]);

  useEffect(() => {
    if (chosen === undefined) {
      setBatch(undefined);
      return undefined;
    }
    let left = false;
    void ask('batch', { batch: chosen }).then((reply) => {
      if (left) return;
      setError(reply.ok ? undefined : reply.error);
      setBatch(reply.ok ? reply.value : undefined);
    });
    return () => {
      left = true;
    };
  }, [chosen, round]);

  const signOff = useCallback(async (name: string, remark: string): Promise<boolean> => {
    setSigning(true);
    const reply = await ask('signOff', remark === '' ? { batch: name } : { batch: name, remark });
    setSigning(false);
    setError(reply.ok ? undefined : reply.error);
    setRound((now) => now + 1);
    return reply.ok;
  }, []);

  return { batches, batch, error, signing, choose: setChosen, signOff };
}
