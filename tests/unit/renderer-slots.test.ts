import { describe, expect, it } from 'vitest';
import type { BenchView, SlotState, SlotView } from '../../renderer/contract';
import { announce, changedSlots } from '../../renderer/logic/announcement';
import { deskOf, neighbourOn, nextToTakeOut } from '../../renderer/logic/desk';
import { cancelQuestionMilliseconds, escapeMeaning } from '../../renderer/logic/cancelling';
import { nextFreeSlot, slotForScan, slotIndexOfDigit } from '../../renderer/logic/slots';
import { nextStation, unknownStation } from '../../renderer/state/station-state';

const words = { free: 'Free', ready: 'Ready', running: 'Writing', done: 'Preauthorized', accepted: 'Accepted', waiting: 'Waiting', cancelled: 'Cancelled', failed: 'Stopped' } as const;

const slot = (number: number, state: SlotState): SlotView => ({
  name: `Slot ${String(number)}`,
  place: '/dev/sdb',
  state,
  word: words[state],
  sentence: '',
  canCancel: state === 'running' || state === 'ready',
  canPowerOn: false,
  hasConflict: false,
});
const slots = (...states: SlotState[]): readonly SlotView[] => states.map((state, index) => slot(index + 1, state));

describe('the slot of the next scan', () => {
  it('is the next free one in the order of the bench, round the end', () => {
    expect(nextFreeSlot(slots('free', 'running', 'done', 'free'), 'Slot 2')?.name).toBe('Slot 4');
    expect(nextFreeSlot(slots('free', 'running', 'done', 'running'), 'Slot 2')?.name).toBe('Slot 1');
    expect(nextFreeSlot(slots('done', 'running'), 'Slot 2')).toBeUndefined();
  });

  it('is the selected one if it is free, else the next free one', () => {
    const bench = slots('running', 'done', 'free', 'free');
    expect(slotForScan(bench, slot(4, 'free'))?.name).toBe('Slot 4');
    for (const selected of [slot(1, 'running'), slot(2, 'done')]) expect(slotForScan(bench, selected)?.name).toBe('Slot 3');
    expect(slotForScan(slots('ready', 'free'), slot(1, 'ready'))?.name).toBe('Slot 2');
  });

  it('is the selected one where none is free: the scan corrects the one before, or follows a result that was seen', () => {
    expect(slotForScan(slots('ready', 'running'), slot(1, 'ready'))?.name).toBe('Slot 1');
    expect(slotForScan(slots('running', 'done'), slot(2, 'done'))?.name).toBe('Slot 2');
  });

  it('never takes a result away that nobody selected', () => {
    expect(slotForScan(slots('running', 'done'), slot(1, 'running'))).toBeUndefined();
  });
});

describe('choosing a slot', () => {
  it('moves in two columns and stops at the edge', () => {
    const desk = deskOf(10, undefined);
    expect(neighbourOn(desk, 0, 'ArrowDown')).toBe(2);
    expect(neighbourOn(desk, 9, 'ArrowDown')).toBe(9);
    expect(neighbourOn(desk, 1, 'ArrowUp')).toBe(1);
    expect(neighbourOn(desk, 2, 'ArrowLeft')).toBe(2);
    expect(neighbourOn(desk, 2, 'ArrowRight')).toBe(3);
  });

  it('counts from one to ten', () => {
    expect(slotIndexOfDigit('1')).toBe(0);
    expect(slotIndexOfDigit('0')).toBe(9);
    expect(slotIndexOfDigit('a')).toBeUndefined();
  });
});

