import { Dialog } from '../frame/dialog';
import { EscapeButton } from '../frame/escape-button';
import { texts } from '../texts';

const { compromised: words } = texts;

/** What to do when the authority itself cannot be trusted any more. The administrator's runbook says the same. */
export function CompromisedDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title={words.title} onClose={onClose} className="dialog--wide">
      <div className="escalation" data-testid="compromised">
        <p>{words.intro}</p>
        <ol>
          {words.steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </div>
      <div className="dialog__actions">
        <EscapeButton tone="main" first onPress={onClose}>{words.close}</EscapeButton>
      </div>
    </Dialog>
  );
}
