import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { stepNames } from '../../main/domain/job';
import type { JobState } from '../../main/domain/job';
import { keyTypes, spkiOfPem } from '../../main/domain/keys';
import type { PreparedImage } from '../../main/domain/ports';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { action, at, foreignDevice, jobOwner, newKey, preauthorize, refusal, reservation } from '../support/reservations';

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

/** Whatever stands in the file, as another program sees it. */
function rows(sql: string): unknown[] {
  const connection = new Database(path);
  try {
    return connection.prepare(sql).all();
  } finally {
    connection.close();
  }
}

function change(sql: string): void {
  const connection = new Database(path);
  connection.pragma('ignore_check_constraints = ON');
  connection.pragma('foreign_keys = OFF');
  connection.exec(sql);
  connection.close();
}

describe('a device from reservation to acceptance', () => {
  it('comes back as it was recorded, also from another connection', async () => {
    const key = newKey();
    await store.reserve(reservation(1, { batch: 'order-7' }));
    await store.startStep('job-1', 'generate', at(2));
    await store.recordPublicKey('job-1', key, at(3));
    await store.endStep('job-1', 'generate', 'done', 'A key was made.', at(3));
    await store.startStep('job-1', 'write', at(4));
    await store.endStep('job-1', 'write', 'failed', 'The card is gone.', at(5));
    await store.startStep('job-1', 'verify', at(6));
    await store.endJob('job-1', 'done', 'preauthorized', 'The server expects it.', at(7), 'server-1');
    await store.markAccepted('device-1', at(8));
    await store.close();
    store = SqliteRecordStore.open(path);
    const job = {
      jobId: 'job-1',
      deviceId: 'device-1',
      state: 'done',
      slot: 'A',
      targetPath: '/dev/sdx',
      operator: 'Ana',
      imageSha256: 'b'.repeat(64),
      profileName: 'gateway',
      profileSha256: 'a'.repeat(64),
      owner: jobOwner,
      startedAt: at(1),
      endedAt: at(7),
      sentence: 'The server expects it.',
      steps: [
        { name: 'reserve', state: 'done', startedAt: at(1), endedAt: at(1), sentence: 'The identity is taken in the record, for A.' },
        { name: 'generate', state: 'done', startedAt: at(2), endedAt: at(3), sentence: 'A key was made.' },
        { name: 'write', state: 'failed', startedAt: at(4), endedAt: at(5), sentence: 'The card is gone.' },
        { name: 'verify', state: 'started', startedAt: at(6) },
      ],
    };
    const device = {
      deviceId: 'device-1',
      identity: { serial: '1001', mac: '02:00:00:00:00:01' },
      state: 'accepted',
      keyType: 'ed25519',
      fingerprint: key.fingerprint,
      publicKeyPem: `-----BEGIN PUBLIC KEY-----\n${Buffer.from(key.spki).toString('base64')}\n-----END PUBLIC KEY-----\n`,
      serverKind: 'mender',
      serverUrl: 'https://mender.example',
      serverDeviceId: 'server-1',
      profileName: 'gateway',
      batch: 'order-7',
      createdAt: at(1),
      updatedAt: at(8),
    };
    expect(await store.device('device-1')).toStrictEqual({ ...device, jobs: [job], actions: [], certificates: [] });
    expect(await store.findByIdentity({ mac: '02:00:00:00:00:01', serial: '1001' })).toStrictEqual({ ...device, jobs: [job], actions: [], certificates: [] });
    expect(await store.findByFingerprint(key.fingerprint)).toStrictEqual({ ...device, jobs: [job], actions: [], certificates: [] });
    expect(await store.list({ limit: 10, offset: 0 })).toStrictEqual({ devices: [device], total: 1 });
    expect(await store.jobsSince(at(1), 10)).toStrictEqual([{ ...job, identity: device.identity, deviceState: 'accepted', serverKind: 'mender' }]);
  });

  it('keeps profiles, images and operators', async () => {
    const image: PreparedImage = {
      path: '/images/a.sdimg.gz',
      sha256: 'b'.repeat(64),
      format: 'gzip',
      decodedPath: '/cache/a',
      decodedBytes: 629_145_600,
      decodedSha256: 'c'.repeat(64),
      stamp: 'stamp 1',
    };
    await store.keepProfile('gateway', 'a'.repeat(64), '{"name":"gateway"}', at(1));
    await store.keepProfile('gateway', 'a'.repeat(64), '{"name":"gateway"}', at(2));
    await store.keepImage(image, at(1));
    await store.keepImage({ ...image, path: '/moved/a.sdimg.gz', stamp: 'stamp 2' }, at(2));
    await store.reserve(reservation(1));
    await store.reserve(reservation(2));
    expect(await store.keptProfile('a'.repeat(64))).toBe('{"name":"gateway"}');
    expect(await store.keptProfile('b'.repeat(64))).toBeUndefined();
    expect(rows('SELECT * FROM profiles')).toEqual([{ sha256: 'a'.repeat(64), name: 'gateway', json: '{"name":"gateway"}', kept_at: at(1) }]);
    expect(rows('SELECT path, stamp, decoded_bytes, first_used_at, last_used_at FROM images')).toEqual([
      { path: '/moved/a.sdimg.gz', stamp: 'stamp 2', decoded_bytes: 629_145_600, first_used_at: at(1), last_used_at: at(2) },
    ]);
    expect(rows('SELECT * FROM operators')).toEqual([{ name: 'Ana', first_seen_at: at(1), last_seen_at: at(2) }]);
    expect((await refusal(store.keepImage({ ...image, decodedSha256: 'd'.repeat(64) }, at(3)))).code).toBe('unexpected');
    expect((await refusal(store.keepProfile('gateway', 'a'.repeat(64).slice(1), '{}', at(1)))).code).toBe('unexpected');
  });

  it('says no-such-device or undefined where there is none', async () => {
    expect((await refusal(store.markAccepted('device-9', at(1)))).code).toBe('no-such-device');
    expect(await store.device('device-9')).toBeUndefined();
    expect(await store.findByIdentity({ mac: 'x' })).toBeUndefined();
    expect(await store.findByFingerprint('0'.repeat(64))).toBeUndefined();
  });

  it('becomes accepted only where the server expects it', async () => {
    await store.reserve(reservation(1));
    expect((await refusal(store.markAccepted('device-1', at(2)))).code).toBe('unexpected');
    await store.endJob('job-1', 'waiting', 'preauthorized', 'The server was asked.', at(3));
    await store.markAccepted('device-1', at(4));
    await store.markAccepted('device-1', at(5));
    await store.endJob('job-1', 'done', 'preauthorized', 'Finished after a restart.', at(6));
    expect((await store.device('device-1'))?.state).toBe('accepted');
  });
});

