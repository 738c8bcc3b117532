import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openDatabase } from '../../main/storage/database';
import { migrations } from '../../main/storage/migrations';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { at, newKey, refusal, reservation } from '../support/reservations';
import { contentOf, fillFirstVersion, firstVersion } from '../support/first-record';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-record-'));
  path = join(folder, 'record.sqlite');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A record as the first version left it, with what is in it. */
function firstRecord(): ReturnType<typeof contentOf> {
  const { connection } = openDatabase(path, { migrations: firstVersion });
  fillFirstVersion(connection, 5);
  const content = contentOf(connection);
  connection.close();
  return content;
}

/** Names of what stands in the schema besides tables, as `type name`. */
function guards(connection: Database.Database): string[] {
  return connection
    .prepare(`SELECT type || ' ' || name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND tbl_name IN ('devices', 'jobs', 'steps') AND sql IS NOT NULL ORDER BY 1`)
    .pluck()
    .all() as string[];
}

describe('a record of the first version', () => {
  it('has everything that was in it after the migration, and its guards', () => {
    const before = firstRecord();
    const older = openDatabase(path, { migrations: firstVersion });
    const guarded = guards(older.connection);
    older.connection.close();
    expect(before['devices']).toHaveLength(25);

    const { connection, version } = openDatabase(path);
    expect(version).toBe(migrations.length);
    const after = contentOf(connection);
    for (const table of ['operators', 'profiles', 'images', 'jobs', 'steps']) expect(after[table]).toStrictEqual(before[table]);
    expect(after['devices']).toStrictEqual(before['devices']?.map((row) => ({ ...row, batch: null })));
    expect(connection.pragma('foreign_key_check')).toEqual([]);
    expect(connection.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(guards(connection)).toEqual(expect.arrayContaining(guarded));
    expect(() => connection.exec(`DELETE FROM devices`)).toThrow(/never deleted/);
    expect(() => connection.exec(`UPDATE devices SET fingerprint = NULL, spki = NULL WHERE fingerprint IS NOT NULL`)).toThrow(/never changed/);
    expect(() => connection.exec(`INSERT INTO jobs SELECT * FROM (SELECT 999, 'orphan', 'no-such-device')`)).toThrow();
    expect(() => connection.exec(`UPDATE jobs SET device_id = 'no-such-device'`)).toThrow(/FOREIGN KEY/);
    connection.close();
  });

  it('says when its accepted devices were accepted, and waits for the others', async () => {
    firstRecord();
    const store = SqliteRecordStore.open(path);
    const { rows, counts, total } = await store.acceptancePage({ limit: 99, offset: 0 });
    expect(total).toBe(15);
    expect(counts).toEqual({ unchecked: 10, waiting: 0, accepted: 5, stuck: 0, missing: 0 });
    expect(rows.filter((row) => row.preauthorizedAt !== undefined)).toHaveLength(10);
    for (const row of rows) {
      // The job of five of them waited when that Imprint stopped.
      if (row.preauthorizedAt !== undefined) expect(row.preauthorizedAt).toBe(row.createdAt.replace(':00.000Z', ':30.000Z'));
      expect(row.acceptedAt).toBe(row.state === 'accepted' ? row.updatedAt : undefined);
      expect(row).not.toHaveProperty('checkedAt');
    }
    const due = await store.devicesToWatch({ serverUrl: 'https://mender.example', states: ['unchecked', 'accepted'], checkedBefore: at(0), limit: 99 });
    expect(due.map((device) => device.deviceId).sort()).toEqual(rows.map((row) => row.deviceId).sort());
    await store.close();
  });

  it('goes on: its jobs end, its identities and keys stay taken, its released identities are free', async () => {
    firstRecord();
    const store = SqliteRecordStore.open(path);
    const open = (await store.unfinishedJobs()).filter((job) => job.state === 'open');
    expect(open).toHaveLength(5);
    const job = open[0];
    const reserved = await store.device(job?.deviceId ?? '');
    await store.recordPublicKey(job?.jobId ?? '', newKey(), at(50));
    await store.endJob(job?.jobId ?? '', 'done', 'preauthorized', 'Done.', at(51), 'server-x');
    expect((await store.acceptancePage({ text: reserved?.identity['serial'], limit: 1, offset: 0 })).rows).toMatchObject([{ deviceId: reserved?.deviceId, acceptance: 'unchecked' }]);
    for (const state of ['reserved', 'preauthorized', 'accepted'] as const) {
      const [holder] = (await store.list({ state, limit: 1, offset: 0 })).devices;
      expect((await refusal(store.reserve(reservation(90, { identity: holder?.identity ?? {} })))).code).toBe('identity-recorded');
    }
    const [released] = (await store.list({ state: 'released', limit: 1, offset: 0 })).devices;
    await store.reserve(reservation(90, { identity: released?.identity ?? {} }));
    await store.close();
  });
});
