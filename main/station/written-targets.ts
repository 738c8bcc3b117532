import type { Station } from './station';

/** Where cards are being written now, by this process or another one that lives. */
export async function writtenTargets({ record, processes }: Pick<Station, 'record' | 'processes'>): Promise<readonly string[]> {
  return (await record.unfinishedJobs()).filter((job) => job.state === 'open' && processes.alive(job.owner)).map((job) => job.targetPath);
}
