import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ImprintError } from '../../main/domain/errors';
import type { Reservation } from '../../main/domain/ports';
import { openDatabase } from '../../main/storage/database';
import { migrations } from '../../main/storage/migrations';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { contentOf, fillFirstVersion, firstVersion } from '../support/first-record';
import { foreignDevice, jobOwner, preauthorize, reservation, seen } from '../support/reservations';

const project = join(import.meta.dirname, '..', '..');
const childEnvironment = { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_PATH: join(project, 'node_modules') };
const root = process.getuid?.() === 0;

/**
 * A station's record in a process of its own: opens it on the first line of its input, reserves what stands in its
 * file, tries to take the jobs over, and writes one line per answer straight to the pipe, so that a line that was
 * read is an answer that was given.
 */
const program = `
  import { readFileSync, readSync, writeSync } from 'node:fs';
  import { SqliteRecordStore } from './main/storage/record-store';

  const [path, list, takeOverFrom] = process.argv.slice(2);
  const say = (answer) => writeSync(1, JSON.stringify(answer) + '\\n');
  const self = { pid: process.pid, started: 'child' };
  const reservations = JSON.parse(readFileSync(list, 'utf8'));
  say({ ready: true });
  readSync(0, Buffer.alloc(1));
  const work = async () => {
    const store = SqliteRecordStore.open(path);
    for (const reservation of reservations) {
      const { jobId } = reservation;
      try {
        if (takeOverFrom !== undefined) say({ jobId, won: await store.takeOver(jobId, JSON.parse(takeOverFrom), self) });
        else {
          await store.reserve({ ...reservation, jobId: reservation.jobId + '/' + process.pid, deviceId: reservation.deviceId + '/' + process.pid });
          await store.startStep(reservation.jobId + '/' + process.pid, 'check', reservation.at);
          say({ jobId, won: true, recorded: reservation.jobId + '/' + process.pid });
        }
      } catch (error) {
        say({ jobId, won: false, code: error.code, message: error.message });
      }
    }
    await store.close();
  };
  work().catch((error) => say({ broken: error.code, message: error.message }));
`;

/** A newer Imprint that is killed when the migration has run and its changes are in the log, but not the commit. */
const killedMigration = `
  import { openDatabase } from './main/storage/database';
  import { migrations } from './main/storage/migrations';

  const [first, second] = migrations;
  const up = (connection) => {
    // Ten pages of cache: what was changed goes to the log before the commit.
    connection.pragma('cache_size = 10');
    connection.exec(second.up);
    process.kill(process.pid, 'SIGKILL');
  };
  openDatabase(process.argv[2], { migrations: [first, { number: 2, up }] });
`;

interface Answer {
  readonly jobId?: string;
  readonly won?: boolean;
  readonly code?: string;
  readonly recorded?: string;
  readonly broken?: string;
}

let bundleFolder: string;
let bundle: string;
let killedBundle: string;
let folder: string;
let path: string;

beforeAll(async () => {
  bundleFolder = mkdtempSync(join(tmpdir(), 'imprint-record-bundle-'));
  bundle = await bundled('child', program);
  killedBundle = await bundled('killed', killedMigration);
});

