/** Days, hours and shifts by the clock on the wall. The record has moments in UTC; a shift begins when the people there say so. */

export interface Span {
  /** ISO 8601 UTC, in the span. */
  readonly from: string;
  /** The first moment after it. */
  readonly until: string;
}

const hour = 3_600_000;

/** The moment in which the day of this moment began here. A day has 23 or 25 hours where the clocks are changed. */
export function dayOf(moment: Date, later = 0): Date {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate() + later);
}

/** The last days up to and with the one of this moment, oldest first. */
export function lastDays(now: Date, count: number): readonly (Span & { readonly day: string })[] {
  return Array.from({ length: count }, (_, index) => {
    const from = dayOf(now, index + 1 - count);
    return { day: dayName(from), from: from.toISOString(), until: dayOf(now, index + 2 - count).toISOString() };
  });
}

/** `2026-11-25` of this computer's calendar. */
export function dayName(moment: Date): string {
  return [moment.getFullYear(), moment.getMonth() + 1, moment.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

/**
 * When the shift of this moment began: the last of these times of day, or midnight where the station names none.
 *
 * @param begins times of day, `06:00`
 */
export function shiftBegin(now: Date, begins: readonly string[]): Date {
  const times = begins.length === 0 ? ['00:00'] : begins;
  const candidates = [dayOf(now), dayOf(now, -1)].flatMap((day) => times.map((time) => at(day, time)));
  return candidates.filter((begin) => begin <= now).reduce((last, begin) => (begin > last ? begin : last));
}

/** The shift before the one of this moment. */
export function shiftBefore(now: Date, begins: readonly string[]): Span {
  const until = shiftBegin(now, begins);
  return { from: shiftBegin(new Date(until.getTime() - 1), begins).toISOString(), until: until.toISOString() };
}

function at(day: Date, time: string): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate(), Number(time.slice(0, 2)), Number(time.slice(3)));
}

/** How wide the parts of a span are, so that a plot has no more than about fifty. */
export type Interval = 'quarter' | 'hour' | 'day';

/**
 * Parts of a span that begin at whole hours or days here; the first and the last are cut. The hour that comes twice in
 * autumn is two of them.
 *
 * @param least no narrower than this
 */
export function partsOf({ from, until }: Span, least: Interval): { readonly interval: Interval; readonly parts: readonly Span[] } {
  const [begin, end] = [Date.parse(from), Date.parse(until)];
  const interval = end - begin > 50 * hour ? 'day' : least === 'quarter' && end - begin <= 12 * hour ? 'quarter' : least === 'day' ? 'day' : 'hour';
  const parts: Span[] = [];
  for (let start = begin; start < end && parts.length < mostParts; ) {
    const next = Math.min(end, Math.max(start + 1, nextBegin(start, interval)));
    parts.push({ from: new Date(start).toISOString(), until: new Date(next).toISOString() });
    start = next;
  }
  return { interval, parts };
}

/** A year and a day; a span that is longer is refused before. */
export const mostParts = 367;

function nextBegin(moment: number, interval: Interval): number {
  if (interval === 'day') return dayOf(new Date(moment), 1).getTime();
  const width = interval === 'quarter' ? hour / 4 : hour;
  // By the offset of this very moment: the wall clock alone cannot tell the two hours of an autumn night apart.
  const offset = new Date(moment).getTimezoneOffset() * 60_000;
  return (Math.floor((moment - offset) / width) + 1) * width + offset;
}
