/** A station with a real record and a real connection to the practice server over TLS, for use cases that touch no card. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadedProfile, readKeptProfile } from '../../main/compose/load-profile';
import { readScanPattern } from '../../main/compose/scan-patterns';
import { readPublicKey } from '../../main/compose/public-keys';
import type { Identity } from '../../main/domain/identity';
import type { Clock, Custody, ServerKind } from '../../main/domain/ports';
import type { Profile } from '../../main/domain/profile';
import type { Role } from '../../main/domain/roles';
import type { PracticeServerOptions } from '../../main/servers/mender/practice-server';
import type { LoadedProfile, Station } from '../../main/station/station';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { newIdentity, newKey, practiceUnderTest, quickMender, systemRandomness, type MenderUnderTest, type TestKey } from '../contract/mender-fixture';

export const never = new AbortController().signal;

/** A device as the record has it, with the private key that is on its card. */
export interface MadeDevice {
  readonly deviceId: string;
  readonly identity: Identity;
  readonly key: TestKey;
  readonly serverDeviceId: string;
}

export interface Line {
  readonly station: Station;
  readonly profile: Profile;
  readonly loaded: LoadedProfile;
  readonly server: MenderUnderTest;
  /** The same record and server with other hands. */
  as(role: Role, change?: Partial<Station>): Station;
  /** The station's clock, which a test moves. */
  passTime(milliseconds: number): void;
  /** A device that went through the bench: recorded, and expected at the server. */
  make(options?: { readonly identity?: Identity; readonly batch?: string; readonly key?: TestKey }): Promise<MadeDevice>;
  /** A device of the record alone, under an id that the server does not have. */
  makeRecorded(serverDeviceId: string): Promise<void>;
  /** A verified card whose job waits for the server. */
  makeWaiting(options?: { readonly identity?: Identity; readonly batch?: string; readonly owner?: { pid: number; started: string } }): Promise<{ readonly jobId: string; readonly deviceId: string; readonly identity: Identity; readonly key: TestKey }>;
  /** The board starts. @returns the status of the server's reply */
  boot(identity: Identity | string, key: TestKey): Promise<number>;
  close(): Promise<void>;
}

export interface LineOptions {
  readonly server?: Partial<PracticeServerOptions>;
  readonly kind?: ServerKind;
  readonly profile?: Partial<Profile>;
}

export async function openLine(options: LineOptions = {}): Promise<Line> {
  const folder = mkdtempSync(join(tmpdir(), 'imprint-line-'));
  const server = await practiceUnderTest({ decommissioning: 50, ...options.server });
  const record = SqliteRecordStore.open(join(folder, 'record.sqlite'));
  let passed = 0;
  const clock: Clock = { now: () => new Date(Date.now() + passed) };
  const loaded = loadedProfile({
    name: 'line',
    practice: false,
    server: server.settings,
    identity: [{ name: 'mac', normalise: ['trim', 'mac'], scan: true }],
    keyType: 'ec-p256',
    image: { path: '/image', sha256: 'a'.repeat(64) },
    files: [],
    targets: { slots: [] },
    outboxLimit: 8,
    ...options.profile,
  });
  const { profile } = loaded;
  const station: Station = {
    record,
    log: record.log,
    assertLogSound: () => undefined,
    custody: noCustody,
    servers: [options.kind ?? quickMender],
    secrets: server.secrets,
    clock,
    randomness: systemRandomness,
    processes: { self: { pid: process.pid, started: 'test' }, alive: ({ pid, started }) => pid === process.pid && started === 'test' },
    faults: { reached: () => undefined },
    operator: 'Ana',
    role: 'lab',
    readKeptProfile,
    readPublicKey,
    readScanPattern,
  };
  const reserve = async (identity: Identity, batch: string | undefined, owner = station.processes.self): Promise<{ jobId: string; deviceId: string }> => {
    const ids = { jobId: randomUUID(), deviceId: randomUUID() };
    const at = clock.now().toISOString();
    await record.keepProfile(profile.name, loaded.sha256, loaded.json, at);
    await record.reserve({
      ...ids,
      identity,
      profileName: profile.name,
      profileSha256: loaded.sha256,
      imageSha256: profile.image.sha256,
      serverKind: profile.server.kind,
      serverUrl: profile.server.url,
      keyType: profile.keyType,
      slot: 'Slot 1',
      targetPath: '/dev/sdx',
      operator: 'Ana',
      batch,
      owner,
      at,
    });
    return ids;
  };
  const connection = quickMender.connect(profile.server, server.secrets);
  return {
    station,
    profile,
    loaded,
    server,
    as: (role, change = {}) => ({ ...station, role, ...change }),
    passTime: (milliseconds) => {
      passed += milliseconds;
    },
    async make({ identity = newIdentity(), batch, key = newKey() } = {}) {
      const { jobId, deviceId } = await reserve(identity, batch);
      await record.recordPublicKey(jobId, key.publicKey, clock.now().toISOString());
      const { serverDeviceId } = await connection.enrol({ identity, publicKey: key.publicKey }, never);
      await record.endJob(jobId, 'done', 'preauthorized', 'Made.', clock.now().toISOString(), serverDeviceId);
      return { deviceId, identity, key, serverDeviceId };
    },
    async makeRecorded(serverDeviceId) {
      const { jobId } = await reserve(newIdentity(), undefined);
      const spki = randomBytes(64);
      await record.recordPublicKey(jobId, { type: 'ec-p256', spki, fingerprint: createHash('sha256').update(spki).digest('hex') }, clock.now().toISOString());
      await record.endJob(jobId, 'done', 'preauthorized', 'Made.', clock.now().toISOString(), serverDeviceId);
    },
    async makeWaiting({ identity = newIdentity(), batch, owner } = {}) {
      const key = newKey();
      const { jobId, deviceId } = await reserve(identity, batch, owner);
      const at = clock.now().toISOString();
      await record.recordPublicKey(jobId, key.publicKey, at);
      for (const step of ['check', 'generate', 'write', 'verify'] as const) {
        await record.startStep(jobId, step, at);
        await record.endStep(jobId, step, 'done', 'Done.', at);
      }
      await record.endJob(jobId, 'waiting', 'reserved', 'The server was away.', at);
      return { jobId, deviceId, identity, key };
    },
    boot: async (identity, key) => (await server.raw.authRequest(typeof identity === 'string' ? identity : JSON.stringify(identity), key)).status,
    async close() {
      await connection.close();
      await record.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Nothing here may need a card. */
const noCustody = new Proxy({} as Custody, {
  get: () => () => Promise.reject(new Error('This test has no custody.')),
});
