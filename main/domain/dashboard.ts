import type { BatchSummary } from './acceptance';
import { causeWord, interrupted, notKept } from './causes';
import type { ShiftReport, Yield } from './shift-report';
import type { Span } from './shifts';

/** What is counted of a job: that it was begun, how it ended, and that its device was accepted. */
export const countedOutcomes = ['started', 'done', 'failed', 'compensated', 'cancelled', 'accepted'] as const;
export type CountedOutcome = (typeof countedOutcomes)[number];

/** A sum of the record's counts. Accepted devices stand on the day on which their card was made. */
export interface CountRow {
  /** Number of the day or hour that was asked for. */
  readonly part: number;
  readonly slot: string;
  readonly outcome: CountedOutcome;
  readonly cause: string;
  readonly jobs: number;
  /** Those of them that were the first decided try of their board. */
  readonly firstTries: number;
}

export interface DayCounts {
  /** `2026-11-25`, of this computer's calendar. */
  readonly day: string;
  readonly started: number;
  readonly done: number;
  readonly accepted: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly firstPass: Yield;
}

export interface Dashboard {
  /** ISO 8601 UTC. */
  readonly at: string;
  /** Oldest first; the last one is today. */
  readonly days: readonly DayCounts[];
  /** All of the days together. */
  readonly total: Omit<DayCounts, 'day'> & { readonly finalYield: Yield };
  /** Today, hour by hour. */
  readonly hours: readonly (Span & { readonly done: number; readonly failed: number })[];
  /** Done cards an hour since midnight. */
  readonly perHour: number;
  readonly causes: readonly { readonly cause: string; readonly word: string; readonly today: number; readonly jobs: number }[];
  readonly slots: readonly { readonly name: string; readonly done: number; readonly failed: number; readonly doneToday: number; readonly failedToday: number }[];
  readonly batches: readonly BatchSummary[];
  readonly waiting: number;
  readonly running: number;
}

export interface DashboardQuery {
  readonly now: string;
  readonly days: readonly (Span & { readonly day: string })[];
  readonly hours: readonly Span[];
}

/** The report of a shift and the dashboards, from the record. They read, and nothing else. @throws ImprintError record-* */
export interface ReportReader {
  shiftReport(query: ShiftReport['query']): Promise<ShiftReport>;
  dashboard(query: DashboardQuery): Promise<Dashboard>;
}

/** @param days sums by the days of the query, `hours` by its hours */
export function dashboardOf(query: DashboardQuery, days: readonly CountRow[], hours: readonly CountRow[], rest: Pick<Dashboard, 'batches' | 'waiting' | 'running'>): Dashboard {
  const counted = query.days.map(({ day }) => ({ day, ...emptyCounts() }));
  const total = emptyCounts();
  let doneAgain = 0;
  const causes = new Map<string, { today: number; jobs: number }>();
  const slots = new Map<string, { done: number; failed: number; doneToday: number; failedToday: number }>();
  for (const row of days) {
    const today = row.part === counted.length - 1;
    for (const counts of [total, counted[row.part]]) if (counts !== undefined) count(counts, row);
    if (row.outcome === 'done') doneAgain += row.jobs - row.firstTries;
    const failed = row.outcome === 'failed' || row.outcome === 'compensated';
    if (failed) {
      const cause = row.cause !== '' ? row.cause : row.outcome === 'compensated' ? interrupted : notKept;
      const known = causes.get(cause) ?? { today: 0, jobs: 0 };
      causes.set(cause, { today: known.today + (today ? row.jobs : 0), jobs: known.jobs + row.jobs });
    }
    if (!failed && row.outcome !== 'done') continue;
    const slot = slots.get(row.slot) ?? { done: 0, failed: 0, doneToday: 0, failedToday: 0 };
    slots.set(row.slot, slot);
    slot[failed ? 'failed' : 'done'] += row.jobs;
    if (today) slot[failed ? 'failedToday' : 'doneToday'] += row.jobs;
  }
  const midnight = query.days.at(-1)?.from ?? query.now;
  const sinceMidnight = (Date.parse(query.now) - Date.parse(midnight)) / 3_600_000;
  return {
    at: query.now,
    days: counted,
    // A board that failed at first and was done later is one that is done; one from before the first day is none of these.
    total: { ...total, finalYield: { good: Math.min(total.firstPass.of, total.firstPass.good + doneAgain), of: total.firstPass.of } },
    hours: query.hours.map((part, index) => ({ ...part, ...doneAndFailed(hours, index) })),
    perHour: sinceMidnight > 0 ? (counted.at(-1)?.done ?? 0) / sinceMidnight : 0,
    causes: [...causes].map(([cause, counts]) => ({ cause, word: causeWord(cause), ...counts })).sort((one, other) => other.jobs - one.jobs || (one.cause < other.cause ? -1 : 1)),
    slots: [...slots].map(([name, counts]) => ({ name, ...counts })).sort((one, other) => one.name.localeCompare(other.name, 'en', { numeric: true })),
    ...rest,
  };
}

type Counting = { -readonly [Name in keyof Omit<DayCounts, 'day' | 'firstPass'>]: number } & { firstPass: { good: number; of: number } };

function emptyCounts(): Counting {
  return { started: 0, done: 0, accepted: 0, failed: 0, cancelled: 0, firstPass: { good: 0, of: 0 } };
}

function count(counts: Counting, { outcome, jobs, firstTries }: CountRow): void {
  counts[outcome === 'compensated' ? 'failed' : outcome] += jobs;
  counts.firstPass.of += firstTries;
  if (outcome === 'done') counts.firstPass.good += firstTries;
}

function doneAndFailed(rows: readonly CountRow[], part: number): { readonly done: number; readonly failed: number } {
  const sum = (...outcomes: readonly CountedOutcome[]): number => rows.filter((row) => row.part === part && outcomes.includes(row.outcome)).reduce((total, { jobs }) => total + jobs, 0);
  return { done: sum('done'), failed: sum('failed', 'compensated') };
}
