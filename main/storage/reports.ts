import { z } from 'zod';

import type { BatchSummary } from '../domain/acceptance';
import { ImprintError } from '../domain/errors';
import { countedOutcomes, dashboardOf } from '../domain/dashboard';
import type { CountRow, Dashboard, DashboardQuery, ReportReader } from '../domain/dashboard';
import { reportOf } from '../domain/shift-report';
import type { ReportCheckpoint, ReportJob, ReportQuery, ShiftReport, Transfer } from '../domain/shift-report';
import { mostParts } from '../domain/shifts';
import type { Span } from '../domain/shifts';
import { parseCheckpointText } from '../ledger/checkpoint';
import { parseNote } from '../ledger/note';
import { timestamp } from './checks';
import type { LogStore } from './log-store';
import { countedWidths, triedAgain } from './report-schema';
import { parse } from './rows';
import type { RecordSession, Value } from './session';

const batchesShown = 8;
const longest = mostParts * 24 * 3_600_000;

/** The report of a shift reads its jobs along the index of their ends; a dashboard reads sums and no job at all. */
export class ReportRecord implements ReportReader {
  readonly #session: RecordSession;
  readonly #log: LogStore;
  readonly #batches: (limit: number) => readonly BatchSummary[];

  constructor(session: RecordSession, log: LogStore, batches: (limit: number) => readonly BatchSummary[]) {
    this.#session = session;
    this.#log = log;
    this.#batches = batches;
  }

  /** @throws ImprintError usage where the span is none, or longer than a year */
  shiftReport(given: ReportQuery): Promise<ShiftReport> {
    return this.#session.read(() => {
      const query = { ...given, from: timestamp(given.from), until: timestamp(given.until) };
      const length = Date.parse(query.until) - Date.parse(query.from);
      if (length <= 0) throw new ImprintError('usage', 'The report ends before it begins.', { field: 'until', expected: 'a moment after its begin' });
      if (length > longest) throw new ImprintError('usage', 'A report is about a year at most.', { field: 'from', expected: 'a begin within a year before its end' });
      return reportOf(query, this.#ended(query), { ...this.#begun(query), log: this.#evidence(query) });
    });
  }

  dashboard(query: DashboardQuery): Promise<Dashboard> {
    return this.#session.read(() =>
      dashboardOf(query, this.#sums(query.days), this.#sums(query.hours), { ...this.#unfinished(), batches: this.#batches(batchesShown) }),
    );
  }

  *#ended({ from, until, batch, operator }: ReportQuery): Iterable<ReportJob> {
    const conditions = ['jobs.ended_at >= ?', 'jobs.ended_at < ?', ...(batch === undefined ? [] : ['devices.batch = ?']), ...(operator === undefined ? [] : ['jobs.operator = ?'])];
    const values: Value[] = [from, until, ...(batch === undefined ? [] : [batch]), ...(operator === undefined ? [] : [operator])];
    for (const row of this.#session.all(`${endedJobs} WHERE ${conditions.join(' AND ')} ORDER BY jobs.ended_at, jobs.sequence`, ...values)) {
      const job = parse(endedSchema, row, 'job', this.#session.path);
      yield {
        state: job.state,
        endedAt: job.ended_at,
        slot: job.slot,
        operator: job.operator,
        ...(job.batch === null ? {} : { batch: job.batch }),
        imageSha256: job.image_sha256,
        profileName: job.profile_name,
        profileSha256: job.profile_sha256,
        ...(job.cause === null ? {} : { cause: job.cause }),
        board: job.identity,
        again: job.again === 1,
        accepted: job.accepted === 1,
        ...transferOf('written', job.written_bytes, job.write_from, job.write_until),
        ...transferOf('readBack', job.read_bytes, job.read_from, job.read_until),
      };
    }
  }

  #begun({ from, until, batch, operator }: ReportQuery): { readonly started: number; readonly waiting: number; readonly running: number } {
    const which = `jobs.started_at >= ? AND jobs.started_at < ?${operator === undefined ? '' : ' AND jobs.operator = ?'}${batch === undefined ? '' : ' AND (SELECT devices.batch FROM devices WHERE devices.device_id = jobs.device_id) = ?'}`;
    const values = [from, until, ...(operator === undefined ? [] : [operator]), ...(batch === undefined ? [] : [batch])];
    const unfinished = (state: 'open' | 'waiting'): number =>
      // The index of unfinished jobs is the small one; that of the moments would lead through the whole span.
      this.#session.number(`SELECT count(*) AS value FROM jobs INDEXED BY jobs_unfinished WHERE jobs.state IN ('open', 'waiting') AND jobs.state = '${state}' AND ${which}`, ...values);
    return { started: this.#session.number(`SELECT count(*) AS value FROM jobs WHERE ${which}`, ...values), waiting: unfinished('waiting'), running: unfinished('open') };
  }

  #unfinished(): { readonly waiting: number; readonly running: number } {
    const rows = this.#session.all(`SELECT jobs.state, count(*) AS jobs FROM jobs INDEXED BY jobs_unfinished WHERE jobs.state IN ('open', 'waiting') GROUP BY +jobs.state`);
    const found = rows.map((row) => parse(unfinishedSchema, row, 'job', this.#session.path));
    const of = (state: 'open' | 'waiting'): number => found.find((row) => row.state === state)?.jobs ?? 0;
    return { waiting: of('waiting'), running: of('open') };
  }

  #sums(parts: readonly Span[]): readonly CountRow[] {
    const ranges = parts.flatMap(({ from, until }, index) => rangesOf(Date.parse(from) / 1000, Date.parse(until) / 1000).map((range) => [index, ...range]));
    return this.#session.all(sums, JSON.stringify(ranges)).map((row) => {
      const { part, slot, outcome, cause, jobs, first_tries: firstTries } = parse(countSchema, row, 'count', this.#session.path);
      return { part, slot, outcome, cause, jobs, firstTries };
    });
  }

  /** The head that was signed last before each end of the span; the first one after its begin where there was none before. */
  #evidence({ from, until }: Span): ShiftReport['log'] {
    const first = this.#checkpoint('kept_at <= ? ORDER BY kept_at DESC, sequence DESC', from) ?? this.#checkpoint('kept_at > ? ORDER BY kept_at, sequence', from);
    const last = this.#checkpoint('kept_at <= ? ORDER BY kept_at DESC, sequence DESC', until);
    const key = this.#log.currentKey();
    return { ...(first === undefined ? {} : { first }), ...(last === undefined ? {} : { last }), ...(key === undefined ? {} : { key }) };
  }

  #checkpoint(which: string, moment: string): ReportCheckpoint | undefined {
    const row = this.#session.get(`SELECT note, kept_at FROM log_checkpoints WHERE ${which} LIMIT 1`, moment);
    if (row === undefined) return undefined;
    const { note, kept_at: keptAt } = parse(checkpointSchema, row, 'checkpoint', this.#session.path);
    const { size, root } = parseCheckpointText(parseNote(note).text);
    return { size, root: Buffer.from(root).toString('base64'), keptAt, note };
  }
}

