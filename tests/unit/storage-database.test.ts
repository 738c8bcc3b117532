import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ImprintError } from '../../main/domain/errors';
import { applicationId, openDatabase, writeTransaction } from '../../main/storage/database';
import type { RecordDatabase } from '../../main/storage/database';
import { latestVersion, migrations } from '../../main/storage/migrations';
import type { Migration } from '../../main/storage/migrations';

let folder: string;
let path: string;
let opened: Database.Database[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-record-'));
  path = join(folder, 'data', 'record.sqlite');
  opened = [];
});

afterEach(() => {
  for (const connection of opened) connection.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(options: Parameters<typeof openDatabase>[1] = {}): RecordDatabase {
  const database = openDatabase(path, options);
  opened.push(database.connection);
  return database;
}

function raw(): Database.Database {
  const connection = new Database(path);
  opened.push(connection);
  return connection;
}

function refusal(work: () => unknown): ImprintError {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ImprintError);
    return thrown as ImprintError;
  }
  throw new Error('nothing was refused');
}

/** Names, modes and content of everything in the data folder. */
function snapshot(): string[] {
  const data = join(folder, 'data');
  return readdirSync(data)
    .sort()
    .map((name) => {
      const facts = statSync(join(data, name));
      const content = facts.isFile() ? createHash('sha256').update(readFileSync(join(data, name))).digest('hex') : '';
      return `${name} ${facts.mode.toString(8)} ${String(facts.size)} ${content}`;
    });
}

const operators = (connection: Database.Database): unknown[] => connection.prepare('SELECT * FROM operators ORDER BY name').all();
const addOperator = `INSERT INTO operators (name, first_seen_at, last_seen_at) VALUES (?, '2026-11-22T08:00:00.000Z', '2026-11-22T08:00:00.000Z')`;

