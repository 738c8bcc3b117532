import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { migrations } from '../../main/storage/migrations';
import { openDatabase } from '../../main/storage/database';
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
    for (const table of ['operators', 'profiles', 'images']) expect(after[table]).toStrictEqual(before[table]);
    expect(after['jobs']).toStrictEqual(before['jobs']?.map((row) => ({ ...row, cause: null })));
    expect(after['steps']).toStrictEqual(before['steps']?.map((row) => ({ ...row, bytes: null })));
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

describe('a record of the second version', () => {
  const secondVersion = migrations.slice(0, 2);
  const tables = ['operators', 'profiles', 'images', 'devices', 'jobs', 'steps', 'acceptances', 'sign_offs', 'foreign_devices', 'actions'];
  const rowsOf = (connection: Database.Database): Record<string, Record<string, unknown>[]> =>
    Object.fromEntries(tables.map((table) => [table, connection.prepare(`SELECT * FROM ${table} ORDER BY rowid`).all() as Record<string, unknown>[]]));

  /** As that Imprint left it: devices that were watched, signed off, decommissioned; a device of another tool; an action that a kill left open. */
  function secondRecord(): ReturnType<typeof rowsOf> {
    const { connection } = openDatabase(path, { migrations: firstVersion });
    fillFirstVersion(connection, 5);
    connection.close();
    const older = openDatabase(path, { migrations: secondVersion });
    const moment = '2026-11-02T00:00:00.000Z';
    older.connection.exec(`
      UPDATE acceptances SET state = 'stuck', diagnosis = 'another-key', sentence = 'Another key.', checked_at = '${moment}' WHERE sequence = (SELECT min(sequence) FROM devices WHERE state = 'preauthorized');
      INSERT INTO sign_offs (batch, signed_by, signed_at, total, accepted, remark) VALUES ('order-7', 'Quinn', '${moment}', 5, 4, 'one waits');
      INSERT INTO foreign_devices (identity, fingerprint, spki, source, imported_by, imported_at) VALUES ('{"mac":"06:00:00:00:00:01"}', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', x'00', 'a.csv', 'Ana', '${moment}');
      INSERT INTO actions (action_id, action, device_id, server_url, server_device_id, identity, state, started_by, started_at, ended_at, sentence)
        SELECT 'ended', 'decommission', device_id, server_url, 'server-x', identity, 'done', 'Ana', '${moment}', '${moment}', 'Gone.' FROM devices WHERE state = 'accepted' LIMIT 1;
      INSERT INTO actions (action_id, action, device_id, server_url, server_device_id, auth_set_id, identity, state, started_by, started_at)
        SELECT 'open', 'reject', device_id, server_url, 'server-y', 'set', identity, 'started', 'Ana', '${moment}' FROM devices WHERE state = 'preauthorized' LIMIT 1;
    `);
    const rows = rowsOf(older.connection);
    older.connection.close();
    return rows;
  }

  it('has every row of every table after the migration, and every guard', () => {
    const before = secondRecord();
    for (const table of tables) expect(before[table]?.length, table).toBeGreaterThan(0);
    const { connection, version } = openDatabase(path);
    expect(version).toBe(migrations.length);
    const after = rowsOf(connection);
    // Only these have something new beside what they had.
    const widened = { actions: { reason: null }, jobs: { cause: null }, steps: { bytes: null } };
    const expected = Object.entries(widened).map(([table, added]) => [table, before[table]?.map((row) => ({ ...row, ...added }))]);
    expect(after).toStrictEqual({ ...before, ...Object.fromEntries(expected) });
    expect(connection.pragma('foreign_key_check')).toEqual([]);
    expect(connection.pragma('integrity_check', { simple: true })).toBe('ok');
    for (const [change, refused] of [
      [`DELETE FROM devices`, /never deleted/],
      [`UPDATE devices SET fingerprint = NULL, spki = NULL WHERE fingerprint IS NOT NULL`, /never changed/],
      [`DELETE FROM actions`, /never deleted/],
      [`UPDATE actions SET sentence = 'Other.' WHERE action_id = 'ended'`, /never changed/],
      [`UPDATE actions SET action = 'replace' WHERE action_id = 'open'`, /never changed/],
      [`UPDATE sign_offs SET remark = 'x'`, /never changed/],
      [`DELETE FROM foreign_devices`, /never changed/],
    ] as const) {
      expect(() => connection.exec(change), change).toThrow(refused);
    }
    connection.close();
  });

  it('goes on: the open action ends, and devices get keys, steps and certificates that were not known then', async () => {
    secondRecord();
    const store = SqliteRecordStore.open(path);
    expect(await store.unfinishedActions()).toMatchObject([{ actionId: 'open', action: 'reject' }]);
    await store.addActionStep('open', { part: 'server', sentence: 'Told.', at: at(1) });
    await store.endAction('open', 'done', 'Rejected.', at(2));
    const [device] = (await store.list({ state: 'preauthorized', limit: 1, offset: 0 })).devices;
    const deviceId = device?.deviceId ?? '';
    await store.addCertificates(deviceId, [{ serial: 'a1', issuer: 'CN=A', notBefore: at(0), notAfter: at(99), sha256: 'e'.repeat(64), pem: 'PEM' }], false, at(3));
    expect(await store.device(deviceId)).toMatchObject({ certificates: [{ serial: 'a1', state: 'issued' }] });
    await store.reserve(reservation(90, { keyType: 'ec-p384' }));
    await store.startStep('job-90', 'confirm', at(4));
    expect((await store.device('device-90'))?.jobs[0]?.steps).toContainEqual(expect.objectContaining({ name: 'confirm' }));
    await store.startAction({ actionId: 'renewal', action: 'renew', deviceId, serverUrl: 'https://mender.example', serverDeviceId: 'server-x', identity: device?.identity ?? {}, by: 'Ana', startedAt: at(5), reason: 'superseded' });
    expect(await store.unfinishedActions()).toMatchObject([{ actionId: 'renewal', reason: 'superseded' }]);
    await store.close();
  });
});
