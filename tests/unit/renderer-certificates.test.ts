import { describe, expect, it } from 'vitest';
import { readBenchKey } from '../../renderer/logic/bench-keys';
import { readCertificatesKey, shownState } from '../../renderer/logic/certificates';
import { formatDistance } from '../../renderer/logic/format';
import { canRenew } from '../../renderer/logic/slots';
import { deviceWord, jobWord, reasonWords } from '../../renderer/logic/words';
import { readWindowKey } from '../../renderer/logic/window-keys';
import type { SlotState, SlotView } from '../../renderer/contract';

const press = (key: string, more: { ctrlKey?: boolean; altKey?: boolean; metaKey?: boolean } = {}) => ({ key, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, repeat: false, ...more });
const hour = 3_600_000;
const at = (hours: number): string => new Date(hours * hour).toISOString();

describe('a certificate on the screen', () => {
  const issued = { state: 'issued', notBefore: at(0), notAfter: at(90) } as const;

  it('is issued, ends soon in the last third of its validity, and has expired at its end', () => {
    expect(shownState(issued, 59 * hour)).toBe('issued');
    expect(shownState(issued, 60 * hour)).toBe('ending');
    expect(shownState(issued, 90 * hour - 1)).toBe('ending');
    expect(shownState(issued, 90 * hour)).toBe('expired');
    // A clock that is behind makes nothing older.
    expect(shownState(issued, -5 * hour)).toBe('issued');
  });

  it.each(['superseded', 'revoked', 'lost'] as const)('that is %s says so whatever its validity is', (state) => {
    for (const hours of [1, 80, 100]) expect(shownState({ ...issued, state }, hours * hour)).toBe(state);
  });

  it('says how far its end is, on either side of now', () => {
    expect(formatDistance(at(5), 0)).toBe('5\u00a0h');
    expect(formatDistance(at(0), 5 * hour)).toBe('5\u00a0h');
    expect(formatDistance(at(24 * 30), 0)).toBe('30\u00a0days');
  });
});

describe('keys of the page of certificates', () => {
  it.each([
    ['1', undefined],
    ['2', 'issued'],
    ['3', 'superseded'],
    ['4', 'revoked'],
    ['5', 'lost'],
  ])('Alt+%s shows %s', (digit, state) => {
    expect(readCertificatesKey(press(digit, { altKey: true }), { inInput: true })).toEqual({ type: 'state', state });
  });

  it('are no others', () => {
    for (const key of ['6', '0', 'a']) expect(readCertificatesKey(press(key, { altKey: true }), { inInput: true })).toBeUndefined();
    expect(readCertificatesKey(press('i'), { inInput: false })).toBeUndefined();
    expect(readCertificatesKey(press('i', { ctrlKey: true, altKey: true }), { inInput: false })).toBeUndefined();
    expect(readCertificatesKey(press('ArrowDown'), { inInput: false })).toBeUndefined();
    expect(readCertificatesKey(press('F3', { metaKey: true }), { inInput: false })).toBeUndefined();
  });

  it('lead into the filter, into the rows and to the help about a compromised authority', () => {
    expect(readCertificatesKey(press('F3'), { inInput: false })).toEqual({ type: 'text-filter' });
    expect(readCertificatesKey(press('ArrowDown'), { inInput: true })).toEqual({ type: 'into-rows' });
    expect(readCertificatesKey(press('I', { ctrlKey: true }), { inInput: true })).toEqual({ type: 'compromised' });
  });

  it('F11 leads there from everywhere but a dialog', () => {
    for (const page of ['bench', 'devices', 'acceptance', 'certificates', 'device'] as const) {
      expect(readWindowKey(press('F11'), { dialogOpen: false, fieldEmpty: false, page })).toBe('certificates');
      expect(readWindowKey(press('F11'), { dialogOpen: true, fieldEmpty: true, page })).toBeUndefined();
    }
  });
});

describe('renewing at the bench', () => {
  const context = { holder: 'scan-field', fieldEmpty: false, slotCount: 4 } as const;

  it('is Ctrl+E, once however long it is held', () => {
    expect(readBenchKey(press('e', { ctrlKey: true }), context)).toEqual({ type: 'renew' });
    expect(readBenchKey({ ...press('e', { ctrlKey: true }), repeat: true }, context)).toEqual({ type: 'ignore' });
    expect(readBenchKey(press('e', { ctrlKey: true, altKey: true }), context)).toBeUndefined();
    expect(readBenchKey(press('e'), { ...context, fieldEmpty: true })).toBeUndefined();
  });

  it('is not for a slot that is at work or about to be', () => {
    const able = (['free', 'ready', 'running', 'done', 'accepted', 'waiting', 'cancelled', 'failed'] satisfies SlotState[]).filter((state) => canRenew({ state } as SlotView));
    expect(able).toEqual(['free', 'done', 'accepted', 'waiting', 'cancelled', 'failed']);
  });
});

describe('a device that waits for its board', () => {
  const bench = { expectedWords: { mender: 'Preauthorized', bridge: 'Enrolled' } } as const;

  it('is called as its kind of server calls it', () => {
    expect(deviceWord(bench, 'bridge', 'preauthorized')).toBe('Enrolled');
    expect(deviceWord(bench, 'mender', 'preauthorized')).toBe('Preauthorized');
    expect(deviceWord(bench, 'bridge', 'accepted')).toBe('Accepted');
    expect(jobWord(bench, 'bridge', 'done')).toBe('Enrolled');
    expect(jobWord(bench, 'bridge', 'failed')).toBe('Stopped');
  });

  it('keeps the usual word where nobody knows its kind', () => {
    expect(deviceWord(bench, 'gone', 'preauthorized')).toBe('Preauthorized');
    expect(deviceWord(bench, undefined, 'preauthorized')).toBe('Preauthorized');
  });

  it('has reasons in words, and others as they are', () => {
    expect(reasonWords('key-compromise')).toMatch(/known to others/);
    expect(reasonWords('removed-from-crl')).toBe('removed-from-crl');
  });
});
