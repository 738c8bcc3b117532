import { X509Certificate } from 'node:crypto';
import { getCACertificates } from 'node:tls';
import type { Dispatcher } from 'undici';
import { Agent, buildConnector, EnvHttpProxyAgent, Pool, ProxyAgent } from 'undici';
import { ImprintError } from '../../domain/errors';
import type { EndpointNames, HttpTimeouts } from './http-exchange';

/** A page of 500 devices is about 1.5 MB; anything beyond this is no server that is meant. */
const largestReply = 64 * 1024 * 1024;

/** What the session that started the station says about proxies. */
export interface ProxyEnvironment {
  readonly httpsProxy?: string | undefined;
  readonly noProxy?: string | undefined;
}

export interface RouteSettings {
  readonly names: EndpointNames;
  /** PEM certificates trusted instead of the system's. */
  readonly certificateAuthority?: string | undefined;
  /** The profile's proxy. */
  readonly proxy?: string | undefined;
  readonly timeouts: HttpTimeouts;
}

/** The way to one server. */
export interface HttpRoute {
  readonly dispatcher: Dispatcher;
  /** Host and port of the proxy that may be on the way, without its credentials; for sentences. */
  readonly proxy: string | undefined;
}

/** The connection to the proxy itself failed: what is wrong there says nothing about the server. */
export class ProxyFailure extends Error {
  constructor(cause: unknown) {
    super('The proxy cannot be reached.', { cause });
    this.name = 'ProxyFailure';
  }
}

export function proxyOfEnvironment(environment: NodeJS.ProcessEnv = process.env): ProxyEnvironment {
  return {
    httpsProxy: environment['https_proxy'] ?? environment['HTTPS_PROXY'],
    noProxy: environment['no_proxy'] ?? environment['NO_PROXY'],
  };
}

/**
 * Opens the way to a server: the profile's proxy, else the environment's, else direct. The TLS to the server is end to end
 * in every case (a proxy is only asked for a tunnel), with the profile's authority.
 *
 * @throws ImprintError profile-invalid
 */
export function openRoute(server: URL, settings: RouteSettings, environment: ProxyEnvironment): HttpRoute {
  const { certificateAuthority, timeouts } = settings;
  const ca = certificateAuthority === undefined ? systemAuthorities() : readAuthorities(certificateAuthority, settings.names.authorityField);
  const common = {
    // HTTP/2 would put all cards' requests onto one connection and its one fate.
    allowH2: false,
    connections: 8,
    keepAliveTimeout: 10_000,
    headersTimeout: timeouts.headers,
    bodyTimeout: timeouts.body,
    maxResponseSize: largestReply,
    connect: { timeout: timeouts.connect, ca },
  };
  const throughProxy = {
    ...common,
    proxyTunnel: true,
    connectTimeout: timeouts.connect,
    requestTls: { ca, timeout: timeouts.connect },
    // The proxy's own certificate, where it has one, is the company's business: the profile's authority is the server's.
    clientFactory: (origin: URL) => new Pool(origin, { connect: connectorToProxy(timeouts.connect), headersTimeout: timeouts.connect, bodyTimeout: timeouts.body, allowH2: false }),
  };
  if (settings.proxy !== undefined) {
    const proxy = parseProxy(settings.proxy, 'server.proxy');
    return { dispatcher: new ProxyAgent({ ...throughProxy, uri: proxy.href }), proxy: proxy.host };
  }
  // A practice server on this computer is behind no proxy, whatever NO_PROXY forgets.
  if (environment.httpsProxy === undefined || environment.httpsProxy === '' || isLoopback(server.hostname)) return { dispatcher: new Agent(common), proxy: undefined };
  const proxy = parseProxy(environment.httpsProxy, 'HTTPS_PROXY');
  return {
    dispatcher: new EnvHttpProxyAgent({ ...throughProxy, httpProxy: '', httpsProxy: proxy.href, noProxy: environment.noProxy ?? '' }),
    proxy: proxy.host,
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Connects to the proxy, and marks whatever goes wrong there as the proxy's. */
function connectorToProxy(timeout: number): buildConnector.connector {
  const connect = buildConnector({ timeout, ca: systemAuthorities(), allowH2: false });
  return (options, callback) => {
    connect(options, (...[failure, socket]) => {
      if (failure === null) callback(null, socket);
      else callback(new ProxyFailure(failure), null);
    });
  };
}

/** SECURITY: the text may hold a password, so it is in no sentence and no cause. */
function parseProxy(text: string, field: 'server.proxy' | 'HTTPS_PROXY'): URL {
  const expected = 'http://host:port';
  const invalid = (): ImprintError =>
    new ImprintError('profile-invalid', `${field === 'HTTPS_PROXY' ? 'The environment variable HTTPS_PROXY' : 'The profile\'s server.proxy'} is no address of an HTTP proxy.`, { field, expected });
  let proxy: URL;
  try {
    // As curl reads it: without a scheme it is http.
    proxy = new URL(text.includes('://') ? text : `http://${text}`);
  } catch {
    throw invalid();
  }
  if ((proxy.protocol !== 'http:' && proxy.protocol !== 'https:') || proxy.hostname === '') throw invalid();
  return proxy;
}

/** Mozilla's list and what the administrator of this machine added: Node alone would not see a company's own authority. */
export function systemAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}

/** The certificates in a PEM text. Node's TLS takes a text without any silently, and then trusts nobody. */
function readAuthorities(pem: string, field: string): string[] {
  const invalid = (cause?: unknown) =>
    new ImprintError('profile-invalid', 'The certificate authority of the server holds no certificate that can be read.', {
      field,
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
