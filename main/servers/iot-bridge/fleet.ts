import type { Finding, WatchedDevice } from '../../domain/acceptance';
import type { Clock, ServerDevice } from '../../domain/ports';
import type { Identity } from '../../domain/identity';
import { deviceIdOf } from './device-id';
import type { HawkBit, HawkBitTarget } from './hawkbit';
import type { BridgeOptions } from './options';
import type { ThingsBoard, ThingsBoardDevice } from './thingsboard';

/** Devices that are asked for at the same time. */
const atOnce = 8;

interface Sighting {
  /** Absent where the profile names no such service. */
  readonly hawkBit?: { readonly target: HawkBitTarget | undefined } | undefined;
  readonly thingsBoard?: { readonly device: ThingsBoardDevice | undefined } | undefined;
}

/** What the tenant's services know of devices: an update target that polls, and a device that connected. */
export class Fleet {
  readonly #hawkBit: HawkBit | undefined;
  readonly #thingsBoard: ThingsBoard | undefined;
  readonly #options: BridgeOptions;
  readonly #clock: Clock;

  constructor(hawkBit: HawkBit | undefined, thingsBoard: ThingsBoard | undefined, options: BridgeOptions, clock: Clock) {
    this.#hawkBit = hawkBit;
    this.#thingsBoard = thingsBoard;
    this.#options = options;
    this.#clock = clock;
  }

  /** @throws ImprintError server-* */
  async see(deviceId: string, signal: AbortSignal): Promise<Sighting> {
    const [target, device] = await Promise.all([this.#hawkBit?.target(deviceId, signal), this.#thingsBoard?.device(deviceId, signal)]);
    return { ...(this.#hawkBit === undefined ? {} : { hawkBit: { target } }), ...(this.#thingsBoard === undefined ? {} : { thingsBoard: { device } }) };
  }

  /** The device as the services have it together; undefined where none of them knows it, or none is named. */
  async device(deviceId: string, identity: Identity, signal: AbortSignal): Promise<ServerDevice | undefined> {
    const { hawkBit, thingsBoard } = await this.see(deviceId, signal);
    const created = [hawkBit?.target?.createdAt, thingsBoard?.device?.createdAt].filter((time) => time !== undefined);
    if (hawkBit?.target === undefined && thingsBoard?.device === undefined) return undefined;
    const seen = lastSeen({ hawkBit, thingsBoard });
    return {
      id: deviceId,
      status: describe({ hawkBit, thingsBoard }),
      identity,
      decommissioning: false,
      keysHidden: true,
      authSets: [],
      ...(created.length === 0 ? {} : { createdAt: new Date(Math.min(...created)).toISOString() }),
      ...(seen === undefined ? {} : { checkedInAt: new Date(seen).toISOString() }),
    };
  }

  /** What has become of each. @throws ImprintError server-* */
  async judge(devices: readonly WatchedDevice[], signal: AbortSignal): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    for (let at = 0; at < devices.length; at += atOnce) {
      findings.push(...(await Promise.all(devices.slice(at, at + atOnce).map((device) => this.#judgeOne(device, signal)))));
    }
    return findings;
  }

  async #judgeOne(device: WatchedDevice, signal: AbortSignal): Promise<Finding> {
    const deviceId = deviceIdOf(device.identity, this.#options.deviceId);
    const sighting = await this.see(deviceId, signal);
    const found = (state: Finding['state'], sentence: string, diagnosis?: Finding['diagnosis']): Finding => ({ deviceId: device.deviceId, state, diagnosis, sentence, serverStatus: describe(sighting), serverDeviceId: deviceId });
    const { hawkBit, thingsBoard } = sighting;
    if (hawkBit === undefined && thingsBoard === undefined) {
      return found('waiting', `${deviceId} is enrolled; whether it came cannot be seen, because the profile names neither hawkBit nor ThingsBoard.`);
    }
    const knownSomewhere = hawkBit?.target !== undefined || thingsBoard?.device !== undefined;
    if (hawkBit !== undefined && hawkBit.target === undefined) {
      return knownSomewhere
        ? found('stuck', `${deviceId} is in ThingsBoard, and hawkBit has no target of it: it gets no updates. Enrol it again, or make the target in hawkBit.`, 'incomplete-at-server')
        : found('missing', `Neither hawkBit nor ThingsBoard has ${deviceId}: it was removed there. Ask who removed it; where that was right, decommission it here too.`, 'not-at-server');
    }
    const seen = lastSeen(sighting);
    // What was seen before the card was finished was the station itself, trying the key.
    const came = seen !== undefined && (device.finishedAt === undefined || seen > Date.parse(device.finishedAt));
    const ended = device.certificateEndsAt !== undefined && Date.parse(device.certificateEndsAt) <= this.#clock.now().getTime();
    if (ended) {
      return found('stuck', `The certificate that is recorded for ${deviceId} ended on ${device.certificateEndsAt.slice(0, 10)}${came ? '; the board was there before, and may have renewed it by itself' : ' before its board came'}: renew the card in the bench, or write it again.`, 'certificate-expired');
    }
    if (came) return found('accepted', `The board came: ${describe(sighting)}.`);
    if (thingsBoard?.device !== undefined && thingsBoard.device.seenAt === undefined && (this.#options.mqtt === undefined || device.finishedAt === undefined || (thingsBoard.device.createdAt ?? 0) > Date.parse(device.finishedAt))) {
      return found('accepted', `The board came: ThingsBoard shows ${deviceId}, which only a first connection does.`);
    }
    return found('waiting', `${deviceId} is expected, and no board came with its certificate so far: ${describe(sighting)}.`, 'never-seen');
  }
}

function lastSeen({ hawkBit, thingsBoard }: Sighting): number | undefined {
  const times = [hawkBit?.target?.lastControllerRequestAt ?? undefined, thingsBoard?.device?.seenAt].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** The three signs of life in words. */
function describe({ hawkBit, thingsBoard }: Sighting): string {
  const update = hawkBit === undefined ? [] : [hawkBit.target === undefined ? 'no target in hawkBit' : (hawkBit.target.lastControllerRequestAt ?? undefined) === undefined ? 'hawkBit target present, never polled' : 'hawkBit target polls'];
  const platform = thingsBoard === undefined ? [] : [thingsBoard.device === undefined ? 'not in ThingsBoard' : thingsBoard.device.seenAt === undefined ? 'shown in ThingsBoard' : 'connected by MQTT, shown in ThingsBoard'];
  return [...update, ...platform].join('; ') || 'enrolled';
}
