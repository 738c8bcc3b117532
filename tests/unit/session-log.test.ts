/** How the window sees the log of its record: a real record, a real keeper with its key, real files. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askedOf, freePlace } from '../../main/compose/chosen-place';
import { LogAnchors } from '../../main/compose/log-anchors';
import { LogKeeper } from '../../main/compose/log-keeper';
import { LogKeys } from '../../main/compose/log-keys';
import { keyEntry, noReceipt, receiptFor } from '../../main/compose/receipts';
import { SessionLog } from '../../main/compose/session-log';
import { logHealthSchema, type LogHealthView } from '../../main/contract/evidence-channel';
import type { LogCheck, LoggedEntry } from '../../main/domain/record-log';
import type { Role } from '../../main/domain/roles';
import { parseVerifierKey } from '../../main/ledger/note';
import { verifyReceipt } from '../../main/ledger/tlog-proof';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { tamper } from '../support/recorded-log';
import { preauthorize, refusal } from '../support/reservations';

// Outside of a window there is no Electron to ask for a keyring.
vi.mock('electron', () => ({ safeStorage: {} }));

let folder: string;
let path: string;
let store: SqliteRecordStore;
let keeper: LogKeeper;
let anchors: LogAnchors;
let told: LogHealthView[];
let found: LogCheck[];
let log: SessionLog;

const clock = { now: () => new Date() };
const none = () => Promise.reject(new Error('there is no keyring'));
const noKeyring = { available: () => Promise.resolve(false), has: () => false, read: none, store: none };

function open(): void {
  store = SqliteRecordStore.open(path, { station: 'line a' });
  keeper = new LogKeeper({ log: store.log, keys: new LogKeys(noKeyring, join(folder, 'keyring')), root: folder, clock, name: 'line a' });
  anchors = new LogAnchors(store.log, clock, { version: 1 });
  told = [];
  found = [];
  log = new SessionLog({ log: store.log, keeper, anchors, clock, changed: (health) => told.push(logHealthSchema.parse(health)), checked: (check) => found.push(check) });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-session-log-'));
  path = join(folder, 'record.sqlite');
  open();
});

afterEach(async () => {
  await log.close();
  await keeper.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const ended = (): Promise<void> =>
  vi.waitFor(async () => {
    expect((await log.health()).check.running).toBeUndefined();
  });

const keyOf = async (device: string): Promise<LoggedEntry> => {
  const entry = keyEntry(await store.log.entriesOfDevice(device));
  if (entry === undefined) throw new Error('No key was logged.');
  return entry;
};

describe('the health of a log', () => {
  it('names what was logged, signed and anchored, and where the key lies', async () => {
    expect(await log.health()).toEqual({ size: 0, key: undefined, checkpoint: undefined, anchor: undefined, check: { running: undefined, last: undefined }, warnings: [] });
    await preauthorize(store, 1);
    const head = await keeper.checkpoint();
    const place = await anchors.bring(head, { file: join(folder, 'anchors.txt') });
    await preauthorize(store, 2);
    const health = await log.health();
    expect(health).toMatchObject({ size: 5, checkpoint: { size: 3 }, anchor: { size: 3, place }, warnings: [expect.stringContaining('log-key.pem as it is')] });
    expect(health.key).toBe(await store.log.currentKey());
    expect(Math.abs(Date.now() - Date.parse(health.checkpoint?.at ?? ''))).toBeLessThan(60_000);
  });

  it('has the key made and the whole log checked at the start, which nobody can stop', async () => {
    await preauthorize(store, 1);
    await log.begin();
    log.cancelCheck();
    await ended();
    expect(told[0]?.check.running).toMatchObject({ canCancel: false });
    expect(told.at(-1)?.check.last).toMatchObject({ result: 'sound', sentence: 'Every entry is as it was logged: 3 entries, 0 signed heads, 1 devices.' });
    expect(found).toMatchObject([{ sound: true, devices: 1 }]);
  });

  it('is checked once at a time, and keeps what was found where a check is stopped', async () => {
    await preauthorize(store, 1);
    log.checkNow();
    log.checkNow();
    expect((await log.health()).check.running).toMatchObject({ canCancel: true });
    await ended();
    const { last } = (await log.health()).check;
    expect(last).toMatchObject({ result: 'sound' });
    log.checkNow();
    log.cancelCheck();
    await ended();
    expect((await log.health()).check.last).toEqual(last);
    expect(found).toHaveLength(1);
  });

  it('is BROKEN with its entry where somebody changed it, for as long as any process says so', async () => {
    await preauthorize(store, 1);
    await preauthorize(store, 2);
    await store.close();
    tamper(path, (database) => database.prepare(`UPDATE log_entries SET entry = replace(entry, '"by":"Ana"', '"by":"Bob"') WHERE seq = 2`).run());
    open();
    log.checkNow();
    await ended();
    const { check, warnings } = await log.health();
    expect(check.last).toMatchObject({ result: 'broken', entry: 2, sentence: expect.stringContaining('entry 2') });
    expect(warnings).toContain(check.last?.sentence);
    // A bench that is opened later has not looked yet, and knows it all the same.
    await store.close();
    open();
    expect((await log.health()).check.last).toMatchObject({ result: 'broken', sentence: check.last?.sentence });
    keeper.forgetSigned();
    expect((await log.health()).check.last).toBeUndefined();
  });

  it('says what is wrong where the log cannot be read', async () => {
    await keeper.checkpoint();
    await store.close();
    tamper(path, (database) => database.prepare(`UPDATE log_entries SET entry = '{"event":"log-key"}' WHERE seq = 0`).run());
    open();
    expect(await log.health()).toMatchObject({ trouble: expect.any(String), check: {} });
  });
});

describe('a receipt', () => {
  const as = (role: Role) => ({ station: { log: store.log, role }, keeper });

  it('stands under the last checkpoint where that covers it, for whoever asks', async () => {
    await preauthorize(store, 1);
    const { note } = await keeper.checkpoint();
    const entry = await keyOf('device-1');
    expect(await noReceipt(entry.seq, as('auditor').station)).toBeUndefined();
    const { text, checkpoint, size } = await receiptFor(entry, as('auditor'));
    expect([checkpoint, size]).toEqual([note, 3]);
    expect(verifyReceipt(text, [parseVerifierKey((await store.log.currentKey()) ?? '')]).index).toBe(entry.seq);
  });

  it('has its checkpoint signed by those who may, and by no auditor', async () => {
    await preauthorize(store, 1);
    await keeper.checkpoint();
    await preauthorize(store, 2);
    const entry = await keyOf('device-2');
    const error = await refusal(receiptFor(entry, as('auditor')));
    expect([error.code, error.message]).toEqual(['not-allowed', await noReceipt(entry.seq, as('auditor').station)]);
    expect((await store.log.summary()).checkpoint?.size).toBe(3);
    expect((await receiptFor(entry, as('technician'))).size).toBe(5);
    expect(await noReceipt(entry.seq, as('auditor').station)).toBeUndefined();
  });
});

describe('a place that a person chose', () => {
  it('counts for whoever was asked, and not for whoever is there when the window was locked meanwhile', async () => {
    const station = { operator: 'Aud' };
    expect(await askedOf(station, () => Promise.resolve('/media/usb/export'))).toBe('/media/usb/export');
    expect(await askedOf(station, () => Promise.resolve(undefined))).toBeUndefined();
    const error = await refusal(
      askedOf(station, () => {
        station.operator = 'nobody';
        return Promise.resolve('/media/usb/export');
      }),
    );
    expect(error.code).toBe('sign-in-needed');
  });

  it('is free, and outside of the station', () => {
    const [data, own] = [join(folder, 'data'), join(folder, 'usb')];
    for (const made of [data, join(data, 'station'), own]) mkdirSync(made);
    symlinkSync(data, join(own, 'link'));
    writeFileSync(join(own, 'there'), '');
    expect(freePlace(join(own, 'export'), data)).toBe(join(own, 'export'));
    // Only its beginning is the same.
    expect(freePlace(join(folder, 'data-of-mine'), data)).toBe(join(folder, 'data-of-mine'));
    for (const place of [join(own, 'there'), join(data, 'x'), join(data, 'station', 'log-broken.txt'), join(own, 'link', 'x'), join(own, '..', 'data', 'x'), join(own, 'nowhere', 'x')]) {
      expect(() => freePlace(place, data)).toThrow(/cannot be written/);
    }
  });
});
