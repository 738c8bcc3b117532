import type { Clock, Randomness } from '../../domain/ports';
import { ImprintError } from '../../domain/errors';
import type { CertificateWishes } from '../practice/practice-certificates';
import { issueServerCertificate, openAuthority } from '../practice/practice-certificates';
import { answerAuthRequest } from './practice-devices';
import { PracticeFaults } from '../practice/practice-faults';
import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { requireJson } from '../practice/practice-http';
import { startPracticeListener } from '../practice/practice-listener';
import { searchInventory } from './practice-inventory';
import { PracticeManagement } from './practice-management';
import { PracticeRules } from './practice-rules';
import { PracticeState } from './practice-state';
import type { PracticeUser } from './practice-users';
import { openSigningSecret, PracticeUsers } from './practice-users';

export interface PracticeServerOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** Where state and authority are kept; without it they end with the server. One server per folder. */
  readonly folder?: string | undefined;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly tls: boolean;
  /** Who may sign in; without any one user with a password for this run only. */
  readonly users?: readonly PracticeUser[] | undefined;
  readonly faults?: PracticeFaults | undefined;
  /** How long a decommissioned device is still there, in milliseconds; 300 unless told. */
  readonly decommissioning?: number | undefined;
  readonly certificate?: CertificateWishes | undefined;
  /** Told about every request when it is answered; `status` is 0 where no answer was sent. */
  readonly onRequest?: ((method: string, path: string, status: number) => void) | undefined;
}

export interface PracticeServer {
  /** `https://127.0.0.1:PORT`, or http without TLS. */
  readonly url: string;
  readonly port: number;
  /** What a client must trust; undefined without TLS. */
  readonly certificateAuthorityPem: string | undefined;
  readonly username: string;
  readonly password: string;
  readonly faults: PracticeFaults;
  /** How many devices may be accepted; -1 for any number. Not kept over a restart. */
  setDeviceLimit(limit: number): void;
  close(): Promise<void>;
}

const managementPrefix = /^\/api\/management\/v2\/devauth\//;

/**
 * Starts a Mender server for practice and tests on the loopback interface: the parts of device authentication, user
 * administration and inventory that the station and a device use, with the real rules and the real words.
 *
 * @throws ImprintError usage where the port is taken; record-corrupt where the folder cannot be read
 */
export async function startPracticeServer(options: PracticeServerOptions): Promise<PracticeServer> {
  const { clock, randomness } = options;
  const users = options.users ?? [{ username: 'practice@imprint.test', password: randomness.uuid() }];
  const [user] = users;
  if (user === undefined) throw new ImprintError('usage', 'A practice server needs at least one user.');
  const faults = options.faults ?? new PracticeFaults();
  const state = await PracticeState.open(options.folder);
  const authority = options.tls ? await openAuthority(options.folder, clock, randomness) : undefined;
  const issued = authority === undefined ? undefined : await issueServerCertificate(authority, clock, randomness, options.certificate);
  const accounts = new PracticeUsers(users, await openSigningSecret(options.folder), state, clock, randomness);
  const rules = new PracticeRules(state, { clock, randomness, decommissioning: options.decommissioning ?? 300 });
  const router = new Router(state, rules, accounts);

  const listener = await startPracticeListener({
    port: options.port,
    tls: issued === undefined ? undefined : { key: issued.key, cert: issued.pem },
    faults,
    requestId: (incoming) => {
      const header = incoming.headers['x-men-requestid'];
      return typeof header === 'string' && header !== '' ? header : randomness.uuid();
    },
    async handle(request) {
      state.sweep(clock.now());
      const reply = router.handle(request);
      await state.flush();
      return reply;
    },
    problem: (problem, requestId) => ({ status: problem.status, json: { error: problem.message, request_id: requestId }, headers: problem.headers }),
    headers: (requestId) => ({ 'X-Men-Requestid': requestId }),
    onRequest: options.onRequest,
  });
  const { port } = listener;
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${String(port)}`,
    port,
    certificateAuthorityPem: authority?.pem,
    username: user.username,
    password: user.password,
    faults,
    setDeviceLimit: (limit) => {
      state.deviceLimit = limit;
    },
    close: async () => {
      await listener.close();
      await state.close();
    },
  };
}

class Router {
  readonly #state: PracticeState;
  readonly #rules: PracticeRules;
  readonly #users: PracticeUsers;
  readonly #management: PracticeManagement;

  constructor(state: PracticeState, rules: PracticeRules, users: PracticeUsers) {
    this.#state = state;
    this.#rules = rules;
    this.#users = users;
    this.#management = new PracticeManagement(state, rules);
  }

  /** @throws PracticeProblem */
  handle(request: PracticeRequest): PracticeReply {
    switch (`${request.method} ${request.path}`) {
      case 'POST /api/devices/v1/authentication/auth_requests':
        return answerAuthRequest(request, this.#rules, this.#users);
      case 'POST /api/management/v1/useradm/auth/login':
        requireJson(request);
        return { status: 200, text: this.#users.logIn(request), contentType: 'application/jwt' };
    }
    const found = request.path.startsWith('/api/management/') ? this.#manage(request, this.#users.authenticate(request)) : undefined;
    return found ?? { status: 404, text: '404 page not found' };
  }

  #manage(request: PracticeRequest, username: string): PracticeReply | undefined {
    if (managementPrefix.test(request.path)) {
      return this.#management.handle(request, request.path.replace(managementPrefix, '').split('/').map(decodeURIComponent));
    }
    const tokens = '/api/management/v1/useradm/settings/tokens';
    switch (`${request.method} ${request.path}`) {
      case 'POST /api/management/v2/inventory/filters/search':
        return searchInventory(request, this.#state);
      case `GET ${tokens}`:
        return { status: 200, json: this.#users.listTokens(username) };
      case `POST ${tokens}`:
        requireJson(request);
        return { status: 200, text: this.#users.issueToken(username, request.body), contentType: 'application/jwt' };
    }
    if (request.method === 'DELETE' && request.path.startsWith(`${tokens}/`)) {
      this.#users.removeToken(username, decodeURIComponent(request.path.slice(tokens.length + 1)));
      return { status: 204 };
    }
    return undefined;
  }
}
