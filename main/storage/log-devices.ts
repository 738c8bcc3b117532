import { z } from 'zod';

import { canonicalIdentity } from '../domain/identity';
import type { LogCheck } from '../domain/record-log';
import type { LogEntry } from '../ledger/entry';
import { LastStates } from './log-export';
import type { LogStore } from './log-store';
import { deviceStateSchema, parse } from './rows';
import type { RecordSession } from './session';

/** Devices that are compared in one transaction: it sees no device without the entries of the same moment. */
const portion = 500;

export type DeviceCheck = { readonly sound: true; readonly devices: number } | Extract<LogCheck, { sound: false }>;

/**
 * Compares the devices of the record with what the log says of them: who changes a row of the table, and leaves the log as
 * it is, is found here.
 *
 * @throws ImprintError record-*; the signal's reason where it was cancelled
 */
export async function checkDevices(session: RecordSession, log: LogStore, signal?: AbortSignal): Promise<DeviceCheck> {
  let devices = 0;
  for (let after = 0; ; ) {
    signal?.throwIfAborted();
    const found = await session.read(() => {
      const rows = session.all(
        'SELECT sequence, device_id, identity, state, fingerprint, spki FROM devices WHERE sequence > ? AND fingerprint IS NOT NULL ORDER BY sequence LIMIT ?',
        after,
        portion,
      );
      const devices = rows.map((row) => parse(deviceSchema, row, 'device', session.path));
      const ids = devices.map(({ device_id: id }) => id);
      const size = log.size();
      const made = log.newestOfDevices(ids, ['key-generated'], size);
      const states = new LastStates(log, ids, size);
      const wrong = devices.map((device) => compare(device, made.get(device.device_id), states)).find((problem) => problem !== undefined);
      return { wrong, count: rows.length, last: devices.at(-1)?.sequence ?? after };
    });
    if (found.wrong !== undefined) return { sound: false, ...found.wrong };
    devices += found.count;
    after = found.last;
    if (found.count < portion) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return (await missing(session)) ?? { sound: true, devices };
}

interface Problem {
  readonly sentence: string;
  readonly entry?: number;
}

function compare(row: z.output<typeof deviceSchema>, made: LogEntry | undefined, states: LastStates): Problem | undefined {
  const who = `device ${row.device_id} (${row.identity})`;
  if (made?.event !== 'key-generated') return broken(`${who} has a key in the record that the log does not know`);
  const { seq, data } = made;
  if (data.fingerprint !== row.fingerprint || !Buffer.from(data.spki, 'base64').equals(row.spki)) return broken(`the key of ${who} is another one than in entry ${seq}`, seq);
  if (canonicalIdentity(data.identity) !== row.identity) return broken(`${who} has another identity than in entry ${seq}, ${canonicalIdentity(data.identity)}`, seq);
  const last = states.of(made);
  if (last.state === row.state) return undefined;
  return broken(`${who} is ${row.state} in the record, and ${last.state} after entry ${last.entry.seq}`, last.entry.seq);
}

/** A device that the log has and the record has not. One count each, of one moment. */
function missing(session: RecordSession): Promise<DeviceCheck | undefined> {
  return session.read(() => {
    const made = session.number(`SELECT count(*) AS value FROM log_entries WHERE event = 'key-generated'`);
    const kept = session.number('SELECT count(*) AS value FROM devices WHERE fingerprint IS NOT NULL');
    return made === kept ? undefined : { sound: false, ...broken(`it tells of ${made} keys, and the record has ${kept}`) };
  });
}

function broken(what: string, entry?: number): Problem {
  return { sentence: `The record does not agree with its log: ${what}.`, ...(entry === undefined ? {} : { entry }) };
}

const deviceSchema = z.object({
  sequence: z.int(),
  device_id: z.string(),
  identity: z.string(),
  state: deviceStateSchema,
  fingerprint: z.string(),
  spki: z.instanceof(Uint8Array),
});
