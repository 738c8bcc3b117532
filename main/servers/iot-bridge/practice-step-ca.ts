import type { X509Certificate } from 'node:crypto';
import { createPublicKey, X509Certificate as Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Clock, Randomness } from '../../domain/ports';
import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { isObject, PracticeProblem } from '../practice/practice-http';
import type { TenantAuthority } from './practice-authority';
import { renewLeaf } from './practice-issue';
import { caWords } from './practice-requests';
import type { PracticeBridgeState } from './practice-state';
import type { PracticeTokens } from './practice-tokens';

const contentType = 'application/json';
const tlsOptions = { cipherSuites: ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'], minVersion: 1.2, maxVersion: 1.3, renegotiation: false };
/** CRL reasons (RFC 5280, 5.3.1). */
const largestReasonCode = 10;

const paths = ['/health', '/roots.pem', '/roots', '/renew', '/revoke'];

const badRequest = (reason: string): PracticeProblem => new PracticeProblem(400, caWords.badRequest(reason));

/** How step-ca answers no: its status once more in the body, and a sentence for people. */
export function stepCaProblem(problem: PracticeProblem): PracticeReply {
  const message = problem.status === 500 ? caWords.internal : problem.message;
  return { status: problem.status, json: { status: problem.status, message }, contentType };
}

/** The tenant's CA on a port of its own, as far as a device's certificate goes after the enrolment. */
export class PracticeStepCa {
  readonly #authority: TenantAuthority;
  readonly #state: PracticeBridgeState;
  readonly #tokens: PracticeTokens;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #issuer: X509Certificate;

  constructor(authority: TenantAuthority, state: PracticeBridgeState, tokens: PracticeTokens, clock: Clock, randomness: Randomness) {
    this.#authority = authority;
    this.#state = state;
    this.#tokens = tokens;
    this.#clock = clock;
    this.#randomness = randomness;
    this.#issuer = new Certificate(authority.issuing.pem);
  }

  /** @throws PracticeProblem 400, 401, 501 */
  async handle(request: PracticeRequest, incoming: IncomingMessage): Promise<PracticeReply> {
    // Both spellings are the real CA's.
    const path = request.path.replace(/^\/1\.0\//, '/');
    switch (`${request.method} ${path}`) {
      case 'GET /health':
        return { status: 200, json: { status: 'ok' }, contentType };
      case 'GET /roots.pem':
        return { status: 200, text: this.#authority.root.pem, contentType: 'application/x-pem-file' };
      case 'GET /roots':
        return { status: 201, json: { crts: [this.#authority.root.pem] }, contentType };
      case 'POST /renew':
        return this.#renew(this.#clientCertificate(incoming));
      case 'POST /revoke':
        return this.#revoke(request.body, incoming);
      default:
        return paths.includes(path) ? { status: 405 } : { status: 404, text: '404 page not found\n', contentType: 'text/plain; charset=utf-8' };
    }
  }

  /**
   * The certificate by which the client proved itself, if it showed one.
   * SECURITY: OpenSSL checked chain, purpose and the client's possession of the key; the real CA ends the handshake where that
   * fails, so the connection ends here as well.
   *
   * @throws PracticeProblem 401, after the connection was cut
   */
  #clientCertificate(incoming: IncomingMessage): X509Certificate | undefined {
    const { socket } = incoming;
    const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
    if (certificate === undefined || !(socket instanceof TLSSocket)) return undefined;
    const now = this.#clock.now();
    const inTime = new Date(certificate.validFrom) <= now && now <= new Date(certificate.validTo);
    const isOurs = certificate.checkIssued(this.#issuer) && certificate.verify(createPublicKey(this.#authority.issuing.key));
    if (socket.authorized && inTime && isOurs) return certificate;
    socket.destroy();
    throw new PracticeProblem(401, caWords.unauthorized);
  }

  async #renew(certificate: X509Certificate | undefined): Promise<PracticeReply> {
    if (certificate === undefined) throw badRequest('missing client certificate');
    const serial = serialOf(certificate);
    if (this.#state.revocation(serial) !== undefined) throw new PracticeProblem(401, caWords.unauthorized);
    const deviceId = this.#state.certificate(serial)?.deviceId ?? commonName(certificate);
    const leaf = await renewLeaf(this.#authority, certificate.toString(), this.#clock, this.#randomness);
    this.#state.saveCertificate({ serial: leaf.serial, deviceId, pem: leaf.pem, notAfter: leaf.notAfter.toISOString() });
    const { issuing, intermediate } = this.#authority;
    return { status: 201, json: { crt: leaf.pem, ca: issuing.pem, certChain: [leaf.pem, issuing.pem, intermediate.pem], tlsOptions }, contentType };
  }

  #revoke(body: Buffer, incoming: IncomingMessage): PracticeReply {
    const { serial, ott, reasonCode, reason } = readRevocation(body);
    if (ott !== '') this.#tokens.useForRevocation(ott, serial);
    else {
      const certificate = this.#clientCertificate(incoming);
      if (certificate === undefined) throw badRequest('missing ott or client certificate');
      if (serialOf(certificate) !== serial) throw badRequest('serial number in client certificate different than body');
    }
    if (this.#state.revocation(serial) !== undefined) throw badRequest(`certificate with serial number '${serial}' is already revoked`);
    // A serial number that this CA never gave is taken as well: the real one only notes it.
    this.#state.saveRevocation({ serial, at: this.#clock.now().toISOString(), reasonCode, reason });
    return { status: 200, json: { status: 'ok' }, contentType };
  }
}

interface RevocationRequest {
  readonly serial: string;
  readonly ott: string;
  readonly reasonCode: number;
  readonly reason: string;
}

/** @throws PracticeProblem 400, 501 in the order in which the real CA looks */
function readRevocation(body: Buffer): RevocationRequest {
  let given: unknown;
  try {
    given = JSON.parse(body.toString('utf8'));
  } catch {
    throw badRequest('error decoding json');
  }
  const { serial = '', ott = '', reasonCode = 0, reason = '', passive = false } = isObject(given) ? given : {};
  const wellFormed = isObject(given) && typeof serial === 'string' && typeof ott === 'string' && typeof reason === 'string' && typeof passive === 'boolean';
  if (!wellFormed || typeof reasonCode !== 'number' || !Number.isInteger(reasonCode)) throw badRequest('error decoding json');
  if (serial === '') throw badRequest('missing serial');
  if (reasonCode < 0 || reasonCode > largestReasonCode) throw badRequest('reasonCode out of bounds');
  if (!passive) throw new PracticeProblem(501, caWords.notImplemented);
  return { serial, ott, reasonCode, reason };
}

const serialOf = (certificate: X509Certificate): string => BigInt(`0x${certificate.serialNumber}`).toString();
const commonName = (certificate: X509Certificate): string => /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '';
