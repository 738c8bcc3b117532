import type { Identity } from '../../domain/identity';
import type { ServerAuthSet, ServerDevice } from '../../domain/ports';
import { ImprintError } from '../../domain/errors';
import { canonicalIdentity } from '../../domain/identity';
import { fingerprintOfPem } from './public-keys';
import type { DeviceReply } from './replies';
import { parseDevice, parseDevices, parseInventoryHits } from './replies';
import type { Session } from './session';

export const devicesPath = '/api/management/v2/devauth/devices';
const inventorySearchPath = '/api/management/v2/inventory/filters/search';

/** The largest page that the server gives; more is a 400. */
export const pageSize = 500;
/** A million devices; a server that has not ended by then is going round in circles. */
const mostPages = 2000;

/** An identity as the server holds it, compared by the server's own rule; undefined where it holds more than texts. */
function canonicalOfReply(data: Readonly<Record<string, unknown>>): string | undefined {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(data)) {
    // The number 5 and the text "5" are two identities to the server.
    if (typeof value !== 'string') return undefined;
    texts[name] = value;
  }
  return canonicalIdentity(texts);
}

function readableIdentity(data: Readonly<Record<string, unknown>>): Identity {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
}

/** Whether this identity is the device's or any of its auth sets'. */
function carries(device: DeviceReply, canonical: string): boolean {
  return [device.identity_data, ...(device.auth_sets ?? []).map((set) => set.identity_data)].some((data) => canonicalOfReply(data) === canonical);
}

export function toServerDevice(device: DeviceReply): ServerDevice {
  const authSets = (device.auth_sets ?? []).map((set): ServerAuthSet => ({
    id: set.id,
    status: set.status,
    identity: readableIdentity(set.identity_data),
    fingerprint: fingerprintOfPem(set.pubkey),
  }));
  return { id: device.id, status: device.status, identity: readableIdentity(device.identity_data), decommissioning: device.decommissioning, authSets };
}

/** One device with its auth sets, or undefined where it is gone. */
export async function readDevice(session: Session, id: string, signal: AbortSignal): Promise<DeviceReply | undefined> {
  const reply = await session.expect({ method: 'GET', path: `${devicesPath}/${encodeURIComponent(id)}` }, true, [200, 404], 'reading a device', signal);
  return reply.status === 404 ? undefined : parseDevice(reply);
}

/**
 * The inventory can search by identity, the device authentication cannot. Its index lags behind and needs not be
 * reachable for the account, so a hit is a hint that is checked and a miss means nothing.
 */
async function findByInventory(session: Session, identity: Identity, canonical: string, signal: AbortSignal): Promise<DeviceReply | undefined> {
  const filters = Object.entries(identity).map(([attribute, value]) => ({ scope: 'identity', attribute, type: '$eq', value }));
  const reply = await session.ask({ method: 'POST', path: inventorySearchPath, body: { page: 1, per_page: 5, filters } }, signal);
  if (reply === undefined) return undefined;
  for (const id of parseInventoryHits(reply) ?? []) {
    const device = await readDevice(session, id, signal);
    if (device !== undefined && carries(device, canonical)) return device;
  }
  return undefined;
}

/**
 * Reads the whole list. It is sorted by status and id, so a device whose status changes meanwhile can slip from a page
 * that is still to come onto one that was read: the server's 409 on preauthorizing stays the last word.
 */
async function findByList(session: Session, canonical: string, signal: AbortSignal): Promise<DeviceReply | undefined> {
  const seen = new Set<string>();
  for (let page = 1; page <= mostPages; page += 1) {
    const path = `${devicesPath}?per_page=${String(pageSize)}&page=${String(page)}`;
    const reply = await session.expect({ method: 'GET', path }, true, [200], 'reading the list of devices', signal);
    const devices = parseDevices(reply);
    for (const device of devices) {
      if (carries(device, canonical)) return device;
    }
    const before = seen.size;
    for (const device of devices) seen.add(device.id);
    // A proxy may cut pages shorter than asked; then the Link header says that there are more.
    const more = devices.length >= pageSize || (devices.length > 0 && /rel="?next"?/.test(reply.headers['link'] ?? ''));
    if (!more) return undefined;
    if (seen.size === before) break;
  }
  throw new ImprintError('server-reply-invalid', 'The server repeats the same pages of its device list, so it is not known whether this identity is there.');
}

/** The device that has this identity in any of its auth sets, or undefined. */
export async function findDevice(session: Session, identity: Identity, signal: AbortSignal): Promise<DeviceReply | undefined> {
  const canonical = canonicalIdentity(identity);
  const found = (await findByInventory(session, identity, canonical, signal)) ?? (await findByList(session, canonical, signal));
  if (found === undefined || found.auth_sets !== undefined) return found;
  return (await readDevice(session, found.id, signal)) ?? found;
}
