import { z } from 'zod';

import { ImprintError } from '../domain/errors';
import { deviceStates } from '../domain/job';
import type { DeviceState } from '../domain/job';
import type { BatchDevice, BatchDevicePage, MesRecord } from '../domain/mes-orders';
import type { DeviceRow } from '../domain/ports';
import { wholeNumber } from './checks';
import { deviceColumns, deviceStateSchema, parse, readDevice } from './rows';
import type { RecordSession } from './session';

/** The devices of batches, as an MES asks for them; a port of its own. What it ordered are work orders. */
export class MesBatchRecord implements MesRecord {
  readonly #session: RecordSession;

  constructor(session: RecordSession) {
    this.#session = session;
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

const moreSchema = z.object({ sequence: z.int(), accepted_at: z.string().nullable() });
const countSchema = z.object({ state: deviceStateSchema, count: z.int() });
