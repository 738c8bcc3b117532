import { texts } from '../texts';
import { Icon } from './icons';
import { English } from './said';

/** Stands on every page of the practice bench. */
export function PracticeStrip() {
  return (
    <div className="practice" data-testid="practice-mark">
      <strong className="practice__badge">{texts.practice.badge}</strong>
      <span className="practice__sentence">{texts.practice.sentence}</span>
    </div>
  );
}

/** Main's warnings: they stay until their cause is gone. */
export function WarningStrip({ warnings }: { readonly warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  return (
    <ul className="warnings" aria-label={texts.warnings}>
      {warnings.map((warning) => (
        <li key={warning}>
          <Icon name="warning" />
          <English>{warning}</English>
        </li>
      ))}
    </ul>
  );
}
