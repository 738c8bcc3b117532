import type { ErrorReport } from '../contract';
import { texts } from '../texts';
import { ErrorPanel } from './error-panel';

/** Instead of the bench, where main could not give one. */
export function ProblemPage({ problem, onRetry }: { readonly problem: ErrorReport; readonly onRetry: () => void }) {
  return (
    <main className="problem" id="content">
      <h1>{texts.problems.title}</h1>
      <ErrorPanel error={problem} />
      <button type="button" className="button button--main" autoFocus onClick={onRetry}>
        {texts.problems.retry}
        <kbd aria-hidden="true">Enter</kbd>
      </button>
    </main>
  );
}
