import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Randomness } from '../../domain/ports';
import { ImprintError } from '../../domain/errors';
import type { CertificateWishes } from './practice-certificates';
import { issueServerCertificate, openAuthority } from './practice-certificates';
import { answerAuthRequest } from './practice-devices';
import type { FaultAction } from './practice-faults';
import { PracticeFaults } from './practice-faults';
import type { PracticeReply, PracticeRequest } from './practice-http';
import { PracticeProblem, readBody, replyOfProblem, requireJson, sendReply } from './practice-http';
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

  const listener: RequestListener = (incoming, response) => {
    answer(incoming, response).then(
      (status) => options.onRequest?.(incoming.method ?? '', pathOf(incoming), status),
      () => incoming.socket.destroy(),
    );
  };

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<number> {
    const fault = faults.take(incoming.method ?? '', pathOf(incoming));
    const header = incoming.headers['x-men-requestid'];
    const requestId = typeof header === 'string' && header !== '' ? header : randomness.uuid();
    let reply: PracticeReply;
    try {
      const body = await readBody(incoming);
      const early = beforeProcessing(fault, incoming);
      if (early === 'nothing') return 0;
      state.sweep(clock.now());
      reply = early ?? router.handle({ method: incoming.method ?? '', path: pathOf(incoming), query: queryOf(incoming), headers: incoming.headers, body, requestId });
      await state.flush();
    } catch (thrown) {
      const problem = thrown instanceof PracticeProblem ? thrown : new PracticeProblem(500, 'internal error');
      reply = replyOfProblem(problem, requestId);
    }
    if (fault?.kind === 'slow') await sleep(fault.milliseconds, undefined, { ref: false });
    if (fault?.kind === 'replaced-reply') reply = { status: fault.status };
    if (fault?.kind === 'lost-reply') {
      incoming.socket.destroy();
      return 0;
    }
    if (fault?.kind === 'half-reply') await sendHalf(response, reply);
    else sendReply(response, reply, requestId);
    return reply.status;
  }

  const server = createListener(listener);
  function createListener(handle: RequestListener): Server {
    if (issued === undefined) return createServer(handle);
    return createTlsServer({ key: issued.key, cert: issued.pem, minVersion: 'TLSv1.2' }, handle);
  }
  const port = await listen(server, options.port);
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
      const closed = new Promise<void>((resolve) => server.close(() => { resolve(); }));
      server.closeAllConnections();
      await closed;
      await state.close();
    },
  };
}

/** What a fault answers instead of processing; 'nothing' where nothing is answered at all. */
function beforeProcessing(fault: FaultAction | undefined, incoming: IncomingMessage): PracticeReply | 'nothing' | undefined {
  if (fault?.kind === 'reply') return { status: fault.status, headers: fault.headers, text: fault.text, contentType: fault.contentType };
  if (fault?.kind === 'reset') incoming.socket.destroy();
  return fault?.kind === 'reset' || fault?.kind === 'silence' ? 'nothing' : undefined;
}

/** Announces more than it sends, and is gone. */
function sendHalf(response: ServerResponse, reply: PracticeReply): Promise<void> {
  const text = reply.text ?? (reply.json === undefined ? '' : JSON.stringify(reply.json));
  response.writeHead(reply.status, { ...reply.headers, 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': String(Buffer.byteLength(text) + 10) });
  return new Promise((resolve) => {
    response.write(`${text.slice(0, text.length / 2)} `, () => {
      response.socket?.destroy();
      resolve();
    });
  });
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

function pathOf(incoming: IncomingMessage): string {
  return (incoming.url ?? '/').split('?')[0] ?? '/';
}

function queryOf(incoming: IncomingMessage): URLSearchParams {
  return new URLSearchParams((incoming.url ?? '').split('?').slice(1).join('?'));
}

/** SECURITY: on the loopback interface only; nobody else on the network can reach a practice server. */
function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new ImprintError('usage', `The practice server cannot listen on port ${String(port)}: ${cause.message}.`, { field: 'port', expected: 'a free port, or 0', cause }));
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
