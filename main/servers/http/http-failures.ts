import { ImprintError } from '../../domain/errors';
import type { EndpointNames, HttpReply } from './http-exchange';
import { ProxyFailure } from './http-route';
import { serverWords } from './server-words';

/** An exchange that brought no reply. Internal to this adapter: `error` is what a caller outside gets. */
export class ExchangeFailure extends Error {
  constructor(
    readonly error: ImprintError,
    /** Whether the request may have reached the server: then a call that changes something must not be repeated blindly. */
    readonly mayHaveArrived: boolean,
    /** Whether the same request is likely to go through at once, as after a reset of an idle connection. */
    readonly momentary: boolean,
  ) {
    super(error.message);
  }
}

/** What is wrong with the certificate and what to do about it, by the code that Node's TLS gives. */
const unknownAuthority = 'is signed by an authority that this station does not trust; put the certificate of that authority into the profile ({authority})';
const certificateProblems: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed; put that certificate into the profile ({authority}) if it is really this server\'s',
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_UNTRUSTED: unknownAuthority,
  CERT_SIGNATURE_FAILURE: 'does not carry a valid signature of the trusted authority; the profile names another authority of the same name',
  CERT_HAS_EXPIRED: 'has expired; renew it at the server, or correct the clock of this workstation',
  CERT_NOT_YET_VALID: 'is not valid yet; correct the clock of this workstation or of the server',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is made out to another name; use the name in the certificate as {url}',
  HOSTNAME_MISMATCH: 'is made out to another name; use the name in the certificate as {url}',
  CERT_REVOKED: 'was revoked; ask whoever runs the server',
  INVALID_CA: 'is signed by a certificate that is no authority; ask whoever runs the server',
  INVALID_PURPOSE: 'is not meant for a server; ask whoever runs the server',
  PATH_LENGTH_EXCEEDED: 'has a chain that its authority forbids; ask whoever runs the server',
  CERT_CHAIN_TOO_LONG: 'has a chain that is too long; ask whoever runs the server',
  CERT_REJECTED: 'was rejected; ask whoever runs the server',
};

/** Nothing of the request can have left: there was no connection yet. */
const neverConnected: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host is known; check the name in {url} and the network',
  EAI_AGAIN: 'its name could not be looked up; check the network',
  ECONNREFUSED: 'nothing answers there; check host and port, and whether the server runs',
  EHOSTUNREACH: 'there is no way to that host; check the network',
  ENETUNREACH: 'there is no way to that network; check the network cable',
  EADDRNOTAVAIL: 'there is no way to that address; check the network',
  ETIMEDOUT: 'it did not answer in time; check the network and the firewall',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer in time; check the network and the firewall',
  EPROTO: 'it does not speak TLS there; check https and the port in {url}',
};

const lost: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed before the reply',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the reply was cut off',
};

const late: Readonly<Record<string, string>> = {
  UND_ERR_HEADERS_TIMEOUT: 'it took the request and did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'its reply stopped half-way',
};

function codeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && !('code' in thrown && typeof thrown.code === 'string')) return codeOf(thrown.errors[0]);
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return '';
}

/** Statuses with which a proxy refuses the tunnel. Any other says no in words that only its administrator knows. */
const proxyRefusals: Readonly<Record<string, string>> = {
  '403': 'does not allow connections to {server}; ask whoever runs the network',
  '407': 'wants a user and password, or does not take the ones it got; put them into HTTPS_PROXY (http://user:password@host:port) of the session that starts the station',
  '502': 'cannot reach {server}; check {url} and ask whoever runs the network',
  '503': 'cannot reach {server} for now; try again later',
  '504': 'got no answer from {server}; check {url} and ask whoever runs the network',
};

/**
 * A failure on the way through a proxy, before anything was sent to the server; undefined where it is none.
 *
 * SECURITY: undici's errors are not kept as causes here, so that nothing of the proxy's credentials can be.
 */
function failureOfProxy(thrown: unknown, origin: string, proxy: string, names: EndpointNames): ExchangeFailure | undefined {
  const failure = (sentence: string, momentary: boolean) => new ExchangeFailure(new ImprintError('server-unreachable', sentence, { field: 'server.proxy' }), false, momentary);
  if (thrown instanceof ProxyFailure) {
    const code = codeOf(thrown.cause);
    const why = certificateProblems[code] === undefined ? (neverConnected[code] ?? `the connection failed (${code})`).replaceAll('{url}', 'server.proxy or HTTPS_PROXY') : 'its certificate is not trusted by this computer';
    return failure(`The proxy ${proxy} cannot be reached: ${why}.`, false);
  }
  const status = /^Proxy response \((\d+)\)/.exec(thrown instanceof Error ? thrown.message : '')?.[1];
  if (status !== undefined) {
    const refusal = (proxyRefusals[status] ?? 'refuses the connection to {server}; ask whoever runs the network').replace('{server}', origin).replace('{url}', names.urlField);
    return failure(`The proxy ${proxy} ${refusal} (status ${status}).`, status === '503');
  }
  const code = codeOf(thrown);
  if (code === 'UND_ERR_PRX_CONN') return failure(`The proxy ${proxy} closed the connection instead of opening one to ${origin}; check server.proxy or HTTPS_PROXY.`, true);
  if (code === 'UND_ERR_PRX_TLS') return failure(`The proxy ${proxy} cannot be reached: its certificate is made out to another name.`, false);
  return undefined;
}