describe('an identity', () => {
  it('is taken once, in whatever order its attributes stand', async () => {
    await store.reserve(reservation(1));
    await store.recordPublicKey('job-1', newKey(), at(9));
    const error = await refusal(store.reserve(reservation(2, { identity: { mac: '02:00:00:00:00:01', serial: '1001' } })));
    expect(error.code).toBe('identity-recorded');
    expect(error.field).toBe('identity');
    expect(error.message).toBe(
      'mac 02:00:00:00:00:01, serial 1001 is in the record already: being provisioned since 2026-11-22 08:01 UTC, by job job-1 in slot A (open).',
    );
    expect(await store.device('device-2')).toBeUndefined();
    expect((await store.unfinishedJobs()).map((job) => job.jobId)).toEqual(['job-1']);
  });

  it.each([
    ['preauthorized', 'expected by the server since 2026-11-22 08:05 UTC'],
    ['accepted', 'accepted by the server since 2026-11-22 08:06 UTC'],
  ] as const)('stays taken while its device is %s', async (state, words) => {
    await store.reserve(reservation(1));
    await store.endJob('job-1', 'done', 'preauthorized', 'Done.', at(5));
    if (state === 'accepted') await store.markAccepted('device-1', at(6));
    const error = await refusal(store.reserve(reservation(2, { identity: reservation(1).identity })));
    expect(error.code).toBe('identity-recorded');
    expect(error.message).toContain(words);
    expect(error.message).toContain('by job job-1 in slot A (done)');
  });

  it('is free after its release, and the released device stays in the record', async () => {
    const { identity } = reservation(1);
    await store.reserve(reservation(1));
    await store.endJob('job-1', 'failed', 'released', 'The card broke.', at(2));
    expect((await store.findByIdentity(identity))?.state).toBe('released');
    await store.reserve(reservation(2, { identity }));
    await store.endJob('job-2', 'cancelled', 'released', 'Cancelled at the bench.', at(3));
    await store.reserve(reservation(3, { identity }));
    expect((await store.findByIdentity(identity))?.deviceId).toBe('device-3');
    await store.endJob('job-3', 'failed', 'released', 'The card broke.', at(4));
    expect((await store.findByIdentity(identity))?.deviceId).toBe('device-3');
    expect((await store.list({ identity, limit: 10, offset: 0 })).devices.map((device) => device.state)).toEqual(['released', 'released', 'released']);
  });

  it('is free after a decommission, and the device that holds it is found before newer ones that do not', async () => {
    const { identity } = reservation(1);
    await preauthorize(store, 1);
    await store.startAction(action(1));
    await store.endAction('action-1', 'done', 'It is gone from the server.', at(11));
    expect((await store.findByIdentity(identity))?.state).toBe('decommissioned');
    await store.reserve(reservation(2, { identity }));
    await store.reserve(reservation(3));
    await store.endJob('job-3', 'failed', 'released', 'The card broke.', at(12));
    // Only by hand: no station makes a device that is released from its beginning.
    change(`UPDATE devices SET identity = '{"mac":"02:00:00:00:00:01","serial":"1001"}' WHERE device_id = 'device-3'`);
    expect((await store.findByIdentity(identity))?.deviceId).toBe('device-2');
    await store.endJob('job-2', 'failed', 'released', 'The card broke.', at(13));
    expect((await store.findByIdentity(identity))?.deviceId).toBe('device-3');
  });

  it('is refused where a device of another tool has it', async () => {
    await store.importForeign([foreignDevice(1, { identity: reservation(1).identity })]);
    const error = await refusal(store.reserve(reservation(1)));
    expect(error.code).toBe('identity-recorded');
    expect(error.field).toBe('identity');
    expect(error.message).toContain('imported from line-2.csv on 2026-11-22 08:00 UTC by Ana');
    expect((await store.list({ limit: 1, offset: 0 })).total).toBe(0);
  });

  it('is guarded by the schema too', () => {
    const insert = (device: string, state: string): string =>
      `INSERT INTO devices (device_id, identity, state, key_type, server_kind, server_url, profile_name, created_at, updated_at)
       VALUES ('${device}', '{"mac":"x"}', '${state}', 'ed25519', 'mender', '', '', '${at(1)}', '${at(1)}');`;
    change(insert('a', 'reserved') + insert('b', 'released') + insert('c', 'released') + insert('e', 'decommissioned') + insert('f', 'decommissioned'));
    expect(() => change(insert('d', 'accepted'))).toThrow(/UNIQUE/);
    for (const column of ['server_url', 'profile_name', 'batch']) expect(() => change(`UPDATE devices SET ${column} = 'x' WHERE device_id = 'a'`)).toThrow(/never changed/);
    expect(() => change(`DELETE FROM devices WHERE device_id = 'b'`)).toThrow(/never deleted/);
  });

  it.each(['a.b', 'a"b', "a'b", 'a\\b', 'a\\u0041', 'a[0]', '$', '$.a', '', '#-1', '0', 'é', '😀', "x') OR 1=1 --"])(
    'is found by an attribute that is called %j',
    async (name) => {
      const identity = (value: string): Record<string, string> => ({ [name]: value, mac: value });
      await store.reserve(reservation(1, { identity: identity('one') }));
      await store.reserve(reservation(2, { identity: identity('two') }));
      await store.reserve(reservation(3, { identity: { mac: 'one' } }));
      const found = await store.list({ identity: { [name]: 'one' }, limit: 10, offset: 0 });
      expect(found).toMatchObject({ devices: [{ deviceId: 'device-1', identity: identity('one') }], total: 1 });
      expect((await store.list({ identity: { [name]: 'ONE' }, limit: 10, offset: 0 })).total).toBe(0);
      expect((await store.findByIdentity(identity('two')))?.deviceId).toBe('device-2');
    },
  );
});

