import { z } from 'zod';

import type { JsonObject } from '../domain/profile';
import { leftOf, orderKinds, yieldOf } from '../domain/work-orders';
import type { WebhookEvent, WebhookMessage, WebhookPayload } from '../domain/webhooks';
import type { LogEntry } from '../ledger/entry';
import { stateAfter } from '../ledger/events';
import type { EventData } from '../ledger/events';
import { identityOf } from './log-events';
import { parse } from './rows';
import type { RecordSession } from './session';

/** A kept entry with its hash. */
export interface MessageSource {
  readonly entry: LogEntry;
  readonly leaf: Uint8Array;
}

/** Which event tells of an entry; undefined where none does. */
export function eventOfEntry(entry: LogEntry): WebhookEvent | undefined {
  switch (entry.event) {
    case 'preauthorized':
      return 'device.preauthorized';
    case 'accepted':
      return 'device.accepted';
    case 'released':
      return 'device.failed';
    case 'decommissioned':
      // Only then it is about a device of this record.
      return entry.data.action === 'decommission' && entry.data.fingerprint !== undefined ? 'device.decommissioned' : undefined;
    case 'sign-off':
      return 'batch.signed-off';
    case 'batch-changed':
      return 'batch.changed';
    default:
      return undefined;
  }
}

/**
 * What is sent about an entry. Everything in it comes from the entry itself and from what a device or an order never changes,
 * so it is the same text at every attempt, however much later.
 *
 * SECURITY: names of people and customers, remarks, reasons, paths and serial numbers of cards stay here.
 */
export function messageOf({ entry, leaf }: MessageSource, session: RecordSession, practice: boolean): WebhookMessage | undefined {
  const event = eventOfEntry(entry);
  if (event === undefined) return undefined;
  const id = `imprint_${String(entry.seq)}_${Buffer.from(leaf).toString('hex').slice(0, 24)}`;
  const data = { ...aboutEntry(entry, session), entry: entry.seq };
  const payload: WebhookPayload = { v: 1, id, event, at: entry.at, station: entry.station, ...(practice ? { practice } : {}), data };
  return { id, event, entry: entry.seq, body: JSON.stringify(payload) };
}

function aboutEntry(entry: LogEntry, session: RecordSession): JsonObject {
  if (entry.event === 'sign-off') return { batch: entry.data.batch, total: entry.data.total, accepted: entry.data.accepted };
  if (entry.event === 'batch-changed') return aboutOrder(entry.data, session);
  if (entry.event !== 'preauthorized' && entry.event !== 'accepted' && entry.event !== 'released' && entry.event !== 'decommissioned') return {};
  const { device, fingerprint } = entry.data;
  const state = stateAfter[entry.event];
  const row = device === undefined ? undefined : session.get('SELECT identity, batch, server_kind, profile_name FROM devices WHERE device_id = ?', device);
  if (row === undefined || device === undefined) return { ...(device === undefined ? {} : { deviceId: device }), ...(fingerprint === undefined ? {} : { fingerprint }), state };
  const found = parse(deviceSchema, row, 'device', session.path);
  return {
    deviceId: device,
    identity: identityOf(found),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    state,
    serverKind: found.server_kind,
    profile: found.profile_name,
    ...(found.batch === null ? {} : { batch: found.batch }),
  };
}

function aboutOrder({ batch, change, made, making, failures, firstPasses, firstFailures }: EventData<'batch-changed'>, session: RecordSession): JsonObject {
  const row = session.get('SELECT kind, profile_name, quantity, work_order, mes_source FROM work_orders WHERE batch = ?', batch);
  const order = row === undefined ? undefined : parse(orderSchema, row, 'work order', session.path);
  const quantity = order?.quantity ?? undefined;
  const ordered =
    order === undefined
      ? {}
      : { origin: order.mes_source === null ? 'station' : 'mes', kind: order.kind, profile: order.profile_name, ...(quantity === undefined ? {} : { quantity }), ...(order.work_order === null ? {} : { workOrder: order.work_order }) };
  // Entries of before there were counts in them have none.
  if (made === undefined || making === undefined || failures === undefined || firstPasses === undefined || firstFailures === undefined) return { batch, change, ...ordered };
  const tally = { made, making, failures, firstPasses, firstFailures };
  const [left, yielded] = [leftOf({ quantity, tally }), yieldOf(tally)];
  return { batch, change, ...ordered, made, making, failures, ...(left === undefined ? {} : { left }), ...(yielded === undefined ? {} : { yield: yielded }) };
}

const orderSchema = z.object({ kind: z.enum(orderKinds), profile_name: z.string(), quantity: z.int().nullable(), work_order: z.string().nullable(), mes_source: z.string().nullable() });
const deviceSchema = z.object({ identity: z.string(), batch: z.string().nullable(), server_kind: z.string(), profile_name: z.string() });
