import type { Clock, Secrets } from '../../domain/ports';
import type { Credentials } from '../../domain/profile';
import { ImprintError } from '../../domain/errors';
import type { HttpClient } from './http-client';
import type { HttpReply, HttpRequest } from './http-exchange';
import type { Patience } from './patience';
import { exchangePatiently } from './patience';
import { isCompactToken, serverWords, tokenLifetime } from './replies';
import { ExchangeFailure, refusalOfReply } from './http-failures';

const loginPath = '/api/management/v1/useradm/auth/login';

interface Bearer {
  readonly token: string;
  /** Milliseconds of the station's clock after which it is renewed first; undefined where it cannot be. */
  readonly renewAt: number | undefined;
}

/**
 * A sign-in at one server and the requests that are sent under it.
 *
 * SECURITY: the bearer lives in a private field of this object only; it is in no error, log or inspection.
 */
export class Session {
  #bearer: Bearer | undefined;
  readonly #client: HttpClient;
  readonly #credentials: Credentials;
  readonly #secrets: Secrets;
  readonly #clock: Clock;
  readonly #patience: Patience;

  constructor(client: HttpClient, credentials: Credentials, secrets: Secrets, clock: Clock, patience: Patience) {
    this.#client = client;
    this.#credentials = credentials;
    this.#secrets = secrets;
    this.#clock = clock;
    this.#patience = patience;
  }

  /** Fetches a new bearer: by login, or by resolving the token again. @throws ImprintError server-sign-in-refused, … */
  async signIn(signal: AbortSignal): Promise<void> {
    this.#bearer = undefined;
    this.#bearer = this.#credentials.type === 'token' ? await this.#takeToken() : await this.#logIn(signal);
  }

  /**
   * Sends a management request. A 401 or 403 signs in once again, because the token may have expired or been revoked
   * meanwhile; a second one is returned.
   *
   * @param repeat whether the request changes nothing and may be sent again without asking
   * @throws ExchangeFailure; ImprintError server-busy, server-sign-in-refused, cancelled
   */
  async send(request: HttpRequest, repeat: boolean, signal: AbortSignal): Promise<HttpReply> {
    const first = await this.#currentBearer(signal);
    const reply = await this.#sendAs(first, request, repeat, signal);
    if (reply.status !== 401 && reply.status !== 403) return reply;
    // Another card's request may have renewed it already.
    if (this.#bearer === undefined || this.#bearer.token === first.token) await this.signIn(signal);
    const second = await this.#currentBearer(signal);
    // The same token from the same place would get the same answer.
    return second.token === first.token ? reply : this.#sendAs(second, request, repeat, signal);
  }

  /**
   * Sends a request whose failure does not matter: no repetition, no second sign-in, undefined unless the reply is 200.
   *
   * @throws ImprintError server-sign-in-refused, server-unreachable, server-untrusted at signing in; server-busy, cancelled
   */
  async ask(request: HttpRequest, signal: AbortSignal): Promise<HttpReply | undefined> {
    const bearer = await this.#currentBearer(signal);
    try {
      const reply = await this.#sendAs(bearer, request, false, signal);
      return reply.status === 200 ? reply : undefined;
    } catch (thrown) {
      if (thrown instanceof ExchangeFailure) return undefined;
      throw thrown;
    }
  }

  /** send() for requests whose every status except these is an error. @throws as send(), and what the status means */
  async expect(request: HttpRequest, repeat: boolean, statuses: readonly number[], doing: string, signal: AbortSignal): Promise<HttpReply> {
    const reply = await this.send(request, repeat, signal);
    if (statuses.includes(reply.status)) return reply;
    throw refusalOfReply(reply, doing);
  }

  forget(): void {
    this.#bearer = undefined;
  }

  async #currentBearer(signal: AbortSignal): Promise<Bearer> {
    const bearer = this.#bearer;
    if (bearer === undefined || (bearer.renewAt !== undefined && this.#clock.now().getTime() >= bearer.renewAt)) await this.signIn(signal);
    if (this.#bearer === undefined) throw new ImprintError('server-sign-in-refused', 'The connection to the server was closed.');
    return this.#bearer;
  }

  #sendAs(bearer: Bearer, request: HttpRequest, repeat: boolean, signal: AbortSignal): Promise<HttpReply> {
    return exchangePatiently(() => this.#client.exchange(request, `Bearer ${bearer.token}`, signal), { repeat, patience: this.#patience, clock: this.#clock }, signal);
  }

  async #takeToken(): Promise<Bearer> {
    if (this.#credentials.type !== 'token') throw new ImprintError('unexpected', 'There is no token to take.');
    const token = (await this.#secrets.resolve(this.#credentials.token)).trim();
    if (!isCompactToken(token)) {
      throw new ImprintError('server-sign-in-refused', 'What the profile refers to as a token is no personal access token; copy it from the server again, whole and without quotes.', {
        field: 'server.credentials.token',
      });
    }
    return { token, renewAt: undefined };
  }

  async #logIn(signal: AbortSignal): Promise<Bearer> {
    if (this.#credentials.type !== 'password') throw new ImprintError('unexpected', 'There is no password to sign in with.');
    const { username } = this.#credentials;
    const password = await this.#secrets.resolve(this.#credentials.password);
    const authorization = `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
    // A login changes nothing but its own log: it may be repeated.
    const reply = await exchangePatiently(
      () => this.#client.exchange({ method: 'POST', path: loginPath }, authorization, signal),
      { repeat: true, patience: this.#patience, clock: this.#clock },
      signal,
    );
    if (reply.status === 401 || reply.status === 403) {
      const words = serverWords(reply);
      throw new ImprintError(
        'server-sign-in-refused',
        `The server does not let ${username} in${words === undefined ? '' : ` (${words})`}: check user and password; where the account has two factors or single sign-on, use a personal access token.`,
        { field: 'server.credentials' },
      );
    }
    if (reply.status === 404 || reply.status === 405) {
      throw new ImprintError('server-reply-invalid', `There is no sign-in at ${reply.origin}: is it really a Mender server?`, { field: 'server.url' });
    }
    if (reply.status !== 200) throw refusalOfReply(reply, 'signing in');
    const token = reply.text.trim();
    if (!isCompactToken(token)) {
      throw new ImprintError('server-reply-invalid', `The sign-in at ${reply.origin} did not answer with a token: is it really a Mender server?`, { field: 'server.url' });
    }
    const now = this.#clock.now();
    const lifetime = tokenLifetime(token, now);
    // A tenth before its end, so that no request starts with a token that ends under it.
    return { token, renewAt: lifetime === undefined ? undefined : now.getTime() + lifetime * 900 };
  }
}
