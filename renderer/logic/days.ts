/** Days of this computer's calendar as moments: the record has moments in UTC. */
export interface DayRange {
  readonly from?: string;
  readonly before?: string;
}

/** `2026-11-25` → the moment in which that day begins here, or the next one; undefined where it names no day. */
function beginning(day: string, later: number): string | undefined {
  const [year = 0, month = 0, date = 0] = /^\d{4}-\d{2}-\d{2}$/.test(day) ? day.split('-').map(Number) : [];
  if (year === 0) return undefined;
  return new Date(year, month - 1, date + later).toISOString();
}

/** Both days are in the range. */
export function rangeOfDays(first: string, last: string): DayRange {
  const from = beginning(first, 0);
  const before = beginning(last, 1);
  return { ...(from === undefined ? {} : { from }), ...(before === undefined ? {} : { before }) };
}
