/** The report of a shift and the dashboards over made-up shifts in a real record. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ErrorCode } from '../../main/domain/errors';
import type { JobState } from '../../main/domain/job';
import type { Reservation } from '../../main/domain/ports';
import { percent } from '../../main/domain/shift-report';
import { lastDays, partsOf } from '../../main/domain/shifts';
import { signCheckpoint } from '../../main/ledger/checkpoint';
import { firstLogKey } from '../../main/ledger/log-key';
import { openDatabase } from '../../main/storage/database';
import type { RecordDatabase } from '../../main/storage/database';
import { reportSchema } from '../../main/storage/report-schema';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { rangesOf } from '../../main/storage/reports';
import { logSigner } from '../support/log';
import { at, newKey, refusal, reservation, seen } from '../support/reservations';

let folder: string;
let database: RecordDatabase;
let store: SqliteRecordStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-report-'));
  database = openDatabase(join(folder, 'record.sqlite'));
  store = new SqliteRecordStore(database);
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

interface MadeUp {
  readonly number: number;
  readonly from?: number;
  readonly minutes?: number;
  readonly board?: number;
  readonly state?: Exclude<JobState, 'open'>;
  readonly cause?: ErrorCode;
  readonly bytes?: number;
  readonly change?: Partial<Reservation>;
}

/** One card: begun in a minute of the day, written for half of its time, read back for the other. */
async function card({ number, from = number, minutes = 2, board = number, state = 'done', cause, bytes = 60_000_000, change = {} }: MadeUp): Promise<void> {
  const jobId = `job-${String(number)}`;
  await store.reserve(reservation(number, { identity: reservation(board).identity, at: at(from), ...change }));
  if (state === 'done' || state === 'waiting') {
    await store.recordPublicKey(jobId, newKey(), at(from));
    await store.startStep(jobId, 'write', at(from));
    await store.endStep(jobId, 'write', 'done', 'Written.', at(from + minutes / 2), { bytes });
    await store.startStep(jobId, 'verify', at(from + minutes / 2));
    await store.endStep(jobId, 'verify', 'done', 'Read.', at(from + minutes), { bytes });
    await store.endJob(jobId, state, state === 'done' ? 'preauthorized' : 'reserved', 'Ended.', at(from + minutes), `server-${String(number)}`);
  } else await store.endJob(jobId, state, 'released', 'No.', at(from + minutes), undefined, cause);
}

const span = { from: at(0), until: at(240) };
/** `at` is of this day. */
const dashboard = (now = at(240)) => {
  const moment = new Date(now);
  const today = lastDays(moment, 1)[0] ?? span;
  return store.reports.dashboard({ now, days: lastDays(moment, 30), hours: partsOf(today, 'hour').parts });
};

