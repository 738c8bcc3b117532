import type { SlotView } from '../contract';
import { hasEnded } from './slots';

/** A first Escape on a running slot. */
export interface CancelQuestion {
  readonly slot: string;
  /** When it was asked, in milliseconds of any steady clock. */
  readonly askedAt: number;
}

export const cancelQuestionMilliseconds = 3000;

/** What Escape does to a slot: a running card asks once more, a prepared one is dropped at once. */
export function escapeMeaning(slot: SlotView, question: CancelQuestion | undefined, now: number): 'ask' | 'cancel' | 'clear' | 'nothing' {
  if (slot.state === 'ready') return slot.canCancel ? 'cancel' : 'clear';
  if (!slot.canCancel || hasEnded(slot.state)) return 'nothing';
  const asked = question?.slot === slot.name && now - question.askedAt < cancelQuestionMilliseconds;
  return asked ? 'cancel' : 'ask';
}