/** Records from before steps kept their bytes have those of the write in the log. */
const endedJobs = `
  SELECT jobs.state, jobs.ended_at, jobs.slot, jobs.operator, jobs.image_sha256, jobs.profile_name, jobs.profile_sha256, jobs.cause,
    devices.batch, devices.identity, ${triedAgain} AS again,
    (SELECT acceptances.accepted_at IS NOT NULL FROM acceptances WHERE acceptances.sequence = devices.sequence) AS accepted,
    writing.started_at AS write_from, writing.ended_at AS write_until,
    ifnull(writing.bytes, iif(writing.state = 'done', (SELECT log_entries.entry ->> '$.data.bytes' FROM log_entries WHERE log_entries.device = jobs.device_id AND log_entries.event = 'written' LIMIT 1), NULL)) AS written_bytes,
    reading.started_at AS read_from, reading.ended_at AS read_until, reading.bytes AS read_bytes
  FROM jobs INDEXED BY jobs_ended CROSS JOIN devices ON devices.device_id = jobs.device_id
  LEFT JOIN steps AS writing ON writing.job_id = jobs.job_id AND writing.name = 'write'
  LEFT JOIN steps AS reading ON reading.job_id = jobs.job_id AND reading.name = 'verify'`;

/** Taken apart once: as the JSON that they came in they would be read again for every row. */
const sums = `
  WITH part AS MATERIALIZED (SELECT value ->> 0 AS part, value ->> 1 AS width, value ->> 2 AS first, value ->> 3 AS after FROM json_each(?))
  SELECT part.part, work_counts.slot, work_counts.outcome, work_counts.cause, sum(work_counts.jobs) AS jobs, sum(work_counts.first_tries) AS first_tries
  FROM part CROSS JOIN work_counts ON work_counts.width = part.width AND work_counts.number >= part.first AND work_counts.number < part.after
  GROUP BY part.part, work_counts.slot, work_counts.outcome, work_counts.cause`;

type Range = readonly [width: number, first: number, after: number];

/**
 * The widest counts that make up a span: six hours in its middle, hours and quarters at its ends. Days and hours begin with a
 * quarter of an hour everywhere.
 *
 * @param from seconds since 1970
 */
export function rangesOf(from: number, until: number, widths: readonly number[] = countedWidths): readonly Range[] {
  const width = widths.at(-1);
  if (width === undefined || from >= until) return [];
  const narrower = widths.slice(0, -1);
  // Nothing is narrower than a quarter: what is in part of one belongs to it.
  const [first, after] = narrower.length === 0 ? [Math.floor(from / width), Math.floor(until / width)] : [Math.ceil(from / width), Math.floor(until / width)];
  if (first >= after) return rangesOf(from, until, narrower);
  return [...rangesOf(from, first * width, narrower), [width, first, after], ...rangesOf(after * width, until, narrower)];
}

function transferOf(name: 'written' | 'readBack', bytes: number | null, from: string | null, until: string | null): Partial<Record<typeof name, Transfer>> {
  if (bytes === null || from === null || until === null) return {};
  return { [name]: { bytes, seconds: (Date.parse(until) - Date.parse(from)) / 1000 } };
}

const moment = z.string().nullable();
const endedSchema = z.object({
  state: z.enum(['done', 'failed', 'cancelled', 'compensated']),
  ended_at: z.string(),
  slot: z.string(),
  operator: z.string(),
  image_sha256: z.string(),
  profile_name: z.string(),
  profile_sha256: z.string(),
  cause: z.string().nullable(),
  batch: z.string().nullable(),
  identity: z.string(),
  again: z.int(),
  accepted: z.int().nullable(),
  write_from: moment,
  write_until: moment,
  written_bytes: z.int().nullable(),
  read_from: moment,
  read_until: moment,
  read_bytes: z.int().nullable(),
});
const unfinishedSchema = z.object({ state: z.enum(['open', 'waiting']), jobs: z.int() });
const countSchema = z.object({ part: z.int(), slot: z.string(), outcome: z.enum(countedOutcomes), cause: z.string(), jobs: z.int(), first_tries: z.int() });
const checkpointSchema = z.object({ note: z.string(), kept_at: z.string() });
