import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { acceptanceStates, diagnoses } from '../../main/domain/acceptance';
import type { Acceptance, AcceptanceState } from '../../main/domain/acceptance';
import type { AcceptanceQuery } from '../../main/domain/ports';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { action, at, preauthorize, refusal, reservation, seen } from '../support/reservations';

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

const everything = { limit: 1000, offset: 0 };

function change(sql: string): void {
  const connection = new Database(path);
  connection.exec(sql);
  connection.close();
}

const devices = async (query: Partial<AcceptanceQuery>): Promise<string[]> => (await store.acceptancePage({ ...everything, ...query })).rows.map((row) => row.deviceId);

describe('what was seen at the server', () => {
  it('is absent until the server was asked, and then in the details and on the page', async () => {
    const { fingerprint } = await preauthorize(store, 1, { batch: 'order-7' });
    expect(await store.device('device-1')).not.toHaveProperty('acceptance');
    const before = (await store.acceptancePage(everything)).rows[0];
    expect(before).toStrictEqual({ ...(await store.list(everything)).devices[0], acceptance: 'unchecked', preauthorizedAt: at(2) });
    expect(before).toMatchObject({ batch: 'order-7', fingerprint });

    const look = seen(1, 'stuck', 5, { diagnosis: 'another-key', serverStatus: 'pending', serverDeviceId: 'server-9', relatedDeviceId: 'device-1' });
    await store.saveAcceptances([look]);
    expect((await store.device('device-1'))?.acceptance).toStrictEqual(look);
    const { serverStatus: _, serverDeviceId: __, relatedDeviceId: ___, deviceId: ____, state, ...shown } = look;
    expect((await store.acceptancePage(everything)).rows).toStrictEqual([{ ...before, ...shown, acceptance: state }]);
    expect(await store.device('device-1')).toMatchObject({ state: 'preauthorized', updatedAt: at(2), serverDeviceId: 'server-1' });
  });

  it('makes a device accepted the first time, and never takes that moment back', async () => {
    await preauthorize(store, 1);
    await store.saveAcceptances([seen(1, 'waiting', 5, { diagnosis: 'never-seen' })]);
    await store.saveAcceptances([seen(1, 'accepted', 6)]);
    expect(await store.device('device-1')).toMatchObject({ state: 'accepted', updatedAt: at(6), acceptance: seen(1, 'accepted', 6) });
    expect((await store.acceptancePage(everything)).rows[0]).toMatchObject({ acceptance: 'accepted', acceptedAt: at(6), checkedAt: at(6) });
    await store.saveAcceptances([seen(1, 'stuck', 7, { diagnosis: 'rejected' })]);
    await store.saveAcceptances([seen(1, 'accepted', 8)]);
    await store.saveAcceptances([seen(1, 'missing', 9, { diagnosis: 'not-at-server' })]);
    expect(await store.device('device-1')).toMatchObject({ state: 'accepted', updatedAt: at(6), acceptance: { state: 'missing', diagnosis: 'not-at-server' } });
    expect((await store.acceptancePage(everything)).rows[0]).toMatchObject({ acceptance: 'missing', acceptedAt: at(6), preauthorizedAt: at(2) });
  });

  it('has the moment of markAccepted, and leaves the look itself to the watch', async () => {
    await preauthorize(store, 1);
    await store.saveAcceptances([seen(1, 'stuck', 5, { diagnosis: 'another-key' })]);
    await store.markAccepted('device-1', at(6));
    expect(await store.device('device-1')).not.toHaveProperty('acceptance');
    const [row] = (await store.acceptancePage(everything)).rows;
    expect(row).toMatchObject({ state: 'accepted', acceptance: 'accepted', acceptedAt: at(6) });
    for (const name of ['diagnosis', 'sentence', 'checkedAt']) expect(row).not.toHaveProperty(name);
    expect(await store.devicesToWatch({ serverUrl: 'https://mender.example', states: ['accepted'], checkedBefore: at(0), limit: 9 })).toMatchObject([{ deviceId: 'device-1' }]);
    await store.saveAcceptances([seen(1, 'accepted', 9)]);
    expect((await store.acceptancePage(everything)).rows[0]).toMatchObject({ acceptedAt: at(6), checkedAt: at(9) });
  });

  it('is not replaced by an older look', async () => {
    await preauthorize(store, 1);
    await store.saveAcceptances([seen(1, 'stuck', 7, { diagnosis: 'rejected' })]);
    await store.saveAcceptances([seen(1, 'accepted', 6)]);
    expect(await store.device('device-1')).toMatchObject({ state: 'preauthorized', acceptance: { state: 'stuck', checkedAt: at(7) } });
    await store.saveAcceptances([seen(1, 'waiting', 7)]);
    expect((await store.device('device-1'))?.acceptance).toStrictEqual(seen(1, 'waiting', 7));
  });

  it('is kept for all devices of a call or for none', async () => {
    await preauthorize(store, 1);
    await preauthorize(store, 2);
    expect((await refusal(store.saveAcceptances([seen(1, 'accepted', 5), seen(9, 'waiting', 5)]))).code).toBe('no-such-device');
    for (const wrong of [{ relatedDeviceId: 'device-9' }, { checkedAt: 'yesterday' }, { diagnosis: 'asleep' as 'rejected' }]) {
      expect((await refusal(store.saveAcceptances([seen(1, 'accepted', 5), seen(2, 'waiting', 5, wrong)]))).code).toBe('unexpected');
    }
    expect(await store.device('device-1')).not.toHaveProperty('acceptance');
    expect((await store.device('device-1'))?.state).toBe('preauthorized');
  });

  it('does not bring a device back that nobody waits for any more', async () => {
    await preauthorize(store, 1);
    await preauthorize(store, 2);
    await store.reserve(reservation(3));
    await store.reserve(reservation(4));
    await store.endJob('job-4', 'failed', 'released', 'No.', at(5));
    await store.saveAcceptances([seen(2, 'accepted', 5)]);
    await store.startAction(action(2));
    await store.endAction('action-2', 'done', 'It is gone.', at(12));
    await store.saveAcceptances([1, 2, 3, 4].map((number) => seen(number, 'accepted', 13)));
    const states = await Promise.all([1, 2, 3, 4].map(async (number) => (await store.device(`device-${number}`))?.state));
    expect(states).toEqual(['accepted', 'decommissioned', 'reserved', 'released']);
    expect(await devices({})).toEqual(['device-1']);
    expect((await store.device('device-2'))?.acceptance).toStrictEqual(seen(2, 'accepted', 13));
  });

  it('takes every state and every diagnosis that the domain knows', async () => {
    await preauthorize(store, 1);
    for (const [minute, state] of acceptanceStates.entries()) {
      await store.saveAcceptances([seen(1, state, 5 + minute)]);
      expect((await store.device('device-1'))?.acceptance?.state).toBe(state);
    }
    for (const [minute, diagnosis] of diagnoses.entries()) {
      await store.saveAcceptances([seen(1, 'stuck', 20 + minute, { diagnosis })]);
      expect(await devices({ diagnosis })).toEqual(['device-1']);
    }
  });
});

