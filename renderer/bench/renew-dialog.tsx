import type { SlotView } from '../contract';
import { Dialog } from '../frame/dialog';
import { EscapeButton } from '../frame/escape-button';
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
          <EscapeButton first onPress={onNo}>{words.no}</EscapeButton>
          <button type="button" className="button button--main" data-testid="confirm-renew" onClick={onYes}>
            <Icon name="certificate" />
            {words.yes}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
