/** Backup of a record in use, and what a restore refuses. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { imprint, temporaryFolder, type CommandResult } from '../support/station';

let folder: string;
let data: string;
let record: string;
let backups: string;

const command = (...args: string[]): Promise<CommandResult> => imprint([...args, '--practice', '--data', data, '--json']);
const result = ({ events }: CommandResult): Readonly<Record<string, unknown>> => events.find(({ event }) => event === 'result') ?? {};
const make = async (mac: string): Promise<void> => {
  expect((await imprint(['practice', '--identity', `mac=${mac}`, '--data', data, '--json'])).exitCode).toBe(0);
};

function entries(path: string, event: string): Record<string, unknown>[] {
  const connection = new Database(path, { readonly: true });
  const found = connection.prepare('SELECT entry FROM log_entries WHERE event = ? ORDER BY seq').pluck().all(event) as string[];
  connection.close();
  return found.map((text) => (JSON.parse(text) as { data: Record<string, unknown> }).data);
}

function devices(path: string): number {
  const connection = new Database(path, { readonly: true });
  const count = connection.prepare('SELECT count(*) FROM devices').pluck().get() as number;
  connection.close();
  return count;
}

beforeAll(async () => {
  folder = temporaryFolder();
  data = join(folder, 'data');
  record = join(data, 'practice', 'record.sqlite');
  backups = join(folder, 'backups');
  mkdirSync(backups);
  await make('02:00:00:00:20:01');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('imprint backup and restore', () => {
  let backup: string;

  it('makes one file of a record that others have open, reads it once more, and logs it', async () => {
    const other = new Database(record);
    other.prepare('SELECT count(*) FROM devices').get();
    const made = await command('backup', '--to', backups);
    other.close();
    expect(made.exitCode, made.stderr).toBe(0);
    const { path, size, sha256, root } = result(made);
    backup = String(path);
    expect(readdirSync(backups)).toEqual([backup.slice(backups.length + 1)]);
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect(createHash('sha256').update(readFileSync(backup)).digest('hex')).toBe(sha256);
    expect(devices(backup)).toBe(1);
    expect(entries(record, 'backup')).toEqual([{ path, size, sha256, root }]);
    expect((await command('log', 'check')).exitCode).toBe(0);
  });

  it('puts it back, keeps what was there, and the bench goes on', async () => {
    await make('02:00:00:00:20:02');
    const restored = await command('restore', '--from', backup);
    expect(restored.exitCode, restored.stderr).toBe(0);
    expect(devices(record)).toBe(1);
    expect(devices(String(result(restored)['replaced']))).toBe(2);
    expect(entries(record, 'restore')).toEqual([{ size: result(restored)['size'], root: expect.any(String) as string, override: false, path: backup }]);
    const checked = await command('log', 'check');
    expect(checked.exitCode, checked.stderr).toBe(0);
    await make('02:00:00:00:20:03');
  });

  it('refuses a log that is older than the last anchor, unless an admin says why', async () => {
    expect((await command('log', 'anchor', '--file', join(folder, 'anchors.txt'))).exitCode).toBe(0);
    const before = createHash('sha256').update(readFileSync(record)).digest('hex');
    const refused = await command('restore', '--from', backup);
    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).toMatch(/an anchor stands over \d+/);
    expect((await command('restore', '--from', backup, '--override', 'The disk is gone.', '--role', 'technician')).exitCode).toBe(3);
    expect((await command('restore', '--from', backup, '--override', ' ')).exitCode).toBe(2);
    expect(createHash('sha256').update(readFileSync(record)).digest('hex')).toBe(before);
    const overridden = await command('restore', '--from', backup, '--override', 'The disk is gone.', '--operator', 'Ada');
    expect(overridden.exitCode, overridden.stderr).toBe(0);
    const [entry] = entries(record, 'restore');
    expect(entry).toMatchObject({ override: true, reason: 'The disk is gone.', anchorSize: expect.any(Number) as number });
    expect((await command('log', 'check')).exitCode).toBe(0);
    await make('02:00:00:00:20:04');
  });

  it('refuses a backup that was changed, one of a newer Imprint, and a file that is none', async () => {
    const changed = join(backups, 'changed.sqlite');
    copyFileSync(backup, changed);
    const connection = new Database(changed);
    connection.exec(`DROP TRIGGER log_entries_refuse_update; UPDATE log_entries SET entry = replace(entry, '"slot":"', '"slot":"x') WHERE event = 'written'`);
    connection.close();
    const refused = await command('restore', '--from', changed);
    expect(refused.exitCode).toBe(8);
    expect(refused.stderr).toMatch(/is not sound and was not put back.*entry \d+ is not what it was/);
    const newer = new Database(changed);
    newer.pragma('user_version = 999');
    newer.close();
    expect((await command('restore', '--from', changed)).stderr).toContain('newer Imprint');
    expect((await command('restore', '--from', join(folder, 'anchors.txt'))).exitCode).toBe(8);
    expect(existsSync(join(data, 'practice', 'record-restoring.sqlite'))).toBe(false);
    expect((await command('log', 'check')).exitCode).toBe(0);
  });

  it('refuses while a process has the record open', async () => {
    const other = new Database(record);
    other.prepare('SELECT count(*) FROM devices').get();
    const refused = await command('restore', '--from', backup, '--override', 'x');
    other.close();
    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).toContain(`Process ${process.pid} has the record open`);
  });
});
