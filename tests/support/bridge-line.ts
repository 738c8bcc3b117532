/** A station at a bench for a practice IoT Bridge: a real record, real services over TLS, and a custody whose cards are in memory. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadedProfile, readKeptProfile } from '../../main/compose/load-profile';
import { readPublicKey } from '../../main/compose/public-keys';
import { readScanPattern } from '../../main/compose/scan-patterns';
import { ImprintError } from '../../main/domain/errors';
import type { Identity } from '../../main/domain/identity';
import type { Custody, DeliveredContent } from '../../main/domain/ports';
import type { Profile } from '../../main/domain/profile';
import type { Role } from '../../main/domain/roles';
import type { LoadedProfile, Station } from '../../main/station/station';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { newBoardKey, newBridgeIdentity, practiceBridgeUnderTest, quickBridge, type BoardKey, type BridgeUnderTest } from '../contract/iot-bridge-fixture';
import { systemRandomness } from '../contract/mender-fixture';
import { never } from './line';
import { removableCard } from './target-facts';

/** A card in a slot: whose key is on it, and its files by content. */
export interface MemoryCard {
  readonly key: BoardKey;
  files: ReadonlyMap<string, Uint8Array>;
  /** The reader fails when it is written. */
  broken?: boolean;
}

export interface EnrolledDevice {
  readonly deviceId: string;
  readonly identity: Identity;
  readonly card: MemoryCard;
  readonly serial: string;
}

export interface BridgeLine {
  readonly station: Station;
  readonly profile: Profile;
  readonly loaded: LoadedProfile;
  readonly bridge: BridgeUnderTest;
  /** What is in the readers, by path; a path without one is an empty reader. */
  readonly cards: Map<string, MemoryCard>;
  as(role: Role, change?: Partial<Station>): Station;
  /** Enrolled, recorded, and on a card in this reader. */
  make(path: string): Promise<EnrolledDevice>;
  close(): Promise<void>;
}

export async function openBridgeLine(change: Readonly<Record<string, unknown>> = {}): Promise<BridgeLine> {
  const folder = mkdtempSync(join(tmpdir(), 'imprint-bridge-line-'));
  const bridge = await practiceBridgeUnderTest();
  const record = SqliteRecordStore.open(join(folder, 'record.sqlite'));
  const cards = new Map<string, MemoryCard>();
  const loaded = loadedProfile({
    name: 'gateway',
    practice: false,
    server: bridge.settingsWith(change),
    identity: [{ name: 'id', normalise: ['trim'], scan: true }],
    keyType: 'ec-p256',
    image: { path: '/image', sha256: 'a'.repeat(64) },
    files: quickBridge.usualFiles,
    targets: { slots: ['/dev/sdx', '/dev/sdy'].map((path, index) => ({ name: `Slot ${String(index + 1)}`, path, fixedDisk: false })) },
    outboxLimit: 0,
  });
  const { profile } = loaded;
  const station: Station = {
    record,
    log: record.log,
    assertLogSound: () => undefined,
    custody: memoryCustody(cards),
    servers: [quickBridge],
    secrets: bridge.secrets,
    clock: { now: () => new Date() },
    randomness: systemRandomness,
    processes: { self: { pid: process.pid, started: 'test' }, alive: ({ pid }) => pid === process.pid },
    faults: { reached: () => undefined },
    operator: 'Ana',
    role: 'lab',
    readKeptProfile,
    readPublicKey,
    readScanPattern,
  };
  return {
    station,
    profile,
    loaded,
    bridge,
    cards,
    as: (role, other = {}) => ({ ...station, role, ...other }),
    async make(path) {
      const [identity, key] = [newBridgeIdentity(), newBoardKey()];
      const [jobId, deviceId, at] = [randomUUID(), randomUUID(), station.clock.now().toISOString()];
      const { name: profileName, image, keyType, server } = profile;
      await record.keepProfile(profileName, loaded.sha256, loaded.json, at);
      await record.reserve({ jobId, deviceId, identity, profileName, profileSha256: loaded.sha256, imageSha256: image.sha256, serverKind: server.kind, serverUrl: server.url, keyType, slot: 'Slot 1', targetPath: path, operator: 'Ana', owner: station.processes.self, at });
      await record.recordPublicKey(jobId, key.publicKey, at);
      const connection = quickBridge.connect(server, bridge.secrets);
      const { serverDeviceId, certificates = [], contents = [] } = await connection.enrol({ identity, publicKey: key.publicKey, key }, never);
      await connection.close();
      await record.recordEnrolment(jobId, serverDeviceId, certificates, at);
      await record.endJob(jobId, 'done', 'preauthorized', 'Made.', at, serverDeviceId);
      const card: MemoryCard = { key, files: bytesOf(contents) };
      cards.set(path, card);
      return { deviceId, identity, card, serial: certificates[0]?.serial ?? '' };
    },
    async close() {
      await record.close();
      await bridge.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function bytesOf(contents: readonly DeliveredContent[]): ReadonlyMap<string, Uint8Array> {
  return new Map(contents.map(({ content, parts }) => [content, Buffer.concat(parts.map((part) => ('bytes' in part ? part.bytes : Buffer.alloc(44))))]));
}

/** What the use cases ask of cards, answered from memory; whatever else is asked is a mistake of the test. */
function memoryCustody(cards: ReadonlyMap<string, MemoryCard>): Custody {
  const cardAt = (path: string): MemoryCard => {
    const card = cards.get(path);
    if (card === undefined) throw new ImprintError('target-not-found', `There is no card at ${path}.`, { field: 'target' });
    return card;
  };
  const known: Partial<Custody> = {
    inspectTarget: (path) => Promise.resolve({ ...removableCard, path, realPath: path, bytes: 8_000_000_000, identity: path, kind: cards.has(path) ? 'block-device' : 'missing' }),
    readCardKey: async (path, files) => {
      const { publicKey } = (await Promise.resolve(cardAt(path))).key;
      return { publicKey, file: { path: files[0]?.path ?? '', partition: 4, bytes: 241, mode: 0o600, uid: 0, gid: 0 } };
    },
    readCardFiles: async (path, files) => {
      const card = await Promise.resolve(cardAt(path));
      return files.map(({ content }) => card.files.get(content) ?? new Uint8Array());
    },
    openTls: async (reference, endpoint, signal) => {
      if (!('targetPath' in reference)) throw new Error('This test has no keys but those on cards.');
      return cardAt(reference.targetPath).key.tls.open(endpoint, signal);
    },
    rewriteCardFiles: async (target, files, contents) => {
      const card = await Promise.resolve(cardAt(target.path));
      if (card.broken === true) throw new ImprintError('target-write-failed', `${target.path} could not be written at byte 4096.`);
      card.files = new Map([...card.files, ...bytesOf(contents)]);
      return files.map(({ path, mode, uid, gid }) => ({ path, partition: 4, bytes: 1, mode, uid, gid }));
    },
  };
  return new Proxy(known as Custody, {
    get: (target, name) => Reflect.get(target, name) ?? (() => Promise.reject(new Error(`This test has no custody for ${String(name)}.`))),
  });
}
