import { describe, expect, it } from 'vitest';
import type { BenchKeyContext, BenchKeyPress } from '../../renderer/logic/bench-keys';
import { readBenchKey } from '../../renderer/logic/bench-keys';
import { landsInScanField, scanFieldTakesFocus } from '../../renderer/logic/focus';
import { rowAfter } from '../../renderer/logic/rows';
import { readWindowKey } from '../../renderer/logic/window-keys';

const press = (key: string, more: Partial<BenchKeyPress> = {}): BenchKeyPress => ({ key, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, repeat: false, ...more });
const inField: BenchKeyContext = { holder: 'scan-field', fieldEmpty: true, slotCount: 4 };

describe('the focus of the bench', () => {
  const nothing = { dialogOpen: false, holder: 'nothing', movedBy: 'pointer', textMarked: false } as const;

  it('comes back when nothing has it, and after a click on a button', () => {
    expect(scanFieldTakesFocus(nothing)).toBe(true);
    expect(scanFieldTakesFocus({ ...nothing, movedBy: 'keyboard' })).toBe(true);
    expect(scanFieldTakesFocus({ ...nothing, holder: 'control' })).toBe(true);
  });

  it('stays with a control that was reached by Tab', () => {
    expect(scanFieldTakesFocus({ ...nothing, holder: 'control', movedBy: 'keyboard' })).toBe(false);
  });

  it('stays with another text input, with a dialog and with text that is marked for copying', () => {
    expect(scanFieldTakesFocus({ ...nothing, holder: 'text-input' })).toBe(false);
    expect(scanFieldTakesFocus({ ...nothing, dialogOpen: true })).toBe(false);
    expect(scanFieldTakesFocus({ ...nothing, textMarked: true })).toBe(false);
  });

  it('draws text to the scan field from wherever it is typed', () => {
    for (const holder of ['nothing', 'control'] as const) {
      expect(landsInScanField(press('0'), { dialogOpen: false, holder })).toBe(true);
      expect(landsInScanField(press('v', { ctrlKey: true }), { dialogOpen: false, holder })).toBe(true);
    }
  });

  it.each([press('Enter'), press(' '), press('F5'), press('a', { ctrlKey: true }), press('1', { altKey: true }), press('a', { metaKey: true })])('leaves $key alone', (key) => {
    expect(landsInScanField(key, { dialogOpen: false, holder: 'control' })).toBe(false);
  });

  it('leaves text alone that belongs to a dialog or an input', () => {
    expect(landsInScanField(press('0'), { dialogOpen: true, holder: 'control' })).toBe(false);
    expect(landsInScanField(press('0'), { dialogOpen: false, holder: 'text-input' })).toBe(false);
  });
});

