import { timingSafeEqual } from 'node:crypto';
import type { Clock, Randomness } from '../../domain/ports';
import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { isObject, PracticeProblem } from '../practice/practice-http';
import type { HawkBitTarget, PracticeBridgeState } from './practice-state';

export interface PracticeCredentials {
  readonly username: string;
  readonly password: string;
}

interface NewTarget {
  readonly controllerId: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** A refusal with hawkBit's error code, which is part of its answer. */
class HawkBitProblem extends PracticeProblem {
  constructor(
    status: number,
    readonly errorCode: string,
    readonly exceptionClass: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(status, message, headers);
  }
}

const prefix = '/rest/v1/targets';
const contentType = 'application/hal+json;charset=UTF-8';
const exceptions = 'org.eclipse.hawkbit.repository.exception';
// The missing letters are hawkBit's own.
const notFound = (id: string): HawkBitProblem =>
  new HawkBitProblem(404, 'hawkbit.server.error.repo.entitiyNotFound', `${exceptions}.EntityNotFoundException`, `Target with given identifier {${id}} does not exist.`);
const alreadyExists = (): HawkBitProblem =>
  new HawkBitProblem(409, 'hawkbit.server.error.repo.entitiyAlreadyExists', `${exceptions}.EntityAlreadyExistsException`, 'The given entity already exists in database');
const unreadable = (): HawkBitProblem =>
  new HawkBitProblem(400, 'hawkbit.server.error.rest.body.notReadable', `${exceptions}.MessageNotReadableException`, 'The given request body is not well formed');
const badQuery = (field: string): HawkBitProblem =>
  new HawkBitProblem(400, 'hawkbit.server.error.rest.param.rsqlParamSyntax', `${exceptions}.RSQLParameterSyntaxException`, `The practice server does not know the query: ${field}`);

/** How hawkBit answers no; a wrong password gets no body at all. */
export function hawkBitProblem(problem: PracticeProblem): PracticeReply {
  if (problem.status === 401) return { status: 401, headers: problem.headers };
  const { errorCode, exceptionClass } = problem instanceof HawkBitProblem ? problem : { errorCode: 'hawkbit.server.error.repo.genericError', exceptionClass: `${exceptions}.GenericSpServerException` };
  return { status: problem.status, json: { exceptionClass, errorCode, message: problem.message }, contentType, headers: problem.headers };
}

/** The target of this device, made where there is none. @throws PracticeProblem never for a new id */
export function ensureTarget(state: PracticeBridgeState, wanted: NewTarget, clock: Clock, randomness: Randomness): HawkBitTarget {
  const known = state.target(wanted.controllerId);
  if (known !== undefined) return known;
  const now = clock.now().getTime();
  const target: HawkBitTarget = {
    controllerId: wanted.controllerId,
    name: wanted.name ?? wanted.controllerId,
    description: wanted.description,
    securityToken: randomness.uuid().replaceAll('-', ''),
    createdAt: now,
    lastModifiedAt: now,
    updateStatus: 'unknown',
    attributes: { ...wanted.attributes },
  };
  state.saveTarget(target);
  return target;
}

/** hawkBit's management API as far as targets go. */
export class PracticeHawkBit {
  readonly #state: PracticeBridgeState;
  readonly #user: PracticeCredentials;
  readonly #clock: Clock;
  readonly #randomness: Randomness;

  constructor(state: PracticeBridgeState, user: PracticeCredentials, clock: Clock, randomness: Randomness) {
    this.#state = state;
    this.#user = user;
    this.#clock = clock;
    this.#randomness = randomness;
  }

  /** @throws PracticeProblem 400, 401, 404, 405, 409 */
  handle(request: PracticeRequest): PracticeReply {
    this.#authenticate(request);
    if (request.path === prefix && request.method === 'GET') return this.#list(request.query);
    if (request.path === prefix && request.method === 'POST') return this.#create(request.body);
    const found = /^\/rest\/v1\/targets\/([^/]+)(\/attributes)?$/.exec(request.path);
    if (found === null) throw new PracticeProblem(request.path === prefix ? 405 : 404, 'Not Found');
    const id = decodeURIComponent(found[1] ?? '');
    const target = this.#state.target(id);
    if (target === undefined) throw notFound(id);
    switch (`${request.method} ${found[2] ?? ''}`) {
      case 'GET ':
        return { status: 200, json: shown(target), contentType };
      case 'PUT ':
        return this.#change(target, request.body);
      case 'DELETE ':
        this.#state.removeTarget(id);
        return { status: 200 };
      case 'GET /attributes':
        return { status: 200, json: target.attributes, contentType };
      case 'PUT /attributes':
        return this.#putAttributes(target, request.body);
      default:
        throw new PracticeProblem(405, 'Method Not Allowed');
    }
  }