describe('opening the record', () => {
  it('makes the folder 0700 and the files 0600', () => {
    path = join(folder, 'data', 'deeper', 'record.sqlite');
    const { connection } = open();
    connection.prepare(addOperator).run('Ana');
    for (const name of ['data', 'data/deeper']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o700);
    const files = readdirSync(join(folder, 'data', 'deeper'));
    expect(files).toContain('record.sqlite-wal');
    for (const name of files) expect(statSync(join(folder, 'data', 'deeper', name)).mode & 0o777).toBe(0o600);
  });

  it('sets what makes a commit durable and a schema harmless, on every connection', () => {
    for (const { connection } of [open(), open({ busyTimeout: 1234 })]) {
      expect(connection.pragma('journal_mode', { simple: true })).toBe('wal');
      expect(connection.pragma('synchronous', { simple: true })).toBe(2);
      expect(connection.pragma('foreign_keys', { simple: true })).toBe(1);
      expect(connection.pragma('trusted_schema', { simple: true })).toBe(0);
      expect(connection.pragma('application_id', { simple: true })).toBe(applicationId);
      expect(connection.pragma('user_version', { simple: true })).toBe(migrations.length);
    }
    expect(opened[1]?.pragma('busy_timeout', { simple: true })).toBe(1234);
  });

  it('refuses a database from the future and leaves it as it is', () => {
    open().connection.pragma(`user_version = ${migrations.length + 1}`);
    opened.pop()?.close();
    const before = snapshot();
    const error = refusal(() => open());
    expect(error.code).toBe('record-from-the-future');
    expect(error.message).toContain(path);
    expect(snapshot()).toEqual(before);
  });

  it('refuses a database from the future whose version is only in the log so far', () => {
    const other = open().connection;
    other.pragma(`user_version = ${migrations.length + 1}`);
    expect(readFileSync(path).readUInt32BE(60)).not.toBe(migrations.length + 1);
    expect(refusal(() => open()).code).toBe('record-from-the-future');
    expect(other.pragma('user_version', { simple: true })).toBe(migrations.length + 1);
  });

  it('does not fold the log of a killed newer Imprint into its database', () => {
    const newer = open().connection;
    newer.pragma(`user_version = ${migrations.length + 1}`);
    newer.pragma('wal_checkpoint(TRUNCATE)');
    newer.prepare(addOperator).run('Ana');
    // What a kill leaves behind: both files, and nobody who holds them.
    const left = ['record.sqlite', 'record.sqlite-wal'].map((name) => [name, readFileSync(join(folder, 'data', name))] as const);
    path = join(folder, 'killed', 'record.sqlite');
    mkdirSync(join(folder, 'killed'));
    for (const [name, content] of left) writeFileSync(join(folder, 'killed', name), content);
    expect(refusal(() => open()).code).toBe('record-from-the-future');
    expect(readdirSync(join(folder, 'killed')).sort()).toEqual(left.map(([name]) => name));
    for (const [name, content] of left) expect(readFileSync(join(folder, 'killed', name)).equals(content)).toBe(true);
  });

  it.each([
    ['text', Buffer.from('this is not a database, it only lies where one should be\n'.repeat(40))],
    ['shorter than a header', Buffer.from('SQLite format 3\0')],
    ['zeros', Buffer.alloc(8192)],
  ])('refuses a file of %s and leaves it as it is', (_, content) => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(path, content, { mode: 0o640 });
    const before = snapshot();
    const error = refusal(() => open());
    expect(error.code).toBe('record-corrupt');
    expect(error.message).toContain(path);
    expect(snapshot()).toEqual(before);
  });

  it.each([
    ['with an id of its own', 'PRAGMA application_id = 42;'],
    ['without an id', ''],
  ])('refuses the database of another program %s and leaves it as it is', (_, sql) => {
    mkdirSync(join(folder, 'data'));
    raw().exec(`${sql} CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('a');`);
    opened.pop()?.close();
    const before = snapshot();
    const error = refusal(() => open());
    expect(error.code).toBe('record-corrupt');
    expect(error.message).toContain('another program');
    expect(snapshot()).toEqual(before);
  });

  it('refuses a database with a damaged page and leaves it as it is', () => {
    const { connection } = open();
    for (let number = 0; number < 500; number += 1) connection.prepare(addOperator).run(`operator ${number}`);
    opened.pop()?.close();
    const content = readFileSync(path);
    // The table's own root page: one that no table uses would not be missed.
    const root = new Database(path, { readonly: true });
    const page = root.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'operators'`).pluck().get() as number;
    root.close();
    content.fill(0xa5, (page - 1) * 4096, page * 4096);
    for (const name of readdirSync(join(folder, 'data'))) rmSync(join(folder, 'data', name));
    writeFileSync(path, content);
    const before = snapshot();
    const error = refusal(() => open());
    expect(error.code).toBe('record-corrupt');
    expect(error.message).toContain(path);
    expect(snapshot()).toEqual(before);
  });

  it('refuses a path that a folder or a file stands in the way of', () => {
    mkdirSync(path, { recursive: true });
    expect(refusal(() => open()).code).toBe('record-unavailable');
    writeFileSync(join(folder, 'plain'), '');
    path = join(folder, 'plain', 'record.sqlite');
    expect(refusal(() => open()).code).toBe('record-unavailable');
  });

  it('says that another one holds the record once the time-out is over', () => {
    open().connection.exec('BEGIN IMMEDIATE');
    const second = open({ busyTimeout: 50 });
    const error = refusal(() => writeTransaction(second, () => undefined));
    expect(error.code).toBe('record-unavailable');
    expect(error.message).toContain('another Imprint');
  });
});

describe('migrations', () => {
  it('have numbers without gaps', () => {
    expect(latestVersion(migrations)).toBe(migrations.at(-1)?.number);
    expect(refusal(() => latestVersion([...migrations, { number: migrations.length + 2, up: '' }])).code).toBe('unexpected');
  });

  it('make strict tables with their own rules, and no place for a private key', () => {
    const { connection } = open();
    const tables = connection.pragma('table_list') as { schema: string; name: string; type: string; strict: number }[];
    const ours = tables.filter((table) => table.schema === 'main' && !table.name.startsWith('sqlite_'));
    const own = ours.filter((table) => table.type === 'table');
    expect(ours.map((table) => table.name).sort()).toEqual([
      'acceptances',
      'action_steps',
      'actions',
      'certificates',
      'devices',
      'foreign_devices',
      'identity_parts',
      'identity_parts_config',
      'identity_parts_data',
      'identity_parts_idx',
      'images',
      'job_cards',
      'jobs',
      'label_prints',
      'log_anchors',
      'log_checkpoints',
      'log_entries',
      'log_nodes',
      'operator_accounts',
      'operator_changes',
      'operators',
      'planned_identities',
      'profiles',
      'sign_offs',
      'station_settings',
      'steps',
      'webhook_attempts',
      'webhooks',
      'work_counts',
      'work_orders',
    ]);
    expect(own.filter((table) => table.strict !== 1)).toEqual([]);
    const columns = connection
      .prepare(`SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c WHERE t.type = 'table'`)
      .pluck()
      .all() as string[];
    expect(columns).toContain('devices.spki');
    expect(columns.filter((column) => /private|secret|pkcs8|password|token|credential|pem|seed/i.test(column))).toEqual([]);
    expect(columns.filter((column) => /key/i.test(column))).toEqual(['devices.key_type']);
    const blobs = connection
      .prepare(`SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c WHERE t.type = 'table' AND c.type NOT IN ('TEXT', 'INTEGER')`)
      .pluck()
      .all();
    // The index over the parts of identities is SQLite's own, over what the devices have.
    expect(blobs.filter((column) => !String(column).startsWith('identity_parts')).sort()).toEqual(['devices.spki', 'foreign_devices.spki', 'log_entries.leaf_hash', 'log_nodes.hash']);
  });

  const next: Migration = {
    number: migrations.length + 1,
    up: (connection) => {
      connection.exec(`ALTER TABLE operators ADD COLUMN initials TEXT NOT NULL DEFAULT ''`);
      connection.exec('UPDATE operators SET initials = upper(substr(name, 1, 1))');
    },
  };

  it('carry the rows of the version before', () => {
    open().connection.prepare(addOperator).run('ana');
    opened.pop()?.close();
    const { connection, version } = open({ migrations: [...migrations, next] });
    expect(version).toBe(migrations.length + 1);
    expect(connection.pragma('user_version', { simple: true })).toBe(version);
    expect(operators(connection)).toEqual([expect.objectContaining({ name: 'ana', initials: 'A' })]);
    expect(connection.pragma('foreign_keys', { simple: true })).toBe(1);
  });

  it('leave the version before as it was when one fails half-way', () => {
    open().connection.prepare(addOperator).run('ana');
    opened.pop()?.close();
    const failing: Migration = { number: next.number + 1, up: 'CREATE TABLE half (a TEXT) STRICT; SELECT no_such_column FROM operators;' };
    expect(refusal(() => open({ migrations: [...migrations, next, failing] })).code).toBe('unexpected');
    const { connection } = open();
    expect(connection.pragma('user_version', { simple: true })).toBe(migrations.length);
    expect(operators(connection)).toEqual([{ name: 'ana', first_seen_at: '2026-11-22T08:00:00.000Z', last_seen_at: '2026-11-22T08:00:00.000Z' }]);
  });

  it('refuse to leave a row without its parent', () => {
    const { connection } = open();
    connection.pragma('foreign_keys = OFF');
    connection.exec(`INSERT INTO steps (job_id, name, state, started_at) VALUES ('gone', 'check', 'started', '2026-11-22T08:00:00.000Z')`);
    expect(refusal(() => open({ migrations: [...migrations, next] })).message).toContain('stays as it was');
    expect(connection.pragma('user_version', { simple: true })).toBe(migrations.length);
  });

  it('stop the writes of an older Imprint that has the record open', () => {
    const older = open();
    open({ migrations: [...migrations, next] });
    const error = refusal(() => writeTransaction(older, () => older.connection.prepare(addOperator).run('ana')));
    expect(error.code).toBe('record-from-the-future');
    expect(operators(older.connection)).toEqual([]);
  });

  it('have run after the first of two openings, and only once', () => {
    let runs = 0;
    const counted: Migration = { number: next.number, up: () => void (runs += 1) };
    open({ migrations: [...migrations, counted] });
    open({ migrations: [...migrations, counted] });
    expect(runs).toBe(1);
  });
});