/**
 * What undici threw, in the closed codes.
 *
 * SECURITY: only the code of the foreign error is used in the sentence; none of undici's errors holds request headers.
 *
 * @param proxy host and port of the proxy on the way, where there is one
 */
export function failureOfExchange(thrown: unknown, origin: string, proxy: string | undefined, names: EndpointNames): ExchangeFailure {
  const { product, urlField, authorityField } = names;
  const inWords = (text: string): string => text.replace('{url}', urlField).replace('{authority}', authorityField);
  const onTheWay = proxy === undefined ? undefined : failureOfProxy(thrown, origin, proxy, names);
  if (onTheWay !== undefined) return onTheWay;
  const code = codeOf(thrown);
  const unreachable = (why: string) => new ImprintError('server-unreachable', `The server at ${origin} cannot be reached: ${inWords(why)}.`, { field: urlField, cause: thrown });
  const certificate = certificateProblems[code];
  if (certificate !== undefined) {
    const error = new ImprintError('server-untrusted', `The certificate of ${origin} ${inWords(certificate)}. Nothing was sent.`, { field: authorityField, cause: thrown });
    return new ExchangeFailure(error, false, false);
  }
  const before = neverConnected[code] ?? (code.startsWith('ERR_SSL_') ? neverConnected['EPROTO'] : undefined);
  if (before !== undefined) return new ExchangeFailure(unreachable(before), false, false);
  const cut = lost[code];
  if (cut !== undefined) return new ExchangeFailure(unreachable(cut), true, true);
  const slow = late[code];
  if (slow !== undefined) return new ExchangeFailure(unreachable(slow), true, false);
  if (code.startsWith('HPE_') || code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE' || code === 'UND_ERR_HEADERS_OVERFLOW') {
    const error = new ImprintError('server-reply-invalid', `What answers at ${origin} does not keep to HTTP (${code}): is it really ${product}?`, { field: urlField, cause: thrown });
    return new ExchangeFailure(error, true, false);
  }
  return new ExchangeFailure(unreachable(code === '' ? 'the connection failed' : `the connection failed (${code})`), true, false);
}

/** What to do about a refusal, where the server's own words do not say it. */
const refusals: Readonly<Record<number, string>> = {
  400: 'it does not take this data; check the identity attributes and the key type of the profile against what this server allows',
  404: 'it does not have this any more, or server.url leads elsewhere; look at the device once more',
  413: 'the request is larger than it allows; shorten the identity attributes of the profile, or ask whoever runs the server or proxy about the limit',
  415: 'it does not see JSON; a proxy on the way changes requests, ask whoever runs the network',
  422: 'its limit of accepted devices is reached; decommission devices that are gone, or have the limit raised',
};

/** A reply that says no, in the closed codes. `doing` completes "while …". */
export function refusalOfReply(reply: HttpReply, doing: string): ImprintError {
  const words = serverWords(reply);
  const said = words === undefined ? `status ${String(reply.status)}` : `${String(reply.status)}: ${words}`;
  if (reply.status === 401) {
    return new ImprintError('server-sign-in-refused', `The server no longer accepts the sign-in (${said}) while ${doing}; check the user or the token of the profile.`, { field: 'server.credentials' });
  }
  if (reply.status === 403) {
    return new ImprintError('server-refused', `The user or token of the profile may not do this (${said}) while ${doing}; it needs the right to manage devices.`, { field: 'server.credentials' });
  }
  if (reply.status >= 300 && reply.status < 400) {
    // SECURITY: redirects are not followed, the credentials would go to an address that nobody chose.
    return new ImprintError('server-refused', `${reply.origin} points to another address while ${doing}; write the final address (with https) into the profile.`, { field: 'server.url' });
  }
  if (reply.status >= 500 && reply.status !== 501) {
    return new ImprintError('server-busy', `The server has a problem of its own (${said}) while ${doing}; try again later.`);
  }
  const advice = refusals[reply.status];
  return new ImprintError('server-refused', `The server refused (${said}) while ${doing}${advice === undefined ? '' : `: ${advice}`}.`);
}
