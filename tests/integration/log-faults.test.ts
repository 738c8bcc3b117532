/** What goes wrong with files, disks, clocks and processes: nothing acknowledged is lost unnoticed, nothing false is signed. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { checkpointIn, LogKeeper } from '../../main/compose/log-keeper';
import { LogKeys } from '../../main/compose/log-keys';
import type { LogCheck } from '../../main/domain/record-log';
import { openCheckpoint } from '../../main/ledger/checkpoint';
import { parseVerifierKey } from '../../main/ledger/note';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { bundleLogStation, startLogStation, type Said } from '../support/log-station';
import { at, preauthorize, refusal } from '../support/reservations';

// Outside of a window there is no Electron to ask for a keyring.
vi.mock('electron', () => ({ safeStorage: {} }));

const root = process.getuid?.() === 0;
const none = (): Promise<never> => Promise.reject(new Error('there is no keyring'));

let bundleFolder: string;
let bundle: string;
let folder: string;

beforeAll(async () => {
  bundleFolder = mkdtempSync(join(tmpdir(), 'imprint-log-bundle-'));
  bundle = await bundleLogStation(bundleFolder);
});
afterAll(() => rmSync(bundleFolder, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-faults-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Opened {
  readonly store: SqliteRecordStore;
  readonly keeper: LogKeeper;
  check(): Promise<LogCheck>;
  close(): Promise<void>;
}

function openIn(place: string): Opened {
  const store = SqliteRecordStore.open(join(place, 'record.sqlite'), { station: 'line-a' });
  const keys = new LogKeys({ available: () => Promise.resolve(false), has: () => false, read: none, store: none }, join(place, 'keyring'));
  const keeper = new LogKeeper({ log: store.log, keys, root: place, clock: { now: () => new Date() } });
  return {
    store,
    keeper,
    check: () => keeper.check(() => undefined, new AbortController().signal),
    close: async () => {
      await keeper.close();
      await store.close();
    },
  };
}

/** Every acknowledged entry is there, with its number; every acknowledged head is kept, and over these very entries. */
async function expectAll(said: readonly Said[], { store, check }: Opened): Promise<void> {
  const found = await check();
  expect(found).toMatchObject({ sound: true });
  const { size } = await store.log.head();
  const operators = new Map<number, string>();
  for (let from = 0; from < size; from += 1000) {
    for (const { seq, bytes } of await store.log.entries(from, 1000)) {
      const { event, data } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { event: string; data: { operator?: string } };
      if (event === 'operator-signed-in') operators.set(seq, data.operator ?? '');
    }
  }
  for (const { seq, operator } of said) {
    if (seq !== undefined) expect(operators.get(seq)).toBe(operator);
  }
  const notes = said.flatMap(({ note }) => (note === undefined ? [] : [note]));
  const kept = new Set(await store.log.checkpoints(-1, 1000));
  const key = await store.log.currentKey();
  for (const note of notes) {
    expect(openCheckpoint(note, [parseVerifierKey(key ?? '')]).checkpoint.size).toBeLessThanOrEqual(size);
    expect(kept.has(note)).toBe(true);
  }
}

it('kill -9 in the middle of 1,000 appends, again and again', async () => {
  const said: Said[] = [];
  let kills = 0;
  for (let acknowledged = 0; acknowledged < 1000; acknowledged = said.filter(({ seq }) => seq !== undefined).length) {
    const station = startLogStation(bundle, folder, 1000 - acknowledged, 7);
    const killAfter = 1 + ((kills * 37) % 151);
    let heard = 0;
    for await (const line of station.said) {
      expect(line.code, line.message).toBeUndefined();
      said.push(line);
      heard += 1;
      // What is in the pipe at the kill was acknowledged too, and is heard afterwards.
      if (heard === killAfter || line.done === true) station.process.kill('SIGKILL');
    }
    kills += 1;
    const opened = openIn(folder);
    await expectAll(said, opened);
    await opened.close();
  }
  expect(kills).toBeGreaterThan(5);
  const opened = openIn(folder);
  expect((await opened.keeper.checkpoint()).size).toBe((await opened.store.log.head()).size);
  await opened.close();
});

it('two stations on one folder', async () => {
  const stations = [startLogStation(bundle, folder, 200, 5), startLogStation(bundle, folder, 200, 3)];
  const said = await Promise.all(
    stations.map(async (station) => {
      const lines: Said[] = [];
      for await (const line of station.said) {
        expect(line.code, line.message).toBeUndefined();
        lines.push(line);
        if (line.done === true) await station.kill();
      }
      return lines;
    }),
  );
  const opened = openIn(folder);
  await expectAll(said.flat(), opened);
  // One key-entry, and each entry of both exactly once.
  const { size } = await opened.store.log.head();
  expect(size).toBe(401);
  expect(new Set(said.flat().flatMap(({ seq }) => (seq === undefined ? [] : [seq]))).size).toBe(400);
  await opened.close();
});

it('a truncated write-ahead log: the signed head beside the record finds it out, and nothing more is signed', async () => {
  const station = startLogStation(bundle, folder, 60, 20);
  const said: Said[] = [];
  for await (const line of station.said) {
    said.push(line);
    if (line.done === true) await station.kill();
  }
  const wal = join(folder, 'record.sqlite-wal');
  truncateSync(wal, Math.floor(statSync(wal).size / 2));
  const opened = openIn(folder);
  const { size } = await opened.store.log.head();
  expect(size).toBeLessThan(61);
  const found = await opened.check();
  expect(found.sound ? '' : found.sentence).toContain(`a head over 61 entries was signed, and it has only ${size}`);
  await preauthorize(opened.store, 1);
  expect((await refusal(opened.keeper.checkpoint())).code).toBe('log-broken');
  // Not by a process that has not looked yet either.
  unlinkSync(join(folder, 'log-broken.txt'));
  expect((await refusal(opened.keeper.checkpoint())).code).toBe('log-broken');
  const signed = new Set(said.flatMap(({ note }) => (note === undefined ? [] : [note])));
  for (const note of await opened.store.log.checkpoints(-1, 100)) expect(signed.has(note)).toBe(true);
  await opened.close();
});

