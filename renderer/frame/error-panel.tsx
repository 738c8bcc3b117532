import type { ReactNode } from 'react';
import type { ErrorReport } from '../contract';
import { Icon } from './icons';

interface ErrorPanelProps {
  readonly error: ErrorReport;
  /** Instead of the error's sentence alone. */
  readonly children?: ReactNode;
  /** Something else reads it aloud already. */
  readonly silent?: boolean;
}

export function ErrorPanel({ error, children = error.sentence, silent = false }: ErrorPanelProps) {
  return (
    <div className="error-panel" role={silent ? undefined : 'alert'} data-testid="error-panel" data-code={error.code}>
      <Icon name="failed" />
      <p>{children}</p>
    </div>
  );
}
