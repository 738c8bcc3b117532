import { ImprintError } from '../../domain/errors';
import type { Surroundings } from '../http/adapter-options';
import { clientOf } from '../http/adapter-options';
import type { HttpClient } from '../http/http-client';
import type { EndpointNames, HttpReply, HttpRequest } from '../http/http-exchange';
import { ExchangeFailure } from '../http/http-failures';
import { exchangePatiently } from '../http/patience';
import { serverWords } from '../http/server-words';

/** What every conversation with a tenant has in common. */
export interface TenantSurroundings extends Surroundings {
  readonly proxy?: string | undefined;
}

/** One of the services of a tenant. */
export class Endpoint {
  readonly #client: HttpClient;
  readonly #surroundings: TenantSurroundings;
  readonly #names: EndpointNames;

  constructor(url: string, certificateAuthority: string | undefined, names: EndpointNames, surroundings: TenantSurroundings) {
    this.#client = clientOf({ url, certificateAuthority, proxy: surroundings.proxy }, names, surroundings);
    this.#surroundings = surroundings;
    this.#names = names;
  }

  get origin(): string {
    return this.#client.origin;
  }

  /**
   * @param repeat whether the request may be sent again without asking what became of it
   * @throws ExchangeFailure; ImprintError server-busy, cancelled
   */
  send(request: HttpRequest, authorization: string | undefined, repeat: boolean, signal: AbortSignal): Promise<HttpReply> {
    const { patience, clock } = this.#surroundings;
    return exchangePatiently(() => this.#client.exchange(request, authorization, signal), { repeat, patience, clock }, signal);
  }

  /** send() whose every failure is one of the closed codes. @throws ImprintError server-* */
  async ask(request: HttpRequest, authorization: string | undefined, repeat: boolean, signal: AbortSignal): Promise<HttpReply> {
    try {
      return await this.send(request, authorization, repeat, signal);
    } catch (thrown) {
      throw thrown instanceof ExchangeFailure ? thrown.error : thrown;
    }
  }

  /** A reply that says no. `doing` completes "while …". @param credentialsField where the profile has the sign-in of this service */
  refusal(reply: HttpReply, doing: string, credentialsField: string): ImprintError {
    const { product, urlField } = this.#names;
    const words = serverWords(reply);
    const said = words === undefined ? `status ${String(reply.status)}` : `${String(reply.status)}: ${words}`;
    if (reply.status === 401 || reply.status === 403) return new ImprintError('server-refused', `${capital(product)} at ${reply.origin} does not let the station in (${said}) while ${doing}; check user and password of the profile.`, { field: credentialsField });
    if (reply.status >= 300 && reply.status < 400) return new ImprintError('server-refused', `${reply.origin} points to another address while ${doing}; write the final address (with https) into the profile.`, { field: urlField });
    if (reply.status >= 500) return new ImprintError('server-busy', `${capital(product)} at ${reply.origin} has a problem of its own (${said}) while ${doing}; try again later.`);
    return new ImprintError('server-refused', `${capital(product)} at ${reply.origin} refused (${said}) while ${doing}.`, { field: urlField });
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** JSON of a reply; undefined where it is none. */
export function jsonOf(reply: Pick<HttpReply, 'text'>): unknown {
  try {
    return JSON.parse(reply.text);
  } catch {
    return undefined;
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
