/** A month at the bench with a shift of the last hours, written by the real store: eight slots, of which one begins to die. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ErrorCode } from '../../main/domain/errors';
import { openDatabase } from '../../main/storage/database';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { newKey, reservation } from './reservations';

const minute = 60_000;
const slots = 8;
const causes: readonly ErrorCode[] = ['target-write-failed', 'target-write-failed', 'target-changed', 'verify-content-differs', 'server-refused', 'target-write-failed'];

/** @returns what the last twelve hours have */
export async function fillShift(path: string, now: Date): Promise<{ readonly done: number; readonly failed: number }> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = openDatabase(path);
  // Nobody loses these rows: they are made again.
  database.connection.pragma('synchronous = OFF');
  const store = new SqliteRecordStore(database, { station: 'line 1' });
  let number = 0;
  for (let day = 29; day >= 1; day -= 1) {
    for (let card = 0; card < 10 + ((day * 7) % 13); card += 1) await make(store, number++, now.getTime() - day * 24 * 60 * minute - card * 4 * minute, card % 9 === 5);
  }
  const counts = { done: 0, failed: 0 };
  for (let card = 0; card < 120; card += 1) {
    const fails = card % slots === 6 ? card % 3 === 0 : card % 41 === 7;
    await make(store, number++, now.getTime() - 11 * 60 * minute + card * 5 * minute, fails);
    counts[fails ? 'failed' : 'done'] += 1;
  }
  await store.close();
  return counts;
}

async function make(store: SqliteRecordStore, number: number, from: number, fails: boolean): Promise<void> {
  const [jobId, slot] = [`job-${String(number)}`, number % slots];
  const at = (minutes: number): string => new Date(from + minutes * minute).toISOString();
  const bytes = 1_500_000_000;
  await store.reserve(reservation(number, { identity: { mac: `02:00:00:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}` }, slot: `Slot ${String(slot + 1)}`, batch: `WO-${String(4700 + Math.floor(number / 100))}`, operator: number % 3 === 0 ? 'Tom' : 'Ana', at: at(0) }));
  if (fails) {
    await store.endJob(jobId, 'failed', 'released', 'No.', at(1), undefined, causes[(number * 5 + (number >> 3)) % causes.length]);
    return;
  }
  await store.recordPublicKey(jobId, newKey(), at(0));
  await store.startStep(jobId, 'write', at(0));
  // Slot 7's reader becomes slower.
  await store.endStep(jobId, 'write', 'done', 'Written.', at(1.2 + slot * 0.12 + (slot === 6 ? (number % 17) * 0.08 : 0)), { bytes });
  await store.startStep(jobId, 'verify', at(3));
  await store.endStep(jobId, 'verify', 'done', 'Read.', at(4), { bytes });
  await store.endJob(jobId, 'done', 'preauthorized', 'The server expects it.', at(4), `server-${String(number)}`);
  if (number % 5 !== 0) await store.markAccepted(`device-${String(number)}`, at(4.5));
}
