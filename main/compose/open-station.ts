import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import { custodyMethods } from '../contract/custody-channel';
import { storageMethods } from '../contract/storage-channel';
import { ImprintError } from '../domain/errors';
import type { Secrets } from '../domain/ports';
import type { Role } from '../domain/roles';
import { custodyClient, storageClient } from '../ipc/clients';
import { logClient } from '../ipc/log-channel';
import { WorkerProcess } from '../ipc/worker-process';
import type { Station } from '../station/station';
import { faultPoints } from './fault-points';
import { readKeptProfile } from './load-profile';
import { systemProcesses } from './processes';
import { readPublicKey } from './public-keys';
import { servers } from './servers';

/** Folders of one station. Practice and real stations never share one. */
export interface StationFolder {
  readonly root: string;
  readonly record: string;
  readonly images: string;
  readonly keyring: string;
}

export function stationFolder(dataFolder: string, practice: boolean): StationFolder {
  const root = join(dataFolder, practice ? 'practice' : 'station');
  return { root, record: join(root, 'record.sqlite'), images: join(root, 'images'), keyring: join(root, 'keyring') };
}

/** Who is at the station. */
export interface AtWork {
  /** The user's name unless told. */
  readonly operator?: string | undefined;
  readonly role?: Role | undefined;
}

export interface OpenStation {
  readonly station: Station;
  readonly folder: StationFolder;
  /** For tests that look into the processes. */
  readonly processIds: () => readonly number[];
  close(): Promise<void>;
}

/**
 * Starts the custody and storage processes over a station's folder.
 *
 * @throws ImprintError record-unavailable where the folder cannot be made
 */
export function openStation(folder: StationFolder, secrets: Secrets, { operator = userInfo().username, role = 'lab' }: AtWork = {}): OpenStation {
  try {
    mkdirSync(folder.images, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw new ImprintError('record-unavailable', `The station's folder ${folder.root} cannot be made or written.`, { field: '--data', expected: 'a folder that this user may write', cause: thrown });
  }
  const script = (name: string): string => join(import.meta.dirname, 'workers', `${name}.cjs`);
  const custody = new WorkerProcess({
    name: 'custody',
    script: script('custody'),
    arguments: [folder.images],
    methods: custodyMethods,
    goneCode: 'custody-unavailable',
    goneSentence: 'The custody process ended unexpectedly; the keys that it held are gone, start the device again.',
  });
  const storage = new WorkerProcess({
    name: 'storage',
    script: script('storage'),
    arguments: [folder.record],
    methods: storageMethods,
    goneCode: 'record-unavailable',
    goneSentence: 'The storage process ended unexpectedly; what was recorded is safe, start again.',
  });
  const station: Station = {
    record: storageClient(storage),
    log: logClient(storage),
    custody: custodyClient(custody),
    servers,
    secrets,
    clock: { now: () => new Date() },
    randomness: { uuid: randomUUID },
    processes: systemProcesses(),
    faults: faultPoints(app.isPackaged),
    operator,
    role,
    readKeptProfile,
    readPublicKey,
  };
  return {
    station,
    folder,
    processIds: () => [custody.pid, storage.pid].filter((pid) => pid !== undefined),
    async close() {
      await station.record.close().catch(() => undefined);
      await Promise.all([custody.stop(), storage.stop()]);
    },
  };
}
