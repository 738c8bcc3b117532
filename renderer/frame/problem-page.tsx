import type { ErrorReport } from '../contract';
import { texts } from '../texts';
import { Icon } from './icons';

/** Instead of the bench, where main could not give one. */
export function ProblemPage({ problem, onRetry }: { readonly problem: ErrorReport; readonly onRetry: () => void }) {
  return (
    <main className="problem" id="content">
      <h1>{texts.problems.title}</h1>
      <div className="error-panel" role="alert" data-testid="error-panel">
        <Icon name="failed" />
        <p>{problem.sentence}</p>
      </div>
      <button type="button" className="button button--main" autoFocus onClick={onRetry}>
        {texts.problems.retry}
        <kbd aria-hidden="true">Enter</kbd>
      </button>
    </main>
  );
}
