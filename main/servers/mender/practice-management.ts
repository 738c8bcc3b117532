import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { isObject, pagingLinks, parseJson, PracticeProblem, readPaging, requireJson } from '../practice/practice-http';
import { parseDeviceKey } from './practice-keys';
import type { PracticeRules } from './practice-rules';
import type { PracticeDevice, PracticeState } from './practice-state';

const statuses = ['accepted', 'pending', 'rejected', 'preauthorized', 'noauth'];
const noContent: PracticeReply = { status: 204 };

/** A device as the management API shows it; a conflict shows it without its auth sets. */
function shown(device: PracticeDevice, withAuthSets: boolean): Record<string, unknown> {
  const sets = device.authSets.map((set) => ({ id: set.id, identity_data: device.identity, pubkey: set.publicKey, ts: set.createdAt, status: set.status }));
  return {
    id: device.id,
    identity_data: device.identity,
    status: device.status,
    decommissioning: device.goneAt !== undefined,
    created_ts: device.createdAt,
    updated_ts: device.updatedAt,
    auth_sets: withAuthSets ? sets : null,
    ...(device.checkInAt === undefined ? {} : { check_in_time: device.checkInAt }),
  };
}

/** Device authentication, management API v2, below /api/management/v2/devauth. The caller has checked the token. */
export class PracticeManagement {
  readonly #state: PracticeState;
  readonly #rules: PracticeRules;

  constructor(state: PracticeState, rules: PracticeRules) {
    this.#state = state;
    this.#rules = rules;
  }

  /** @param path below the prefix, in parts. @returns undefined where there is no such route. @throws PracticeProblem */
  handle(request: PracticeRequest, path: readonly string[]): PracticeReply | undefined {
    const [first, second, third, fourth, fifth] = path;
    const route = `${request.method} ${String(path.length)}`;
    if (first === 'limits' && route === 'GET 2') return this.#limit(second ?? '');
    if (first !== 'devices') return undefined;
    if (route === 'GET 1') return this.#list(request, readFormFilter(request.query));
    if (route === 'POST 1') return this.#preauthorize(request);
    if (route === 'GET 2' && second === 'count') return this.#count(request.query);
    if (route === 'POST 2' && second === 'search') return this.#search(request);
    if (route === 'GET 2') return this.#read(second ?? '');
    if (route === 'DELETE 2') return withoutWords(() => { this.#rules.decommission(second ?? ''); });
    if (third !== 'auth') return undefined;
    if (route === 'DELETE 4') return withoutWords(() => { this.#rules.deleteAuthSet(second ?? '', fourth ?? ''); });
    if (fifth !== 'status') return undefined;
    if (route === 'GET 5') return this.#readStatus(second ?? '', fourth ?? '');
    if (route === 'PUT 5') return this.#setStatus(request, second ?? '', fourth ?? '');
    return undefined;
  }

  #list(request: PracticeRequest, filter: Filter): PracticeReply {
    const paging = readPaging(request.query);
    const start = (paging.page - 1) * paging.perPage;
    const found = this.#state.list(filter, start, paging.perPage + 1);
    const page = found.slice(0, paging.perPage);
    const links = pagingLinks(request, paging, found.length > page.length);
    return { status: 200, json: page.map((device) => shown(device, true)), headers: { Link: links } };
  }

  #search(request: PracticeRequest): PracticeReply {
    requireJson(request);
    readPaging(request.query);
    return this.#list(request, readBodyFilter(parseJson(request.body, 'api: malformed request body')));
  }

  #read(id: string): PracticeReply {
    const device = this.#state.device(id);
    if (device === undefined) throw new PracticeProblem(404, 'device not found');
    return { status: 200, json: shown(device, true) };
  }

  #count(query: URLSearchParams): PracticeReply {
    const status = query.get('status') ?? '';
    if (status !== '' && !statuses.includes(status)) throw new PracticeProblem(400, 'status must be one of: pending, accepted, rejected, preauthorized, noauth');
    return { status: 200, json: { count: this.#state.count(status === '' ? undefined : status) } };
  }

  #limit(name: string): PracticeReply {
    if (name !== 'max_devices') throw new PracticeProblem(400, `unsupported limit ${name}`);
    return { status: 200, json: { limit: this.#state.deviceLimit } };
  }

  #preauthorize(request: PracticeRequest): PracticeReply {
    requireJson(request);
    const prefix = 'failed to decode preauth request';
    const body = parseJson(request.body, prefix);
    if (!isObject(body)) throw new PracticeProblem(400, `${prefix}: json: cannot unmarshal into Go value of type http.preAuthReq`);
    const { identity_data: identity = null, pubkey = '', force = false } = body;
    if (identity !== null && !isObject(identity)) throw wrongType(prefix, identity, 'identity_data', 'map[string]interface {}');
    if (pubkey !== null && typeof pubkey !== 'string') throw wrongType(prefix, pubkey, 'pubkey', 'string');
    if (force !== null && typeof force !== 'boolean') throw wrongType(prefix, force, 'force', 'bool');
    const blank = [identity === null || Object.keys(identity).length === 0 ? 'identity_data: cannot be blank' : '', (pubkey ?? '') === '' ? 'pubkey: cannot be blank' : ''];
    const missing = blank.filter((sentence) => sentence !== '').join('; ');
    if (missing !== '' || identity === null) throw new PracticeProblem(400, `${prefix}: ${missing}.`);
    const key = parseDeviceKey(pubkey ?? '', prefix);
    const outcome = this.#rules.preauthorize(identity, key.pem, force ?? false);
    if ('existing' in outcome) return { status: 409, json: shown(outcome.existing, false) };
    return { status: 201, headers: { Location: `devices/${outcome.location}` } };
  }

  #readStatus(deviceId: string, setId: string): PracticeReply {
    const set = this.#state.device(deviceId)?.authSets.find((candidate) => candidate.id === setId);
    if (set === undefined) throw new PracticeProblem(404, 'authorization set not found');
    return { status: 200, json: { status: set.status } };
  }

  #setStatus(request: PracticeRequest, deviceId: string, setId: string): PracticeReply {
    requireJson(request);
    const body = parseJson(request.body, 'failed to decode status data');
    const status = isObject(body) ? body['status'] : undefined;
    this.#rules.setStatus(deviceId, setId, typeof status === 'string' ? status : '');
    return noContent;
  }
}

