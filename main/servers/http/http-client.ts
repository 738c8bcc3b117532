import { request as send } from 'undici';
import { cancelled, ImprintError } from '../../domain/errors';
import type { EndpointNames, HttpReply, HttpRequest } from './http-exchange';
import { failureOfExchange } from './http-failures';
import type { HttpRoute, ProxyEnvironment, RouteSettings } from './http-route';
import { isLoopback, openRoute } from './http-route';

/** One server over HTTP(S): keep-alive connections, time-outs, its own trust. Knows nothing of what is said. */
export class HttpClient {
  readonly origin: string;
  readonly #base: string;
  readonly #names: EndpointNames;
  readonly #route: HttpRoute;

  /** @throws ImprintError profile-invalid where URL, PEM or proxy cannot be used, server-untrusted for plain HTTP to another machine */
  constructor(url: string, settings: RouteSettings, environment: ProxyEnvironment) {
    const parsed = parseBaseUrl(url, settings.names.urlField);
    this.#names = settings.names;
    this.origin = parsed.origin;
    this.#base = url.replace(/\/+$/, '');
    this.#route = openRoute(parsed, settings, environment);
  }

  /**
   * One request, one reply, no retry, no redirect.
   *
   * @throws ExchangeFailure where no reply came; ImprintError cancelled
   */
  async exchange(request: HttpRequest, authorization: string | undefined, signal: AbortSignal): Promise<HttpReply> {
    if (isAborted(signal)) throw cancelled();
    try {
      const reply = await send(this.#base + request.path, {
        dispatcher: this.#route.dispatcher,
        method: request.method,
        signal,
        headers: {
          'accept': 'application/json, application/jwt',
          'user-agent': 'imprint',
          ...(authorization === undefined ? {} : { authorization }),
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...request.headers,
        },
        body: request.body === undefined ? null : JSON.stringify(request.body),
      });
      const text = await reply.body.text();
      const headers = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]));
      return { status: reply.statusCode, headers, text, origin: this.origin };
    } catch (thrown) {
      if (isAborted(signal)) throw cancelled();
      throw failureOfExchange(thrown, this.origin, this.#route.proxy, this.#names);
    }
  }

  async close(): Promise<void> {
    await this.#route.dispatcher.destroy();
  }
}

/** As a function, because the compiler takes a property that it has seen once for settled. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function parseBaseUrl(url: string, field: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new ImprintError('profile-invalid', 'The server\'s URL is not one.', { field, expected: 'https://host, with a port where it is not 443', cause });
  }
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    throw new ImprintError('profile-invalid', 'The server\'s URL has neither https nor http.', { field, expected: 'https://host' });
  }
  if (parsed.username !== '' || parsed.password !== '' || parsed.search !== '' || parsed.hash !== '') {
    // SECURITY: a password in the URL would end up in sentences, records and exports.
    throw new ImprintError('profile-invalid', 'The server\'s URL holds more than host, port and path.', { field, expected: 'https://host' });
  }
  if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname)) {
    throw new ImprintError('server-untrusted', `${parsed.origin} is not encrypted: anyone on the network could read the sign-in; use https.`, { field, expected: 'https://host' });
  }
  return parsed;
}
