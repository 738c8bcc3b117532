import type { SlotView } from '../contract';
import { hasEnded } from './slots';

/** A first Escape on a running slot. */
export interface CancelQuestion {
  readonly slot: string;
  /** When it was asked, in milliseconds of any steady clock. */
  readonly askedAt: number;
  /** How long it stands, where that is not the usual time. */
  readonly milliseconds?: number;
}

export const cancelQuestionMilliseconds = 3000;
/** A scanner is put down and taken up again. */
export const scannedCancelMilliseconds = 10_000;

/** What Escape does to a slot: a running card asks once more, a prepared one is dropped at once. */
export function escapeMeaning(slot: SlotView, question: CancelQuestion | undefined, now: number, milliseconds: number = cancelQuestionMilliseconds): 'ask' | 'cancel' | 'clear' | 'nothing' {
  if (slot.state === 'ready') return slot.canCancel ? 'cancel' : 'clear';
  if (!slot.canCancel || hasEnded(slot.state)) return 'nothing';
  const asked = question?.slot === slot.name && now - question.askedAt < milliseconds;
  return asked ? 'cancel' : 'ask';
}