interface Filter {
  readonly status: readonly string[];
  readonly id: readonly string[];
}

function readFormFilter(query: URLSearchParams): Filter {
  const status = query.getAll('status');
  if (status.some((candidate) => !statuses.includes(candidate))) {
    throw new PracticeProblem(400, 'filter status must be one of: accepted, pending, rejected, preauthorized or noauth');
  }
  return { status, id: query.getAll('id') };
}

/** The body of /devices/search holds `status` and `id`, each a text or a list of texts, and nothing else counts. */
function readBodyFilter(body: unknown): Filter {
  const list = (name: string): string[] => {
    const value = isObject(body) ? (body[name] ?? []) : [];
    const values: unknown[] = Array.isArray(value) ? value : [value];
    return values.map((one) => {
      if (typeof one !== 'string') throw new PracticeProblem(400, `api: malformed request body: invalid JSON type for '${name}': must be string or []string`);
      return one;
    });
  };
  return { status: list('status'), id: list('id') };
}

function wrongType(prefix: string, value: unknown, field: string, type: string): PracticeProblem {
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return new PracticeProblem(400, `${prefix}: json: cannot unmarshal ${found} into Go struct field preAuthReq.${field} of type ${type}`);
}

/** The real service sends nothing with the 404 of a DELETE. */
function withoutWords(work: () => void): PracticeReply {
  try {
    work();
    return noContent;
  } catch (thrown) {
    if (thrown instanceof PracticeProblem && thrown.status === 404) return { status: 404 };
    throw thrown;
  }
}