describe('the report of a shift', () => {
  it('counts what began, how it ended, and by whom, where and in which batch', async () => {
    await card({ number: 1, change: { slot: 'Slot 2', batch: 'WO-1' } });
    await card({ number: 2, change: { slot: 'Slot 10', operator: 'Tom' } });
    await card({ number: 3, state: 'failed', cause: 'target-write-failed', change: { slot: 'Slot 2', batch: 'WO-1' } });
    await card({ number: 4, state: 'failed', cause: 'target-write-failed' });
    await card({ number: 5, state: 'failed', cause: 'server-refused' });
    await card({ number: 6, state: 'compensated' });
    await card({ number: 7, state: 'cancelled' });
    await card({ number: 8, state: 'waiting' });
    await store.reserve(reservation(9));
    await store.saveAcceptances([seen(1, 'accepted', 30)]);
    const report = await store.reports.shiftReport(span);
    expect(report.counts).toEqual({ started: 9, done: 2, accepted: 1, failed: 4, cancelled: 1, waiting: 1, running: 1 });
    expect(report.causes).toEqual([
      { cause: 'target-write-failed', word: 'Card did not take it', jobs: 2 },
      { cause: 'interrupted', word: 'Station ended', jobs: 1 },
      { cause: 'server-refused', word: 'Server refused', jobs: 1 },
    ]);
    expect(report.slots.map(({ name, done, failed }) => [name, done, failed])).toEqual([['A', 0, 3], ['Slot 2', 1, 1], ['Slot 10', 1, 0]]);
    expect(report.operators.map(({ name, done }) => [name, done])).toEqual([['Ana', 1], ['Tom', 1]]);
    expect(report.batches).toEqual([{ name: '', done: 1, accepted: 0, failed: 3, cancelled: 1 }, { name: 'WO-1', done: 1, accepted: 1, failed: 1, cancelled: 0 }]);
    expect(report.images).toEqual([{ sha256: 'b'.repeat(64), jobs: 7 }]);
    expect(report.profiles).toEqual([{ name: 'gateway', sha256: 'a'.repeat(64), jobs: 7 }]);
    expect(report.parts.map(({ done, failed }) => [done, failed])).toEqual([[2, 4], [0, 0], [0, 0], [0, 0]]);
    expect(report.perHour).toBe(0.5);
  });

  it('is about a batch or a person alone where that is asked for', async () => {
    await card({ number: 1, change: { batch: 'WO-1' } });
    await card({ number: 2, change: { operator: 'Tom' } });
    await card({ number: 3, state: 'waiting', change: { batch: 'WO-1', operator: 'Tom' } });
    expect((await store.reports.shiftReport({ ...span, batch: 'WO-1' })).counts).toMatchObject({ started: 2, done: 1, waiting: 1 });
    expect((await store.reports.shiftReport({ ...span, operator: 'Tom' })).counts).toMatchObject({ started: 2, done: 1, waiting: 1 });
    expect((await store.reports.shiftReport({ ...span, batch: 'WO-1', operator: 'Ana' })).counts).toMatchObject({ started: 1, done: 1, waiting: 0 });
  });

  it('takes an end at its last moment for the next one, and tells a night without work from an error', async () => {
    await card({ number: 1, from: 58, minutes: 2 });
    expect((await store.reports.shiftReport({ from: at(0), until: at(60) })).counts).toMatchObject({ started: 1, done: 0 });
    expect((await store.reports.shiftReport({ from: at(60), until: at(120) })).counts).toMatchObject({ started: 0, done: 1 });
    const empty = await store.reports.shiftReport({ from: at(600), until: at(1080) });
    expect(empty).toMatchObject({ counts: { started: 0, done: 0 }, firstPass: { good: 0, of: 0 }, causes: [], slots: [], speeds: [], perHour: 0, log: {} });
    expect(percent(empty.firstPass)).toBeUndefined();
    expect(empty.parts).toHaveLength(8);
  });

  it('refuses a span that is none, or longer than a year', async () => {
    expect(await refusal(store.reports.shiftReport({ from: at(10), until: at(10) }))).toMatchObject({ code: 'usage', field: 'until' });
    expect(await refusal(store.reports.shiftReport({ from: '2024-01-01T00:00:00.000Z', until: at(0) }))).toMatchObject({ code: 'usage', field: 'from' });
  });

  it('counts boards in its yields: a second try is none of the first pass, a cancelled one was not decided', async () => {
    await card({ number: 1, from: -300, board: 1, state: 'failed', cause: 'target-write-failed' });
    await card({ number: 2, board: 1 });
    await card({ number: 3, board: 2, state: 'failed', cause: 'target-write-failed' });
    await card({ number: 4, board: 2, from: 10 });
    await card({ number: 5, board: 3, state: 'cancelled' });
    await card({ number: 6, board: 3, from: 20 });
    await card({ number: 7, board: 4, state: 'failed', cause: 'target-write-failed' });
    const { firstPass, finalYield } = await store.reports.shiftReport(span);
    expect(firstPass).toEqual({ good: 1, of: 3 });
    expect(finalYield).toEqual({ good: 3, of: 4 });
    expect(percent(finalYield)).toBe(75);
    const { total } = await dashboard();
    expect(total.firstPass).toEqual({ good: 1, of: 4 });
    expect(total.finalYield).toEqual({ good: 3, of: 4 });
  });

  it('knows each slot’s speed over time from bytes and seconds, also in a record from before steps kept bytes', async () => {
    await card({ number: 1, from: 0, minutes: 4, bytes: 1_200_000_000 });
    await card({ number: 2, from: 1, minutes: 2, bytes: 1_200_000_000, change: { slot: 'Slot 2' } });
    await card({ number: 3, from: 62, minutes: 4, bytes: 600_000_000 });
    database.connection.exec(`UPDATE steps SET bytes = NULL WHERE job_id = 'job-3'`);
    const { speeds } = await store.reports.shiftReport(span);
    expect(speeds).toEqual([
      { slot: 'A', write: 7_500_000, readBack: 10_000_000, points: [{ at: at(0), write: 10_000_000 }, { at: at(60), write: 5_000_000 }] },
      { slot: 'Slot 2', write: 20_000_000, readBack: 20_000_000, points: [{ at: at(0), write: 20_000_000 }] },
    ]);
  });

  it('invents no speed and loses no card where the clock was set back', async () => {
    await card({ number: 1, from: 30, minutes: -20 });
    const report = await store.reports.shiftReport({ from: at(0), until: at(60) });
    expect(report.counts).toMatchObject({ started: 1, done: 1 });
    expect(report.parts).toMatchObject([{ done: 1 }]);
    expect(report.speeds).toEqual([]);
    const { days } = await dashboard();
    expect(days.at(-1)).toMatchObject({ started: 1, done: 1 });
  });

  it('has the heads of the log that were signed last before each end', async () => {
    const signer = logSigner('station', 'bench/imprint/1');
    await store.log.log({ event: 'log-key', by: 'station', at: at(-100), data: firstLogKey(signer.key) });
    const notes: string[] = [];
    for (const minute of [-60, 30, 400]) {
      await card({ number: minute + 1000, from: minute - 5 });
      const note = await signCheckpoint({ origin: signer.key.name, ...(await store.log.head()) }, signer);
      await store.log.keepCheckpoint(note, at(minute));
      notes.push(note);
    }
    const { log } = await store.reports.shiftReport(span);
    expect([log.first?.note, log.last?.note]).toEqual([notes[0], notes[1]]);
    expect(log.key).toContain('bench/imprint/1+');
    expect(log.first?.size).toBeLessThan(log.last?.size ?? 0);
    // Nothing was signed before: the first head after the begin.
    expect((await store.reports.shiftReport({ from: at(-200), until: at(60) })).log.first?.note).toBe(notes[0]);
  });
});