describe('a public key', () => {
  it('is taken for ever, also after the release of its device', async () => {
    const key = newKey();
    await store.reserve(reservation(1));
    await store.recordPublicKey('job-1', key, at(2));
    await store.endJob('job-1', 'failed', 'released', 'The card broke.', at(3));
    await store.reserve(reservation(2));
    const error = await refusal(store.recordPublicKey('job-2', key, at(4)));
    expect(error.code).toBe('public-key-recorded');
    expect(error.message).toContain('mac 02:00:00:00:00:01, serial 1001 (released, 2026-11-22 08:03 UTC)');
    expect((await store.device('device-2'))?.fingerprint).toBeUndefined();
    expect((await store.findByFingerprint(key.fingerprint))?.deviceId).toBe('device-1');
    expect(() => change(`UPDATE devices SET fingerprint = NULL, spki = NULL WHERE device_id = 'device-1'`)).toThrow(/never changed/);
  });

  it('is refused where a device of another tool has it', async () => {
    const foreign = foreignDevice(1);
    await store.importForeign([foreign]);
    await store.reserve(reservation(1));
    const key = { type: 'ed25519', spki: spkiOfPem(foreign.publicKeyPem) ?? new Uint8Array(), fingerprint: foreign.fingerprint } as const;
    const error = await refusal(store.recordPublicKey('job-1', key, at(2)));
    expect(error.code).toBe('public-key-recorded');
    expect(error.message).toContain('mac 06:00:00:00:00:01 (imported from line-2.csv');
    expect((await store.device('device-1'))?.fingerprint).toBeUndefined();
  });

  it('is recorded once per device, of the reserved type, under its own hash', async () => {
    const key = newKey();
    await store.reserve(reservation(1));
    expect((await refusal(store.recordPublicKey('job-1', { ...key, fingerprint: '0'.repeat(64) }, at(2)))).code).toBe('unexpected');
    expect((await refusal(store.recordPublicKey('job-1', { ...key, type: 'ec-p256' }, at(2)))).code).toBe('unexpected');
    await store.recordPublicKey('job-1', key, at(2));
    await store.recordPublicKey('job-1', key, at(3));
    expect((await refusal(store.recordPublicKey('job-1', newKey(), at(4)))).code).toBe('unexpected');
    expect(await store.device('device-1')).toMatchObject({ fingerprint: key.fingerprint, updatedAt: at(2) });
  });
});

