/** Days and shifts by the clock on the wall, on the days on which that clock jumps. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lastDays, partsOf, shiftBefore, shiftBegin } from '../../main/domain/shifts';

let zone: string | undefined;

beforeEach(() => {
  zone = process.env['TZ'];
  process.env['TZ'] = 'Europe/Berlin';
});

afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const hours = ({ from, until }: { readonly from: string; readonly until: string }): number => (Date.parse(until) - Date.parse(from)) / 3_600_000;

describe('days', () => {
  it('follow each other without a gap, with 23 and 25 hours where the clocks are changed', () => {
    const spring = lastDays(new Date('2026-03-30T10:00:00Z'), 3);
    expect(spring.map(({ day }) => day)).toEqual(['2026-03-28', '2026-03-29', '2026-03-30']);
    expect(spring.map(hours)).toEqual([24, 23, 24]);
    const autumn = lastDays(new Date('2026-10-25T22:59:00Z'), 30);
    expect(autumn).toHaveLength(30);
    expect(autumn.map(hours).filter((length) => length === 25)).toHaveLength(1);
    expect(autumn.at(-1)).toEqual({ day: '2026-10-25', from: '2026-10-24T22:00:00.000Z', until: '2026-10-25T23:00:00.000Z' });
    for (const [index, day] of autumn.entries()) if (index > 0) expect(day.from).toBe(autumn[index - 1]?.until);
  });
});

describe('the parts of a span', () => {
  it('are two where the hour comes twice, and none where it does not come', () => {
    const autumn = partsOf({ from: '2026-10-24T22:00:00.000Z', until: '2026-10-25T23:00:00.000Z' }, 'hour');
    expect(autumn.interval).toBe('hour');
    expect(autumn.parts).toHaveLength(25);
    expect(autumn.parts.filter(({ from }) => new Date(from).getHours() === 2)).toHaveLength(2);
    const spring = partsOf({ from: '2026-03-28T23:00:00.000Z', until: '2026-03-29T22:00:00.000Z' }, 'hour');
    expect(spring.parts).toHaveLength(23);
    expect(spring.parts.some(({ from }) => new Date(from).getHours() === 2)).toBe(false);
  });

  it('begin at whole hours, the first and the last cut', () => {
    const { parts } = partsOf({ from: '2026-11-25T06:20:00.000Z', until: '2026-11-25T08:05:00.000Z' }, 'hour');
    expect(parts.map(({ from }) => from.slice(11, 16))).toEqual(['06:20', '07:00', '08:00']);
    expect(parts.at(-1)?.until).toBe('2026-11-25T08:05:00.000Z');
  });

  it('begin at whole hours where the zone is half an hour off', () => {
    process.env['TZ'] = 'Asia/Kolkata';
    const { parts } = partsOf({ from: '2026-11-25T06:20:00.000Z', until: '2026-11-25T08:05:00.000Z' }, 'hour');
    expect(parts.map(({ from }) => new Date(from).getMinutes())).toEqual([50, 0, 0]);
  });

  it('are days where the span is long', () => {
    const { interval, parts } = partsOf({ from: '2026-10-20T06:00:00.000Z', until: '2026-10-28T06:00:00.000Z' }, 'hour');
    expect(interval).toBe('day');
    expect(parts).toHaveLength(9);
    expect(parts.slice(1).every(({ from }) => new Date(from).getHours() === 0)).toBe(true);
  });
});

describe('a shift', () => {
  const begins = ['06:00', '14:00', '22:00'];

  it('began at the last of its times, also yesterday', () => {
    expect(shiftBegin(new Date('2026-11-25T12:59:00Z'), begins).toISOString()).toBe('2026-11-25T05:00:00.000Z');
    expect(shiftBegin(new Date('2026-11-25T13:00:00Z'), begins).toISOString()).toBe('2026-11-25T13:00:00.000Z');
    expect(shiftBegin(new Date('2026-11-25T02:00:00Z'), begins).toISOString()).toBe('2026-11-24T21:00:00.000Z');
  });

  it('begins at midnight where no time is named', () => {
    expect(shiftBegin(new Date('2026-11-25T12:00:00Z'), []).toISOString()).toBe('2026-11-24T23:00:00.000Z');
  });

  it('of a night on which the clocks go back has an hour more', () => {
    expect(hours(shiftBefore(new Date('2026-10-25T08:00:00Z'), begins))).toBe(9);
    expect(hours(shiftBefore(new Date('2026-03-29T08:00:00Z'), begins))).toBe(7);
  });
});
