/** What main signs for the log, and what it refuses to sign. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { LogKeeper, checkpointIn } from '../../main/compose/log-keeper';
import { LogKeys } from '../../main/compose/log-keys';
import type { LogCheck } from '../../main/domain/record-log';
import { openCheckpoint } from '../../main/ledger/checkpoint';
import { parseVerifierKey } from '../../main/ledger/note';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { preauthorize, refusal } from '../support/reservations';

// Outside of a window there is no Electron to ask for a keyring.
vi.mock('electron', () => ({ safeStorage: {} }));

let folder: string;
let path: string;
let store: SqliteRecordStore;
let keeper: LogKeeper;

/** A session without a desktop. */
const noKeyring = {
  available: () => Promise.resolve(false),
  has: () => false,
  read: () => Promise.reject(new Error('there is no keyring')),
  store: () => Promise.reject(new Error('there is no keyring')),
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-keeper-'));
  path = join(folder, 'record.sqlite');
  open();
});

afterEach(async () => {
  await keeper.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): void {
  store = SqliteRecordStore.open(path, { station: 'line a' });
  keeper = newKeeper();
}

function newKeeper(keys = newKeys()): LogKeeper {
  return new LogKeeper({ log: store.log, keys, root: folder, clock: { now: () => new Date() }, name: 'line a' });
}

const newKeys = (): LogKeys => new LogKeys(noKeyring, join(folder, 'keyring'));
const check = (): Promise<LogCheck> => keeper.check(() => undefined, new AbortController().signal);
const currentKey = async () => parseVerifierKey((await store.log.currentKey()) ?? '');

/** Puts another record in the place of the one that is open. */
async function exchange(other: string): Promise<void> {
  await store.close();
  for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
  copyFileSync(other, path);
  open();
}

async function copyOfNow(): Promise<string> {
  await store.close();
  const copy = join(folder, 'older.sqlite');
  copyFileSync(path, copy);
  open();
  return copy;
}

describe('the keeper of the log', () => {
  it('makes its key once, for this user alone, and signs every head once', async () => {
    await preauthorize(store, 1);
    const first = await keeper.checkpoint();
    expect(openCheckpoint(first.note, [await currentKey()]).checkpoint).toMatchObject({ size: 3, origin: (await currentKey()).name });
    expect((await currentKey()).name).toMatch(/^line-a\/imprint\/[0-9a-f]{12}$/);
    expect(await keeper.checkpoint()).toEqual(first);
    expect(await newKeeper().checkpoint()).toEqual(first);
    await preauthorize(store, 2);
    const second = await newKeeper().checkpoint();
    expect(second.size).toBe(5);
    expect(await store.log.checkpoints(-1, 9)).toEqual([first.note, second.note]);
    expect(statSync(join(folder, 'keyring', 'log-key.pem')).mode & 0o777).toBe(0o600);
    expect(keeper.warnings()).toEqual([expect.stringContaining('log-key.pem as it is')]);
    expect(await check()).toMatchObject({ sound: true, checkpoints: 2 });
  });

  it('agrees on one key where two begin together', async () => {
    const keepers = [keeper, ...Array.from({ length: 4 }, () => newKeeper())];
    const signed = await Promise.all(keepers.map((each) => each.checkpoint()));
    expect(new Set(signed.map(({ note }) => checkpointIn(note).origin)).size).toBe(1);
    expect((await store.log.head()).size).toBe(1);
    expect(await check()).toMatchObject({ sound: true, size: 1 });
  });

  it('hands over to a new key, also where it was killed between the entry and the key', async () => {
    await preauthorize(store, 1);
    const before = await keeper.checkpoint();
    const old = await currentKey();
    const kept = readFileSync(join(folder, 'keyring', 'log-key.pem'));
    const renewed = await keeper.renewKey('Ada');
    expect(parseVerifierKey(renewed).name).toBe(old.name);
    const after = await keeper.checkpoint();
    expect(() => openCheckpoint(after.note, [old])).toThrow('no key that is trusted has signed it');
    expect(openCheckpoint(before.note, [old]).checkpoint.size).toBe(3);
    // As a kill leaves it: the log names the new key, and the old one is kept.
    writeFileSync(join(folder, 'keyring', 'log-key.pem'), kept);
    keeper = newKeeper();
    expect(await check()).toMatchObject({ sound: true });
    await preauthorize(store, 2);
    expect(openCheckpoint((await keeper.checkpoint()).note, [parseVerifierKey(renewed)]).checkpoint.size).toBe(6);
    expect(readFileSync(join(folder, 'keyring', 'log-key.pem'))).not.toEqual(kept);
    expect(await check()).toMatchObject({ sound: true, size: 6 });
  });

  it('never signs with a key that another process has renewed meanwhile', async () => {
    const other = newKeeper();
    await other.checkpoint();
    const renewed = await keeper.renewKey('Ada');
    await preauthorize(store, 1);
    const { note } = await other.checkpoint();
    expect(openCheckpoint(note, [parseVerifierKey(renewed)]).checkpoint.size).toBe(4);
    expect(await check()).toMatchObject({ sound: true });
  });

  it('signs nothing for a record that was put back to an older state, and no device is made', async () => {
    await preauthorize(store, 1);
    await keeper.checkpoint();
    const older = await copyOfNow();
    await preauthorize(store, 2);
    await keeper.checkpoint();
    await exchange(older);
    await preauthorize(store, 3);
    await preauthorize(store, 4);
    const error = await refusal(keeper.checkpoint());
    expect(error.code).toBe('log-broken');
    expect(error.message).toContain('the head over 5 entries that was signed before is over other entries');
    expect(await store.log.checkpoints(3, 9)).toEqual([]);
    expect(() => { newKeeper().assertSound(); }).toThrow('No device is made');
    expect(await check()).toMatchObject({ sound: false });
  });

  it('says that entries are missing where the older state has fewer', async () => {
    await preauthorize(store, 1);
    await keeper.checkpoint();
    const older = await copyOfNow();
    await preauthorize(store, 2);
    await keeper.checkpoint();
    await exchange(older);
    const found = await check();
    expect(found.sound ? '' : found.sentence).toContain('a head over 5 entries was signed, and it has only 3');
    await exchange(older);
    expect((await refusal(keeper.checkpoint())).code).toBe('log-broken');
  });

  it('makes no new log for a record that has lost its own', async () => {
    const empty = await copyOfNow();
    await preauthorize(store, 1);
    await keeper.checkpoint();
    await exchange(empty);
    expect((await refusal(keeper.checkpoint())).message).toContain('a head of it was signed before');
    expect((await store.log.head()).size).toBe(0);
  });

  it('works again once the record is the right one', async () => {
    await preauthorize(store, 1);
    await keeper.checkpoint();
    const older = await copyOfNow();
    await preauthorize(store, 2);
    await keeper.checkpoint();
    const right = join(folder, 'right.sqlite');
    await store.close();
    copyFileSync(path, right);
    open();
    await exchange(older);
    expect(await check()).toMatchObject({ sound: false });
    await exchange(right);
    expect(() => { keeper.assertSound(); }).toThrow('put back to an older state');
    expect(await check()).toMatchObject({ sound: true, size: 5 });
    keeper.assertSound();
  });

  it('says why nothing is signed where the key is gone, and leaves what was logged alone', async () => {
    await preauthorize(store, 1);
    await keeper.checkpoint();
    for (const name of readdirSync(join(folder, 'keyring'))) rmSync(join(folder, 'keyring', name));
    keeper = newKeeper();
    await preauthorize(store, 2);
    expect((await refusal(keeper.checkpoint())).code).toBe('credential-missing');
    expect(existsSync(join(folder, 'keyring', 'log-key.pem'))).toBe(false);
    expect(await check()).toMatchObject({ sound: true, size: 5 });
  });

  it('signs at its end what was logged since', async () => {
    keeper.changed();
    await preauthorize(store, 1);
    keeper.changed();
    await keeper.close();
    const { size } = await store.log.head();
    expect(checkpointIn((await store.log.lastCheckpoint()) ?? '').size).toBe(size);
  });

  it('never shows its private key, in an error or anywhere in the folder but the one file', async () => {
    await keeper.checkpoint();
    const pem = readFileSync(join(folder, 'keyring', 'log-key.pem'), 'utf8');
    const secret = Buffer.from(pem.split('\n')[1] ?? '', 'base64').subarray(-32);
    expect(secret).toHaveLength(32);
    await store.close();
    for (const name of readdirSync(folder).filter((each) => each !== 'keyring')) {
      const content = readFileSync(join(folder, name));
      expect(content.includes(secret) || content.includes(secret.toString('base64'))).toBe(false);
    }
    writeFileSync(join(folder, 'keyring', 'log-key.pem'), pem.replace(/[A-Za-z]/, '!'));
    open();
    const error = await refusal(newKeeper().checkpoint());
    expect(JSON.stringify([error.toReport(), String(error.cause), error.stack])).not.toContain(pem.split('\n')[1]?.slice(10, 40));
  });
});
