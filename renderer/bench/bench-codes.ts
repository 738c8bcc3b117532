import type { BenchView, SlotView } from '../contract';
import { readBenchCode } from '../logic/command-codes';
import { nextToTakeOut } from '../logic/desk';
import { canCancel } from '../logic/slots';
import { texts } from '../texts';
import type { BenchSignals } from './use-bench-signals';
import type { SlotActions } from './use-slot-actions';

const { desk: words } = texts;

interface Parts {
  readonly bench: BenchView;
  readonly selected: SlotView | undefined;
  readonly actions: SlotActions;
  readonly signals: BenchSignals;
  readonly select: (slot: SlotView) => void;
  /** Closes what a red screen left open. */
  readonly close: () => void;
}

/** Does what a scanned command says. @returns false where the text is no command */
export function runBenchCode(text: string, { bench, selected, actions, signals, select, close }: Parts): boolean {
  const code = readBenchCode(text);
  if (code === undefined) return false;
  const { slots } = bench;
  const ofState = (...states: readonly SlotView['state'][]): SlotView | undefined =>
    selected !== undefined && states.includes(selected.state) ? selected : slots.find(({ state }) => states.includes(state));
  switch (code.command) {
    case 'start': {
      const slot = ofState('ready');
      if (slot === undefined) signals.bad(words.nothingReady);
      else {
        signals.good(words.started(slot.name));
        actions.startSlot(slot);
      }
      return true;
    }
    case 'cancel': {
      const slot = selected !== undefined && canCancel(selected) ? selected : slots.find(canCancel);
      if (slot === undefined) signals.bad(words.nothingRuns);
      else signals.good(actions.cancelSlot(slot) === 'ask' ? words.cancelAsked : words.cancelled);
      return true;
    }
    case 'next': {
      if (signals.alarm !== undefined || document.querySelector('[data-testid="conflict"]') !== null) {
        close();
        return true;
      }
      const slot = nextToTakeOut(slots);
      if (slot === undefined) {
        signals.bad(words.nothingToTakeOut);
        return true;
      }
      actions.clearSlot(slot);
      const following = nextToTakeOut(slots.filter((other) => other !== slot));
      signals.good(following === undefined ? words.takenOut(slot.name) : `${words.takenOut(slot.name)} ${words.takeOutNext(following.name)}`, following === undefined ? 'accepted' : 'take-out');
      select(following ?? slot);
      return true;
    }
    case 'reject': {
      const slot = ofState('ready');
      if (slot === undefined) signals.bad(words.nothingToTakeBack);
      else {
        signals.good(words.tookBack(slot.name));
        actions.takeBack(slot);
        select(slot);
      }
      return true;
    }
    case 'repeat': {
      const slot = ofState('failed', 'cancelled');
      if (slot?.identity === undefined) signals.again();
      else {
        signals.good(words.repeated(slot.name));
        actions.scanFreed(slot.name, slot.identity);
      }
      return true;
    }
    case 'slot': {
      const slot = slots[code.slot - 1];
      if (slot === undefined) signals.bad(words.noSuchSlot(code.slot));
      else {
        signals.good(words.chosen(slot.name));
        select(slot);
      }
      return true;
    }
    case 'sign-in':
      // The window took it already where somebody signs in.
      signals.bad(words.noSignIn);
      return true;
    case 'unknown':
      signals.raise(words.unknownCommand);
      return true;
  }
}