describe('the dashboards', () => {
  it('make a day anywhere out of counts that meet without a gap and overlap nowhere', () => {
    for (const offset of [0, 60, -300, 330, 345, 765]) {
      const from = Date.UTC(2026, 10, 25) / 1000 - offset * 60;
      const ranges = rangesOf(from, from + 86_400);
      expect(ranges[0] === undefined ? undefined : ranges[0][0] * ranges[0][1]).toBe(from);
      for (const [index, [width, , after]] of ranges.entries()) {
        const [nextWidth, nextFirst] = ranges[index + 1] ?? [1, from + 86_400];
        expect(width * after).toBe(nextWidth * nextFirst);
      }
      expect(ranges.reduce((sum, [, first, after]) => sum + after - first, 0)).toBeLessThan(17);
    }
  });

  it('count by local days, with causes, slots, hours and what is under way', async () => {
    await card({ number: 1, change: { batch: 'WO-1' } });
    await card({ number: 2, state: 'failed', cause: 'target-write-failed', change: { slot: 'Slot 2' } });
    await card({ number: 3, from: -24 * 60, state: 'failed', cause: 'target-write-failed' });
    await card({ number: 4, from: -31 * 24 * 60 });
    await card({ number: 5, state: 'waiting' });
    await store.saveAcceptances([seen(1, 'accepted', 3000)]);
    const found = await dashboard();
    expect(found.days).toHaveLength(30);
    expect(found.days.at(-1)).toMatchObject({ started: 3, done: 1, accepted: 1, failed: 1, firstPass: { good: 1, of: 2 } });
    expect(found.days.at(-2)).toMatchObject({ started: 1, done: 0, failed: 1 });
    expect(found.total).toMatchObject({ started: 4, done: 1, failed: 2 });
    expect(found.causes).toEqual([{ cause: 'target-write-failed', word: 'Card did not take it', today: 1, jobs: 2 }]);
    expect(found.slots).toEqual([{ name: 'A', done: 1, failed: 1, doneToday: 1, failedToday: 0 }, { name: 'Slot 2', done: 0, failed: 1, doneToday: 0, failedToday: 1 }]);
    expect(found.hours.filter(({ done }) => done > 0).map(({ from }) => from)).toEqual([at(0)]);
    expect(found.batches).toMatchObject([{ batch: 'WO-1', total: 1, counts: { accepted: 1 } }]);
    expect([found.waiting, found.running]).toEqual([1, 0]);
  });

  it('have each card on the right side of midnight on the day on which the clocks are changed', async () => {
    const before = process.env['TZ'];
    process.env['TZ'] = 'Europe/Berlin';
    try {
      const moments = ['2026-10-24T21:59:00.000Z', '2026-10-24T22:01:00.000Z', '2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z', '2026-10-25T22:59:00.000Z', '2026-10-25T23:01:00.000Z'];
      for (const [number, moment] of moments.entries()) {
        await store.reserve(reservation(number, { at: moment }));
        await store.endJob(`job-${String(number)}`, 'cancelled', 'released', 'No.', moment);
      }
      const { days } = await dashboard('2026-10-26T08:00:00.000Z');
      expect(days.slice(-3).map(({ day, cancelled }) => [day, cancelled])).toEqual([['2026-10-24', 1], ['2026-10-25', 4], ['2026-10-26', 1]]);
      const report = await store.reports.shiftReport({ from: '2026-10-24T22:00:00.000Z', until: '2026-10-25T23:00:00.000Z' });
      expect(report.parts).toHaveLength(25);
      expect(report.counts.cancelled).toBe(4);
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });

  it('count a record from before the counts as they count a new one, but for the causes that nobody kept', async () => {
    await card({ number: 1, board: 1, state: 'failed', cause: 'target-write-failed' });
    await card({ number: 2, board: 1, from: 20 });
    await card({ number: 3 });
    await card({ number: 4, state: 'cancelled' });
    await store.saveAcceptances([seen(3, 'accepted', 30)]);
    const counts = () => database.connection.prepare('SELECT width, number, slot, outcome, jobs, first_tries FROM work_counts ORDER BY width, number, slot, outcome').all();
    const kept = counts();
    const { connection } = database;
    connection.exec(`DROP TABLE work_counts; DROP INDEX jobs_ended; DROP INDEX log_checkpoints_kept;
      DROP TRIGGER jobs_are_counted; DROP TRIGGER ends_are_counted; DROP TRIGGER acceptances_are_counted;
      ALTER TABLE jobs DROP COLUMN cause; ALTER TABLE steps DROP COLUMN bytes;`);
    connection.exec(reportSchema);
    expect(counts()).toEqual(kept);
    const { causes } = await dashboard();
    expect(causes).toMatchObject([{ cause: 'not-kept', word: 'Cause not kept', jobs: 1 }]);
  });

  it('count a device once that was accepted before its card’s job had ended', async () => {
    await card({ number: 1, state: 'waiting' });
    database.connection.exec(`UPDATE devices SET state = 'accepted', updated_at = '${at(5)}' WHERE device_id = 'device-1'`);
    await store.endJob('job-1', 'done', 'preauthorized', 'The server answered.', at(6), 'server-1');
    await store.endJob('job-1', 'done', 'preauthorized', 'The server answered.', at(6), 'server-1');
    expect((await dashboard()).days.at(-1)).toMatchObject({ started: 1, done: 1, accepted: 1 });
    expect((await store.reports.shiftReport(span)).counts).toMatchObject({ done: 1, accepted: 1 });
  });
});