describe('devices to watch', () => {
  it('are those of one server that the server expects or accepted, the one first whose last look is longest ago', async () => {
    for (const number of [1, 2, 3, 4, 5]) await preauthorize(store, number);
    await preauthorize(store, 6, { serverUrl: 'https://other.example' });
    await store.reserve(reservation(7));
    await store.endJob('job-7', 'failed', 'released', 'No.', at(8));
    await store.reserve(reservation(8));
    await store.saveAcceptances([seen(1, 'waiting', 30), seen(3, 'stuck', 20), seen(4, 'waiting', 40), seen(5, 'accepted', 10)]);
    const due = async (states: readonly AcceptanceState[], minute: number, limit = 99): Promise<string[]> =>
      (await store.devicesToWatch({ serverUrl: 'https://mender.example', states, checkedBefore: at(minute), limit })).map((device) => device.deviceId);
    const all = ['unchecked', 'waiting', 'stuck', 'missing', 'accepted', 'waiting'] as const;
    expect(await due(all, 59)).toEqual(['device-2', 'device-5', 'device-3', 'device-1', 'device-4']);
    expect(await due(all, 59, 2)).toEqual(['device-2', 'device-5']);
    expect(await due(all, 30)).toEqual(['device-2', 'device-5', 'device-3']);
    expect(await due(['waiting', 'stuck'], 31)).toEqual(['device-3', 'device-1']);
    expect(await due([], 59)).toEqual([]);
    expect(await store.devicesToWatch({ serverUrl: 'https://mender.example', states: ['stuck'], checkedBefore: at(59), limit: 1 })).toStrictEqual([
      { deviceId: 'device-3', identity: reservation(3).identity, serverDeviceId: 'server-3', fingerprint: (await store.device('device-3'))?.fingerprint, acceptance: 'stuck', finishedAt: at(4) },
    ]);
  });
});

