import type { Identity } from '../../domain/identity';
import type { ServerAuthSet, ServerCapacity, ServerDevice, ServerDevicesQuery } from '../../domain/ports';
import { ImprintError } from '../../domain/errors';
import { canonicalIdentity } from '../../domain/identity';
import type { HttpRequest } from '../http/http-exchange';
import { refusalOfReply } from '../http/http-failures';
import type { IdentityIndex, IndexedDevice, ListReader } from './identity-index';
import { fingerprintOfPem } from './public-keys';
import type { DeviceReply } from './replies';
import { parseCount, parseDevice, parseDevices, parseInventoryHits, parseLimit } from './replies';
import type { Session } from './session';

export const devicesPath = '/api/management/v2/devauth/devices';
const limitPath = '/api/management/v2/devauth/limits/max_devices';
const inventorySearchPath = '/api/management/v2/inventory/filters/search';

/** The largest page that the server gives; more is a 400. */
export const pageSize = 500;
/** Ids in one address: together about 4 KB, which every proxy lets through. */
const idsInAddress = 100;
/** A million devices; a server that has not ended by then is going round in circles. */
const mostPages = 2000;

/** An identity as the server holds it, compared by the server's own rule; undefined where it holds more than texts. */
function canonicalOfReply(data: Readonly<Record<string, unknown>>): string | undefined {
  const texts: [string, string][] = [];
  for (const [name, value] of Object.entries(data)) {
    // The number 5 and the text "5" are two identities to the server.
    if (typeof value !== 'string') return undefined;
    texts.push([name, value]);
  }
  return canonicalIdentity(Object.fromEntries(texts));
}

function readableIdentity(data: Readonly<Record<string, unknown>>): Identity {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
}

/** The identities of a device and of all its auth sets, each once. */
function identitiesOf(device: DeviceReply): readonly string[] {
  const all = [device.identity_data, ...(device.auth_sets ?? []).map((set) => set.identity_data)].map(canonicalOfReply);
  return [...new Set(all)].filter((identity) => identity !== undefined);
}

export function toServerDevice(device: DeviceReply): ServerDevice {
  const authSets = (device.auth_sets ?? []).map((set): ServerAuthSet => ({
    id: set.id,
    status: set.status,
    identity: readableIdentity(set.identity_data),
    fingerprint: fingerprintOfPem(set.pubkey),
    at: set.ts,
  }));
  return {
    id: device.id,
    status: device.status,
    identity: readableIdentity(device.identity_data),
    decommissioning: device.decommissioning,
    authSets,
    createdAt: device.created_ts,
    updatedAt: device.updated_ts,
    checkedInAt: device.check_in_time,
  };
}

/** The server's devices as one connection reads them. */
export class Devices implements ListReader {
  readonly #session: Session;
  readonly #index: IdentityIndex;
  /** False once the server said that it has no search by body, or that this account may not use it. */
  #searches = true;

  constructor(session: Session, index: IdentityIndex) {
    this.#session = session;
    this.#index = index;
  }

  /** One device with its auth sets, or undefined where it is gone. */
  async read(id: string, signal: AbortSignal): Promise<DeviceReply | undefined> {
    const reply = await this.#session.expect({ method: 'GET', path: `${devicesPath}/${encodeURIComponent(id)}` }, true, [200, 404], 'reading a device', signal);
    return reply.status === 404 ? undefined : parseDevice(reply);
  }

