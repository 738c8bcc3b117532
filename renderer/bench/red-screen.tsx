import { useEffect, useRef } from 'react';
import { createPortal } from 'react-dom';
import { ActionButton } from '../frame/action-button';
import { Icon } from '../frame/icons';
import { SaidText } from '../frame/said';
import type { Said } from '../logic/of-main';
import { texts } from '../texts';

interface RedScreenProps {
  readonly said: Said;
  readonly onDismiss: () => void;
}

/**
 * A code that must not pass unseen, for eyes two metres away. It takes neither the focus nor the keys, so the next scan goes where
 * it belongs. Over a dialog it lies inside it: whatever is outside of a modal dialog can be neither seen nor read aloud.
 */
export function RedScreen({ said, onDismiss }: RedScreenProps) {
  const newest = useRef(onDismiss);
  newest.current = onDismiss;
  useEffect(() => {
    // Before any dialog or page hears of the key.
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.repeat) newest.current();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, []);
  const dialogs = document.querySelectorAll('dialog[open]');
  return createPortal(
    <div className="red-screen" role="alert" data-testid="red-screen">
      <Icon name="failed" />
      <strong>{texts.desk.redScreen}</strong>
      <p>
        <SaidText words={said} />
      </p>
      <small>{texts.desk.redScreenHint}</small>
      <ActionButton testId="dismiss-red-screen" keyName="Esc" onPress={onDismiss} icon={<Icon name="next" />}>
        {texts.desk.dismiss}
      </ActionButton>
    </div>,
    dialogs[dialogs.length - 1] ?? document.body,
  );
}
