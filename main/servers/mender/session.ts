import type { Clock, Secrets } from '../../domain/ports';
import type { Credentials } from '../../domain/profile';
import { ImprintError } from '../../domain/errors';
import type { HttpClient } from '../http/http-client';
import type { HttpReply, HttpRequest } from '../http/http-exchange';
import type { Patience } from '../http/patience';
import { exchangePatiently, untilCancelled } from '../http/patience';
import type { Account, Bearer } from './account';
import { isCompactToken, isSingleSignOn, tokenLifetime, wantsOneTimeCode } from './replies';
import { ExchangeFailure, refusalOfReply } from '../http/http-failures';
import { serverWords } from '../http/server-words';

const loginPath = '/api/management/v1/useradm/auth/login';

interface SessionParts {
  readonly client: HttpClient;
  readonly credentials: Credentials;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly patience: Patience;
  readonly account: Account;
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
  readonly #account: Account;

  constructor({ client, credentials, secrets, clock, patience, account }: SessionParts) {
    this.#client = client;
    this.#credentials = credentials;
    this.#secrets = secrets;
    this.#clock = clock;
    this.#patience = patience;
    this.#account = account;
  }

  /**
   * Fetches a bearer: by resolving the token again, by a login, or the one for which a person gave a code before.
   *
   * @throws ImprintError server-sign-in-refused, credential-missing, …
   */
  async signIn(signal: AbortSignal): Promise<void> {
    this.#bearer = undefined;
    this.#bearer = this.#credentials.type === 'token' ? await this.#takeToken() : await this.#logIn(signal);
  }

  /**
   * Sends a management request. A 401 signs in once again, because the token may have expired or been revoked meanwhile; a
   * second one is returned. (403 is about rights: another sign-in would not change them, and may cost a person a code.)
   *
   * @param repeat whether the request changes nothing and may be sent again without asking
   * @throws ExchangeFailure; ImprintError server-busy, server-sign-in-refused, cancelled
   */
  async send(request: HttpRequest, repeat: boolean, signal: AbortSignal): Promise<HttpReply> {
    const first = await this.#currentBearer(signal);
    const reply = await this.#sendAs(first, request, repeat, signal);
    if (reply.status !== 401) return reply;
    this.#account.forget(first.token);
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
    const kept = this.#account.bearer;
    if (kept !== undefined) return kept;
    const { username } = this.#credentials;
    const password = await this.#secrets.resolve(this.#credentials.password);
    const authorization = `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
    const reply = await this.#postLogin(authorization, undefined, signal);
    if (!wantsOneTimeCode(reply)) return this.#bearerOf(reply, `check user and password; where the account has single sign-on, use a personal access token`);
    return this.#account.signInWithCode(async () => {
      const code = (await untilCancelled(this.#secrets.oneTimeCode(username), signal)).replace(/\s+/g, '');
      // Asked once: where the code is wrong, a person starts again, and the server does not see a row of guesses.
      return this.#bearerOf(await this.#postLogin(authorization, code, signal), 'the code was not accepted; check the clock of the device that shows it, and start again with a fresh one');
    }, signal);
  }

  /** @param code of the second factor, in the field that Mender's useradm reads it from */
  #postLogin(authorization: string, code: string | undefined, signal: AbortSignal): Promise<HttpReply> {
    const body = code === undefined ? {} : { body: { token2fa: code } };
    return exchangePatiently(
      () => this.#client.exchange({ method: 'POST', path: loginPath, ...body }, authorization, signal),
      // A login changes nothing but its own log and may be repeated; a code is good for once.
      { repeat: code === undefined, patience: this.#patience, clock: this.#clock },
      signal,
    );
  }

  /** @param advice what to do where the server refuses */
  #bearerOf(reply: HttpReply, advice: string): Bearer {
    const username = this.#credentials.type === 'password' ? this.#credentials.username : '';
    if (reply.status === 401 || reply.status === 403) {
      const words = serverWords(reply);
      throw new ImprintError('server-sign-in-refused', `The server does not let ${username} in${words === undefined ? '' : ` (${words})`}: ${advice}.`, { field: 'server.credentials' });
    }
    if (reply.status === 404 || reply.status === 405) {
      throw new ImprintError('server-reply-invalid', `There is no sign-in at ${reply.origin}: is it really a Mender server?`, { field: 'server.url' });
    }
    if (reply.status !== 200) throw refusalOfReply(reply, 'signing in');
    if (isSingleSignOn(reply)) {
      throw new ImprintError('server-sign-in-refused', `The account ${username} signs in elsewhere (single sign-on), which a station cannot: use a personal access token.`, { field: 'server.credentials' });
    }
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