it('a corrupted page is never called sound, and stops the bench', async () => {
  const filled = openIn(folder);
  for (let number = 0; number < 200; number += 1) await preauthorize(filled.store, number);
  await filled.keeper.checkpoint();
  await filled.close();
  const path = join(folder, 'record.sqlite');
  const intact = readFileSync(path);
  const pageSize = intact.readUInt16BE(16);
  const withEntries = Array.from({ length: intact.length / pageSize }, (_, page) => page).filter((page) => intact.subarray(page * pageSize, (page + 1) * pageSize).includes('"event":"preauthorized"'));
  expect(withEntries.length).toBeGreaterThan(10);
  let found = 0;
  for (const page of [withEntries[3], withEntries[7], withEntries.at(-2)]) {
    const damaged = Buffer.from(intact);
    // SQLite fills a page from its end: there are entries for certain.
    damaged.fill(0xa5, ((page ?? 0) + 1) * pageSize - 700, ((page ?? 0) + 1) * pageSize - 200);
    writeFileSync(path, damaged);
    let opened: Opened;
    try {
      opened = openIn(folder);
    } catch (thrown) {
      // SQLite's own check at the opening was faster.
      expect(thrown).toMatchObject({ code: 'record-corrupt' });
      found += 1;
      continue;
    }
    const result = await opened.check();
    if (!result.sound) {
      found += 1;
      expect(() => { opened.keeper.assertSound(); }).toThrow('No device is made');
    }
    await opened.close();
  }
  expect(found).toBe(3);
  writeFileSync(path, intact);
  const again = openIn(folder);
  expect(await again.check()).toMatchObject({ sound: true, devices: 200 });
  await again.close();
});

it('a clock that is set back: the order is that of the numbers', async () => {
  const opened = openIn(folder);
  const times = [at(30), at(10), '2020-01-01T00:00:00.000Z', at(31)];
  for (const [number, moment] of times.entries()) {
    await opened.store.log.log({ event: 'override', by: 'Ana', at: moment, data: { what: 'test', reason: String(number) } });
    await opened.keeper.checkpoint();
  }
  const entries = (await opened.store.log.entries(0, 10)).map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString('utf8')) as { at: string; event: string });
  expect(entries.filter(({ event }) => event === 'override').map((entry) => entry.at)).toEqual(times);
  expect(await opened.check()).toMatchObject({ sound: true, checkpoints: 4 });
  await opened.close();
});

it('an older copy of the whole record: what was signed since is not forgotten', async () => {
  const first = openIn(folder);
  await preauthorize(first.store, 1);
  await first.keeper.checkpoint();
  await first.close();
  copyFileSync(join(folder, 'record.sqlite'), join(folder, 'older'));
  const second = openIn(folder);
  await preauthorize(second.store, 2);
  const signed = await second.keeper.checkpoint();
  await second.close();
  copyFileSync(join(folder, 'older'), join(folder, 'record.sqlite'));
  const third = openIn(folder);
  await preauthorize(third.store, 3);
  expect((await refusal(third.keeper.checkpoint())).code).toBe('log-broken');
  expect(checkpointIn(readFileSync(join(folder, 'last-checkpoint.txt'), 'utf8')).size).toBe(signed.size);
  await third.close();
});

// Only root can mount a filesystem of its own; elsewhere there is no small disk to fill.
describe.skipIf(!root)('on a small disk (root only: mounts a tmpfs)', () => {
  let disk: string;

  beforeEach(() => {
    disk = join(folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', disk]);
  });
  // Lazily: a test that failed may have left the record open.
  afterEach(() => execFileSync('umount', ['--lazy', disk]));

  it('that gets full: what was acknowledged is there, and goes on once there is room', async () => {
    const opened = openIn(disk);
    await preauthorize(opened.store, 1);
    const signed = await opened.keeper.checkpoint();
    const facts = statfsSync(disk);
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(facts.bavail * facts.bsize - 600 * 1024));
    const said: Said[] = [];
    const append = async (): Promise<void> => {
      const operator = String(said.length);
      const seq = await opened.store.log.log({ event: 'operator-signed-in', by: 'Ana', at: at(1), data: { operator, role: 'lab', method: 'pin' } });
      if (seq !== undefined) said.push({ seq, operator });
    };
    const full = await refusal((async () => { for (;;) await append(); })());
    expect(full.code).toBe('record-full-disk');
    expect(said.length).toBeGreaterThan(5);
    expect((await refusal(opened.keeper.checkpoint())).code).toBe('record-full-disk');
    // What was signed last is whole: a file is only replaced by a whole one.
    expect(readFileSync(join(disk, 'last-checkpoint.txt'), 'utf8')).toBe(signed.note);
    unlinkSync(join(disk, 'ballast'));
    await append();
    await opened.keeper.checkpoint();
    await expectAll(said, opened);
    await opened.close();
  });

  it('that is read-only: nothing is signed, and the record is as it was', async () => {
    const opened = openIn(disk);
    await preauthorize(opened.store, 1);
    const { note } = await opened.keeper.checkpoint();
    await opened.close();
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    expect(() => openIn(disk)).toThrow('cannot be used');
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    const again = openIn(disk);
    expect(await again.keeper.checkpoint()).toMatchObject({ note });
    expect(await again.check()).toMatchObject({ sound: true });
    await again.close();
  });
});
