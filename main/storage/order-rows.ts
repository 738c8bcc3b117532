import { z } from 'zod';

import type { Counter } from '../domain/counter';
import type { PlannedIdentity, WorkOrder } from '../domain/work-orders';
import { orderKinds, orderSources, plannedStates } from '../domain/work-orders';
import { parse, readIdentityText } from './rows';
import { corruptRecord } from './sqlite-errors';

/** Columns of `work_orders` as `readOrder` reads them. */
export const orderColumns = `work_orders.order_id, work_orders.batch, work_orders.kind, work_orders.state, work_orders.profile_name, work_orders.quantity, work_orders.counter,
  work_orders.identities_sha256, work_orders.mes_source, work_orders.mes_sha256, work_orders.customer, work_orders.work_order, work_orders.pallet, work_orders.created_by, work_orders.created_at,
  work_orders.making, work_orders.made, work_orders.failures, work_orders.first_passes, work_orders.first_failures`;

const counterSchema = z.object({
  scheme: z.array(
    z.object({
      name: z.string(),
      pattern: z.string().optional(),
      normalise: z.array(z.enum(['trim', 'lower-case', 'upper-case', 'mac'])),
      scan: z.boolean(),
      constant: z.string().optional(),
    }),
  ),
  attributes: z.array(
    z.object({
      name: z.string(),
      prefix: z.string(),
      first: z.int().min(0),
      width: z.int().min(1),
      base: z.union([z.literal(10), z.literal(16)]),
      step: z.int().min(1),
      upperCase: z.boolean(),
    }),
  ),
}) satisfies z.ZodType<Counter>;

const count = z.int().min(0);

const workOrderSchema = z.object({
  order_id: z.string(),
  batch: z.string().min(1),
  kind: z.enum(orderKinds),
  // One that is being imported is nobody's yet; its import reads it as open.
  state: z.enum(['begun', 'open', 'paused', 'closed']),
  profile_name: z.string(),
  quantity: z.int().min(1).nullable(),
  counter: z.string().nullable(),
  identities_sha256: z.string().nullable(),
  mes_source: z.enum(orderSources).nullable(),
  mes_sha256: z.string().nullable(),
  customer: z.string().nullable(),
  work_order: z.string().nullable(),
  pallet: z.string().nullable(),
  created_by: z.string(),
  created_at: z.string(),
  making: count,
  made: count,
  failures: count,
  first_passes: count,
  first_failures: count,
});

const plannedSchema = z.object({ identity: z.string(), state: z.enum(plannedStates), attempts: count });

/** @throws ImprintError record-corrupt */
export function readOrder(row: unknown, path: string): WorkOrder {
  const order = parse(workOrderSchema, row, 'work order', path);
  return {
    orderId: order.order_id,
    batch: order.batch,
    kind: order.kind,
    state: order.state === 'begun' ? 'open' : order.state,
    profileName: order.profile_name,
    ...(order.quantity === null ? {} : { quantity: order.quantity }),
    ...(order.counter === null ? {} : { counter: readCounterText(order.counter, path) }),
    ...(order.identities_sha256 === null ? {} : { identitiesSha256: order.identities_sha256 }),
    ...(order.mes_source === null || order.mes_sha256 === null ? {} : { mes: { source: order.mes_source, sha256: order.mes_sha256 } }),
    ...(order.customer === null ? {} : { customer: order.customer }),
    ...(order.work_order === null ? {} : { workOrder: order.work_order }),
    ...(order.pallet === null ? {} : { pallet: order.pallet }),
    tally: { making: order.making, made: order.made, failures: order.failures, firstPasses: order.first_passes, firstFailures: order.first_failures },
    createdBy: order.created_by,
    createdAt: order.created_at,
  };
}

/** @throws ImprintError record-corrupt */
export function readPlanned(row: unknown, path: string): PlannedIdentity {
  const planned = parse(plannedSchema, row, 'ordered identity', path);
  return { identity: readIdentityText(planned.identity, path), state: planned.state, attempts: planned.attempts };
}

function readCounterText(text: string, path: string): Counter {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw corruptRecord(path, 'a counter in it is no JSON', thrown);
  }
  return parse(counterSchema, value, 'counter', path);
}
