import { createContext, useCallback, useContext, useEffect, useState } from 'react';
import type { AccessView, ErrorReport } from '../contract';
import { ask, listen } from '../station';

/** Who is let in, for whoever shows it. */
export const AccessContext = createContext<AccessView | undefined>(undefined);

export function useWho(): AccessView | undefined {
  return useContext(AccessContext);
}

/** Main's word on who is at the window; undefined until it came. */
export function useAccess(): { readonly access: AccessView | undefined; readonly problem: ErrorReport | undefined; readonly reload: () => void } {
  const [access, setAccess] = useState<AccessView>();
  const [problem, setProblem] = useState<ErrorReport>();
  const reload = useCallback(() => {
    void ask('access', {}).then((reply) => {
      if (reply.ok) setAccess(reply.value);
      else setProblem(reply.error);
    });
  }, []);
  useEffect(() => {
    const end = listen('access', setAccess);
    reload();
    return end;
  }, [reload]);
  return { access, problem: access === undefined ? problem : undefined, reload };
}