describe('Escape', () => {
  const running = slot(1, 'running');

  it('asks once more before it cancels a running card', () => {
    expect(escapeMeaning(running, undefined, 0)).toBe('ask');
    expect(escapeMeaning(running, { slot: 'Slot 1', askedAt: 0 }, cancelQuestionMilliseconds - 1)).toBe('cancel');
    expect(escapeMeaning(running, { slot: 'Slot 1', askedAt: 0 }, cancelQuestionMilliseconds)).toBe('ask');
  });

  it('never cancels by a question that was asked for another slot', () => {
    expect(escapeMeaning(running, { slot: 'Slot 2', askedAt: 0 }, 1)).toBe('ask');
  });

  it('drops a prepared card at once', () => {
    expect(escapeMeaning(slot(1, 'ready'), undefined, 0)).toBe('cancel');
    expect(escapeMeaning({ ...slot(1, 'ready'), canCancel: false }, undefined, 0)).toBe('clear');
  });

  it('leaves results and a job past its last turn alone', () => {
    for (const state of ['free', 'done', 'accepted', 'failed', 'cancelled', 'waiting'] as const) expect(escapeMeaning(slot(1, state), undefined, 0)).toBe('nothing');
    expect(escapeMeaning({ ...running, canCancel: false }, undefined, 0)).toBe('nothing');
  });
});

describe('what a screen reader hears of the slots', () => {
  const said = (before: SlotView, now: SlotView): { readonly polite: string; readonly urgent: string } => announce([before], [now]);
  const at = (state: SlotState, word: SlotView['word'], sentence: string): SlotView => ({ ...slot(1, state), word, sentence });
  const done = at('done', 'Preauthorized', 'The server expects it.');

  it('is a changed state, neither progress nor the phases of a card at work', () => {
    const progress = { phase: 'write', doneBytes: 1, totalBytes: 2, bytesPerSecond: 0 } as const;
    const before = slots('running', 'ready');
    expect(changedSlots(before, [{ ...slot(1, 'running'), word: 'Verifying', progress }, slot(2, 'ready')])).toEqual([]);
    expect(changedSlots(before, slots('done', 'ready')).map(({ name }) => name)).toEqual(['Slot 1']);
    expect(changedSlots([], before)).toEqual([]);
  });

  it('says a start with its sentence, an end also that the card is to be taken out', () => {
    expect(said(slot(1, 'ready'), at('running', 'Starting', 'mac 1 is being made.')).polite).toBe('Slot 1: Starting. mac 1 is being made.');
    expect(said(slot(1, 'running'), done).polite).toBe('Slot 1: Preauthorized. The server expects it. Take out this card.');
    expect(said(done, at('accepted', 'Accepted', 'The board came.')).polite).toBe('Slot 1: Accepted. The board came. Take out this card.');
    expect(said(done, at('free', 'Free', 'Scan the label of a board.')).polite).toBe('Slot 1: Free.');
  });

  it('says at once that a card has stopped, and why', () => {
    expect(said(slot(1, 'running'), at('failed', 'Stopped', 'The card was pulled.'))).toEqual({ polite: '', urgent: 'Slot 1: Stopped. The card was pulled. Take out this card.' });
    expect(announce(slots('running', 'running'), [done, { ...slot(2, 'failed'), word: 'Stopped' }])).toEqual({
      polite: 'Slot 1: Preauthorized. The server expects it. Take out this card.',
      urgent: 'Slot 2: Stopped. Take out this card.',
    });
  });

  it('says of a label what a hand must do, and the card is taken out after it', () => {
    const labelled = (state: 'waiting' | 'sending' | 'printed', awaitsScan = false): SlotView => ({ ...done, label: { state, sentence: `Label ${state}.`, awaitsScan } });
    expect(said(done, labelled('waiting')).polite).toBe('Slot 1: Preauthorized. The server expects it. Label waiting. Take out this card.');
    expect(said(labelled('sending'), labelled('printed', true)).polite).toBe('Slot 1: Preauthorized. The server expects it. Label printed.');
    expect(said(labelled('waiting'), labelled('sending')).polite).toBe('');
    expect(said(labelled('sending'), labelled('printed')).polite).toBe('');
  });
});

