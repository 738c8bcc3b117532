import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ForeignDevice } from '../../main/domain/acceptance';
import { publicKeyPem } from '../../main/domain/keys';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { action, at, foreignDevice, preauthorize, refusal, reservation } from '../support/reservations';

let folder: string;
let path: string;
let store: SqliteRecordStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-record-'));
  path = join(folder, 'record.sqlite');
  store = SqliteRecordStore.open(path);
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function change(sql: string): void {
  const connection = new Database(path);
  connection.exec(sql);
  connection.close();
}

const foreign = async (): Promise<readonly ForeignDevice[]> => (await store.foreignDevices({ limit: 99, offset: 0 })).devices;

describe('devices of other tools', () => {
  it('come back as they were imported, in pages, and a second time changes nothing', async () => {
    const list = [1, 2, 3].map((number) => foreignDevice(number));
    const [first, second, third] = list as [ForeignDevice, ForeignDevice, ForeignDevice];
    expect(await store.importForeign([first, second])).toEqual({ added: 2, known: 0 });
    const again = { ...second, source: 'again.csv', importedBy: 'Ben', importedAt: at(5) };
    expect(await store.importForeign([again, third, third])).toEqual({ added: 1, known: 2 });
    expect(await store.importForeign([])).toEqual({ added: 0, known: 0 });
    expect(await store.foreignDevices({ limit: 2, offset: 0 })).toStrictEqual({ devices: [first, second], total: 3 });
    expect(await store.foreignDevices({ limit: 2, offset: 2 })).toStrictEqual({ devices: [third], total: 3 });
    for (const sql of [`UPDATE foreign_devices SET source = 'x'`, 'DELETE FROM foreign_devices']) expect(() => change(sql)).toThrow(/never changed/);
  });

  it('are refused where a device of the record has the identity, all of them', async () => {
    await preauthorize(store, 1);
    await store.reserve(reservation(2));
    for (const number of [1, 2]) {
      const error = await refusal(store.importForeign([foreignDevice(7), foreignDevice(8, { identity: reservation(number).identity })]));
      expect([error.code, error.field]).toEqual(['identity-recorded', 'identity']);
      expect(error.message).toContain(`serial ${1000 + number}`);
    }
    expect(await foreign()).toEqual([]);
  });

  it('may have the identity of a device that let go of it, and never its key', async () => {
    const key = await preauthorize(store, 1);
    await store.startAction(action(1));
    await store.endAction('action-1', 'done', 'Gone.', at(12));
    await store.reserve(reservation(2));
    await store.endJob('job-2', 'failed', 'released', 'No.', at(3));
    const taken = { fingerprint: key.fingerprint, publicKeyPem: publicKeyPem(key.spki) };
    for (const number of [1, 7]) {
      const error = await refusal(store.importForeign([foreignDevice(7, { ...taken, identity: { mac: `m${number}` } })]));
      expect([error.code, error.field]).toEqual(['public-key-recorded', 'publicKey']);
      expect(error.message).toContain(`mac m${number}`);
      expect(error.message).toContain('mac 02:00:00:00:00:01, serial 1001, made by Imprint (decommissioned, 2026-11-22 08:12 UTC)');
    }
    expect(await store.importForeign([1, 2].map((number) => foreignDevice(number, { identity: reservation(number).identity })))).toEqual({ added: 2, known: 0 });
  });

  it('have one key each, and one identity', async () => {
    const first = foreignDevice(1);
    const second = foreignDevice(2);
    await store.importForeign([first]);
    const copied = await refusal(store.importForeign([foreignDevice(3), { ...first, identity: { mac: 'other' } }]));
    expect(copied.code).toBe('public-key-recorded');
    expect(copied.message).toContain('mac other');
    expect(copied.message).toContain('mac 06:00:00:00:00:01, imported from line-2.csv');
    const otherKey = await refusal(store.importForeign([foreignDevice(4), foreignDevice(1)]));
    expect(otherKey.code).toBe('identity-recorded');
    expect(otherKey.message).toContain('mac 06:00:00:00:00:01');
    const twice = await refusal(store.importForeign([second, { ...foreignDevice(2), source: 'same.csv' }]));
    expect(twice.code).toBe('identity-recorded');
    expect(await foreign()).toStrictEqual([first]);
  });

  it('are refused where the fingerprint is not that of the key', async () => {
    for (const wrong of [{ fingerprint: '0'.repeat(64) }, { publicKeyPem: 'no key' }]) {
      expect((await refusal(store.importForeign([foreignDevice(1), foreignDevice(2, wrong)]))).code).toBe('unexpected');
    }
    expect(await foreign()).toEqual([]);
  });

  it('let go of the identity once they were decommissioned through Imprint, and keep the key', async () => {
    const { identity } = reservation(1);
    const device = foreignDevice(1, { identity, importedAt: at(5) });
    const { deviceId: _, ...nobodys } = action(1, { identity });
    await store.startAction({ ...nobodys, actionId: 'earlier', startedAt: at(1) });
    await store.endAction('earlier', 'done', 'Gone.', at(2));
    await store.importForeign([device]);
    expect((await refusal(store.reserve(reservation(1)))).code).toBe('identity-recorded');
    await store.startAction({ ...nobodys, actionId: 'failing' });
    await store.endAction('failing', 'failed', 'The server said no.', at(12));
    await store.startAction(nobodys);
    expect((await refusal(store.reserve(reservation(1)))).code).toBe('identity-recorded');
    await store.endAction('action-1', 'done', 'Gone.', at(13));
    await store.reserve(reservation(1));
    expect(await store.keyHolders([device.fingerprint])).toStrictEqual([{ fingerprint: device.fingerprint, identity }]);
  });
});

