import { z } from 'zod';

import { ImprintError } from '../domain/errors';
import { deviceStates } from '../domain/job';
import type { DeviceState } from '../domain/job';
import { orderSources } from '../domain/mes-orders';
import type { BatchDevice, BatchDevicePage, KeptOrder, MesOrder, MesRecord } from '../domain/mes-orders';
import type { DeviceRow } from '../domain/ports';
import { freeStates, timestamp, wholeNumber } from './checks';
import type { ForeignDeviceRecord } from './foreign-devices';
import { identityOf } from './log-events';
import { deviceColumns, deviceStateSchema, parse, readDevice } from './rows';
import type { RecordSession } from './session';
import { corruptRecord } from './sqlite-errors';

/** What an MES ordered, and the devices of its batches; a port of its own. */
export class MesOrderRecord implements MesRecord {
  readonly #session: RecordSession;
  readonly #foreignDevices: ForeignDeviceRecord;

  constructor(session: RecordSession, foreignDevices: ForeignDeviceRecord) {
    this.#session = session;
    this.#foreignDevices = foreignDevices;
  }

  keepOrder(order: KeptOrder): Promise<KeptOrder> {
    return this.#session.write(() => {
      this.#session.run(
        'INSERT INTO mes_orders (name, sha256, source, content, accepted_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING',
        order.name,
        order.sha256,
        order.source,
        JSON.stringify(order.order),
        timestamp(order.acceptedAt),
      );
      return this.#order(order.name) ?? order;
    });
  }

  order(name: string): Promise<KeptOrder | undefined> {
    return this.#session.read(() => this.#order(name));
  }

  takenIdentities(identities: readonly string[]): Promise<readonly string[]> {
    return this.#session.read(() => {
      const here = this.#session
        .all(
          `SELECT asked.value AS identity FROM json_each(?) AS asked CROSS JOIN devices ON devices.identity = asked.value AND devices.state NOT IN ${freeStates}`,
          JSON.stringify(identities),
        )
        .map((row) => parse(identitySchema, row, 'device', this.#session.path).identity);
      const elsewhere = identities.filter((identity) => this.#foreignDevices.holderOfIdentity(identityOf({ identity })) !== undefined);
      return [...new Set([...here, ...elsewhere])];
    });
  }

  newestProfile(name: string): Promise<string | undefined> {
    return this.#session.read(() => this.#session.text('SELECT json AS value FROM profiles WHERE name = ? ORDER BY kept_at DESC LIMIT 1', name));
  }

  devicesOfBatch(batch: string, after: string | undefined, limit: number): Promise<BatchDevicePage> {
    return this.#session.read(() => {
      const most = wholeNumber(limit, 'limit');
      const place = after === undefined ? { createdAt: '', sequence: 0 } : placeOf(after);
      const rows = this.#session.all(
        `SELECT ${deviceColumns}, devices.sequence AS sequence, (SELECT acceptances.accepted_at FROM acceptances WHERE acceptances.sequence = devices.sequence) AS accepted_at
         FROM devices WHERE devices.batch = ? AND (devices.created_at, devices.sequence) > (?, ?) ORDER BY devices.created_at, devices.sequence LIMIT ?`,
        batch,
        place.createdAt,
        place.sequence,
        most + 1,
      );
      const page = rows.slice(0, most);
      const devices = page.map((row) => batchDevice(readDevice(row, this.#session.path), parse(moreSchema, row, 'device', this.#session.path).accepted_at ?? undefined));
      const last = page.at(-1);
      if (rows.length <= most || last === undefined) return { devices };
      return { devices, next: `${readDevice(last, this.#session.path).createdAt}~${String(parse(moreSchema, last, 'device', this.#session.path).sequence)}` };
    });
  }

  batchCounts(batch: string): Promise<Readonly<Record<DeviceState, number>>> {
    return this.#session.read(() => {
      const rows = this.#session.all('SELECT state, count(*) AS count FROM devices WHERE batch = ? GROUP BY state', batch).map((row) => parse(countSchema, row, 'device', this.#session.path));
      const counts = deviceStates.map((state) => [state, rows.find((row) => row.state === state)?.count ?? 0] as const);
      return Object.fromEntries(counts) as Readonly<Record<DeviceState, number>>;
    });
  }

  signedOffAt(batch: string): Promise<string | undefined> {
    return this.#session.read(() => this.#session.text('SELECT signed_at AS value FROM sign_offs WHERE batch = ? ORDER BY sequence DESC LIMIT 1', batch));
  }

  #order(name: string): KeptOrder | undefined {
    const row = this.#session.get('SELECT name, sha256, source, content, accepted_at FROM mes_orders WHERE name = ?', name);
    if (row === undefined) return undefined;
    const found = parse(orderSchema, row, 'order', this.#session.path);
    const content = contentSchema.safeParse(JSON.parse(found.content));
    if (!content.success) throw corruptRecord(this.#session.path, `its order ${name} is not as it was kept`);
    const order: MesOrder = content.data;
    return { name: found.name, sha256: found.sha256, source: found.source, acceptedAt: found.accepted_at, identities: order.identities.length, order };
  }
}

/** SECURITY: whoever asks for a device's facts gets these and no others. */
export function batchDevice(device: DeviceRow, acceptedAt: string | undefined): BatchDevice {
  const { deviceId, identity, state, keyType, fingerprint, publicKeyPem, serverKind, profileName: profile, batch, createdAt, updatedAt } = device;
  return { deviceId, identity, state, keyType, fingerprint, publicKeyPem, serverKind, profile, batch, createdAt, updatedAt, acceptedAt };
}

function placeOf(after: string): { readonly createdAt: string; readonly sequence: number } {
  const [, createdAt, sequence] = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z)~(\d{1,15})$/.exec(after) ?? [];
  if (createdAt === undefined || sequence === undefined) throw new ImprintError('usage', 'This is not where a page of this list begins.', { field: 'after', expected: 'the "next" of the page before' });
  return { createdAt, sequence: Number(sequence) };
}

const identitySchema = z.object({ identity: z.string() });
const moreSchema = z.object({ sequence: z.int(), accepted_at: z.string().nullable() });
const countSchema = z.object({ state: deviceStateSchema, count: z.int() });
const orderSchema = z.object({ name: z.string(), sha256: z.string(), source: z.enum(orderSources), content: z.string(), accepted_at: z.string() });
const contentSchema = z.object({
  name: z.string(),
  profile: z.string(),
  quantity: z.int().optional(),
  customer: z.string().optional(),
  workOrder: z.string().optional(),
  pallet: z.string().optional(),
  identities: z.array(z.record(z.string(), z.string())).readonly(),
}) satisfies z.ZodType<MesOrder>;