describe('jobs and steps', () => {
  it('are of every key type, go through every step and end in every state that the domain knows', async () => {
    const ends: Readonly<Record<Exclude<JobState, 'open'>, true>> = { done: true, failed: true, cancelled: true, compensated: true, waiting: true };
    const states = [...(Object.keys(ends) as (keyof typeof ends)[]), 'done' as const];
    for (const [number, state] of states.entries()) {
      await store.reserve(reservation(number, { keyType: keyTypes[number] ?? 'ed25519' }));
      for (const step of stepNames) {
        await store.startStep(`job-${number}`, step, at(number));
        await store.endStep(`job-${number}`, step, 'done', 'Done.', at(number));
      }
      await store.endJob(`job-${number}`, state, 'released', 'Ended.', at(number));
    }
    expect(states.length).toBeGreaterThanOrEqual(keyTypes.length);
    const jobs = await store.jobsSince(at(0), 10);
    expect(jobs.map((job) => job.state).reverse()).toEqual(states);
    for (const job of jobs) expect(job.steps.map((step) => step.name)).toEqual(stepNames);
  });

  it('start a step again after a stop', async () => {
    await store.reserve(reservation(1));
    await store.startStep('job-1', 'enrol', at(2));
    await store.endStep('job-1', 'enrol', 'failed', 'The server was away.', at(3));
    await store.startStep('job-1', 'enrol', at(4));
    expect((await store.unfinishedJobs())[0]?.steps.at(-1)).toStrictEqual({ name: 'enrol', state: 'started', startedAt: at(4) });
    await store.endStep('job-1', 'enrol', 'done', 'The server knows it.', at(5));
    await store.endStep('job-1', 'enrol', 'done', 'Said twice.', at(6));
    expect((await store.unfinishedJobs())[0]?.steps.slice(1)).toStrictEqual([
      { name: 'enrol', state: 'done', startedAt: at(4), endedAt: at(5), sentence: 'The server knows it.' },
    ]);
    expect((await refusal(store.endStep('job-1', 'enrol', 'failed', 'No.', at(7)))).code).toBe('unexpected');
  });

  it('refuse what no station may ask for, and record nothing of it', async () => {
    await store.reserve(reservation(1));
    const before = await store.device('device-1');
    for (const promise of [
      store.endStep('job-1', 'write', 'done', 'Never started.', at(2)),
      store.startStep('job-9', 'write', at(2)),
      store.startStep('job-1', 'write', 'yesterday'),
      store.startStep('job-1', 'write', '2026-11-22T09:00:00+01:00'),
      store.endJob('job-9', 'done', 'preauthorized', 'No.', at(2)),
      store.endJob('job-1', 'open', 'reserved', 'No.', at(2)),
      store.reserve(reservation(2, { jobId: 'job-1' })),
      store.reserve(reservation(2, { imageSha256: 'no hash' })),
      store.reserve(reservation(2, { batch: '' })),
    ]) {
      expect((await refusal(promise)).code).toBe('unexpected');
    }
    expect(await store.device('device-1')).toStrictEqual(before);
    expect((await store.list({ limit: 10, offset: 0 })).total).toBe(1);
  });

  it('end once', async () => {
    await store.reserve(reservation(1));
    await store.endJob('job-1', 'done', 'preauthorized', 'Done.', at(2));
    const before = await store.device('device-1');
    await store.endJob('job-1', 'done', 'preauthorized', 'Done again.', at(3));
    expect((await refusal(store.endJob('job-1', 'failed', 'released', 'No.', at(4)))).code).toBe('unexpected');
    expect((await refusal(store.startStep('job-1', 'write', at(4)))).code).toBe('unexpected');
    expect((await refusal(store.recordPublicKey('job-1', newKey(), at(4)))).code).toBe('unexpected');
    expect(await store.device('device-1')).toStrictEqual(before);
  });

  it('stay unfinished while they wait', async () => {
    await store.reserve(reservation(1));
    await store.reserve(reservation(2));
    await store.reserve(reservation(3));
    await store.endJob('job-1', 'waiting', 'reserved', 'The server could not be asked.', at(4));
    await store.endJob('job-2', 'compensated', 'released', 'Undone at the start.', at(5));
    const unfinished = await store.unfinishedJobs();
    expect(unfinished.map((job) => [job.jobId, job.state, job.endedAt])).toEqual([
      ['job-1', 'waiting', undefined],
      ['job-3', 'open', undefined],
    ]);
    await store.endJob('job-1', 'done', 'preauthorized', 'The server answered.', at(6), 'server-1');
    expect(await store.device('device-1')).toMatchObject({ state: 'preauthorized', serverDeviceId: 'server-1', jobs: [{ state: 'done', endedAt: at(6) }] });
  });

  it('are taken over by exactly one', async () => {
    const other = SqliteRecordStore.open(path);
    await store.reserve(reservation(1));
    const first = { pid: 5001, started: 'boot-2:7' };
    const second = { pid: 5002, started: 'boot-2:8' };
    expect(await store.takeOver('job-1', { ...jobOwner, started: 'boot-1:101' }, first)).toBe(false);
    expect(await store.takeOver('job-1', jobOwner, first)).toBe(true);
    expect(await other.takeOver('job-1', jobOwner, second)).toBe(false);
    expect((await other.unfinishedJobs())[0]?.owner).toEqual(first);
    await store.endJob('job-1', 'failed', 'released', 'No.', at(2));
    expect(await other.takeOver('job-1', first, second)).toBe(false);
    await other.close();
  });
});