  /**
   * The list, page by page. It is sorted by status and id, so a device whose status changes meanwhile can come twice, or slip
   * from a page that is still to come onto one that was read.
   */
  async *pages(query: ServerDevicesQuery, signal: AbortSignal): AsyncGenerator<readonly DeviceReply[]> {
    const { ids, statuses = [] } = query;
    if (ids === undefined) {
      yield* this.#pagesOf((page) => addressed([], statuses, page), signal);
      return;
    }
    const wanted = [...new Set(ids)];
    for (let at = 0; at < wanted.length; ) {
      if (this.#searches) {
        const portion = wanted.slice(at, at + pageSize);
        this.#searches = yield* this.#pagesOf((page) => ({ method: 'POST', path: `${devicesPath}/search?${paging(page)}`, body: { id: portion, ...(statuses.length === 0 ? {} : { status: statuses }) } }), signal, [403, 404, 405]);
        if (this.#searches) at += portion.length;
        continue;
      }
      // Older servers have no search, and an account that may only look has no right to POST.
      const portion = wanted.slice(at, at + idsInAddress);
      yield* this.#pagesOf((page) => addressed(portion, statuses, page), signal);
      at += portion.length;
    }
  }

  /**
   * @param without statuses with which a server says that it has no such search
   * @returns false where it said so; then nothing was yielded
   */
  async *#pagesOf(requestOf: (page: number) => HttpRequest, signal: AbortSignal, without: readonly number[] = []): AsyncGenerator<readonly DeviceReply[], boolean> {
    const seen = new Set<string>();
    for (let page = 1; page <= mostPages; page += 1) {
      const reply = await this.#session.send(requestOf(page), true, signal);
      if (without.includes(reply.status) && page === 1) return false;
      if (reply.status !== 200) throw refusalOfReply(reply, 'reading the list of devices');
      const devices = parseDevices(reply);
      const [first, last] = [devices[0], devices.at(-1)];
      if (first === undefined || last === undefined) return true;
      // No two pages begin and end with the same devices, unless the server goes round in circles.
      const ends = `${first.id} ${last.id}`;
      if (seen.has(ends)) break;
      seen.add(ends);
      yield devices;
      // A proxy may cut pages shorter than asked, or take the Link header away; not both.
      const link = reply.headers['link'];
      if (link === undefined ? devices.length < pageSize : !/rel="?next"?/.test(link)) return true;
    }
    throw new ImprintError('server-reply-invalid', 'The server repeats the same pages of its device list, so it is not known which devices it has.');
  }

  async *indexedDevices(signal: AbortSignal): AsyncGenerator<readonly IndexedDevice[]> {
    for await (const page of this.pages({}, signal)) yield page.map((device) => ({ id: device.id, identities: identitiesOf(device) }));
  }

  /**
   * The device that has this identity in any of its auth sets, or undefined. The answer may be some minutes old where it is
   * no: the server's 409 on preauthorizing stays the last word.
   */
  async find(identity: Identity, signal: AbortSignal): Promise<DeviceReply | undefined> {
    const canonical = canonicalIdentity(identity);
    for (const id of await this.#inventoryHits(identity, signal)) {
      const device = await this.#readIfStill(id, canonical, signal);
      if (device !== undefined) return device;
    }
    const id = await this.#index.find(canonical, this, signal);
    if (id === undefined) return undefined;
    const device = await this.#readIfStill(id, canonical, signal);
    if (device === undefined) this.#index.remove(canonical);
    return device;
  }

  async #readIfStill(id: string, canonical: string, signal: AbortSignal): Promise<DeviceReply | undefined> {
    const device = await this.read(id, signal);
    return device !== undefined && identitiesOf(device).includes(canonical) ? device : undefined;
  }

  /**
   * The inventory can search by identity, the device authentication cannot. Its own index lags behind and needs not be
   * reachable for the account, so a hit is a hint that is checked and a miss means nothing.
   */
  async #inventoryHits(identity: Identity, signal: AbortSignal): Promise<readonly string[]> {
    const filters = Object.entries(identity).map(([attribute, value]) => ({ scope: 'identity', attribute, type: '$eq', value }));
    const reply = await this.#session.ask({ method: 'POST', path: inventorySearchPath, body: { page: 1, per_page: 5, filters } }, signal);
    return reply === undefined ? [] : (parseInventoryHits(reply) ?? []);
  }

  async capacity(signal: AbortSignal): Promise<ServerCapacity> {
    const accepted = await this.#session.expect({ method: 'GET', path: `${devicesPath}/count?status=accepted` }, true, [200], 'counting the accepted devices', signal);
    const limit = await this.#session.expect({ method: 'GET', path: limitPath }, true, [200], 'reading the limit of devices', signal);
    return { accepted: parseCount(accepted), limit: parseLimit(limit) };
  }

  /** Makes an identity of ours known to the index without reading the list. */
  remember(identity: Identity, id: string): void {
    this.#index.add(canonicalIdentity(identity), id);
  }

  forget(device: DeviceReply): void {
    for (const identity of identitiesOf(device)) this.#index.remove(identity);
  }
}

function paging(page: number): string {
  return `per_page=${String(pageSize)}&page=${String(page)}`;
}

function addressed(ids: readonly string[], statuses: readonly string[], page: number): HttpRequest {
  const filters = [...ids.map((id) => `&id=${encodeURIComponent(id)}`), ...statuses.map((status) => `&status=${encodeURIComponent(status)}`)];
  return { method: 'GET', path: `${devicesPath}?${paging(page)}${filters.join('')}` };
}
