import { Fragment, type ReactNode } from 'react';
import type { AccessView } from '../contract';
import { ProblemPage } from '../frame/problem-page';
import { useKeys } from '../state/use-keys';
import { ask } from '../station';
import { LockScreen } from './lock-screen';
import { SetUp } from './set-up';
import { AccessContext, useAccess } from './use-access';

/**
 * The pages, or what stands instead of them while nobody is let in. Main refuses by itself; this shows it. The pages are taken
 * away altogether, so that nothing that one person typed or looked for is there for the next.
 */
export function AccessGate({ children }: { readonly children: (access: AccessView) => ReactNode }) {
  const { access, problem, reload } = useAccess();

  useKeys((event) => {
    const { key, ctrlKey, altKey, metaKey } = event;
    if (!ctrlKey || altKey || metaKey || key.toLowerCase() !== 'l' || access?.mode !== 'operators') return;
    event.preventDefault();
    if (!event.repeat) void ask('lock', {});
  });

  if (problem !== undefined) return <ProblemPage problem={problem} onRetry={reload} />;
  if (access === undefined) return null;
  if (access.state === 'set-up') return <SetUp />;
  if (access.state === 'locked') return <LockScreen access={access} />;
  // Another page for another person, also where they came without a lock between: the first admin of a single person's station.
  return (
    <AccessContext.Provider value={access}>
      <Fragment key={`${access.mode} ${access.operator ?? ''}`}>{children(access)}</Fragment>
    </AccessContext.Provider>
  );
}
