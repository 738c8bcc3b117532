import { createHash } from 'node:crypto';

import { counterIdentity } from '../domain/counter';
import { ImprintError } from '../domain/errors';
import { canonicalIdentity, describeIdentity } from '../domain/identity';
import type { Identity } from '../domain/identity';
import { mostPlacedAtOnce, mostPlannedAtOnce } from '../domain/work-orders';
import type { NewOrder, OrderChange, OrderRequest, OrdersQuery, PlacedOrder, PlannedIdentity, PlannedState, TakenIdentity, WorkOrder, WorkOrderStore } from '../domain/work-orders';
import { bug, timestamp, wholeNumber } from './checks';
import type { LogEvents } from './log-events';
import type { OrderAdmission } from './order-admission';
import { orderColumns, readOrder, readPlanned } from './order-rows';
import type { RecordSession } from './session';

const stateAfter = { paused: 'paused', resumed: 'open', closed: 'closed' } as const satisfies Record<Exclude<OrderChange, 'created'>, string>;

/** Work orders: made, changed and looked at. Who may begin a device in one is order-admission.ts. */
export class WorkOrderRecord implements WorkOrderStore {
  readonly #session: RecordSession;
  readonly #events: LogEvents;
  readonly #admission: OrderAdmission;

  constructor(session: RecordSession, admission: OrderAdmission, events: LogEvents) {
    this.#session = session;
    this.#events = events;
    this.#admission = admission;
  }

  order(batch: string): Promise<WorkOrder | undefined> {
    return this.#session.read(() => this.#admission.order(batch));
  }

  orders({ states = ['open', 'paused', 'closed'], limit, offset }: OrdersQuery): ReturnType<WorkOrderStore['orders']> {
    return this.#session.read(() => {
      const asked = JSON.stringify([...new Set(states)]);
      const total = this.#session.number('SELECT count(*) AS value FROM json_each(?) AS asked CROSS JOIN work_orders ON work_orders.state = asked.value', asked);
      // Along the newest: what is left out are the few that are being imported.
      const rows = this.#session.all(
        `SELECT ${orderColumns} FROM work_orders WHERE state IN (SELECT value FROM json_each(?)) ORDER BY sequence DESC LIMIT ? OFFSET ?`,
        asked,
        wholeNumber(limit, 'limit'),
        wholeNumber(offset, 'offset'),
      );
      return { orders: rows.map((row) => readOrder(row, this.#session.path)), total };
    });
  }

  planned(batch: string, query: { readonly state: PlannedState; readonly limit: number; readonly offset: number }): Promise<readonly PlannedIdentity[]> {
    return this.#session.read(() =>
      this.#session.all(
        `SELECT planned_identities.identity, planned_identities.state, planned_identities.attempts FROM work_orders CROSS JOIN planned_identities
           ON planned_identities.order_sequence = work_orders.sequence
         WHERE work_orders.batch = ? AND planned_identities.state = ? ORDER BY planned_identities.position LIMIT ? OFFSET ?`,
        batch,
        query.state,
        wholeNumber(query.limit, 'limit'),
        wholeNumber(query.offset, 'offset'),
      ).map((row) => readPlanned(row, this.#session.path)),
    );
  }

  taken(identities: readonly Identity[]): Promise<readonly TakenIdentity[]> {
    return this.#session.read(() => this.#admission.taken(identities));
  }

  /**
   * CRASH: what a killed station left of an import is seen by nobody; it goes when its name is taken again.
   *
   * @throws ImprintError batch-exists
   */
  beginOrder(order: NewOrder): Promise<void> {
    return this.#session.write(() => {
      const { batch } = order;
      this.#drop('batch = ?', batch);
      if (this.#admission.order(batch) !== undefined) throw exists(batch, 'was ordered already');
      if (this.#hasDevices(batch)) throw exists(batch, 'has devices already');
      this.#begin(order);
    });
  }

