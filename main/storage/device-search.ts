import { z } from 'zod';

import { mostCounted, mostHits, readSerial, type DeviceSearch, type DeviceSearcher, type FoundDevices } from '../domain/device-search';
import { timestamp, wholeNumber } from './checks';
import { fingerprintsFrom, identitiesWith } from './identity-parts';
import { deviceColumns, parse, readDevice } from './rows';
import type { RecordSession, Value } from './session';

/** In SQL: who made the device. A device has one job; the first counts. */
const madeBy = 'SELECT operator FROM jobs WHERE jobs.device_id = devices.device_id ORDER BY jobs.sequence LIMIT 1';

const operatorSchema = z.object({ operator: z.string().nullable() });

interface Part {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** The auditor's search: whatever is asked for, one index is gone along, and no more than a few thousand rows are read. */
export class DeviceSearchRecord implements DeviceSearcher {
  readonly #session: RecordSession;

  constructor(session: RecordSession) {
    this.#session = session;
  }

  searchDevices(search: DeviceSearch): Promise<FoundDevices> {
    return this.#session.read(() => {
      const { from, where, order, values, cut } = this.#ways(search);
      const counted = this.#session.number(`SELECT count(*) AS value FROM (SELECT 1 FROM ${from} WHERE ${where} LIMIT ${mostCounted + 1})`, ...values);
      const rows = this.#session.all(
        `SELECT ${deviceColumns}, (${madeBy}) AS operator FROM ${from} WHERE ${where} ORDER BY ${order} LIMIT ? OFFSET ?`,
        ...values,
        wholeNumber(search.limit, 'limit'),
        wholeNumber(search.offset, 'offset'),
      );
      return {
        devices: rows.map((row) => ({ ...readDevice(row, this.#session.path), operator: parse(operatorSchema, row, 'device', this.#session.path).operator ?? '' })),
        total: Math.min(counted, mostCounted),
        more: cut || counted > mostCounted,
      };
    });
  }

  /** Where to begin: at what is the fewest rows. */
  #ways(search: DeviceSearch): { readonly from: string; readonly where: string; readonly order: string; readonly values: readonly Value[]; readonly cut: boolean } {
    const { text, batch, operator } = search;
    const newest = 'devices.created_at DESC, devices.sequence DESC';
    const parts: Part[] = [...between('devices.created_at', search), ...equal('devices.batch', batch)];
    if (text === undefined && batch === undefined && operator !== undefined) {
      // A job begins in the moment in which its device is reserved, so their order is the same.
      const ofOperator = [...equal('jobs.operator', operator), ...between('jobs.started_at', search)];
      return { from: 'jobs CROSS JOIN devices ON devices.device_id = jobs.device_id', order: 'jobs.started_at DESC, jobs.sequence DESC', cut: false, ...together(ofOperator) };
    }
    if (operator !== undefined) parts.push({ sql: 'EXISTS (SELECT 1 FROM jobs WHERE jobs.device_id = devices.device_id AND jobs.operator = ?)', values: [operator] });
    if (text === undefined) return { from: 'devices', order: newest, cut: false, ...together(parts) };
    const hits = this.#hits(text);
    const { where, values } = together(parts);
    return {
      from: 'json_each(?) AS hit CROSS JOIN devices ON devices.sequence = hit.value',
      where,
      order: newest,
      values: [JSON.stringify(hits.slice(0, mostHits)), ...values],
      cut: hits.length > mostHits,
    };
  }

  #hits(text: string): readonly number[] {
    const most = mostHits + 1;
    const wanted = text.trim();
    const [identities, fingerprints] = [identitiesWith(wanted), fingerprintsFrom(wanted)];
    const found = [
      ...this.#session.all(`${identities.sql} ORDER BY sequence DESC LIMIT ?`, ...identities.values, most),
      ...(fingerprints === undefined ? [] : this.#session.all(`${fingerprints.sql} LIMIT ?`, ...fingerprints.values, most)),
      ...this.#session.all('SELECT devices.sequence FROM certificates CROSS JOIN devices ON devices.device_id = certificates.device_id WHERE certificates.serial = ? LIMIT ?', readSerial(wanted), most),
    ];
    return [...new Set(found.map((row) => parse(sequenceSchema, row, 'device', this.#session.path).sequence))];
  }
}

const sequenceSchema = z.object({ sequence: z.int() });

function equal(column: string, value: string | undefined): readonly Part[] {
  return value === undefined ? [] : [{ sql: `${column} = ?`, values: [value] }];
}

function between(column: string, { from, before }: Pick<DeviceSearch, 'from' | 'before'>): readonly Part[] {
  return [
    ...(from === undefined ? [] : [{ sql: `${column} >= ?`, values: [timestamp(from)] }]),
    ...(before === undefined ? [] : [{ sql: `${column} < ?`, values: [timestamp(before)] }]),
  ];
}

function together(parts: readonly Part[]): { readonly where: string; readonly values: readonly Value[] } {
  return { where: parts.length === 0 ? '1 = 1' : parts.map(({ sql }) => sql).join(' AND '), values: parts.flatMap(({ values }) => values) };
}
