import { timingSafeEqual } from 'node:crypto';
import type { Clock, Randomness } from '../../domain/ports';
import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { isObject, PracticeProblem } from '../practice/practice-http';
import type { PracticeCredentials } from './practice-hawkbit';
import type { PracticeBridgeState, ThingsBoardDevice } from './practice-state';

/** ThingsBoard's error codes (ThingsboardErrorCode): they say more than the status does. */
const errorCodes: Readonly<Record<number, number>> = { 400: 31, 401: 10, 403: 20, 404: 32 };
const expiredToken = 11;
/** Lifetime of an access token: 2.5 hours, as ThingsBoard has it unless told. */
const tokenLifetimeMs = 9_000_000;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

class ExpiredToken extends PracticeProblem {
  constructor() {
    super(401, 'Token has expired');
  }
}

/** ThingsBoard's REST API as far as one device and its connection go. */
export class PracticeThingsBoard {
  readonly #state: PracticeBridgeState;
  readonly #user: PracticeCredentials;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #tenantId: string;
  /** Token to the end of its life, in milliseconds since 1970. Not kept over a restart. */
  readonly #tokens = new Map<string, number>();

  constructor(state: PracticeBridgeState, user: PracticeCredentials, clock: Clock, randomness: Randomness) {
    this.#state = state;
    this.#user = user;
    this.#clock = clock;
    this.#randomness = randomness;
    this.#tenantId = randomness.uuid();
  }

  /** How ThingsBoard answers no. */
  problem(problem: PracticeProblem): PracticeReply {
    const errorCode = problem instanceof ExpiredToken ? expiredToken : (errorCodes[problem.status] ?? 2);
    return { status: problem.status, json: { status: problem.status, message: problem.message, errorCode, timestamp: this.#now() }, contentType: 'application/json', headers: problem.headers };
  }

  /** @throws PracticeProblem 400, 401, 404 */
  handle(request: PracticeRequest): PracticeReply {
    const route = `${request.method} ${request.path}`;
    if (route === 'POST /api/auth/login') return this.#logIn(request.body);
    this.#authenticate(request);
    if (route === 'GET /api/tenant/devices') return this.#byName(request.query.get('deviceName'));
    const one = /^\/api\/device\/([^/]+)$/.exec(request.path);
    if (one !== null && request.method === 'GET') return { status: 200, json: this.#shown(this.#device(one[1] ?? '')), contentType: 'application/json' };
    if (one !== null && request.method === 'DELETE') {
      this.#state.removeBoardDevice(this.#device(one[1] ?? '').id);
      return { status: 200 };
    }
    const attributes = /^\/api\/plugins\/telemetry\/DEVICE\/([^/]+)\/values\/attributes\/SERVER_SCOPE$/.exec(request.path);
    if (attributes !== null && request.method === 'GET') return serverAttributes(this.#device(attributes[1] ?? ''), request.query.get('keys'));
    throw new PracticeProblem(404, 'Not Found');
  }

  /** The device's first MQTT connection makes it, each later one is noted. @param at milliseconds since 1970 */
  connected(name: string, at: number): void {
    const known = this.#state.boardDeviceByName(name);
    const device = known ?? { id: this.#randomness.uuid(), name, createdTime: at, lastConnectTime: at, lastActivityTime: at, active: true };
    this.#state.saveBoardDevice({ ...device, lastConnectTime: at, lastActivityTime: at, active: true });
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  #logIn(body: Buffer): PracticeReply {
    let given: unknown;
    try {
      given = JSON.parse(body.toString('utf8'));
    } catch {
      throw new PracticeProblem(400, 'Invalid login request');
    }
    const { username, password } = isObject(given) ? given : {};
    if (typeof username !== 'string' || typeof password !== 'string' || username === '' || password === '') throw new PracticeProblem(401, 'Username or Password not provided');
    const right = Buffer.from(JSON.stringify([this.#user.username, this.#user.password]));
    const offered = Buffer.from(JSON.stringify([username, password]));
    if (offered.length !== right.length || !timingSafeEqual(offered, right)) throw new PracticeProblem(401, 'Invalid username or password');
    const newToken = (): string => `${this.#randomness.uuid()}${this.#randomness.uuid()}`.replaceAll('-', '');
    const token = newToken();
    this.#tokens.set(token, this.#now() + tokenLifetimeMs);
    return { status: 200, json: { token, refreshToken: newToken() }, contentType: 'application/json' };
  }

  #authenticate(request: PracticeRequest): void {
    const header = request.headers['x-authorization'] ?? request.headers.authorization;
    const token = typeof header === 'string' ? /^Bearer (\S+)$/.exec(header)?.[1] : undefined;
    const ends = token === undefined ? undefined : this.#tokens.get(token);
    if (ends === undefined) throw new PracticeProblem(401, 'Authentication failed');
    if (ends <= this.#now()) throw new ExpiredToken();
  }

  #byName(name: string | null): PracticeReply {
    if (name === null) throw new PracticeProblem(400, 'Required request parameter \'deviceName\' for method parameter type String is not present');
    const device = this.#state.boardDeviceByName(name);
    if (device === undefined) throw new PracticeProblem(404, 'Requested item wasn\'t found!');
    return { status: 200, json: this.#shown(device), contentType: 'application/json' };
  }

  #device(id: string): ThingsBoardDevice {
    if (!uuid.test(id)) throw new PracticeProblem(400, `Invalid UUID string: ${id}`);
    const device = this.#state.boardDevice(id.toLowerCase());
    if (device === undefined) throw new PracticeProblem(404, `Device with id [${id}] is not found`);
    return device;
  }

  #shown({ id, name, createdTime }: ThingsBoardDevice): Record<string, unknown> {
    return {
      id: { entityType: 'DEVICE', id },
      createdTime,
      tenantId: { entityType: 'TENANT', id: this.#tenantId },
      name,
      type: 'default',
      label: null,
      additionalInfo: null,
    };
  }
}

function serverAttributes(device: ThingsBoardDevice, keys: string | null): PracticeReply {
  const { active, lastConnectTime, lastActivityTime } = device;
  const all = Object.entries({ active, lastConnectTime, lastActivityTime });
  const wanted = keys === null || keys === '' ? undefined : keys.split(',');
  const shown = all.filter(([key]) => wanted?.includes(key) ?? true).map(([key, value]) => ({ lastUpdateTs: lastConnectTime, key, value }));
  return { status: 200, json: shown, contentType: 'application/json' };
}
