import { z } from 'zod';

import type { BatchSummary, SignOff } from '../domain/acceptance';
import { ImprintError } from '../domain/errors';
import { totalOf } from './acceptances';
import type { AcceptanceRecord } from './acceptances';
import { timestamp, wholeNumber } from './checks';
import type { LogEvents } from './log-events';
import type { OrderAdmission } from './order-admission';
import { parse, readSignOff, signOffColumns } from './rows';
import type { RecordSession } from './session';

/**
 * Batches with what has become of their devices, and QA's word on them. A device that is at the bench, or whose card waits
 * for the server, is one of its batch and counts as unchecked: without it a batch would look whole.
 */
export class BatchRecord {
  readonly #session: RecordSession;
  readonly #events: LogEvents;
  readonly #acceptances: AcceptanceRecord;
  readonly #admission: OrderAdmission;

  constructor(session: RecordSession, acceptances: AcceptanceRecord, events: LogEvents, admission: OrderAdmission) {
    this.#session = session;
    this.#events = events;
    this.#acceptances = acceptances;
    this.#admission = admission;
  }

  batches(limit: number): Promise<readonly BatchSummary[]> {
    return this.#session.read(() => this.newest(limit));
  }

  /** Inside a transaction of the caller's. */
  newest(limit: number): readonly BatchSummary[] {
    return this.#session.all(newestBatches, wholeNumber(limit, 'limit')).map((row) => this.#summary(parse(batchSchema, row, 'batch', this.#session.path).batch));
  }

  /** @throws ImprintError no-such-device */
  signOff(batch: string, by: string, at: string, remark?: string): Promise<SignOff> {
    return this.#session.write(() => {
      const moment = timestamp(at);
      const { total, counts } = this.#summary(batch);
      if (total === 0) {
        throw new ImprintError('no-such-device', `The record has no devices in batch "${batch}": check its name.`, { field: 'batch', expected: 'a batch with devices' });
      }
      this.#session.run(
        'INSERT INTO sign_offs (batch, signed_by, signed_at, total, accepted, remark) VALUES (?, ?, ?, ?, ?, ?)',
        batch,
        by,
        moment,
        total,
        counts.accepted,
        remark ?? null,
      );
      const signOff: SignOff = { batch, by, at: moment, total, accepted: counts.accepted, ...(remark === undefined ? {} : { remark }) };
      this.#events.signedOff(signOff);
      // How far its order was then: QA's word says how its devices stood.
      const order = this.#admission.order(batch);
      if (order !== undefined) this.#events.batchChanged(order, 'signed-off', by, moment);
      return signOff;
    });
  }

  #summary(batch: string): BatchSummary {
    const seen = this.#acceptances.countsOfBatch(batch);
    const inMaking = this.#session.number(`SELECT count(*) AS value FROM devices WHERE state = 'reserved' AND batch = ?`, batch);
    const counts = { ...seen, unchecked: seen.unchecked + inMaking };
    const last = this.#session.get(`SELECT ${signOffColumns} FROM sign_offs WHERE batch = ? ORDER BY sequence DESC LIMIT 1`, batch);
    return { batch, total: totalOf(counts), counts, ...(last === undefined ? {} : { lastSignOff: readSignOff(last, this.#session.path) }) };
  }
}

const batchSchema = z.object({ batch: z.string() });

/** Goes from name to name in the index: reading every device to find some names would cost most of all. */
const newestBatches = `
  WITH RECURSIVE
    expected (batch) AS (
      SELECT ''
      UNION ALL
      SELECT (SELECT min(acceptances.batch) FROM acceptances WHERE acceptances.watched = 1 AND acceptances.batch > expected.batch)
      FROM expected WHERE expected.batch IS NOT NULL
    ),
    names (batch) AS (
      SELECT batch FROM expected WHERE batch <> ''
      UNION
      SELECT batch FROM devices WHERE state = 'reserved' AND batch IS NOT NULL
    )
  SELECT names.batch FROM names
  ORDER BY max(
    ifnull((SELECT acceptances.sequence FROM acceptances WHERE acceptances.watched = 1 AND acceptances.batch = names.batch ORDER BY acceptances.sequence DESC LIMIT 1), 0),
    ifnull((SELECT devices.sequence FROM devices WHERE devices.state = 'reserved' AND devices.batch = names.batch ORDER BY devices.sequence DESC LIMIT 1), 0)
  ) DESC LIMIT ?`;
