import type { SlotView } from '../contract';
import { Dialog } from '../frame/dialog';
import { Icon } from '../frame/icons';
import { texts } from '../texts';

const { renewal: words } = texts;

interface RenewDialogProps {
  readonly slot: SlotView;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

/** Asks once more. Back has the focus: a scanner's Enter must not renew anything. */
export function RenewDialog({ slot, onYes, onNo }: RenewDialogProps) {
  return (
    <Dialog title={words.title(slot.name)} onClose={onNo}>
      <div data-testid="renew-dialog">
        <p className="confirmation__sentence">{words.sentence}</p>
        <div className="dialog__actions">
          <button type="button" className="button button--plain" autoFocus onClick={onNo}>
            {words.no}
            <kbd aria-hidden="true">Esc</kbd>
          </button>
          <button type="button" className="button button--main" data-testid="confirm-renew" onClick={onYes}>
            <Icon name="certificate" />
            {words.yes}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
