import { join } from 'node:path';
import { storageMethods, type StorageMethods } from '../contract/storage-channel';
import { WorkerProcess } from '../ipc/worker-process';
import { buildFacts } from './build-facts';

export const workerScript = (name: string): string => join(import.meta.dirname, 'workers', `${name}.cjs`);

/** The process over a record; it is started at its first call. `name`: the station's, where it was told. `practice`: whoever is told of anything is told that too. */
export function storageProcess(record: string, name?: string, practice = false): WorkerProcess<StorageMethods> {
  const { version, build } = buildFacts();
  return new WorkerProcess({
    name: 'storage',
    script: workerScript('storage'),
    arguments: [record, version, build, name ?? '', ...(practice ? ['practice'] : [])],
    methods: storageMethods,
    goneCode: 'record-unavailable',
    goneSentence: 'The storage process ended unexpectedly; what was recorded is safe, start again.',
  });
}

/** Over the station's record, with its name from the settings: whoever runs a command was asked there. */
let kept: { readonly record: string; readonly name: string | undefined; readonly storage: WorkerProcess<StorageMethods> } | undefined;

/** Keeps a process for what comes next: to start one costs as much as most commands do. */
export function keepStorage(record: string, name: string | undefined, storage: WorkerProcess<StorageMethods>): void {
  kept = { record, name, storage };
}

/** The process that was kept, where it is over that record, else a new one. */
export function takeStorage(record: string, name: string | undefined, practice: boolean): WorkerProcess<StorageMethods> {
  if (practice || kept?.record !== record || kept.name !== name) return storageProcess(record, name, practice);
  const { storage } = kept;
  kept = undefined;
  return storage;
}

/** Nobody took it. */
export async function stopKeptStorage(): Promise<void> {
  await kept?.storage.stop();
  kept = undefined;
}