async function bundled(name: string, contents: string): Promise<string> {
  const outfile = join(bundleFolder, `${name}.cjs`);
  await build({
    stdin: { contents, resolveDir: project, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['better-sqlite3'],
    outfile,
    logLevel: 'error',
  });
  return outfile;
}

afterAll(() => rmSync(bundleFolder, { recursive: true, force: true }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-record-'));
  path = join(folder, 'data', 'record.sqlite');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  readonly answers: AsyncIterator<Answer>;
  readonly ended: Promise<unknown>;
}

/** Starts a child that stands right before opening the record. */
async function startChild(reservations: readonly Reservation[], takeOverFrom?: typeof jobOwner): Promise<Child> {
  const list = join(folder, `list-${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(list, JSON.stringify(reservations));
  const child = spawn(process.execPath, [bundle, path, list, ...(takeOverFrom === undefined ? [] : [JSON.stringify(takeOverFrom)])], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: childEnvironment,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answers: AsyncIterator<Answer> = {
    next: async () => {
      const line = await lines.next();
      return line.done === true ? { done: true, value: undefined } : { done: false, value: JSON.parse(line.value) as Answer };
    },
  };
  await answers.next();
  return { process: child, answers, ended: once(child, 'exit') };
}

async function remainingAnswers(child: Child): Promise<Answer[]> {
  const found: Answer[] = [];
  for (let next = await child.answers.next(); next.done !== true; next = await child.answers.next()) found.push(next.value);
  await child.ended;
  return found;
}

/** Lets children go that all stand at the same line, and collects what each one says. */
async function race(children: readonly Child[]): Promise<Answer[]> {
  for (const child of children) child.process.stdin.end('g');
  return (await Promise.all(children.map(remainingAnswers))).flat();
}

async function refusal(work: () => unknown): Promise<ImprintError> {
  try {
    await work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ImprintError);
    return thrown as ImprintError;
  }
  throw new Error('nothing was refused');
}

describe('several processes on one record', () => {
  it('create it together, and each identity and each open job goes to exactly one of them', async () => {
    const list = numbers(1, 41).map((number) => reservation(number));
    const reserving = await race(await Promise.all(numbers(0, 3).map(() => startChild(list))));
    expect(reserving.filter((answer) => answer.broken !== undefined)).toEqual([]);
    expect(reserving).toHaveLength(3 * list.length);
    const winners = reserving.filter((answer) => answer.won === true);
    expect(winners.map((answer) => answer.jobId).sort()).toEqual(list.map((each) => each.jobId).sort());
    for (const loser of reserving.filter((answer) => answer.won !== true)) expect(loser.code).toBe('identity-recorded');

    const store = SqliteRecordStore.open(path);
    const open = await store.unfinishedJobs();
    expect(open.map((job) => job.jobId).sort()).toEqual(winners.map((answer) => answer.recorded).sort());

    const orphans = open.map((job) => ({ ...reservation(0), jobId: job.jobId }));
    const taking = await race(await Promise.all(numbers(0, 3).map(() => startChild(orphans, jobOwner))));
    expect(taking).toHaveLength(3 * open.length);
    expect(taking.filter((answer) => answer.won === true).map((answer) => answer.jobId).sort()).toEqual(open.map((job) => job.jobId).sort());
    for (const job of await store.unfinishedJobs()) expect(job.owner.started).toBe('child');
    await store.close();
  });

  it('wait for one another where the write-ahead log is not switched on yet', async () => {
    const { connection } = openDatabase(path);
    connection.pragma('journal_mode = DELETE');
    connection.close();
    // The opening below blocks this process, so that the other one must let go by itself.
    const holder = spawn(
      process.execPath,
      ['-e', `const db = new (require('better-sqlite3'))(process.argv[1]); db.exec('BEGIN IMMEDIATE'); console.log('held'); setTimeout(() => db.exec('COMMIT'), 500);`, path],
      { stdio: ['ignore', 'pipe', 'inherit'], env: childEnvironment },
    );
    const ended = once(holder, 'exit');
    await once(holder.stdout, 'data');
    const store = SqliteRecordStore.open(path);
    await store.reserve(reservation(1));
    await store.close();
    expect(await ended).toEqual([0, null]);
  });

  it('keep what a writer acknowledged before it was killed', async () => {
    const acknowledged = new Set<string>();
    let next = 0;
    let kills = 0;
    while (next < 200) {
      const child = await startChild(numbers(next, 200).map((number) => reservation(number)));
      child.process.stdin.end('g');
      const killAfter = 1 + ((kills * 17) % 43);
      for (let count = 0; count < killAfter; count += 1) {
        const answer = await child.answers.next();
        if (answer.done === true) break;
        expect(answer.value.won).toBe(true);
        acknowledged.add(String(answer.value.recorded));
      }
      child.process.kill('SIGKILL');
      kills += 1;
      // What was in the pipe at the kill was acknowledged as well.
      for (const answer of await remainingAnswers(child)) acknowledged.add(String(answer.recorded));

      // Opening runs SQLite's own check of the whole file.
      const store = SqliteRecordStore.open(path);
      const jobs = await store.unfinishedJobs();
      const found = new Set(jobs.map((job) => job.jobId));
      expect([...acknowledged].filter((jobId) => !found.has(jobId))).toEqual([]);
      // At most the one that was cut off between its commit and its answer.
      expect(found.size - acknowledged.size).toBeLessThanOrEqual(kills);
      for (const job of jobs) {
        expect(job.steps[0]).toMatchObject({ name: 'reserve', state: 'done' });
        if (acknowledged.has(job.jobId)) expect(job.steps[1]).toMatchObject({ name: 'check', state: 'started' });
        expect((await store.device(job.deviceId))?.state).toBe('reserved');
      }
      next = Math.max(...jobs.map((job) => Number(/^job-(\d+)/.exec(job.jobId)?.[1]))) + 1;
      await store.close();
    }
    expect(kills).toBeGreaterThan(4);
  });
});

describe('a record of the first version', () => {
  it('stays one when its migration is killed before the commit, and is migrated at the next start', async () => {
    const { connection } = openDatabase(path, { migrations: firstVersion });
    fillFirstVersion(connection, 200);
    const before = contentOf(connection);
    connection.close();
    const migrateAndDie = async (): Promise<void> => {
      const child = spawn(process.execPath, [killedBundle, path], { stdio: ['ignore', 'ignore', 'inherit'], env: childEnvironment });
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
      // The migration is in the log, almost as large as the record itself.
      expect(statSync(`${path}-wal`).size).toBeGreaterThan(statSync(path).size / 2);
    };
    await migrateAndDie();
    const older = openDatabase(path, { migrations: firstVersion });
    expect(older.connection.pragma('user_version', { simple: true })).toBe(1);
    expect(contentOf(older.connection)).toStrictEqual(before);
    older.connection.close();

    await migrateAndDie();
    const newer = openDatabase(path);
    expect(newer.version).toBe(migrations.length);
    expect(newer.connection.pragma('foreign_key_check')).toEqual([]);
    expect(contentOf(newer.connection)['jobs']).toStrictEqual(before['jobs']?.map((row) => ({ ...row, cause: null })));
    expect(contentOf(newer.connection)['devices']).toStrictEqual(before['devices']?.map((row) => ({ ...row, batch: null })));
    newer.connection.close();
  });
});

// Only root can mount a filesystem of its own; elsewhere there is no small disk to fill.
describe.skipIf(!root)('on a small disk (root only: mounts a tmpfs)', () => {
  let disk: string;

  beforeEach(() => {
    disk = join(folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=0700', 'tmpfs', disk]);
    path = join(disk, 'record.sqlite');
  });

  // Lazily: a test that failed may have left the record open.
  afterEach(() => execFileSync('umount', ['--lazy', disk]));

  it('says that the disk is full, keeps what was recorded, and goes on once there is room', async () => {
    const ballast = join(disk, 'ballast');
    const store = SqliteRecordStore.open(path);
    await store.reserve(reservation(0));
    const facts = statfsSync(disk);
    writeFileSync(ballast, Buffer.alloc(facts.bavail * facts.bsize - 800 * 1024));
    let kept = 1;
    const error = await refusal(async () => {
      for (; kept < 10_000; kept += 1) await store.reserve(reservation(kept));
    });
    expect(error.code).toBe('record-full-disk');
    expect(error.message).toContain(path);
    expect(kept).toBeGreaterThan(5);
    expect((await refusal(() => store.reserve(reservation(kept)))).code).toBe('record-full-disk');

    const serials = async (from: SqliteRecordStore): Promise<unknown[]> => (await from.unfinishedJobs()).map((job) => [job.jobId, job.steps.length]);
    const expected = numbers(0, kept).map((number) => [`job-${number}`, 1]);
    expect(await serials(store)).toEqual(expected);
    unlinkSync(ballast);
    await store.reserve(reservation(kept));
    await store.close();
    const again = SqliteRecordStore.open(path);
    expect(await serials(again)).toEqual([...expected, [`job-${kept}`, 1]]);
    await again.close();
  });

  it('keeps all of an import and of a look at the server, or nothing, when the disk gets full', async () => {
    const ballast = join(disk, 'ballast');
    const store = SqliteRecordStore.open(path);
    for (const number of numbers(0, 5)) await preauthorize(store, number);
    await store.saveAcceptances(numbers(0, 5).map((number) => seen(number, 'waiting', 30)));
    const facts = statfsSync(disk);
    writeFileSync(ballast, Buffer.alloc(facts.bavail * facts.bsize - 300 * 1024));
    const foreign = numbers(0, 3000).map((number) => foreignDevice(number, { source: 'x'.repeat(200) }));
    expect((await refusal(() => store.importForeign(foreign))).code).toBe('record-full-disk');
    expect((await store.foreignDevices({ limit: 1, offset: 0 })).total).toBe(0);
    const long = { sentence: 'x'.repeat(100_000) };
    expect((await refusal(() => store.saveAcceptances(numbers(0, 5).map((number) => seen(number, 'accepted', 31, long))))).code).toBe('record-full-disk');
    expect((await store.acceptancePage({ limit: 9, offset: 0 })).counts).toMatchObject({ waiting: 5, accepted: 0 });
    unlinkSync(ballast);
    await store.saveAcceptances(numbers(0, 5).map((number) => seen(number, 'accepted', 31, long)));
    expect((await store.acceptancePage({ limit: 9, offset: 0 })).counts).toMatchObject({ waiting: 0, accepted: 5 });
    await store.close();
  });

  it('leaves a record of the first version as it is where there is no room for its migration, or no right to it', () => {
    const ballast = join(disk, 'ballast');
    const { connection } = openDatabase(path, { migrations: firstVersion });
    fillFirstVersion(connection, 200);
    const before = contentOf(connection);
    connection.close();
    const refused = (): unknown => {
      try {
        openDatabase(path).connection.close();
      } catch (thrown) {
        return (thrown as ImprintError).code;
      }
      return undefined;
    };
    const facts = statfsSync(disk);
    writeFileSync(ballast, Buffer.alloc(facts.bavail * facts.bsize - 400 * 1024));
    expect(refused()).toBe('record-full-disk');
    unlinkSync(ballast);
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    expect(refused()).toBe('record-unavailable');
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    const older = openDatabase(path, { migrations: firstVersion });
    expect(contentOf(older.connection)).toStrictEqual(before);
    older.connection.close();
    expect(refused()).toBeUndefined();
  });

  it('says so at the first opening too, and opens once there is room', async () => {
    const ballast = join(disk, 'ballast');
    const facts = statfsSync(disk);
    writeFileSync(ballast, Buffer.alloc(facts.bavail * facts.bsize - 8 * 1024));
    expect((await refusal(() => openDatabase(path))).code).toBe('record-full-disk');
    unlinkSync(ballast);
    const store = SqliteRecordStore.open(path);
    await store.reserve(reservation(1));
    await store.close();
  });

  it('refuses a read-only disk, with a record on it and without', async () => {
    const store = SqliteRecordStore.open(path);
    await store.reserve(reservation(1));
    await store.close();
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    expect((await refusal(() => openDatabase(path))).code).toBe('record-unavailable');
    expect((await refusal(() => openDatabase(join(disk, 'new', 'record.sqlite')))).code).toBe('record-unavailable');
    const digest = createHash('sha256').update(execFileSync('cat', [path])).digest('hex');
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    expect(createHash('sha256').update(execFileSync('cat', [path])).digest('hex')).toBe(digest);
    const again = SqliteRecordStore.open(path);
    expect((await again.device('device-1'))?.state).toBe('reserved');
    await again.close();
  });
});

// Root may write everywhere, so that the folder's mode refuses nothing.
it.skipIf(root)('refuses a folder that this user may not write to (not as root)', async () => {
  chmodSync(folder, 0o500);
  expect((await refusal(() => openDatabase(path))).code).toBe('record-unavailable');
  chmodSync(folder, 0o700);
});
