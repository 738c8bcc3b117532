import { z } from 'zod';

import { recentCards, type BenchHealth, type CardHealth, type CardNames, type FailureCount, type HealthQuery, type SlotHealth } from '../domain/slot-health';
import { bug, timestamp } from './checks';
import { parse } from './rows';
import type { RecordSession, Value } from './session';

/** Names of slots that are counted where none are named; a command line names a slot as it likes. */
const mostSlots = 200;
const mostCards = 50;

/** Cards that were written to an end. */
const ended = `('done', 'waiting', 'failed')`;

/** In SQL: the card or its reader is to blame, and not the server, the image or the person. */
const byTheCard = (job: string): string => `EXISTS (SELECT 1 FROM steps WHERE steps.job_id = ${job}.job_id AND steps.name IN ('write', 'verify') AND steps.state = 'failed')`;

const countSchema = z.object({ failed: z.number(), ended: z.number() });
const slotSchema = z.object({ slot: z.string() });
const sentenceSchema = z.object({ sentence: z.string().nullable() });
const failedCardSchema = z.object({ lot: z.string(), card: z.string().nullable(), failed: z.number(), slots: z.number() });

/** Counts of failed cards by slot and by card: each a range of one index. */
export class BenchHealthRecord {
  readonly #session: RecordSession;

  constructor(session: RecordSession) {
    this.#session = session;
  }

  /** A job has one card; told again, the first stays. */
  recordCard(jobId: string, { lot, card }: CardNames, at: string): Promise<void> {
    return this.#session.write(() => {
      if (this.#session.get('SELECT 1 FROM jobs WHERE job_id = ?', jobId) === undefined) throw bug(`There is no job ${jobId}`);
      this.#session.run('INSERT INTO job_cards (job_id, lot, card, recorded_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', jobId, lot, card ?? null, timestamp(at));
    });
  }

  benchHealth({ slots, weekFrom, monthFrom }: HealthQuery): Promise<BenchHealth> {
    return this.#session.read(() => {
      const [week, month] = [timestamp(weekFrom), timestamp(monthFrom)];
      return {
        slots: (slots ?? this.#slotNames()).map((slot) => this.#slot(slot, week, month)),
        lots: this.#cards('lot', month),
        cards: this.#cards('card', month),
      };
    });
  }

  /** From name to name: as many steps as there are slots, not as there are jobs. */
  #slotNames(): readonly string[] {
    const rows = this.#session.all(
      `WITH RECURSIVE names (slot) AS (
         SELECT min(slot) FROM jobs
         UNION ALL SELECT (SELECT min(jobs.slot) FROM jobs WHERE jobs.slot > names.slot) FROM names WHERE names.slot IS NOT NULL LIMIT ${mostSlots}
       ) SELECT slot FROM names WHERE slot IS NOT NULL`,
    );
    return rows.map((row) => parse(slotSchema, row, 'job', this.#session.path).slot);
  }

  #slot(slot: string, week: string, month: string): SlotHealth {
    const last = this.#session.get(
      `SELECT sentence FROM jobs WHERE slot = ? AND state = 'failed' AND started_at >= ? AND ${byTheCard('jobs')} ORDER BY started_at DESC LIMIT 1`,
      slot,
      month,
    );
    const sentence = last === undefined ? undefined : (parse(sentenceSchema, last, 'job', this.#session.path).sentence ?? undefined);
    return {
      slot,
      recent: this.#count(`SELECT job_id, state FROM jobs WHERE slot = ? AND state IN ${ended} ORDER BY started_at DESC LIMIT ${recentCards}`, slot),
      week: this.#since(slot, week),
      month: this.#since(slot, month),
      ...(sentence === undefined ? {} : { sentence }),
    };
  }

  #since(slot: string, from: string): FailureCount {
    return {
      failed: this.#session.number(`SELECT count(*) AS value FROM jobs WHERE slot = ? AND state = 'failed' AND started_at >= ? AND ${byTheCard('jobs')}`, slot, from),
      of: this.#session.number(`SELECT count(*) AS value FROM jobs WHERE slot = ? AND started_at >= ? AND state IN ${ended}`, slot, from),
    };
  }

  /** Those with a failure, the worst first: found from the failed jobs of a month, which are few. */
  #cards(column: 'lot' | 'card', from: string): readonly CardHealth[] {
    const rows = this.#session.all(
      `SELECT job_cards.lot AS lot, ${column === 'lot' ? 'NULL' : 'job_cards.card'} AS card, count(*) AS failed, count(DISTINCT jobs.slot) AS slots
       FROM jobs INDEXED BY jobs_failed CROSS JOIN job_cards ON job_cards.job_id = jobs.job_id
       WHERE jobs.state = 'failed' AND jobs.started_at >= ? AND job_cards.${column} IS NOT NULL AND ${byTheCard('jobs')}
       GROUP BY job_cards.${column} ORDER BY failed DESC LIMIT ${mostCards}`,
      from,
    );
    return rows.map((row) => {
      const { lot, card, slots } = parse(failedCardSchema, row, 'job', this.#session.path);
      const month = this.#count(
        `SELECT jobs.job_id, jobs.state FROM job_cards CROSS JOIN jobs ON jobs.job_id = job_cards.job_id WHERE job_cards.${column} = ? AND job_cards.recorded_at >= ? AND jobs.state IN ${ended}`,
        card ?? lot,
        from,
      );
      return { lot, ...(card === null ? {} : { card }), month, slots };
    });
  }

  #count(jobs: string, ...values: Value[]): FailureCount {
    const row = this.#session.get(`SELECT count(*) AS ended, coalesce(sum(state = 'failed' AND ${byTheCard('counted')}), 0) AS failed FROM (${jobs}) AS counted`, ...values);
    const { failed, ended: of } = parse(countSchema, row, 'job', this.#session.path);
    return { failed, of };
  }
}
