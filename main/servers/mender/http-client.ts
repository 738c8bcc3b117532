import { X509Certificate } from 'node:crypto';
import { getCACertificates } from 'node:tls';
import { Agent, request as send } from 'undici';
import { cancelled, ImprintError } from '../../domain/errors';
import type { HttpReply, HttpRequest, HttpTimeouts } from './http-exchange';
import { failureOfExchange } from './http-failures';

/** A page of 500 devices is about 1.5 MB; anything beyond this is no Mender server. */
const largestReply = 64 * 1024 * 1024;

/** One server over HTTP(S): keep-alive connections, time-outs, its own trust. Knows nothing of Mender. */
export class HttpClient {
  readonly origin: string;
  readonly #base: string;
  readonly #agent: Agent;

  /**
   * @param certificateAuthority PEM certificates trusted instead of the system's
   * @throws ImprintError profile-invalid where the URL or the PEM cannot be used, server-untrusted for plain HTTP to another machine
   */
  constructor(url: string, certificateAuthority: string | undefined, timeouts: HttpTimeouts) {
    const parsed = parseBaseUrl(url);
    this.origin = parsed.origin;
    this.#base = url.replace(/\/+$/, '');
    this.#agent = new Agent({
      // HTTP/2 would put all cards' requests onto one connection and its one fate.
      allowH2: false,
      connections: 8,
      keepAliveTimeout: 10_000,
      headersTimeout: timeouts.headers,
      bodyTimeout: timeouts.body,
      maxResponseSize: largestReply,
      connect: {
        timeout: timeouts.connect,
        ca: certificateAuthority === undefined ? systemAuthorities() : readAuthorities(certificateAuthority),
      },
    });
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
        dispatcher: this.#agent,
        method: request.method,
        signal,
        headers: {
          'accept': 'application/json, application/jwt',
          'user-agent': 'imprint',
          ...(authorization === undefined ? {} : { authorization }),
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: request.body === undefined ? null : JSON.stringify(request.body),
      });
      const text = await reply.body.text();
      const headers = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]));
      return { status: reply.statusCode, headers, text, origin: this.origin };
    } catch (thrown) {
      if (isAborted(signal)) throw cancelled();
      throw failureOfExchange(thrown, this.origin);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** As a function, because the compiler takes a property that it has seen once for settled. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function parseBaseUrl(url: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new ImprintError('profile-invalid', 'The server\'s URL is not one.', { field: 'server.url', expected: 'https://host, with a port where it is not 443', cause });
  }
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    throw new ImprintError('profile-invalid', 'The server\'s URL has neither https nor http.', { field: 'server.url', expected: 'https://host' });
  }
  if (parsed.username !== '' || parsed.password !== '' || parsed.search !== '' || parsed.hash !== '') {
    // SECURITY: a password in the URL would end up in sentences, records and exports.
    throw new ImprintError('profile-invalid', 'The server\'s URL holds more than host, port and path.', { field: 'server.url', expected: 'https://host' });
  }
  if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname)) {
    throw new ImprintError('server-untrusted', `${parsed.origin} is not encrypted: anyone on the network could read the sign-in; use https.`, { field: 'server.url', expected: 'https://host' });
  }
  return parsed;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Mozilla's list and what the administrator of this machine added: Node alone would not see a company's own authority. */
function systemAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}

/** The certificates in a PEM text. Node's TLS takes a text without any silently, and then trusts nobody. */
function readAuthorities(pem: string): string[] {
  const invalid = (cause?: unknown) =>
    new ImprintError('profile-invalid', 'The certificate authority of the server holds no certificate that can be read.', {
      field: 'server.caFile',
      expected: 'one or more PEM blocks CERTIFICATE',
      cause,
    });
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  if (blocks === null) throw invalid();
  try {
    return blocks.map((block) => new X509Certificate(block).toString());
  } catch (cause) {
    throw invalid(cause);
  }
}
