import type { Clock, Secrets } from '../../domain/ports';
import type { SecretReference } from '../../domain/profile';
import { ImprintError } from '../../domain/errors';
import type { HttpClient } from '../http/http-client';
import type { HttpReply, HttpRequest } from '../http/http-exchange';
import type { Patience } from '../http/patience';
import { exchangePatiently, httpDate } from '../http/patience';
import { printableWords, serverWords } from '../http/server-words';
import { refusalOfMdm } from './refusals';
import { protocolHeader, protocolVersion } from './replies';

/** What the server's HMAC check allows between its clock and the request's, in seconds (@openmdm/core 0.11). */
const mostSkewSeconds = 900;

export interface MdmClientParts {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly patience: Patience;
  readonly protocol: 1 | 2;
  readonly secrets: Secrets;
  readonly adminToken: SecretReference | undefined;
}

/** One OpenMDM server: as an agent speaks to it, and as its admin. */
export class MdmClient {
  readonly #parts: MdmClientParts;

  constructor(parts: MdmClientParts) {
    this.#parts = parts;
  }

  get isAdmin(): boolean {
    return this.#parts.adminToken !== undefined;
  }

  /**
   * A request of the agent's part.
   *
   * @param repeat whether it changes nothing and may be sent again without asking
   * @param token of the device, where it has one
   * @throws ExchangeFailure; ImprintError server-busy, cancelled
   */
  agent(request: HttpRequest, repeat: boolean, signal: AbortSignal, token?: string): Promise<HttpReply> {
    const { client, patience, clock, protocol } = this.#parts;
    const headers = { ...request.headers, ...(protocol === 2 ? { [protocolHeader]: protocolVersion } : {}) };
    const send = async (): Promise<HttpReply> => asTooMany(await client.exchange({ ...request, headers }, token === undefined ? undefined : `Bearer ${token}`, signal));
    return exchangePatiently(send, { repeat, patience, clock }, signal);
  }

  /**
   * A request of the admin's part; every status but these is an error.
   *
   * @throws ExchangeFailure; ImprintError server-sign-in-refused, server-refused, server-busy, credential-missing, cancelled
   */
  async admin(request: HttpRequest, statuses: readonly number[], doing: string, signal: AbortSignal): Promise<HttpReply> {
    const { client, patience, clock, secrets, adminToken } = this.#parts;
    if (adminToken === undefined) throw new ImprintError('server-refused', blindSentence, { field: 'server.options.adminToken' });
    const token = (await secrets.resolve(adminToken)).trim();
    // All of them may be repeated: a row that is changed or retired twice is as if once.
    const reply = await exchangePatiently(() => client.exchange(request, `Bearer ${token}`, signal), { repeat: true, patience, clock }, signal);
    if (statuses.includes(reply.status)) return reply;
    if (reply.status === 401 || reply.status === 403) {
      secrets.forget(adminToken);
      const words = serverWords(reply);
      const said = words === undefined ? `status ${String(reply.status)}` : `${String(reply.status)}: ${words}`;
      throw new ImprintError('server-sign-in-refused', `The server does not take the admin token of the profile (${said}) while ${doing}; ask whoever runs the server for one that may read and change devices.`, { field: 'server.options.adminToken' });
    }
    throw refusalOfMdm(reply, doing);
  }

  /**
   * Whether OpenMDM answers there, and tells the same time. Costs no challenge and counts for no limit.
   *
   * @throws ExchangeFailure; ImprintError server-*, cancelled
   */
  async probe(signal: AbortSignal): Promise<void> {
    const doing = 'looking for the server';
    const reply = await this.agent({ method: 'GET', path: '/agent/config' }, true, signal);
    // Without a token the agent's part says that it wants one: by status, or in an envelope.
    const wantsToken = reply.status === 401 || (reply.status === 200 && actionOf(reply) === 'reauth');
    if (!wantsToken && reply.status === 200) throw new ImprintError('server-reply-invalid', `What answers at ${reply.origin} is not OpenMDM: is server.url the address at which it is mounted?`, { field: 'server.url' });
    if (!wantsToken) throw refusalOfMdm(reply, doing);
    this.assertClocksAgree(reply);
  }

  /** By the Date of a reply (RFC 9110, 6.6.1). @throws ImprintError server-refused */
  assertClocksAgree(reply: HttpReply): void {
    const theirs = httpDate(reply.headers['date']);
    if (theirs === undefined) return;
    const seconds = Math.round((this.#parts.clock.now().getTime() - theirs) / 1000);
    if (Math.abs(seconds) <= mostSkewSeconds) return;
    const minutes = String(Math.round(Math.abs(seconds) / 60));
    throw new ImprintError('server-refused', `The clock of this workstation is ${minutes} minutes ${seconds > 0 ? 'ahead of' : 'behind'} the server's, and OpenMDM allows 15: set the clock that is wrong. Nothing was enrolled.`, { field: 'server.url' });
  }
}

/** What cannot be known without the admin's part. */
export const blindSentence = 'OpenMDM shows its devices to an admin only, and the profile has no adminToken: what the server knows of this device cannot be known here.';

/** Protocol 2 says "later" with status 200; that is the same as a 429, and waited for like one. */
function asTooMany(reply: HttpReply): HttpReply {
  return reply.status === 200 && actionOf(reply) === 'retry' ? { ...reply, status: 429 } : reply;
}

function actionOf({ text }: HttpReply): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'action' in value && typeof value.action === 'string' ? printableWords(value.action) : undefined;
  } catch {
    return undefined;
  }
}
