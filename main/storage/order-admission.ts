import { z } from 'zod';

import { counterIdentity, counterPosition } from '../domain/counter';
import { ImprintError } from '../domain/errors';
import { canonicalIdentity, describeIdentity } from '../domain/identity';
import type { Identity } from '../domain/identity';
import { leftOf } from '../domain/work-orders';
import type { OrderRequest, PlannedIdentity, TakenIdentity, WorkOrder } from '../domain/work-orders';
import { day, freeStates, stateInWords } from './checks';
import { importedFrom } from './foreign-devices';
import type { ForeignDeviceRecord } from './foreign-devices';
import { orderColumns, readOrder, readPlanned } from './order-rows';
import { deviceStateSchema, parse } from './rows';
import type { RecordSession } from './session';

/** Orders whose identities nobody else may have. */
const alive = `('open', 'paused')`;

/** What a counter gives to the next device. */
export interface CountedIdentity {
  readonly identity: Identity;
  readonly position: number;
}

/**
 * Which device may be begun in which batch, and which identity a counter gives next. Every method is inside the transaction
 * of its caller: what is admitted there is reserved there too, so two stations on one record never get the same.
 */
export class OrderAdmission {
  readonly #session: RecordSession;
  readonly #foreignDevices: ForeignDeviceRecord;

  constructor(session: RecordSession, foreignDevices: ForeignDeviceRecord) {
    this.#session = session;
    this.#foreignDevices = foreignDevices;
  }

