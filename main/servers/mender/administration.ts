import type { Clock, ServerAdministration } from '../../domain/ports';
import { ImprintError } from '../../domain/errors';
import type { Devices } from './devices';
import { devicesPath } from './devices';
import { pause } from '../http/patience';
import type { Session } from './session';

/** How long a decommissioning may take: it is a workflow at the server that ends when its worker comes to it. */
export interface RemovalPatience {
  readonly firstDelay: number;
  readonly longestDelay: number;
  /** Milliseconds in all. */
  readonly longest: number;
}

export const usualRemovalPatience: RemovalPatience = { firstDelay: 200, longestDelay: 5000, longest: 60_000 };

/** What an admin does to devices. Every request here may be repeated: doing it twice is the same as once. */
export class Administration implements ServerAdministration {
  readonly #session: Session;
  readonly #devices: Devices;
  readonly #clock: Clock;
  readonly #patience: RemovalPatience;

  constructor(session: Session, devices: Devices, clock: Clock, patience: RemovalPatience) {
    this.#session = session;
    this.#devices = devices;
    this.#clock = clock;
    this.#patience = patience;
  }

  /** @throws ImprintError server-refused where that set is preauthorized or gone */
  async reject(serverDeviceId: string, authSetId: string, signal: AbortSignal): Promise<void> {
    await this.#session.expect({ method: 'PUT', path: `${pathOf(serverDeviceId, authSetId)}/status`, body: { status: 'rejected' } }, true, [204], 'rejecting a key', signal);
  }

  async removeAuthSet(serverDeviceId: string, authSetId: string, signal: AbortSignal): Promise<void> {
    await this.#session.expect({ method: 'DELETE', path: pathOf(serverDeviceId, authSetId) }, true, [204, 404], 'removing a key', signal);
  }

  /** @throws ImprintError server-busy where the server shows the device for longer than a minute */
  async decommission(serverDeviceId: string, signal: AbortSignal): Promise<void> {
    const before = await this.#devices.read(serverDeviceId, signal);
    if (before === undefined) return;
    await this.#session.expect({ method: 'DELETE', path: pathOf(serverDeviceId) }, true, [202, 204, 404], 'decommissioning a device', signal);
    const { firstDelay, longestDelay, longest } = this.#patience;
    const end = this.#clock.now().getTime() + longest;
    for (let delay = firstDelay; ; delay = Math.min(delay * 2, longestDelay)) {
      if ((await this.#devices.read(serverDeviceId, signal)) === undefined) break;
      if (this.#clock.now().getTime() + delay > end) {
        throw new ImprintError('server-busy', `The server took the decommissioning of device ${serverDeviceId} and has not ended it after ${String(Math.round(longest / 1000))} seconds; look again later, it goes on by itself.`);
      }
      await pause(delay, signal);
    }
    this.#devices.forget(before);
  }
}

function pathOf(serverDeviceId: string, authSetId?: string): string {
  const device = `${devicesPath}/${encodeURIComponent(serverDeviceId)}`;
  return authSetId === undefined ? device : `${device}/auth/${encodeURIComponent(authSetId)}`;
}