describe('the card that is taken out next', () => {
  const named = (list: readonly ReturnType<typeof slot>[], shown?: string) => nextToTakeOut(list, shown)?.name;

  it('is the first whose job is over', () => {
    expect(named([slot(1, 'running'), slot(2, 'done'), slot(3, 'failed')])).toBe('Slot 2');
    expect(named([slot(1, 'running'), slot(2, 'free')])).toBeUndefined();
  });

  it('stays the one that was shown, though another ends meanwhile', () => {
    expect(named([slot(1, 'done'), slot(2, 'done')], 'Slot 2')).toBe('Slot 2');
    expect(named([slot(1, 'done'), slot(2, 'free')], 'Slot 2')).toBe('Slot 1');
  });

  it('is one that waits for its label only where no other is', () => {
    const waits = { ...slot(1, 'done'), label: { state: 'printed', sentence: 'Scan it.', awaitsScan: true } as const };
    expect(named([waits, slot(2, 'done')])).toBe('Slot 2');
    expect(named([waits, slot(2, 'running')])).toBe('Slot 1');
  });
});

describe('what the window knows', () => {
  const bench: BenchView = {
    practice: true,
    profileName: 'Practice bench',
    scanAttribute: 'mac',
    otherAttributes: [],
    operator: 'm.brandt',
    role: 'technician',
    rights: ['provision'],
    serverKind: 'mender',
    serverUrl: 'https://127.0.0.1:1',
    imageName: 'golden.sdimg.xz',
    keyType: 'rsa-3072',
    desk: { failures: [], badLots: [] },
    expectedWords: { mender: 'Preauthorized' },
    renews: false,
    warnings: [],
    slots: [...slots('free', 'free')],
    today: [],
    counts: { done: 0, failed: 0, accepted: 0 },
    outbox: { waiting: 0, limit: 20 },
    labels: { on: false, unfinished: [] },
    ordersVersion: 0,
  };
  const known = nextStation(unknownStation, { type: 'bench', bench });

  it('changes one slot and keeps the others as they are', () => {
    const after = nextStation(known, { type: 'slot', slot: slot(2, 'running') });
    expect(after.bench?.slots.map(({ state }) => state)).toEqual(['free', 'running']);
    expect(after.bench?.slots[0]).toBe(known.bench?.slots[0]);
  });

  it('ignores a slot that the bench does not have, and one before the bench is known', () => {
    expect(nextStation(known, { type: 'slot', slot: slot(9, 'running') }).bench?.slots).toEqual(bench.slots);
    expect(nextStation(unknownStation, { type: 'slot', slot: slot(1, 'running') })).toBe(unknownStation);
  });

  it('keeps the three newest notices and says nothing twice', () => {
    const sentences = ['a', 'b', 'a', 'c', 'd'];
    const after = sentences.reduce((state, sentence) => nextStation(state, { type: 'notice', notice: { sentence, tone: 'information' } }), known);
    expect(after.notices.map(({ sentence }) => sentence)).toEqual(['a', 'c', 'd']);
    const [first] = after.notices;
    expect(nextStation(after, { type: 'dismiss', number: first?.number ?? 0 }).notices.map(({ sentence }) => sentence)).toEqual(['c', 'd']);
  });

  it('asks for secrets in their order and forgets an answered one', () => {
    const question = (requestId: string) => ({ type: 'question', question: { requestId, question: requestId, canKeep: false } }) as const;
    const asked = ['1', '2', '1'].reduce((state, id) => nextStation(state, question(id)), known);
    expect(asked.questions.map(({ requestId }) => requestId)).toEqual(['2', '1']);
    expect(nextStation(asked, { type: 'answered', requestId: '2' }).questions.map(({ requestId }) => requestId)).toEqual(['1']);
  });

  it('forgets a problem when the bench comes', () => {
    const broken = nextStation(unknownStation, { type: 'problem', problem: { code: 'unexpected', sentence: 'no' } });
    expect(broken.problem?.sentence).toBe('no');
    expect(nextStation(broken, { type: 'bench', bench }).problem).toBeUndefined();
  });
});