  order(batch: string): WorkOrder | undefined {
    const row = this.#session.get(`SELECT ${orderColumns} FROM work_orders WHERE batch = ? AND state <> 'begun'`, batch);
    return row === undefined ? undefined : readOrder(row, this.#session.path);
  }

  /** Counters that still give out identities. */
  counters(): readonly WorkOrder[] {
    return this.#session
      .all(`SELECT ${orderColumns} FROM work_orders WHERE state IN ${alive} AND kind = 'counter'`)
      .map((row) => readOrder(row, this.#session.path));
  }

  /**
   * That nothing of the order speaks against this device. Whether the record has it already is for whoever reserves it.
   *
   * @throws ImprintError batch-stopped, identity-foreign, identity-planned
   */
  admit(identity: Identity, { batch, profileName }: OrderRequest): void {
    const order = batch === undefined ? undefined : this.#begins(batch, profileName);
    if (order !== undefined) this.#assertWanted(order, identity);
    const other = this.plannedIn(identity, this.counters(), order?.batch);
    if (other === undefined) return;
    throw new ImprintError('identity-planned', `${describeIdentity(identity)} is planned in batch "${other}": choose that batch, or put this board aside.`, { field: 'identity', expected: 'a board of the chosen batch' });
  }

  /**
   * CRASH: the place is kept with the reservation or not at all; one whose job fails or is cancelled is given out again.
   *
   * @param preferred taken where it is still free: the one that a slot has shown
   * @returns the identity that is reserved next, with its row
   */
  handOut(request: OrderRequest & { readonly batch: string }, preferred: Identity): Identity {
    const order = this.#counterOf(request);
    const { counter, quantity = 0 } = order;
    const place = counter === undefined ? undefined : counterPosition(counter, quantity, preferred);
    const shown = place !== undefined && this.#isFree(order, preferred) ? { identity: preferred, position: place } : undefined;
    const { identity, position } = shown ?? this.#next(order, new Set());
    this.#session.run(
      `INSERT INTO planned_identities (order_sequence, identity, position, state) SELECT sequence, ?, ?, 'planned' FROM work_orders WHERE batch = ?
       ON CONFLICT (order_sequence, identity) DO NOTHING`,
      canonicalIdentity(identity),
      position,
      order.batch,
    );
    this.#advance(order);
    return identity;
  }

  /** @param without canonical identities that are promised elsewhere @throws ImprintError batch-stopped */
  next(request: OrderRequest & { readonly batch: string }, without: ReadonlySet<string>): CountedIdentity {
    return this.#next(this.#counterOf(request), without);
  }

  /** Which of these identities cannot be planned: a device has them, or another order that is not closed plans them. */
  taken(identities: readonly Identity[]): readonly TakenIdentity[] {
    const counters = this.counters();
    return identities.flatMap((identity, index): readonly TakenIdentity[] => {
      const recorded = this.holder(identity);
      if (recorded !== undefined) return [{ index, why: 'recorded', how: recorded }];
      const batch = this.plannedIn(identity, counters);
      return batch === undefined ? [] : [{ index, why: 'planned', how: `is planned in batch "${batch}"` }];
    });
  }

  /** How the record has this identity: `was made already …`; undefined where nobody holds it. */
  holder(identity: Identity): string | undefined {
    const row = this.#session.get(`SELECT state, updated_at FROM devices WHERE identity = ? AND state NOT IN ${freeStates}`, canonicalIdentity(identity));
    if (row !== undefined) {
      const found = parse(heldSchema, row, 'device', this.#session.path);
      return `is in the record already: ${stateInWords[found.state]}, ${day(found.updated_at)}`;
    }
    const foreign = this.#foreignDevices.holderOfIdentity(identity);
    return foreign === undefined ? undefined : `is in the record already: another tool made it, ${importedFrom(foreign)}`;
  }

  /** The batch of another order that has this identity and is not closed. */
  plannedIn(identity: Identity, counters: readonly WorkOrder[], except?: string): string | undefined {
    const listed = this.#session.text(
      `SELECT work_orders.batch AS value FROM work_orders CROSS JOIN planned_identities ON planned_identities.order_sequence = work_orders.sequence AND planned_identities.identity = ?
       WHERE work_orders.state IN ${alive} AND work_orders.kind = 'list' AND work_orders.batch IS NOT ? LIMIT 1`,
      canonicalIdentity(identity),
      except ?? null,
    );
    return listed ?? counters.find(({ batch, counter, quantity = 0 }) => batch !== except && counter !== undefined && counterPosition(counter, quantity, identity) !== undefined)?.batch;
  }

  /** @returns undefined for a batch that nobody ordered: it is open-ended. @throws ImprintError batch-stopped */
  #begins(batch: string, profileName: string): WorkOrder | undefined {
    const order = this.order(batch);
    if (order === undefined) return undefined;
    if (order.state !== 'open') {
      const what = order.state === 'paused' ? 'is paused: nothing is begun until somebody resumes it' : 'is closed: choose another batch';
      throw new ImprintError('batch-stopped', `Batch "${batch}" ${what}.`, { field: 'batch', expected: 'a batch that is open' });
    }
    if (order.profileName !== profileName) {
      throw new ImprintError('batch-stopped', `Batch "${batch}" is made with the profile "${order.profileName}", and "${profileName}" is open: choose another batch, or open that profile.`, { field: 'batch', expected: 'a batch of the open profile' });
    }
    if (leftOf(order) === 0) {
      const { making } = order.tally;
      const how = making === 0 ? 'are made' : `are made, or will be with the ${String(making)} at work`;
      throw new ImprintError('batch-stopped', `Batch "${batch}" is complete: all ${String(order.quantity)} devices ${how}. Choose the next batch.`, { field: 'batch', expected: 'a batch that is not complete' });
    }
    return order;
  }

  #counterOf({ batch, profileName }: OrderRequest & { readonly batch: string }): WorkOrder {
    const order = this.#begins(batch, profileName);
    if (order?.kind === 'counter') return order;
    throw new ImprintError('batch-stopped', `Batch "${batch}" has no counter: scan the label of a board.`, { field: 'batch', expected: 'a batch with a counter' });
  }

