import { Dialog } from '../frame/dialog';
import { ask } from '../station';
import { texts } from '../texts';
import { PinForm } from './pin-form';

const { person: words } = texts.access;

interface OwnPinDialogProps {
  readonly name: string;
  /** It was changed. */
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Whoever is signed in changes their own PIN, in any role. */
export function OwnPinDialog({ name, onDone, onClose }: OwnPinDialogProps) {
  return (
    <Dialog title={words.ownPinTitle(name)} onClose={onClose}>
      <p className="quiet people-note">{words.ownPinHint}</p>
      <PinForm own onSave={(newPin, pin) => changeMyPin(newPin, pin, onDone)} onBack={onClose} />
    </Dialog>
  );
}

/** @returns what is wrong with it */
export async function changeMyPin(newPin: string, pin: string, onDone: () => void) {
  const reply = await ask('changeMyPin', { pin, newPin });
  if (!reply.ok) return reply.error;
  onDone();
  return undefined;
}