describe('keys of the bench', () => {
  it.each([
    ['F3', 'day-list'],
    ['F5', 'start'],
    ['F6', 'power-on'],
    ['F7', 'clear'],
  ])('%s means %s, also while another control has the focus', (key, type) => {
    expect(readBenchKey(press(key), inField)).toEqual({ type });
    expect(readBenchKey(press(key), { ...inField, holder: 'control', fieldEmpty: false })).toEqual({ type });
  });

  it('does a held-down key once', () => {
    for (const key of ['F5', 'F6', 'F7', 'Escape', 'Delete']) expect(readBenchKey(press(key, { repeat: true }), inField)).toEqual({ type: 'ignore' });
  });

  it('chooses slots with Alt and a digit, as far as there are slots', () => {
    expect(readBenchKey(press('4', { altKey: true }), inField)).toEqual({ type: 'select', index: 3 });
    expect(readBenchKey(press('5', { altKey: true }), inField)).toBeUndefined();
    expect(readBenchKey(press('0', { altKey: true }), { ...inField, slotCount: 10 })).toEqual({ type: 'select', index: 9 });
  });

  it('leaves arrows and Delete to the text while there is some', () => {
    for (const key of ['ArrowLeft', 'Delete']) expect(readBenchKey(press(key), { ...inField, fieldEmpty: false })).toBeUndefined();
    expect(readBenchKey(press('ArrowLeft'), inField)).toEqual({ type: 'move', key: 'ArrowLeft' });
    expect(readBenchKey(press('Delete'), inField)).toEqual({ type: 'clear' });
  });

  it('leads from a single slot down into the list', () => {
    expect(readBenchKey(press('ArrowDown'), { ...inField, slotCount: 1 })).toEqual({ type: 'day-list' });
    expect(readBenchKey(press('ArrowUp'), { ...inField, slotCount: 1 })).toBeUndefined();
  });

  it('ends a scan with Enter or Tab, but walks back with Shift and Tab', () => {
    expect(readBenchKey(press('Enter'), inField)).toEqual({ type: 'terminator', key: 'Enter' });
    expect(readBenchKey(press('Tab'), inField)).toEqual({ type: 'terminator', key: 'Tab' });
    expect(readBenchKey(press('Tab', { shiftKey: true }), inField)).toBeUndefined();
  });

  it('leaves Enter to a control that has the focus, and leads back with Escape', () => {
    const onControl: BenchKeyContext = { ...inField, holder: 'control' };
    expect(readBenchKey(press('Enter'), onControl)).toBeUndefined();
    expect(readBenchKey(press('ArrowDown'), onControl)).toBeUndefined();
    expect(readBenchKey(press('Escape'), onControl)).toEqual({ type: 'to-field' });
    expect(readBenchKey(press('Escape'), inField)).toEqual({ type: 'escape' });
  });
});

describe('keys of the window', () => {
  const bench = { dialogOpen: false, fieldEmpty: true, page: 'bench' } as const;

  it.each([
    [press('F1'), 'bench'],
    [press('F2'), 'devices'],
    [press('F4'), 'slots'],
    [press('F8'), 'theme'],
    [press('F12'), 'help'],
    [press('?'), 'help'],
    [press('o', { ctrlKey: true }), 'open-profile'],
    [press('f', { ctrlKey: true }), 'audit'],
    [press('u', { ctrlKey: true }), 'people'],
    [press('h', { ctrlKey: true }), 'health'],
  ])('$key does its work', (key, command) => {
    expect(readWindowKey(key, bench)).toBe(command);
  });

  it('takes ? for text inside a scan', () => {
    expect(readWindowKey(press('?'), { ...bench, fieldEmpty: false })).toBeUndefined();
  });

  it('leaves only the theme while a dialog is open', () => {
    const open = { ...bench, page: 'devices', dialogOpen: true } as const;
    for (const key of [press('F1'), press('F4'), press('F12'), press('?'), press('Escape'), press('o', { ctrlKey: true }), press('u', { ctrlKey: true })]) expect(readWindowKey(key, open)).toBeUndefined();
    expect(readWindowKey(press('F8'), open)).toBe('theme');
  });

  it('goes back with Escape from every page but the bench', () => {
    expect(readWindowKey(press('Escape'), bench)).toBeUndefined();
    expect(readWindowKey(press('Escape'), { ...bench, page: 'device' })).toBe('back');
  });

  it('leaves Alt and F-keys to the system', () => {
    expect(readWindowKey(press('F8', { altKey: true }), bench)).toBeUndefined();
  });
});

describe('rows of a list', () => {
  it.each([
    ['ArrowDown', 0, 1],
    ['ArrowDown', 9, 9],
    ['ArrowUp', 0, 0],
    ['Home', 5, 0],
    ['End', 5, 9],
  ])('%s leads from %d to %d', (key, from, to) => {
    expect(rowAfter(key, from, 10)).toBe(to);
  });

  it('knows no other key and no row of an empty list', () => {
    expect(rowAfter('a', 0, 10)).toBeUndefined();
    expect(rowAfter('ArrowDown', 0, 0)).toBeUndefined();
  });
});