  #assertWanted({ kind, batch, counter, quantity = 0 }: WorkOrder, identity: Identity): void {
    const wanted =
      kind === 'open' ||
      (counter !== undefined && counterPosition(counter, quantity, identity) !== undefined) ||
      this.#planned(batch, identity) !== undefined;
    if (wanted) return;
    throw new ImprintError('identity-foreign', `${describeIdentity(identity)} is not in batch "${batch}": put this board aside, it belongs somewhere else.`, { field: 'identity', expected: 'a board of this batch' });
  }

  /** The lowest that is free again, else the next that nobody has. @throws ImprintError batch-stopped */
  #next(order: WorkOrder, without: ReadonlySet<string>): CountedIdentity {
    const { batch, counter, quantity = 0 } = order;
    for (const state of ['failed', 'planned']) {
      const rows = this.#session.all(
        `SELECT planned_identities.identity, planned_identities.state, planned_identities.attempts, planned_identities.position
         FROM work_orders CROSS JOIN planned_identities ON planned_identities.order_sequence = work_orders.sequence
         WHERE work_orders.batch = ? AND planned_identities.state = ? ORDER BY planned_identities.position LIMIT 100`,
        batch,
        state,
      );
      for (const row of rows) {
        const { identity } = readPlanned(row, this.#session.path);
        const { position } = parse(positionSchema, row, 'ordered identity', this.#session.path);
        if (!without.has(canonicalIdentity(identity)) && this.#isFree(order, identity)) return { identity, position };
      }
    }
    const from = this.#session.number('SELECT next_position AS value FROM work_orders WHERE batch = ?', batch);
    for (let position = from; counter !== undefined && position < quantity; position += 1) {
      const identity = counterIdentity(counter, position);
      if (!without.has(canonicalIdentity(identity)) && this.#isFree(order, identity)) return { identity, position };
    }
    throw new ImprintError('batch-stopped', `The counter of batch "${batch}" has no free identity left.`, { field: 'batch', expected: 'a batch that is not complete' });
  }

  /** Past everything that has a row or was taken by others, so that the next one is found without looking at them again. */
  #advance({ batch, counter, quantity = 0 }: WorkOrder): void {
    const from = this.#session.number('SELECT next_position AS value FROM work_orders WHERE batch = ?', batch);
    let position = from;
    for (; counter !== undefined && position < quantity; position += 1) {
      const identity = counterIdentity(counter, position);
      if (this.#planned(batch, identity) === undefined && this.#isFree({ batch }, identity)) break;
    }
    if (position > from) this.#session.run('UPDATE work_orders SET next_position = ? WHERE batch = ?', position, batch);
  }

  /** Whether nobody has it, nobody else plans it, and it was not given to a device of this order before. */
  #isFree({ batch }: Pick<WorkOrder, 'batch'>, identity: Identity): boolean {
    const planned = this.#planned(batch, identity);
    if (planned !== undefined && planned.state !== 'planned' && planned.state !== 'failed') return false;
    return this.holder(identity) === undefined && !this.#wasDecommissioned(identity) && this.plannedIn(identity, this.counters(), batch) === undefined;
  }

  #planned(batch: string, identity: Identity): PlannedIdentity | undefined {
    const row = this.#session.get(
      'SELECT identity, state, attempts FROM planned_identities WHERE order_sequence = (SELECT sequence FROM work_orders WHERE batch = ?) AND identity = ?',
      batch,
      canonicalIdentity(identity),
    );
    return row === undefined ? undefined : readPlanned(row, this.#session.path);
  }

  /** The record lets go of such an identity, but a board may still wear its label. */
  #wasDecommissioned(identity: Identity): boolean {
    return this.#session.get(`SELECT 1 FROM devices WHERE identity = ? AND state = 'decommissioned' LIMIT 1`, canonicalIdentity(identity)) !== undefined;
  }
}

const heldSchema = z.object({ state: deviceStateSchema, updated_at: z.string() });
const positionSchema = z.object({ position: z.int() });
