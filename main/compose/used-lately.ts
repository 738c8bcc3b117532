import { existsSync } from 'node:fs';
import type { DayRow, RecordStore } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { storageClient } from '../ipc/clients';
import { readKeptProfile } from './load-profile';
import type { StationFolder } from './station-folder';
import { storageProcess } from './storage-process';

/** Jobs of the last days, newest first, and the newest text of each profile that they were made with. */
export interface UsedLately {
  readonly jobs: readonly DayRow[];
  readonly profiles: readonly Profile[];
}

const days = 30;
const mostJobs = 500;

/** A record that is not there is not made. @throws ImprintError record-* */
export async function usedLately({ record }: StationFolder, now: Date): Promise<UsedLately> {
  if (!existsSync(record)) return { jobs: [], profiles: [] };
  const storage = storageProcess(record);
  const store: RecordStore = storageClient(storage);
  try {
    const jobs = await store.jobsSince(new Date(now.getTime() - days * 86_400_000).toISOString(), mostJobs);
    const newest = new Map<string, string>();
    for (const { profileName, profileSha256 } of jobs) if (!newest.has(profileName)) newest.set(profileName, profileSha256);
    const texts = await Promise.all([...newest.values()].map((sha256) => store.keptProfile(sha256)));
    return { jobs, profiles: texts.filter((text) => text !== undefined).map(readKeptProfile) };
  } finally {
    await store.close().catch(() => undefined);
    await storage.stop();
  }
}