/** A record with devices in every state, and the same devices in memory. */
async function mixedRecord(): Promise<readonly Acceptance[]> {
  const looks: Acceptance[] = [];
  for (let number = 0; number < 120; number += 1) {
    await preauthorize(store, number, {
      ...(number % 4 === 0 ? {} : { batch: `order-${number % 3}` }),
      profileName: `profile-${number % 5 === 0 ? 1 : 2}`,
    });
    const state = acceptanceStates[(number * 7) % 11] ?? 'waiting';
    const diagnosis = state === 'stuck' ? diagnoses[number % diagnoses.length] : state === 'waiting' ? 'never-seen' : undefined;
    looks.push(seen(number, state, 200, diagnosis === undefined ? {} : { diagnosis }));
  }
  await store.saveAcceptances(looks);
  for (const number of [3, 50]) {
    await store.startAction(action(number));
    await store.endAction(`action-${number}`, 'done', 'Gone.', at(300));
  }
  return looks;
}

describe('the acceptance page', () => {
  it('answers every combination of filters as a plain search through all devices would', async () => {
    const looks = await mixedRecord();
    const all = (await Promise.all(looks.map(({ deviceId }) => store.device(deviceId)))).flatMap((device) => (device === undefined ? [] : [device]));
    const watched = all.filter((device) => device.state !== 'decommissioned').reverse();
    expect(watched).toHaveLength(118);
    const texts = [undefined, ' ', '100', '02:00:00:00:00:1', '0', 'zz'];
    let pages = 0;
    for (const batch of [undefined, 'order-1', 'order'])
      for (const profileName of [undefined, 'profile-1'])
        for (const text of texts) {
          const common = watched.filter(
            (device) =>
              (batch === undefined || device.batch === batch) &&
              (profileName === undefined || device.profileName === profileName) &&
              (text === undefined || Object.values(device.identity).some((value) => value.includes(text.trim())) || device.fingerprint?.startsWith(text) === true),
          );
          const counts = Object.fromEntries(acceptanceStates.map((state) => [state, common.filter((device) => device.acceptance?.state === state).length]));
          for (const state of [undefined, 'stuck', 'accepted'] as const)
            for (const diagnosis of [undefined, 'never-seen', 'rejected'] as const) {
              const expected = common.filter(
                ({ acceptance }) => (state === undefined || acceptance?.state === state) && (diagnosis === undefined || acceptance?.diagnosis === diagnosis),
              );
              const page = await store.acceptancePage({ batch, profileName, text, state, diagnosis, limit: 7, offset: 3 });
              expect(page.rows.map((row) => row.deviceId)).toEqual(expected.slice(3, 10).map((device) => device.deviceId));
              expect({ total: page.total, counts: page.counts }).toEqual({ total: expected.length, counts });
              pages += 1;
            }
        }
    expect(pages).toBe(3 * 2 * texts.length * 9);
  });

  it('finds a part of a value in any letter case, never of a name, and takes no character for a pattern', async () => {
    const values = ['02:AB:cd', '100%', 'a_b', 'a\\b', 'say "x"', 'é-1', "o'clock"];
    for (const [number, serial] of values.entries()) await preauthorize(store, number, { identity: { serial, note: `n${number}` } });
    const found = async (text: string): Promise<(string | undefined)[]> => (await store.acceptancePage({ ...everything, text })).rows.map((row) => row.identity['serial']);
    for (const value of values) expect(await found(value)).toEqual([value]);
    expect(await found('ab:CD')).toEqual(['02:AB:cd']);
    expect(await found('%')).toEqual(['100%']);
    expect(await found('_')).toEqual(['a_b']);
    expect(await found('\\')).toEqual(['a\\b']);
    expect(await found('"')).toEqual(['say "x"']);
    expect(await found('serial')).toEqual([]);
    expect(await found('":"')).toEqual([]);
  });

  it('finds the beginning of a fingerprint', async () => {
    const { fingerprint } = await preauthorize(store, 1, { identity: { serial: 'x' } });
    await preauthorize(store, 2, { identity: { serial: 'y' } });
    for (const text of [fingerprint, fingerprint.slice(0, 12), fingerprint.slice(0, 12).toUpperCase()]) expect(await devices({ text })).toEqual(['device-1']);
    expect(await devices({ text: fingerprint.slice(1, 13) })).toEqual([]);
  });

  it('refuses pages that are none', async () => {
    for (const page of [{ limit: -1 }, { offset: 0.5 }]) expect((await refusal(store.acceptancePage({ ...everything, ...page }))).code).toBe('usage');
  });
});

