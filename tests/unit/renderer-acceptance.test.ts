import { describe, expect, it } from 'vitest';
import { readAcceptanceKey, rowAfterKey, statesInOrder } from '../../renderer/logic/acceptance-keys';
import { formatAge } from '../../renderer/logic/format';
import { codeDigits } from '../../renderer/logic/one-time-code';
import { RowPages, rowsOnPage, type RowPage } from '../../renderer/logic/row-pages';

type Reply = { readonly ok: true; readonly value: RowPage<number, string> } | { readonly ok: false; readonly error: string };

/** A list of numbers that is answered when the test says so. */
class PlayedList {
  total = 10_000;
  facts = 'first';
  readonly asked: number[] = [];
  #waiting: { readonly offset: number; readonly answer: (reply: Reply) => void }[] = [];
  changes = 0;
  readonly pages = new RowPages<number, string, string>({
    load: (offset) =>
      new Promise<Reply>((answer) => {
        this.asked.push(offset / rowsOnPage);
        this.#waiting.push({ offset, answer });
      }),
    changed: () => {
      this.changes += 1;
    },
  });

  /** Answers all that was asked so far. */
  async answer(error?: string): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { offset, answer } of waiting) {
      const rows = Array.from({ length: Math.max(0, Math.min(rowsOnPage, this.total - offset)) }, (_, index) => offset + index);
      answer(error === undefined ? { ok: true, value: { rows, total: this.total, facts: this.facts } } : { ok: false, error });
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('rows that are fetched page by page', () => {
  it('fetches the page of the rows on the screen, once', async () => {
    const list = new PlayedList();
    list.pages.show(0, 20);
    list.pages.show(0, 21);
    expect(list.asked).toEqual([0]);
    expect(list.pages.total).toBeUndefined();
    await list.answer();
    expect(list.pages.total).toBe(10_000);
    expect(list.pages.facts).toBe('first');
    expect(list.pages.row(20)).toBe(20);
    expect(list.pages.row(rowsOnPage)).toBeUndefined();
    list.pages.show(5, 25);
    expect(list.asked).toEqual([0]);
    expect(list.changes).toBe(1);
  });

  it('fetches both pages where the screen shows the end of one and the beginning of the next', async () => {
    const list = new PlayedList();
    list.pages.show(95, 110);
    expect(list.asked).toEqual([0, 1]);
    await list.answer();
    expect(list.pages.row(99)).toBe(99);
    expect(list.pages.row(100)).toBe(100);
  });

  it('leaves out what was scrolled past while others were on their way', async () => {
    const list = new PlayedList();
    list.pages.show(0, 20);
    list.pages.show(1000, 1020);
    list.pages.show(5000, 5020);
    list.pages.show(9980, 9999);
    expect(list.asked).toEqual([0, 10]);
    await list.answer();
    expect(list.asked).toEqual([0, 10, 99]);
    await list.answer();
    expect(list.pages.row(9999)).toBe(9999);
    expect(list.asked).toEqual([0, 10, 99]);
  });

  it('asks for nothing behind the end', async () => {
    const list = new PlayedList();
    list.total = 50;
    list.pages.show(0, 20);
    await list.answer();
    list.pages.show(0, 400);
    expect(list.asked).toEqual([0]);
  });

  it('fetches the screen again after a refresh and keeps the old rows until then', async () => {
    const list = new PlayedList();
    list.pages.show(0, 20);
    await list.answer();
    list.facts = 'second';
    list.pages.refresh();
    expect(list.pages.row(3)).toBe(3);
    expect(list.pages.facts).toBe('first');
    await list.answer();
    expect(list.asked).toEqual([0, 0]);
    expect(list.pages.facts).toBe('second');
  });

  it('fetches a page once more that was on its way when the refresh came', async () => {
    const list = new PlayedList();
    list.pages.show(0, 20);
    list.pages.refresh();
    await list.answer();
    expect(list.asked).toEqual([0, 0]);
    await list.answer();
    expect(list.asked).toEqual([0, 0]);
  });

  it('keeps a problem until something comes, and does not ask in a circle', async () => {
    const list = new PlayedList();
    list.pages.show(0, 20);
    await list.answer('The record cannot be read.');
    expect(list.pages.problem).toBe('The record cannot be read.');
    expect(list.asked).toEqual([0]);
    list.pages.show(0, 20);
    await list.answer();
    expect(list.pages.problem).toBeUndefined();
    expect(list.pages.row(0)).toBe(0);
  });

  it('forgets the pages that were not looked at for the longest time, never those on the screen', async () => {
    const list = new PlayedList();
    list.pages.show(0, 20);
    await list.answer();
    for (let page = 1; page < 60; page += 1) {
      list.pages.show(page * rowsOnPage, page * rowsOnPage + 20);
      await list.answer();
    }
    expect(list.pages.row(0)).toBeUndefined();
    expect(list.pages.row(59 * rowsOnPage)).toBe(59 * rowsOnPage);
    expect(list.pages.row(30 * rowsOnPage)).toBe(30 * rowsOnPage);
  });
});

describe('keys of QA’s page', () => {
  const press = (key: string, more: { ctrlKey?: boolean; altKey?: boolean } = {}) => ({ key, ctrlKey: false, altKey: false, metaKey: false, ...more });

  it.each([
    [press('F5'), { type: 'ask-now' }],
    [press('F3'), { type: 'text-filter' }],
    [press('b', { ctrlKey: true }), { type: 'batches' }],
    [press('1', { altKey: true }), { type: 'state', state: undefined }],
    [press('2', { altKey: true }), { type: 'state', state: 'stuck' }],
    [press('6', { altKey: true }), { type: 'state', state: 'accepted' }],
    [press('ArrowDown'), { type: 'into-rows' }],
  ])('reads $key', (key, command) => {
    expect(readAcceptanceKey(key, { inInput: true })).toEqual(command);
  });

  it.each([press('7', { altKey: true }), press('0', { altKey: true }), press('a'), press('Enter'), press('c', { ctrlKey: true })])('leaves $key alone', (key) => {
    expect(readAcceptanceKey(key, { inInput: true })).toBeUndefined();
  });

  it('leaves the arrow to the rows once they have the focus', () => {
    expect(readAcceptanceKey(press('ArrowDown'), { inInput: false })).toBeUndefined();
  });

  it('has a digit for every state', () => {
    expect([...statesInOrder].sort()).toEqual(['accepted', 'missing', 'stuck', 'unchecked', 'waiting']);
  });

  it.each([
    ['ArrowDown', 10, 11],
    ['ArrowUp', 0, 0],
    ['PageDown', 10, 19],
    ['PageUp', 5, 0],
    ['Home', 50, 0],
    ['End', 50, 99],
    ['ArrowDown', 99, 99],
  ])('%s leads from row %i to %i', (key, from, to) => {
    expect(rowAfterKey(key, from, 100, 10)).toBe(to);
  });

  it('leads nowhere in an empty list, and by no other key', () => {
    expect(rowAfterKey('ArrowDown', 0, 0, 10)).toBeUndefined();
    expect(rowAfterKey('a', 0, 100, 10)).toBeUndefined();
  });
});

describe('a one-time code', () => {
  it.each([
    ['123 456', '123456'],
    ['12-34-56', '123456'],
    ['abc', ''],
    ['1234567890123456', '123456789012'],
  ])('keeps only the digits of %s', (text, digits) => {
    expect(codeDigits(text)).toBe(digits);
  });
});

describe('an age', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  it.each([
    ['2026-11-22T11:59:30Z', '0\u00a0min'],
    ['2026-11-22T10:30:00Z', '90\u00a0min'],
    ['2026-11-22T07:00:00Z', '5\u00a0h'],
    ['2026-11-19T12:00:00Z', '3\u00a0days'],
    // A clock that was set back.
    ['2026-11-22T12:10:00Z', '0\u00a0min'],
  ])('since %s is %s', (iso, age) => {
    expect(formatAge(iso, now)).toBe(age);
  });
});
