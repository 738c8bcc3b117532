import type { DeviceDetails, JobRow } from '../domain/ports';
import type { Profile } from '../domain/profile';
import type { Station } from './station';

/** Jobs for this profile's server that are open or waiting, in the order in which they were started. */
export async function unfinishedAtServer(station: Station, profile: Profile): Promise<readonly { readonly job: JobRow; readonly device: DeviceDetails }[]> {
  const found: { job: JobRow; device: DeviceDetails }[] = [];
  for (const job of await station.record.unfinishedJobs()) {
    const device = await station.record.device(job.deviceId);
    if (device?.serverUrl === profile.server.url) found.push({ job, device });
  }
  return found;
}
