import { useCallback, useEffect, useState } from 'react';
import type { ErrorReport, OperatorChange, OperatorRole, OperatorsView, WindowReply } from '../contract';
import { ask } from '../station';
import type { NewPerson } from './person-form';

/** What is wrong with it; undefined where it was done. */
type Answer = Promise<ErrorReport | undefined>;

export interface OperatorsControl {
  /** Undefined before it came. */
  readonly view: OperatorsView | undefined;
  /** They could not be read. */
  readonly problem: ErrorReport | undefined;
  readonly makeFirstAdmin: (admin: NewPerson) => Answer;
  readonly add: (person: NewPerson, role: OperatorRole) => Answer;
  readonly change: (name: string, change: OperatorChange) => Answer;
  readonly setIdleMinutes: (minutes: number) => Answer;
}

/** Main's word on who may sign in, read again after each change. Nothing is kept here of a PIN or a badge. */
export function useOperators(): OperatorsControl {
  const [view, setView] = useState<OperatorsView>();
  const [problem, setProblem] = useState<ErrorReport>();

  const reload = useCallback(async (): Promise<void> => {
    const reply = await ask('operators', {});
    if (reply.ok) setView(reply.value);
    setProblem(reply.ok ? undefined : reply.error);
  }, []);
  useEffect(() => void reload(), [reload]);

  const after = async (asked: Promise<WindowReply<void>>): Answer => {
    const reply = await asked;
    await reload();
    return reply.ok ? undefined : reply.error;
  };

  return {
    view,
    problem,
    // The page goes with it: somebody else is signed in then.
    makeFirstAdmin: async (admin) => {
      const reply = await ask('makeFirstAdmin', admin);
      return reply.ok ? undefined : reply.error;
    },
    add: (person, role) => after(ask('addOperator', { ...person, role })),
    change: (name, change) => after(ask('changeOperator', { name, change })),
    setIdleMinutes: (minutes) => after(ask('setIdleMinutes', { minutes })),
  };
}
