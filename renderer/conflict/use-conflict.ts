import { useCallback, useEffect, useRef, useState } from 'react';
import type { ActionEntry, ConflictView, ErrorReport, RevocationReason } from '../contract';
import { ask } from '../station';

/** choices: what can be done is shown. confirm: the identity must be typed. server: the server is at it. */
export type ConflictStep = 'choices' | 'confirm' | 'server';

const pollMilliseconds = 3000;

export interface ConflictControl {
  readonly step: ConflictStep;
  readonly view: ConflictView;
  readonly error: ErrorReport | undefined;
  /** What the server is told. */
  readonly doing: 'decommission' | 'reject' | 'wait' | undefined;
  readonly askToConfirm: () => void;
  readonly back: () => void;
  readonly decommission: (typed: string, reason: RevocationReason) => void;
  readonly reject: () => void;
  readonly wait: () => void;
}

/** The steps of a conflict. `onFree` is called when nobody has the identity any more. */
export function useConflict(first: ConflictView, onFree: () => void): ConflictControl {
  const [view, setView] = useState(first);
  const [step, setStep] = useState<ConflictStep>('choices');
  const [doing, setDoing] = useState<ConflictControl['doing']>();
  const [error, setError] = useState<ErrorReport>();
  const left = useRef(false);
  const free = useRef(onFree);
  free.current = onFree;
  useEffect(() => {
    left.current = false;
    return () => {
      left.current = true;
    };
  }, []);

  /** Who has it now. @returns whether somebody still has */
  const look = useCallback(async (): Promise<boolean> => {
    const reply = await ask('conflict', { identity: view.identity });
    if (left.current) return true;
    if (!reply.ok) {
      setError(reply.error);
      return true;
    }
    if (reply.value === undefined) {
      free.current();
      return false;
    }
    setView(reply.value);
    return true;
  }, [view.identity]);

  const tell = useCallback(
    (what: 'decommission' | 'reject', call: () => Promise<{ readonly ok: true; readonly value: ActionEntry } | { readonly ok: false; readonly error: ErrorReport }>): void => {
      setError(undefined);
      setDoing(what);
      setStep('server');
      void call().then(async (reply) => {
        if (left.current) return;
        if (reply.ok) await look();
        else setError(reply.error);
        setDoing(undefined);
        // Back to where it can be tried again.
        setStep(reply.ok || what === 'reject' ? 'choices' : 'confirm');
      });
    },
    [look],
  );

  const { serverDeviceId } = view;
  const decommission: ConflictControl['decommission'] = (typed, reason) => {
    if (serverDeviceId === undefined) return;
    tell('decommission', () => ask('decommission', { identity: view.identity, serverDeviceId, confirmation: typed, ...(view.recorded?.revokes === true ? { reason } : {}) }));
  };
  const reject = (): void => {
    const set = view.server?.authSets.find((each) => each.status === 'pending');
    if (serverDeviceId === undefined || set === undefined) return;
    tell('reject', () => ask('reject', { identity: view.identity, serverDeviceId, authSetId: set.id }));
  };

  const waiting = doing === 'wait';
  useEffect(() => {
    if (!waiting) return undefined;
    const timer = setInterval(() => void look(), pollMilliseconds);
    return () => clearInterval(timer);
  }, [waiting, look]);

  return {
    step,
    view,
    error,
    doing,
    askToConfirm: () => {
      setError(undefined);
      setStep('confirm');
    },
    back: () => {
      setError(undefined);
      setDoing(undefined);
      setStep('choices');
    },
    decommission,
    reject,
    wait: () => {
      setError(undefined);
      setDoing('wait');
      setStep('server');
    },
  };
}
