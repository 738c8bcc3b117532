import { z } from 'zod';

import { aboutJob, base64, identityOf, jobSchema, keyColumns, keyOf, serverDeviceOf } from './log-events';
import { logText } from './log-writer';
import type { LogWriter, RecordedEvent } from './log-writer';
import { parse, readForeignDevice, readSignOff, foreignDeviceColumns, signOffColumns } from './rows';
import type { RecordSession } from './session';

/** Rows that are held in memory at once. */
const portion = 500;

/**
 * What was in the record before it had a log: one entry for each key, one for the state of its device, then the devices of
 * other tools and the sign-offs. `at` is the moment when they are logged and `recordedAt` the one that the record had for
 * it, because a log can prove nothing about the time before its first entry.
 *
 * CRASH: one transaction; a station that is killed finds no entry or all of them.
 */
export function backfillLog(session: RecordSession, writer: LogWriter, at: string): void {
  // Asked again under the lock: another process may have been faster.
  if (hasLog(session)) return;
  const common = { by: 'station', at };
  for (let after = 0; ; ) {
    const rows = session.all(
      `SELECT devices.sequence, ${keyColumns}, jobs.job_id, jobs.operator, jobs.slot, jobs.target_path, jobs.image_sha256, jobs.profile_sha256, jobs.sentence
       FROM devices JOIN jobs ON jobs.sequence = (SELECT max(latest.sequence) FROM jobs AS latest WHERE latest.device_id = devices.device_id)
       WHERE devices.sequence > ? AND devices.fingerprint IS NOT NULL ORDER BY devices.sequence LIMIT ?`,
      after,
      portion,
    );
    for (const row of rows) {
      const device = parse(recordedSchema, row, 'device', session.path);
      after = device.sequence;
      writer.add({ event: 'key-generated', ...common, data: { ...aboutJob(device), ...keyOf(device), recordedAt: device.created_at } });
      const state = stateEvent(device, common);
      if (state !== undefined) writer.add(state);
    }
    if (rows.length < portion) break;
  }
  for (const row of session.all(`SELECT ${foreignDeviceColumns}, spki AS key FROM foreign_devices ORDER BY sequence`)) {
    const { identity, fingerprint, source, importedAt } = readForeignDevice(row, session.path);
    const { key } = parse(keySchema, row, 'imported device', session.path);
    writer.add({ event: 'foreign-imported', ...common, data: { identity, fingerprint, spki: base64(key), source: logText(source), recordedAt: importedAt } });
  }
  for (const row of session.all(`SELECT ${signOffColumns} FROM sign_offs ORDER BY sequence`)) {
    const { batch, by, at: recordedAt, total, accepted, remark } = readSignOff(row, session.path);
    writer.add({ event: 'sign-off', by, at, data: { batch: logText(batch), total, accepted, recordedAt, ...(remark === undefined ? {} : { remark: logText(remark) }) } });
  }
}

/** Whether there is an entry, or nothing that could be logged. */
export function hasLog(session: RecordSession): boolean {
  return session.number(`SELECT EXISTS (SELECT 1 FROM log_entries) OR NOT (EXISTS (SELECT 1 FROM devices) OR EXISTS (SELECT 1 FROM foreign_devices) OR EXISTS (SELECT 1 FROM sign_offs)) AS value`) === 1;
}

function stateEvent(device: Recorded, common: { readonly by: string; readonly at: string }): RecordedEvent | undefined {
  const { device: id, job, fingerprint } = aboutJob(device);
  const server = logText(device.server_url);
  const recordedAt = device.updated_at;
  switch (device.state) {
    case 'reserved':
      return undefined;
    case 'preauthorized':
      return { event: 'preauthorized', ...common, data: { device: id, job, fingerprint, identity: identityOf(device), server, recordedAt, ...serverDeviceOf(device.server_device_id) } };
    case 'accepted':
      return { event: 'accepted', ...common, data: { device: id, fingerprint, server, recordedAt, ...serverDeviceOf(device.server_device_id) } };
    case 'released':
      return { event: 'released', ...common, data: { device: id, job, fingerprint, reason: logText(device.sentence ?? ''), recordedAt } };
    case 'decommissioned':
      return {
        event: 'decommissioned',
        ...common,
        data: { action: 'decommission', identity: identityOf(device), server, serverDevice: logText(device.server_device_id ?? ''), device: id, fingerprint, recordedAt },
      };
  }
}

const recordedSchema = jobSchema.extend({ sequence: z.int(), sentence: z.string().nullable() });
type Recorded = z.output<typeof recordedSchema>;
const keySchema = z.object({ key: z.instanceof(Uint8Array) });
