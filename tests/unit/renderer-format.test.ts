import { describe, expect, it } from 'vitest';
import { groupsOfFour, shortFingerprint } from '../../renderer/logic/fingerprint';
import { formatBytes, formatDuration, formatRate, formatTimeLeft, percentOf } from '../../renderer/logic/format';

/** No-break spaces hold number and unit together; tests read better without. */
const plain = (text: string | undefined): string | undefined => text?.replaceAll('\u00a0', ' ');

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [9_994, '9.99 kB'],
    [9_995, '10.0 kB'],
    [99_949, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [629_145_600, '629 MB'],
    [2_147_483_648, '2.15 GB'],
    [31_914_983_424, '31.9 GB'],
    [5e15, '5000 TB'],
    [-1, '0 B'],
  ])('%d is %s', (bytes, text) => {
    expect(plain(formatBytes(bytes))).toBe(text);
  });
});

describe('formatRate', () => {
  it('says nothing where nothing is known yet', () => {
    expect(formatRate(0)).toBeUndefined();
  });

  it('names bytes a second', () => {
    expect(plain(formatRate(28_400_000))).toBe('28.4 MB/s');
  });
});

describe('formatTimeLeft', () => {
  it.each([
    [0, '1 s'],
    [0.2, '1 s'],
    [44.1, '45 s'],
    [59.5, '1 min 00 s'],
    [125, '2 min 05 s'],
    [3599.5, '1 h 00 min'],
    [3720, '1 h 02 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(plain(formatTimeLeft(seconds))).toBe(text);
  });
});

describe('formatDuration', () => {
  const start = '2025-11-22T08:30:00.000Z';

  it.each([
    ['2025-11-22T08:30:00.120Z', '120 ms'],
    ['2025-11-22T08:30:04.210Z', '4.2 s'],
    ['2025-11-22T08:30:59.960Z', '1 min 00 s'],
    ['2025-11-22T08:29:59.000Z', '0 ms'],
  ])('until %s it took %s', (end, text) => {
    expect(plain(formatDuration(start, end))).toBe(text);
  });

  it('is unknown while the end is missing or no time', () => {
    expect(formatDuration(start, undefined)).toBeUndefined();
    expect(formatDuration(start, 'tomorrow')).toBeUndefined();
  });
});

describe('percentOf', () => {
  it.each([
    [0, 1000, 0],
    [999, 1000, 99],
    [1000, 1000, 100],
    [1200, 1000, 100],
    [-5, 1000, 0],
  ])('%d of %d is %d', (done, total, percent) => {
    expect(percentOf(done, total)).toBe(percent);
  });

  it('is unknown where the total is', () => {
    expect(percentOf(5, 0)).toBeUndefined();
  });
});

describe('fingerprint', () => {
  const fingerprint = '0123456789abcdef'.repeat(4);

  it('is read in sixteen groups of four, nothing lost', () => {
    const groups = groupsOfFour(fingerprint);
    expect(groups).toHaveLength(16);
    expect(groups.every((group) => group.length === 4)).toBe(true);
    expect(groups.join('')).toBe(fingerprint);
  });

  it('is short in a list', () => {
    expect(shortFingerprint(fingerprint)).toBe('0123 4567 89ab cdef');
  });

  it('keeps a remainder', () => {
    expect(groupsOfFour('012345')).toEqual(['0123', '45']);
    expect(groupsOfFour('')).toEqual([]);
  });
});
