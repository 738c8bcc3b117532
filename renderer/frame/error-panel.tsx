import type { ReactNode } from 'react';
import type { ShownError } from '../logic/of-main';
import { Icon } from './icons';
import { ErrorText } from './said';

interface ErrorPanelProps {
  readonly error: ShownError;
  /** Instead of the error's sentence alone. */
  readonly children?: ReactNode;
}

export function ErrorPanel({ error, children = <ErrorText error={error} /> }: ErrorPanelProps) {
  return (
    <div className="error-panel" role="alert" data-testid="error-panel" data-code={error.code}>
      <Icon name="failed" />
      <p>{children}</p>
    </div>
  );
}
