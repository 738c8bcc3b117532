import { Dialog } from '../frame/dialog';
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
        <button type="button" className="button button--main" autoFocus onClick={onClose}>
          {words.close}
          <kbd aria-hidden="true">Esc</kbd>
        </button>
      </div>
    </Dialog>
  );
}
