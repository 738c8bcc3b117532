import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { ImprintError } from '../domain/errors';
import type { Identity } from '../domain/identity';
import type { Custody, Secrets } from '../domain/ports';
import { slotPlace, type Profile, type SlotSettings } from '../domain/profile';
import { bootPracticeDevice } from '../servers/mender/practice-device';
import { startPracticeServer, type PracticeServer } from '../servers/mender/practice-server';
import type { LoadedProfile } from '../station/station';
import { loadedProfile } from './load-profile';
import { openStation, stationFolder, type AtWork, type OpenStation } from './open-station';

const slotCount = 4;

export interface PracticeBench {
  readonly open: OpenStation;
  readonly loaded: LoadedProfile;
  readonly server: PracticeServer;
  /** Boots the simulated device from the card in a slot. @throws ImprintError device-not-accepted */
  powerOn(slot: SlotSettings, identity: Identity, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * The embedded practice bench: a practice server on loopback, the golden image that comes with the app, cards that are
 * files. The same station as with a real profile, in a folder of its own.
 *
 * @throws ImprintError slot-busy where another window or command has this bench open
 */
export async function openPracticeBench(dataFolder: string, who: AtWork = {}): Promise<PracticeBench> {
  const folder = stationFolder(dataFolder, true);
  const cards = join(folder.root, 'cards');
  const serverFolder = join(folder.root, 'server');
  for (const path of [cards, serverFolder]) makeFolder(path);
  const lock = await lockFolder(folder.root);
  try {
    const server = await startServer(folder.root, serverFolder);
    const loaded = loadedProfile(practiceProfile(server, cards));
    const open = openStation(folder, practiceSecrets(server), who);
    return {
      open,
      loaded,
      server,
      powerOn: (slot, identity, signal) => powerOn(open.station.custody, loaded.profile, slot, identity, signal),
      async close() {
        await open.close();
        await server.close();
        lock.close();
      },
    };
  } catch (thrown) {
    lock.close();
    throw thrown;
  }
}

/** A folder for this user alone. @throws ImprintError record-unavailable */
export function makeFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  } catch (thrown) {
    throw new ImprintError('record-unavailable', `The folder ${path} cannot be made.`, { field: '--data', expected: 'a folder that this user may write', cause: thrown });
  }
}

/** One bench per folder. An abstract socket (unix(7)) is gone when its process is, however it ended. */
async function lockFolder(folder: string): Promise<Server> {
  const name = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 32);
  const server = createServer();
  await new Promise<void>((done, fail) => {
    server.once('error', () => {
      fail(new ImprintError('slot-busy', 'The practice bench of this folder is open already: close its window or command first.'));
    });
    server.listen(`\0imprint-practice-${name}`, done);
  });
  server.unref();
  return server;
}

/** On the port of the last time if it is free: the record names devices by their server's address. */
async function startServer(root: string, folder: string): Promise<PracticeServer> {
  const portFile = join(root, 'port');
  const kept = existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : 0;
  const options = { folder, clock: { now: () => new Date() }, randomness: { uuid: randomUUID }, tls: true };
  const server = await startPracticeServer({ ...options, port: Number.isInteger(kept) && kept > 0 && kept < 65536 ? kept : 0 }).catch(() => startPracticeServer({ ...options, port: 0 }));
  writeFileSync(portFile, String(server.port));
  return server;
}

function practiceProfile(server: PracticeServer, cards: string): Profile {
  const assets = join(import.meta.dirname, 'practice', 'assets');
  const description = JSON.parse(readFileSync(join(assets, 'golden.sdimg.json'), 'utf8')) as { readonly sha256: string };
  return {
    name: 'Practice bench',
    practice: true,
    server: {
      kind: 'mender',
      url: server.url,
      certificateAuthority: server.certificateAuthorityPem,
      credentials: { type: 'password', username: server.username, password: { from: 'environment', name: 'practice' } },
    },
    identity: [{ name: 'mac', normalise: ['trim', 'mac'], scan: true }],
    keyType: 'rsa-3072',
    image: { path: join(assets, 'golden.sdimg.xz'), sha256: description.sha256 },
    outboxLimit: slotCount,
    files: [{ content: 'private-key', partition: { number: 4 }, path: '/mender/mender-agent.pem', mode: 0o600, uid: 0, gid: 0, createFolders: false }],
    targets: {
      slots: Array.from({ length: slotCount }, (_, index) => ({ name: `Slot ${String(index + 1)}`, path: join(cards, `card-${String(index + 1)}.img`), fixedDisk: false })),
    },
  };
}

/** The practice server's own password: made at its start, never kept. */
function practiceSecrets(server: PracticeServer): Secrets {
  return {
    resolve: () => Promise.resolve(server.password),
    forget: () => undefined,
    oneTimeCode: (account) => Promise.reject(new ImprintError('credential-missing', `The practice server wants no one-time code for ${account}.`)),
  };
}

async function powerOn(custody: Custody, profile: Profile, slot: SlotSettings, identity: Identity, signal: AbortSignal): Promise<void> {
  const { publicKey } = await custody.readCardKey(slotPlace(slot), profile.files);
  await bootPracticeDevice(
    {
      url: profile.server.url,
      certificateAuthority: profile.server.certificateAuthority,
      identity,
      publicKey,
      sign: async (payload) => (await custody.signWithCardKey(slotPlace(slot), profile.files, payload)).signature,
    },
    signal,
  );
}