describe('key holders', () => {
  it('are devices of the record in any state, and foreign ones', async () => {
    const ours = await preauthorize(store, 1);
    const gone = await preauthorize(store, 2);
    await store.startAction(action(2));
    await store.endAction('action-2', 'done', 'Gone.', at(12));
    const other = foreignDevice(3);
    await store.importForeign([other]);
    const unknown = Array.from({ length: 997 }, (_, index) => index.toString(16).padStart(64, '0'));
    const holders = await store.keyHolders([...unknown, other.fingerprint, gone.fingerprint, ours.fingerprint.toUpperCase()]);
    expect(holders).toHaveLength(3);
    expect(holders).toEqual(
      expect.arrayContaining([
        { fingerprint: ours.fingerprint, identity: reservation(1).identity, deviceId: 'device-1' },
        { fingerprint: gone.fingerprint, identity: reservation(2).identity, deviceId: 'device-2' },
        { fingerprint: other.fingerprint, identity: other.identity },
      ]),
    );
    expect(await store.keyHolders([])).toEqual([]);
  });
});

describe('actions', () => {
  it('are journaled, end once, and stand with their device, newest first', async () => {
    await preauthorize(store, 1);
    await store.startAction(action(1, { action: 'reject', authSetId: 'set-1' }));
    await store.startAction(action(2, { deviceId: 'device-1', identity: reservation(1).identity }));
    const { deviceId: _, ...nobodys } = action(3);
    await store.startAction(nobodys);
    expect(await store.unfinishedActions()).toStrictEqual([
      { ...action(1, { action: 'reject', authSetId: 'set-1' }), state: 'started' },
      { ...action(2, { deviceId: 'device-1', identity: reservation(1).identity }), state: 'started' },
      { ...nobodys, state: 'started' },
    ]);
    await store.endAction('action-1', 'failed', 'It was gone already.', at(11));
    await store.endAction('action-1', 'failed', 'Said twice.', at(12));
    await store.endAction('action-3', 'done', 'Gone.', at(13));
    expect((await refusal(store.endAction('action-1', 'done', 'No.', at(12)))).code).toBe('unexpected');
    expect((await refusal(store.endAction('action-9', 'done', 'No.', at(12)))).code).toBe('unexpected');
    expect((await store.device('device-1'))?.state).toBe('preauthorized');
    await store.endAction('action-2', 'done', 'Gone.', at(14));
    expect(await store.unfinishedActions()).toEqual([]);
    expect(await store.device('device-1')).toMatchObject({
      state: 'decommissioned',
      updatedAt: at(14),
      actions: [
        { actionId: 'action-2', state: 'done', endedAt: at(14), sentence: 'Gone.' },
        { actionId: 'action-1', state: 'failed', endedAt: at(11), sentence: 'It was gone already.', authSetId: 'set-1' },
      ],
    });
  });

  it('start once: the same again changes nothing, another one under the same id is refused', async () => {
    await preauthorize(store, 1);
    await store.startAction(action(1));
    await store.startAction(action(1));
    for (const other of [{ action: 'reject' }, { serverDeviceId: 'x' }, { identity: { mac: 'x' } }, { authSetId: 'x' }, { by: 'Ben' }, { startedAt: at(11) }] as const) {
      expect((await refusal(store.startAction(action(1, other)))).code).toBe('unexpected');
    }
    expect((await refusal(store.startAction(action(9)))).code).toBe('unexpected');
    expect(await store.unfinishedActions()).toHaveLength(1);
    await store.endAction('action-1', 'done', 'Gone.', at(12));
    await store.startAction(action(1));
    expect(await store.unfinishedActions()).toEqual([]);
  });

  it('decommission only what the server expects or accepted', async () => {
    await store.reserve(reservation(1));
    await store.reserve(reservation(2));
    await store.endJob('job-2', 'failed', 'released', 'No.', at(3));
    await preauthorize(store, 3);
    await store.markAccepted('device-3', at(5));
    for (const number of [1, 2, 3]) {
      await store.startAction(action(number));
      await store.endAction(`action-${number}`, 'done', 'Gone.', at(12));
    }
    const states = await Promise.all([1, 2, 3].map(async (number) => (await store.device(`device-${number}`))?.state));
    expect(states).toEqual(['reserved', 'released', 'decommissioned']);
    await store.reserve(reservation(4, { identity: reservation(3).identity }));
  });

  it('are changed by nobody, but for their one end', async () => {
    await preauthorize(store, 1);
    await store.startAction(action(1));
    for (const column of ['action_id', 'device_id', 'identity', 'server_url', 'server_device_id', 'auth_set_id', 'started_by', 'started_at', 'action']) {
      expect(() => change(`UPDATE actions SET ${column} = ${column}`)).toThrow(/never changed/);
    }
    expect(() => change('DELETE FROM actions')).toThrow(/never deleted/);
    await store.endAction('action-1', 'done', 'Gone.', at(12));
    expect(() => change(`UPDATE actions SET sentence = 'Nothing happened.'`)).toThrow(/never changed/);
  });
});
