import type { SlotView } from '../contract';
import { texts } from '../texts';
import { slotSentence } from './of-main';
import { hasEnded } from './slots';

/** What a screen reader says of the slots. */
export interface Announcement {
  /** When whoever listens has heard what went before. */
  readonly polite: string;
  /** At once: a card has stopped. */
  readonly urgent: string;
}

/** The slots that have something to say. Progress is silent, and so are the phases of a card that runs; a slot that was not there before is no news. */
export function changedSlots(before: readonly SlotView[], now: readonly SlotView[]): readonly SlotView[] {
  return now.filter((slot) => {
    const old = before.find((candidate) => candidate.name === slot.name);
    return old !== undefined && (old.state !== slot.state || (slot.state !== 'running' && old.word !== slot.word) || labelNews(old, slot));
  });
}

/** Its label waits, is doubtful, was given up, or is to be scanned: a hand is needed. A label that was printed is none. */
function labelNews({ label: old }: SlotView, { label }: SlotView): boolean {
  if (label === undefined || (old?.state === label.state && old.awaitsScan === label.awaitsScan)) return false;
  return label.awaitsScan || label.state === 'waiting' || label.state === 'doubtful' || label.state === 'failed';
}

/** All that has changed, in one breath. */
export function announce(before: readonly SlotView[], now: readonly SlotView[]): Announcement {
  const changed = changedSlots(before, now);
  const say = (slots: readonly SlotView[]): string => slots.map(sentenceOf).join(' ');
  return { polite: say(changed.filter(({ state }) => state !== 'failed')), urgent: say(changed.filter(({ state }) => state === 'failed')) };
}

function sentenceOf(slot: SlotView): string {
  const { name, state, label } = slot;
  const word = texts.slotWords[slot.word];
  // What to do with a free slot stands at the scan field.
  if (state === 'free') return `${name}: ${word}.`;
  const said = [`${name}: ${word}.`, slotSentence({ ...slot, label: undefined }).said];
  const needsHand = label !== undefined && (label.awaitsScan || label.state !== 'printed');
  if (needsHand) said.push(slotSentence(slot).said);
  // A label goes onto the board before the card is taken out.
  if (hasEnded(state) && label?.awaitsScan !== true) said.push(`${texts.desk.takeOut}.`);
  return said.filter((each) => each !== '').join(' ');
}