describe('lists', () => {
  it('are newest first, in pages, with the total of what matches', async () => {
    for (const minute of [3, 1, 5, 2, 4]) await store.reserve(reservation(minute));
    await store.endJob('job-5', 'failed', 'released', 'No.', at(6));
    const ids = async (query: Parameters<SqliteRecordStore['list']>[0]): Promise<unknown> => {
      const { devices, total } = await store.list(query);
      return [devices.map((device) => device.deviceId), total];
    };
    expect(await ids({ limit: 2, offset: 0 })).toEqual([['device-5', 'device-4'], 5]);
    expect(await ids({ limit: 2, offset: 4 })).toEqual([['device-1'], 5]);
    expect(await ids({ limit: 0, offset: 0 })).toEqual([[], 5]);
    expect(await ids({ state: 'reserved', limit: 1, offset: 1 })).toEqual([['device-3'], 4]);
    await store.reserve(reservation(7, { batch: 'order-7' }));
    await store.reserve(reservation(8, { batch: 'order-7' }));
    await store.endJob('job-7', 'failed', 'released', 'No.', at(9));
    expect(await ids({ batch: 'order-7', limit: 9, offset: 0 })).toEqual([['device-8', 'device-7'], 2]);
    expect(await ids({ batch: 'order-7', state: 'released', limit: 9, offset: 0 })).toEqual([['device-7'], 1]);
    expect(await ids({ batch: 'order', limit: 9, offset: 0 })).toEqual([[], 0]);
    expect(await ids({ identity: { serial: '1002' }, state: 'released', limit: 5, offset: 0 })).toEqual([[], 0]);
    expect(await ids({ identity: { serial: '1005' }, state: 'released', limit: 5, offset: 0 })).toEqual([['device-5'], 1]);
    expect((await store.jobsSince(at(2), 5)).slice(2).map((job) => [job.jobId, job.deviceState])).toEqual([
      ['job-5', 'released'],
      ['job-4', 'reserved'],
      ['job-3', 'reserved'],
    ]);
    // Without milliseconds the text alone would sort after every moment of its second.
    expect((await store.jobsSince('2026-11-22T08:04:00Z', 9)).map((job) => job.jobId)).toEqual(['job-8', 'job-7', 'job-5', 'job-4']);
    for (const limit of [-1, 1.5, Number.NaN]) expect((await refusal(store.list({ limit, offset: 0 }))).code).toBe('usage');
  });
});

