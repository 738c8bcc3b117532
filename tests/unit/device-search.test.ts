import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { mostHits, type DeviceSearch } from '../../main/domain/device-search';
import { openDatabase } from '../../main/storage/database';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { fillFirstVersion, firstVersion } from '../support/first-record';
import { at, preauthorize, reservation } from '../support/reservations';

let folder: string;
let path: string;
let store: SqliteRecordStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-search-'));
  path = join(folder, 'record.sqlite');
  store = SqliteRecordStore.open(path);
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const found = async (search: Partial<DeviceSearch>): Promise<string[]> => (await store.search.searchDevices({ limit: 100, offset: 0, ...search })).devices.map(({ deviceId }) => deviceId);

describe('the search of the auditor', () => {
  it('finds a device by what is known of it, newest first', async () => {
    const key = await preauthorize(store, 1, { batch: 'WO-1' });
    await preauthorize(store, 2, { batch: 'WO-1', operator: 'Tom' });
    await preauthorize(store, 3, { identity: { mac: '0A:00:00:00:00:03', serial: 'GW-77' }, operator: 'Tom' });
    const pem = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
    await store.addCertificates('device-2', [{ serial: '0a1b2c', issuer: 'CN=Line', notBefore: at(0), notAfter: at(9), sha256: 'c'.repeat(64), pem }], false, at(3));

    expect(await found({})).toEqual(['device-3', 'device-2', 'device-1']);
    expect(await found({ text: '02:00:00:00:00:01' })).toEqual(['device-1']);
    expect(await found({ text: '02:00:00:00:00' })).toEqual(['device-2', 'device-1']);
    expect(await found({ text: '00:00:01' })).toEqual(['device-1']);
    expect(await found({ text: 'gw-77' })).toEqual(['device-3']);
    expect(await found({ text: '-7' })).toEqual(['device-3']);
    for (const text of ['"', '"""', 'gw" OR "02', '*', 'gw-77\0x', 'identity_values : gw']) expect(await found({ text })).toEqual([]);
    expect(await found({ text: '0a:00:00:00:00:03' })).toEqual(['device-3']);
    expect(await found({ text: key.fingerprint })).toEqual(['device-1']);
    expect(await found({ text: key.fingerprint.slice(0, 12).toUpperCase() })).toEqual(['device-1']);
    expect(await found({ text: '0A:1B:2C' })).toEqual(['device-2']);
    expect(await found({ batch: 'WO-1' })).toEqual(['device-2', 'device-1']);
    expect(await found({ operator: 'Tom' })).toEqual(['device-3', 'device-2']);
    expect(await found({ operator: 'Tom', batch: 'WO-1' })).toEqual(['device-2']);
    expect(await found({ operator: 'Ana', text: 'gw-77' })).toEqual([]);
    expect(await found({ from: at(2), before: at(3) })).toEqual(['device-2']);
    expect(await found({ from: at(2), operator: 'Ana' })).toEqual([]);
    expect(await found({ text: '%' })).toEqual([]);
    expect(await found({ text: 'GW-7_' })).toEqual([]);
  });

  it('says who made a device, and how many there are', async () => {
    for (let number = 1; number <= 5; number += 1) await store.reserve(reservation(number));
    const page = await store.search.searchDevices({ operator: 'Ana', limit: 2, offset: 2 });
    expect(page.devices.map(({ deviceId, operator }) => [deviceId, operator])).toEqual([
      ['device-3', 'Ana'],
      ['device-2', 'Ana'],
    ]);
    expect([page.total, page.more]).toEqual([5, false]);
  });

  it('follows a beginning that many share only so far, and says so', async () => {
    for (let number = 0; number < mostHits + 5; number += 1) await store.reserve(reservation(number, { identity: { mac: `02:${String(number).padStart(6, '0')}` } }));
    expect(await store.search.searchDevices({ text: '02:', limit: 1, offset: 0 })).toMatchObject({ total: mostHits, more: true });
    expect(await store.search.searchDevices({ text: '02:00000', limit: 1, offset: 0 })).toMatchObject({ total: 10, more: false });
  }, 60_000);

  it('finds the devices of older records', async () => {
    await store.close();
    rmSync(path);
    const old = openDatabase(path, { migrations: firstVersion });
    fillFirstVersion(old.connection, 2);
    old.connection.close();
    store = SqliteRecordStore.open(path);
    expect(await found({ text: 'old 1' })).toEqual(['old-10', 'old-1']);
    expect(await found({ text: '02:00:00:00:00:3' })).toEqual(['old-3']);
  });
});
