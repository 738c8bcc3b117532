import { createHash } from 'node:crypto';
import type { ServerAuthSet, ServerDevice, ServerDevicesQuery } from '../../domain/ports';
import type { Identity } from '../../domain/identity';
import { ImprintError } from '../../domain/errors';
import type { HttpReply } from '../http/http-exchange';
import type { MdmClient } from './mdm-client';
import type { MdmDevice } from './replies';
import { parseMdmDevice, parseMdmDevices } from './replies';

export const devicesPath = '/devices';

/** What the admin's list gives without being asked for another size. */
const pageSize = 100;
/** A million devices; a server that has not ended by then is going round in circles. */
const mostPages = 10_000;
/** Requests at once where devices are read one by one. */
const atOnce = 6;

/** The devices as the admin's part shows them; retired ones are not among them. */
export class MdmDevices {
  readonly #client: MdmClient;

  constructor(client: MdmClient) {
    this.#client = client;
  }

  /** Undefined where the server has no such device, or has retired it. */
  async read(id: string, signal: AbortSignal): Promise<MdmDevice | undefined> {
    const doing = 'reading a device';
    const reply = await this.#client.admin({ method: 'GET', path: pathOf(id) }, [200, 404], doing, signal);
    if (reply.status === 200) return parseMdmDevice(reply, doing);
    if (isMissing(reply)) return undefined;
    throw new ImprintError('server-refused', `Nothing of OpenMDM's admin part answers at ${reply.origin}: is server.url the address at which it is mounted?`, { field: 'server.url' });
  }

  /** In the order of the ids. */
  async readAll(ids: readonly (string | undefined)[], signal: AbortSignal): Promise<readonly (MdmDevice | undefined)[]> {
    const found: (MdmDevice | undefined)[] = [];
    for (let at = 0; at < ids.length; at += atOnce) {
      const portion = ids.slice(at, at + atOnce);
      found.push(...(await Promise.all(portion.map((id) => (id === undefined ? Promise.resolve(undefined) : this.read(id, signal))))));
    }
    return found;
  }

  /** The device that has this enrollmentId. The server's search finds parts of several columns, so what it finds is compared. */
  async find(enrollmentId: string, signal: AbortSignal): Promise<MdmDevice | undefined> {
    for await (const page of this.pages(signal, `&search=${encodeURIComponent(enrollmentId)}`)) {
      const device = page.find((candidate) => candidate.enrollmentId === enrollmentId);
      if (device !== undefined) return device;
    }
    return undefined;
  }

  /** Newest first. A device that is made meanwhile makes another one come twice, never slip away. */
  async *pages(signal: AbortSignal, filter = ''): AsyncGenerator<readonly MdmDevice[]> {
    const doing = 'reading the list of devices';
    let offset = 0;
    for (let page = 1; page <= mostPages; page += 1) {
      const reply = await this.#client.admin({ method: 'GET', path: `${devicesPath}?limit=${String(pageSize)}&offset=${String(offset)}${filter}` }, [200], doing, signal);
      const { devices, total } = parseMdmDevices(reply, doing);
      if (devices.length === 0) return;
      yield devices;
      offset += devices.length;
      if (offset >= total) return;
    }
    throw new ImprintError('server-reply-invalid', 'The list of the server\'s devices has no end, so it is not known which it has.');
  }

  async *devices({ ids, statuses = [] }: ServerDevicesQuery, signal: AbortSignal): AsyncGenerator<readonly ServerDevice[]> {
    const wanted = (device: MdmDevice): boolean => statuses.length === 0 || statuses.includes(device.status);
    if (ids !== undefined) {
      const found = await this.readAll([...new Set(ids)], signal);
      const devices = found.flatMap((device) => (device !== undefined && wanted(device) ? [toServerDevice(device)] : []));
      if (devices.length > 0) yield devices;
      return;
    }
    const seen = new Set<string>();
    for await (const page of this.pages(signal)) {
      const fresh = page.filter(({ id }) => !seen.has(id));
      for (const { id } of fresh) seen.add(id);
      yield fresh.filter(wanted).map(toServerDevice);
    }
  }

  async count(status: string, signal: AbortSignal): Promise<number> {
    const doing = 'counting the devices';
    return parseMdmDevices(await this.#client.admin({ method: 'GET', path: `${devicesPath}?limit=1&offset=0&status=${status}` }, [200], doing, signal), doing).total;
  }

  /** The next enrolment by a key pins that one. Idempotent. */
  async unpin(id: string, signal: AbortSignal): Promise<void> {
    await this.#client.admin({ method: 'PATCH', path: pathOf(id), body: { publicKey: null } }, [200], 'unpinning a device', signal);
  }

  /** The row stays, out of the list, with its key and its enrollmentId. Idempotent. */
  async retire(id: string, signal: AbortSignal): Promise<void> {
    await this.#client.admin({ method: 'DELETE', path: pathOf(id) }, [200, 204, 404], 'retiring a device', signal);
  }
}

function pathOf(id: string): string {
  return `${devicesPath}/${encodeURIComponent(id)}`;
}

/** A proxy or another server says 404 as well. */
function isMissing({ text }: HttpReply): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'error' in value && /device not found/i.test(String(value.error));
  } catch {
    return false;
  }
}

/** SHA-256 of the pinned SPKI; undefined where none is pinned, or its text is no base64. */
export function fingerprintOf({ publicKey }: Pick<MdmDevice, 'publicKey'>): string | undefined {
  if (publicKey === undefined || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(publicKey)) return undefined;
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex');
}

/** The method of an enrolment is in no column of the server. */
function identityOf(device: MdmDevice): Identity {
  const { macAddress, serialNumber, imei, androidId, model, manufacturer, osVersion } = device;
  const values = { macAddress, serialNumber, imei, androidId, model, manufacturer, osVersion };
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
}

/** A pinned key is the one auth set of a device; one that came by the shared secret has none. */
export function toServerDevice(device: MdmDevice): ServerDevice {
  const identity = identityOf(device);
  const pinned: ServerAuthSet = { id: device.id, status: device.status, identity, fingerprint: fingerprintOf(device), at: device.updatedAt };
  return {
    id: device.id,
    status: device.status,
    identity,
    decommissioning: device.status === 'unenrolling',
    authSets: device.publicKey === undefined ? [] : [pinned],
    createdAt: device.createdAt,
    updatedAt: device.updatedAt,
    checkedInAt: device.lastHeartbeat,
  };
}