describe('batches', () => {
  const none = { unchecked: 0, waiting: 0, accepted: 0, stuck: 0, missing: 0 };

  it('are those with devices, the one with the newest device first', async () => {
    await preauthorize(store, 1, { batch: 'order-1' });
    await preauthorize(store, 2, { batch: 'order-2' });
    await preauthorize(store, 3, { batch: 'order-3' });
    await preauthorize(store, 4, { batch: 'order-1' });
    await preauthorize(store, 5);
    await store.reserve(reservation(6, { batch: 'order-6' }));
    await store.endJob('job-6', 'failed', 'released', 'No.', at(7));
    await store.saveAcceptances([seen(1, 'accepted', 9), seen(2, 'stuck', 9)]);
    expect(await store.batches(9)).toStrictEqual([
      { batch: 'order-1', total: 2, counts: { ...none, unchecked: 1, accepted: 1 } },
      { batch: 'order-3', total: 1, counts: { ...none, unchecked: 1 } },
      { batch: 'order-2', total: 1, counts: { ...none, stuck: 1 } },
    ]);
    expect((await store.batches(2)).map((each) => each.batch)).toEqual(['order-1', 'order-3']);
    // Only decommissioned devices are left in it.
    await store.startAction(action(3));
    await store.endAction('action-3', 'done', 'Gone.', at(12));
    expect((await store.batches(9)).map((each) => each.batch)).toEqual(['order-1', 'order-2']);
  });

  it('count a device that is being made, or whose card waits for the server, as unchecked', async () => {
    await preauthorize(store, 1, { batch: 'order-1' });
    await store.saveAcceptances([seen(1, 'accepted', 9)]);
    await store.reserve(reservation(2, { batch: 'order-1' }));
    await store.endJob('job-2', 'waiting', 'reserved', 'The server is away.', at(9));
    await store.reserve(reservation(3, { batch: 'order-2' }));
    expect(await store.batches(9)).toStrictEqual([
      { batch: 'order-2', total: 1, counts: { ...none, unchecked: 1 } },
      { batch: 'order-1', total: 2, counts: { ...none, accepted: 1, unchecked: 1 } },
    ]);
    expect(await store.signOff('order-1', 'Quinn', at(20), 'One follows.')).toMatchObject({ total: 2, accepted: 1 });
  });

  it('are signed off with how they stood then, and the word stays', async () => {
    await preauthorize(store, 1, { batch: 'order-1' });
    await preauthorize(store, 2, { batch: 'order-1' });
    await store.saveAcceptances([seen(1, 'accepted', 9)]);
    const first = { batch: 'order-1', by: 'Quinn', at: at(20), total: 2, accepted: 1, remark: 'One goes to repair.' };
    expect(await store.signOff('order-1', 'Quinn', at(20), 'One goes to repair.')).toStrictEqual(first);
    expect((await store.batches(9))[0]?.lastSignOff).toStrictEqual(first);
    await store.saveAcceptances([seen(2, 'accepted', 21)]);
    const second = { batch: 'order-1', by: 'Quinn', at: at(22), total: 2, accepted: 2 };
    expect(await store.signOff('order-1', 'Quinn', at(22))).toStrictEqual(second);
    expect((await store.batches(9))[0]?.lastSignOff).toStrictEqual(second);
    for (const sql of ['UPDATE sign_offs SET accepted = 0', 'DELETE FROM sign_offs']) expect(() => change(sql)).toThrow(/never changed/);
  });

  it('without devices are not signed off', async () => {
    await store.reserve(reservation(1, { batch: 'order-1' }));
    await store.endJob('job-1', 'failed', 'released', 'No.', at(2));
    for (const batch of ['order-1', 'order', '']) {
      const error = await refusal(store.signOff(batch, 'Quinn', at(3)));
      expect([error.code, error.field]).toEqual(['no-such-device', 'batch']);
    }
  });
});
