import { describe, expect, it } from 'vitest';
import { rangeOfDays } from '../../renderer/logic/days';

describe('days as moments', () => {
  it('begin and end at midnight of this computer, the last day included', () => {
    expect(rangeOfDays('2026-11-25', '2026-11-25')).toEqual({ from: new Date(2026, 10, 25).toISOString(), before: new Date(2026, 10, 26).toISOString() });
    expect(rangeOfDays('2026-12-31', '2026-12-31').before).toBe(new Date(2027, 0, 1).toISOString());
  });

  it('that are not told bound nothing', () => {
    expect(rangeOfDays('', '')).toEqual({});
    expect(rangeOfDays('yesterday', '2026-11')).toEqual({});
  });
});
