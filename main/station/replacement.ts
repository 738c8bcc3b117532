import type { Identity } from '../domain/identity';
import type { DeviceDetails } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { now, type Station } from './station';

export interface Replacement {
  end(state: 'done' | 'failed', sentence: string): Promise<void>;
}

/** Writes down that a job may replace the key that a server expects, before the server is told. */
export async function startReplacement(
  station: Station,
  profile: Profile,
  about: { readonly deviceId: string; readonly identity: Identity; readonly serverDeviceId: string },
): Promise<Replacement> {
  const actionId = station.randomness.uuid();
  await station.record.startAction({ actionId, action: 'replace', ...about, serverUrl: profile.server.url, by: station.operator, startedAt: now(station) });
  return { end: (state, sentence) => station.record.endAction(actionId, state, sentence, now(station)) };
}

/** Whether an admin said so for the job of this device that is still to be ended. */
export function mayReplace(device: DeviceDetails): boolean {
  return device.actions.some(({ action, state }) => action === 'replace' && state === 'started');
}

export async function endReplacements(station: Station, device: DeviceDetails, state: 'done' | 'failed', sentence: string): Promise<void> {
  for (const { actionId, action, state: before } of device.actions) {
    if (action === 'replace' && before === 'started') await station.record.endAction(actionId, state, sentence, now(station));
  }
}