  planIdentities(orderId: string, from: number, identities: readonly Identity[]): Promise<void> {
    return this.#session.write(() => {
      if (identities.length > mostPlannedAtOnce) throw bug('Too many identities are planned at once');
      this.#plan(this.#begun(orderId).sequence, from, identities);
    });
  }

  /** The last look at the list is in the transaction that opens it: another station may have made one of its devices meanwhile. */
  async finishOrder(orderId: string): Promise<WorkOrder> {
    try {
      return await this.#session.write(() => {
        const { sequence, order } = this.#begun(orderId);
        if (order.kind === 'list') this.#refuseTaken(sequence, order);
        return this.#open(sequence, order);
      });
    } catch (thrown) {
      await this.dropOrder(orderId);
      throw thrown;
    }
  }

  dropOrder(orderId: string): Promise<void> {
    return this.#session.write(() => {
      this.#drop('order_id = ?', orderId);
    });
  }

  /** CRASH: all of it or nothing; whoever heard no answer places it again, which changes nothing. */
  placeOrder(order: NewOrder, identities: readonly Identity[]): Promise<PlacedOrder> {
    return this.#session.write(() => {
      const { batch, kind, quantity, mes } = order;
      if (identities.length > mostPlacedAtOnce) throw bug('Too many identities are placed at once');
      if (kind === 'list' && identities.length !== quantity) throw bug(`Batch ${batch} has ${String(identities.length)} identities and not ${String(quantity)}`);
      const known = this.#admission.order(batch);
      if (known !== undefined) return { kind: mes !== undefined && known.mes?.sha256 === mes.sha256 ? 'already' : 'other', order: known };
      if (this.#hasDevices(batch)) return { kind: 'other' };
      const taken = this.#admission.taken(identities);
      if (taken.length > 0) return { kind: 'taken', taken };
      this.#drop('batch = ?', batch);
      this.#begin(order);
      const begun = this.#begun(order.orderId);
      this.#plan(begun.sequence, 0, identities);
      return { kind: 'placed', order: this.#open(begun.sequence, begun.order) };
    });
  }

  changeOrder(batch: string, change: Exclude<OrderChange, 'created'>, by: string, at: string): Promise<WorkOrder> {
    return this.#session.write(() => {
      const moment = timestamp(at);
      const before = this.#known(batch);
      const state = stateAfter[change];
      if (before.state === state) return before;
      if (before.state === 'closed') throw new ImprintError('batch-stopped', `Batch "${batch}" is closed, and stays so.`, { field: 'batch', expected: 'a batch that is open or paused' });
      this.#session.run('UPDATE work_orders SET state = ? WHERE batch = ?', state, batch);
      const after = this.#known(batch);
      this.#events.batchChanged(after, change, by, moment);
      return after;
    });
  }

  /** Where this device, which has just been made, was the last one of its order. In the transaction in which it was made. */
  noteCompletion(deviceId: string, at: string): void {
    const batch = this.#session.text('SELECT batch AS value FROM devices WHERE device_id = ? AND batch IS NOT NULL', deviceId);
    const order = batch === undefined ? undefined : this.#admission.order(batch);
    if (order?.quantity === undefined || order.tally.made !== order.quantity) return;
    this.#events.batchChanged(order, 'completed', undefined, at);
  }

  checkIdentity({ identity, ...request }: OrderRequest & { readonly identity: Identity }): Promise<void> {
    return this.#session.read(() => {
      this.#admission.admit(identity, request);
    });
  }

  nextIdentity({ without, ...request }: OrderRequest & { readonly batch: string; readonly without: readonly Identity[] }): Promise<Identity> {
    return this.#session.read(() => this.#admission.next(request, new Set(without.map(canonicalIdentity))).identity);
  }

  #drop(which: string, value: string): void {
    this.#session.run(`DELETE FROM planned_identities WHERE order_sequence IN (SELECT sequence FROM work_orders WHERE state = 'begun' AND ${which})`, value);
    this.#session.run(`DELETE FROM work_orders WHERE state = 'begun' AND ${which}`, value);
  }

  /** Its devices would be counted by nobody. */
  #hasDevices(batch: string): boolean {
    return this.#session.get('SELECT 1 FROM devices WHERE batch = ? LIMIT 1', batch) !== undefined;
  }

  #begin(order: NewOrder): void {
    this.#session.run(
      `INSERT INTO work_orders (order_id, batch, kind, state, profile_name, quantity, counter, customer, work_order, pallet, created_by, created_at, mes_source, mes_sha256)
       VALUES (?, ?, ?, 'begun', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      order.orderId,
      order.batch,
      order.kind,
      order.profileName,
      order.quantity ?? null,
      order.counter === undefined ? null : JSON.stringify(order.counter),
      order.customer ?? null,
      order.workOrder ?? null,
      order.pallet ?? null,
      order.by,
      timestamp(order.at),
      order.mes?.source ?? null,
      order.mes?.sha256 ?? null,
    );
  }

  #plan(sequence: number, from: number, identities: readonly Identity[]): void {
    identities.forEach((identity, index) => {
      this.#session.run(`INSERT INTO planned_identities (order_sequence, identity, position, state) VALUES (?, ?, ?, 'planned')`, sequence, canonicalIdentity(identity), from + index);
    });
  }

  #open(sequence: number, order: WorkOrder): WorkOrder {
    const sha256 = order.kind === 'open' ? null : this.#hash(sequence, order);
    this.#session.run(`UPDATE work_orders SET state = 'open', identities_sha256 = ? WHERE sequence = ?`, sha256, sequence);
    const opened = this.#known(order.batch);
    this.#events.batchChanged(opened, 'created', opened.createdBy, opened.createdAt);
    return opened;
  }

  #begun(orderId: string): { readonly sequence: number; readonly order: WorkOrder } {
    const row = this.#session.get(`SELECT ${orderColumns} FROM work_orders WHERE order_id = ? AND state = 'begun'`, orderId);
    if (row === undefined) throw new ImprintError('batch-exists', 'Somebody else makes a batch of this name at this moment: look whether it is there, then try again.', { field: 'batch' });
    return { sequence: this.#session.number('SELECT sequence AS value FROM work_orders WHERE order_id = ?', orderId), order: readOrder(row, this.#session.path) };
  }

  #known(batch: string): WorkOrder {
    const order = this.#admission.order(batch);
    if (order === undefined) throw new ImprintError('no-such-batch', `There is no batch "${batch}" that was ordered.`, { field: 'batch', expected: 'the name of an order' });
    return order;
  }

  #refuseTaken(sequence: number, { batch, quantity }: WorkOrder): void {
    const planned = this.#session.number('SELECT count(*) AS value FROM planned_identities WHERE order_sequence = ?', sequence);
    if (planned !== quantity) throw bug(`Batch ${batch} has ${String(planned)} identities and not ${String(quantity)}`);
    for (let from = 0; from < planned; from += mostPlannedAtOnce) {
      const identities = this.#listed(sequence, from).map((row) => readPlanned(row, this.#session.path).identity);
      const [taken] = this.#admission.taken(identities);
      const identity = taken === undefined ? undefined : identities[taken.index];
      if (taken === undefined || identity === undefined) continue;
      throw new ImprintError(taken.why === 'recorded' ? 'identity-recorded' : 'identity-planned', `${describeIdentity(identity)} ${taken.how}: nothing was ordered.`, { field: 'identity' });
    }
  }

  #hash(sequence: number, { counter, quantity = 0 }: WorkOrder): string {
    const hash = createHash('sha256');
    for (let from = 0; from < quantity; from += mostPlannedAtOnce) {
      const until = Math.min(quantity, from + mostPlannedAtOnce);
      const identities =
        counter === undefined
          ? this.#listed(sequence, from).map((row) => readPlanned(row, this.#session.path).identity)
          : Array.from({ length: until - from }, (_, index) => counterIdentity(counter, from + index));
      hash.update(identities.map((identity) => `${canonicalIdentity(identity)}\n`).join(''));
    }
    return hash.digest('hex');
  }

  /** By place, not by number of rows to be left out: that would read all that are before them. */
  #listed(sequence: number, from: number): unknown[] {
    return this.#session.all(
      `SELECT identity, state, attempts FROM planned_identities WHERE order_sequence = ? AND state = 'planned' AND position >= ? AND position < ? ORDER BY position`,
      sequence,
      from,
      from + mostPlannedAtOnce,
    );
  }
}

function exists(batch: string, why: string): ImprintError {
  return new ImprintError('batch-exists', `Batch "${batch}" ${why}: give this one another name.`, { field: 'batch', expected: 'a name that no batch had before' });
}
