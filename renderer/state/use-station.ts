import { useCallback, useEffect, useReducer } from 'react';
import type { BenchView, SlotView } from '../contract';
import { refused, told, type ShownNotice } from '../logic/of-main';
import { ask, listen } from '../station';
import type { StationState } from './station-state';
import { nextStation, unknownStation } from './station-state';

export interface Station {
  readonly state: StationState;
  /** Asks main for the bench again. */
  readonly reload: () => void;
  readonly showSlot: (slot: SlotView) => void;
  readonly notify: (notice: ShownNotice) => void;
  readonly dismiss: (number: number) => void;
  readonly answerSecret: (requestId: string, value: string | undefined, keep: boolean) => void;
  readonly answerCode: (requestId: string, code: string | undefined) => void;
}

/** The one subscription of the window to main. */
export function useStation(): Station {
  const [state, dispatch] = useReducer(nextStation, unknownStation);

  const notify = useCallback((notice: ShownNotice) => dispatch({ type: 'notice', notice }), []);
  const dismiss = useCallback((number: number) => dispatch({ type: 'dismiss', number }), []);
  const showSlot = useCallback((slot: SlotView) => dispatch({ type: 'slot', slot }), []);

  const reload = useCallback(() => {
    void ask('bench', {}).then((reply) => {
      if (reply.ok) dispatch({ type: 'bench', bench: reply.value });
      else dispatch({ type: 'problem', problem: reply.error });
    });
  }, []);

  useEffect(() => {
    const ends = [
      listen('bench', (bench: BenchView) => dispatch({ type: 'bench', bench })),
      listen('slot', (slot) => dispatch({ type: 'slot', slot })),
      listen('secretQuestion', (question) => dispatch({ type: 'question', question })),
      listen('codeQuestion', (code) => dispatch({ type: 'code', code })),
      listen('outbox', (outbox) => dispatch({ type: 'outbox', outbox })),
      listen('notice', ({ sentence, tone }) => dispatch({ type: 'notice', notice: told(sentence, tone) })),
    ];
    reload();
    return () => {
      for (const end of ends) end();
    };
  }, [reload]);

  const answerSecret = useCallback((requestId: string, value: string | undefined, keep: boolean) => {
    dispatch({ type: 'answered', requestId });
    const params = value === undefined ? { requestId, keep } : { requestId, value, keep };
    void ask('answerSecret', params).then((reply) => {
      if (!reply.ok) dispatch({ type: 'notice', notice: refused(reply.error) });
    });
  }, []);

  const answerCode = useCallback((requestId: string, code: string | undefined) => {
    dispatch({ type: 'answered', requestId });
    void ask('answerCode', code === undefined ? { requestId } : { requestId, code }).then((reply) => {
      if (!reply.ok) dispatch({ type: 'notice', notice: refused(reply.error) });
    });
  }, []);

  return { state, reload, showSlot, notify, dismiss, answerSecret, answerCode };
}
