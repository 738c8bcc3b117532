import type { SlotView } from '../contract';
import { ActionButton } from '../frame/action-button';
import { Icon } from '../frame/icons';
import { canRenew } from '../logic/slots';
import { texts } from '../texts';
import type { SlotActions } from './use-slot-actions';

interface SlotButtonsProps {
  readonly slot: SlotView;
  readonly practice: boolean;
  readonly actions: SlotActions;
  readonly onConflict: () => void;
  /** Absent where nothing is renewed here. */
  readonly onRenew: (() => void) | undefined;
}

/** The keys of the selected slot as buttons. Each has its place for good, so a gloved hand finds it without looking. */
export function SlotButtons({ slot, practice, actions, onConflict, onRenew }: SlotButtonsProps) {
  const { cancel, powerOn, clear } = actions.targets;
  const asked = cancel !== undefined && actions.cancelQuestion?.slot === cancel.name;
  /** Says which slot a key is meant for where that is not the selected one. */
  const named = (text: string, target: SlotView | undefined): string => (target === undefined || target.name === slot.name ? text : texts.actions.inSlot(text, target.name));
  return (
    <div className="slot-buttons" role="group" aria-label={texts.actions.label(slot.name)}>
      {slot.hasConflict ? (
        <ActionButton testId="show-conflict" keyName="Enter" tone="main" onPress={onConflict} icon={<Icon name="warning" />}>
          {texts.actions.conflict}
        </ActionButton>
      ) : (
        <ActionButton testId="start" keyName="Enter" tone={slot.state === 'ready' ? 'main' : 'plain'} disabled={slot.state !== 'ready'} onPress={actions.start} icon={<Icon name="running" />}>
          {texts.actions.start}
        </ActionButton>
      )}
      <ActionButton
        testId="cancel"
        keyName="Esc"
        tone={asked ? 'danger' : 'plain'}
        disabled={cancel === undefined}
        onPress={actions.cancel}
        icon={<Icon name="cancelled" />}
      >
        {named(asked ? texts.actions.cancelAgain : texts.actions.cancel, cancel)}
      </ActionButton>
      {practice ? (
        <ActionButton testId="power-on" keyName="F6" tone={powerOn === undefined ? 'plain' : 'main'} disabled={powerOn === undefined} onPress={actions.powerOn} icon={<Icon name="power" />}>
          {named(texts.actions.powerOn, powerOn)}
        </ActionButton>
      ) : null}
      {onRenew === undefined ? null : (
        <ActionButton testId="renew" keyName="Ctrl+E" disabled={!canRenew(slot)} onPress={onRenew} icon={<Icon name="certificate" />}>
          {texts.actions.renew}
        </ActionButton>
      )}
      <ActionButton testId="clear" keyName="F7" tone={clear === undefined || clear.canPowerOn ? 'plain' : 'main'} disabled={clear === undefined} onPress={actions.clear} icon={<Icon name="next" />}>
        {named(texts.actions.clear, clear)}
      </ActionButton>
    </div>
  );
}
