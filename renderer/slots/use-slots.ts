import { useCallback, useEffect, useState } from 'react';
import type { ErrorReport, SlotsView } from '../contract';
import { ask, listen } from '../station';

export interface SlotsControl {
  readonly view: SlotsView | undefined;
  readonly error: ErrorReport | undefined;
  readonly bind: () => void;
  readonly finish: () => void;
  readonly stop: () => void;
  readonly reload: () => void;
}

/** The slots and drives as main tells them, for as long as the dialog is open. */
export function useSlots(): SlotsControl {
  const [view, setView] = useState<SlotsView>();
  const [error, setError] = useState<ErrorReport>();

  const show = useCallback((reply: { readonly ok: true; readonly value: SlotsView } | { readonly ok: false; readonly error: ErrorReport }) => {
    setError(reply.ok ? undefined : reply.error);
    if (reply.ok) setView(reply.value);
  }, []);

  useEffect(() => {
    const end = listen('slots', (slots: SlotsView) => setView(slots));
    void ask('slots', {}).then(show);
    return end;
  }, [show]);

  return {
    view,
    error,
    reload: () => void ask('slots', {}).then(show),
    bind: () => void ask('bindSlots', {}).then(show),
    finish: () => void ask('endBinding', { keep: true }).then(show),
    stop: () => void ask('endBinding', { keep: false }).then(show),
  };
}