describe('a row that breaks a rule', () => {
  it.each([
    ['a state', `UPDATE devices SET state = 'sold'`],
    ['an identity', `UPDATE devices SET identity = '{"serial":1001}'`],
    ['an identity in another form', `UPDATE devices SET identity = '{"serial":"1001","mac":"x"}'`],
    ['a time', `UPDATE devices SET created_at = 'yesterday'`],
    ['a public key', `UPDATE devices SET fingerprint = '${'0'.repeat(64)}', spki = x'3000'`],
    ['a hash', `UPDATE jobs SET image_sha256 = 'none'`],
    ['a job', `UPDATE jobs SET state = 'paused'`],
    ['a step', `UPDATE steps SET name = 'pray'`],
  ])('is a corrupt record: %s', async (_, sql) => {
    await store.reserve(reservation(1));
    change(sql);
    const error = await refusal(store.device('device-1'));
    expect(error.code).toBe('record-corrupt');
    expect(error.message).toContain(path);
  });
});

describe('a closed record', () => {
  it('answers record-unavailable', async () => {
    await store.close();
    await store.close();
    expect((await refusal(store.unfinishedJobs())).code).toBe('record-unavailable');
    expect((await refusal(store.reserve(reservation(1)))).code).toBe('record-unavailable');
  });
});
