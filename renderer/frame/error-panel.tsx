import type { ReactNode } from 'react';
import type { ShownError } from '../logic/of-main';
import { Icon } from './icons';
import { ErrorText } from './said';

interface ErrorPanelProps {
  readonly error: ShownError;
  /** Instead of the error's sentence alone. */
  readonly children?: ReactNode;
  /** Something else reads it aloud already. */
  readonly silent?: boolean;
}

export function ErrorPanel({ error, children = <ErrorText error={error} />, silent = false }: ErrorPanelProps) {
  return (
    <div className="error-panel" role={silent ? undefined : 'alert'} data-testid="error-panel" data-code={error.code}>
      <Icon name="failed" />
      <p>{children}</p>
    </div>
  );
}
