/** Records as the first version of the schema left them. */
import { createHash } from 'node:crypto';

import type Database from 'better-sqlite3';

import { migrations } from '../../main/storage/migrations';

export const firstVersion = migrations.slice(0, 1);

const states = [
  // [device, job, whether it has a key]
  ['reserved', 'open', false],
  ['preauthorized', 'done', true],
  ['preauthorized', 'waiting', true],
  ['accepted', 'done', true],
  ['released', 'failed', true],
] as const;

/** Fills the tables by hand, with `count` devices of each state: the program that did it then is gone. */
export function fillFirstVersion(connection: Database.Database, count: number): void {
  const device = connection.prepare(
    `INSERT INTO devices (device_id, identity, state, key_type, fingerprint, spki, server_kind, server_url, server_device_id, profile_name, created_at, updated_at)
     VALUES (?, ?, ?, 'ed25519', ?, ?, 'mender', 'https://mender.example', ?, 'gateway', ?, ?)`,
  );
  const job = connection.prepare(
    `INSERT INTO jobs (job_id, device_id, state, slot, target_path, operator, image_sha256, profile_name, profile_sha256, owner_pid, owner_started, started_at, ended_at, sentence)
     VALUES (?, ?, ?, 'A', '/dev/sdx', 'Ana', ?, 'gateway', ?, 4711, 'boot-1:100', ?, ?, 'It went like this.')`,
  );
  const step = connection.prepare(`INSERT INTO steps (job_id, name, state, started_at, ended_at, sentence) VALUES (?, ?, 'done', ?, ?, 'Done.')`);
  connection.exec('BEGIN');
  const first = '2026-11-01T00:00:00.000Z';
  connection.exec(`
    INSERT INTO operators VALUES ('Ana', '${first}', '${first}');
    INSERT INTO profiles VALUES ('${'a'.repeat(64)}', 'gateway', '{"name":"gateway"}', '${first}');
    INSERT INTO images VALUES ('${'b'.repeat(64)}', '/images/a', 'raw', '/images/a', 1024, '${'c'.repeat(64)}', 'stamp', '${first}', '${first}');
  `);
  for (let number = 1; number <= count * states.length; number += 1) {
    const [deviceState, jobState, hasKey] = states[number % states.length] ?? states[0];
    const started = new Date(Date.UTC(2026, 10, 1, 0, number)).toISOString();
    const ended = started.replace(':00.000Z', ':30.000Z');
    const updated = deviceState === 'accepted' ? started.replace(':00.000Z', ':45.000Z') : ended;
    const spki = Buffer.alloc(44, createHash('sha512').update(String(number)).digest());
    const key = hasKey ? [createHash('sha256').update(spki).digest('hex'), spki] : [null, null];
    device.run(`old-${number}`, `{"mac":"02:00:00:00:00:${number.toString(16)}","serial":"old ${number}"}`, deviceState, ...key, deviceState === 'reserved' ? null : `server-${number}`, started, updated);
    job.run(`old-job-${number}`, `old-${number}`, jobState, 'b'.repeat(64), 'a'.repeat(64), started, jobState === 'open' || jobState === 'waiting' ? null : ended);
    for (const name of ['reserve', 'check', 'generate']) step.run(`old-job-${number}`, name, started, ended);
  }
  connection.exec('COMMIT');
}

/** Every row of every table of the first version. */
export function contentOf(connection: Database.Database): Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> {
  const tables = ['operators', 'profiles', 'images', 'devices', 'jobs', 'steps'];
  return Object.fromEntries(tables.map((table) => [table, connection.prepare(`SELECT * FROM ${table} ORDER BY rowid`).all() as Record<string, unknown>[]]));
}