  /** @param at milliseconds since 1970 */
  polled(controllerId: string, at: number): void {
    const target = this.#state.target(controllerId);
    if (target === undefined) return;
    const updateStatus = target.updateStatus === 'unknown' ? 'registered' : target.updateStatus;
    this.#state.saveTarget({ ...target, lastControllerRequestAt: at, updateStatus });
  }

  #authenticate(request: PracticeRequest): void {
    const expected = `Basic ${Buffer.from(`${this.#user.username}:${this.#user.password}`).toString('base64')}`;
    const given = request.headers.authorization ?? '';
    const same = given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
    if (!same) throw new PracticeProblem(401, 'Unauthorized', { 'WWW-Authenticate': 'Basic realm="hawkBit"' });
  }

  /** Of the query language only `controllerId==ID` (or `id==ID`), which is how one device is asked for. */
  #list(query: URLSearchParams): PracticeReply {
    const whole = (name: string, usual: number): number => {
      const text = query.get(name) ?? '';
      return /^\d+$/.test(text) ? Number(text) : usual;
    };
    const offset = whole('offset', 0);
    const limit = Math.min(whole('limit', 50), 500);
    const filter = query.get('q');
    const wanted = filter === null ? undefined : /^(?:controllerid|id)==['"]?([^'"*;,]+?)['"]?$/i.exec(filter)?.[1];
    if (filter !== null && wanted === undefined) throw badQuery(filter);
    const one = wanted === undefined ? undefined : this.#state.target(wanted);
    const found = wanted === undefined ? this.#state.targets() : one === undefined ? [] : [one];
    const content = found.slice(offset, offset + limit).map(shown);
    return { status: 200, json: { content, total: found.length, size: content.length }, contentType };
  }

  #create(body: Buffer): PracticeReply {
    const wanted = parse(body);
    if (!Array.isArray(wanted)) throw unreadable();
    const targets = wanted.map(readTarget);
    const ids = targets.map(({ controllerId }) => controllerId);
    if (new Set(ids).size < ids.length || ids.some((id) => this.#state.target(id) !== undefined)) throw alreadyExists();
    return { status: 201, json: targets.map((target) => shown(ensureTarget(this.#state, target, this.#clock, this.#randomness))), contentType };
  }

  #change(target: HawkBitTarget, body: Buffer): PracticeReply {
    const wanted = parse(body);
    if (!isObject(wanted)) throw unreadable();
    const { name = target.name, description = target.description } = wanted;
    if (typeof name !== 'string' || (description !== undefined && typeof description !== 'string')) throw unreadable();
    const changed: HawkBitTarget = { ...target, name, description, lastModifiedAt: this.#clock.now().getTime() };
    this.#state.saveTarget(changed);
    return { status: 200, json: shown(changed), contentType };
  }

  #putAttributes(target: HawkBitTarget, body: Buffer): PracticeReply {
    const wanted = parse(body);
    if (!isObject(wanted)) throw unreadable();
    const attributes = Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, String(value)]));
    this.#state.saveTarget({ ...target, attributes: { ...target.attributes, ...attributes }, lastModifiedAt: this.#clock.now().getTime() });
    return { status: 200 };
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw unreadable();
  }
}

function readTarget(value: unknown): NewTarget {
  if (!isObject(value)) throw unreadable();
  const { controllerId, name, description } = value;
  const isText = (field: unknown): field is string | undefined => field === undefined || typeof field === 'string';
  if (typeof controllerId !== 'string' || controllerId === '' || !isText(name) || !isText(description)) throw unreadable();
  return { controllerId, name, description };
}

function shown(target: HawkBitTarget): Record<string, unknown> {
  const { attributes: _attributes, ...fields } = target;
  const self = `${prefix}/${encodeURIComponent(target.controllerId)}`;
  return { createdBy: 'practice', lastModifiedBy: 'practice', requestAttributes: true, ...fields, _links: { self: { href: self }, attributes: { href: `${self}/attributes` } } };
}
