import { randomUUID } from 'node:crypto';
import type { JWK } from 'jose';
import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { DeviceTls, RevocationReason, Secrets } from '../../domain/ports';
import { revocationReasons } from '../../domain/ports';
import { serverWords } from '../http/server-words';
import { exchangeOverChannel } from './channel-http';
import type { TenantSurroundings } from './endpoint';
import { Endpoint, jsonOf } from './endpoint';
import type { BridgeOptions } from './options';

const field = 'server.options.stepCa';
const renewedSchema = z.object({ crt: z.string(), ca: z.string(), certChain: z.array(z.string()).optional() });
const jwkSchema = z.object({ kty: z.string(), crv: z.string().optional(), kid: z.string().optional(), d: z.string() }).loose();
/** Seconds for which a one-time token is good. */
const tokenLifetime = 300;

/** The tenant's certificate authority, on its own port: a proxy would not hand the client's certificate on. */
export class StepCa {
  readonly #endpoint: Endpoint;
  readonly #options: NonNullable<BridgeOptions['stepCa']>;
  readonly #root: string;
  readonly #secrets: Secrets;
  readonly #surroundings: TenantSurroundings;

  constructor(options: NonNullable<BridgeOptions['stepCa']>, root: string, secrets: Secrets, surroundings: TenantSurroundings) {
    this.#endpoint = new Endpoint(options.url, root, { product: 'step-ca', urlField: `${field}.url`, authorityField: 'server.options.trust.rootFile' }, surroundings);
    this.#options = options;
    this.#root = root;
    this.#secrets = secrets;
    this.#surroundings = surroundings;
  }

  /** A new certificate for the same key, by mutual TLS with the current one. @throws ImprintError server-* */
  async renew(tls: DeviceTls, certificateChain: string, signal: AbortSignal): Promise<{ readonly certificate: string; readonly chain: string }> {
    const reply = await this.#asDevice(tls, certificateChain, { method: 'POST', path: '/1.0/renew' }, signal);
    if (reply.status === 401) throw new ImprintError('server-refused', `The CA does not renew the certificate on this card (${serverWords(reply) ?? 'unauthorized'}): it was revoked or has expired; write the card again.`);
    if (reply.status !== 201 && reply.status !== 200) throw this.#endpoint.refusal({ ...reply, headers: {}, origin: this.#endpoint.origin }, 'renewing the certificate', field);
    const parsed = renewedSchema.safeParse(jsonOf(reply));
    if (!parsed.success) throw new ImprintError('server-reply-invalid', `What answers at ${this.#endpoint.origin} does not renew as step-ca does.`, { field: `${field}.url` });
    const { crt, ca, certChain = [] } = parsed.data;
    return { certificate: crt, chain: [ca, ...certChain].join('\n') };
  }

  /**
   * Revokes one certificate, passively: it is not renewed any more, and whoever asks the CA's list is told. Idempotent.
   *
   * @param serial hexadecimal
   * @param own the device's own TLS and certificate chain, where its card is in the bench
   * @returns one sentence
   * @throws ImprintError server-*, credential-missing
   */
  async revoke(serial: string, reason: RevocationReason, own: { readonly tls: DeviceTls; readonly certificateChain: string } | undefined, signal: AbortSignal): Promise<string> {
    const decimal = BigInt(`0x${serial}`).toString();
    const body = { serial: decimal, reasonCode: revocationReasons[reason], reason, passive: true };
    const { provisioner } = this.#options;
    let reply: { readonly status: number; readonly text: string };
    if (provisioner !== undefined) {
      reply = await this.#endpoint.ask({ method: 'POST', path: '/1.0/revoke', body: { ...body, ott: await this.#token(provisioner, decimal) } }, undefined, false, signal);
    } else if (own !== undefined) {
      reply = await this.#asDevice(own.tls, own.certificateChain, { method: 'POST', path: '/1.0/revoke', body }, signal);
    } else {
      throw new ImprintError('credential-missing', 'The profile names no provisioner of the CA (server.options.stepCa.provisioner): put the device\'s card into a slot and name it, then its own certificate speaks for it.', { field: `${field}.provisioner` });
    }
    if (reply.status === 200) return `Certificate ${serial} was revoked (${reason}).`;
    const words = serverWords(reply) ?? '';
    if (reply.status === 400 && /already|revoked/i.test(words)) return `Certificate ${serial} was revoked already.`;
    throw this.#endpoint.refusal({ status: reply.status, text: reply.text, headers: {}, origin: this.#endpoint.origin }, `revoking the certificate ${serial}`, `${field}.provisioner`);
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  async #asDevice(tls: DeviceTls, certificateChain: string, request: { readonly method: 'POST'; readonly path: string; readonly body?: unknown }, signal: AbortSignal): Promise<{ readonly status: number; readonly text: string }> {
    const { hostname, port, pathname } = new URL(this.#options.url);
    const { connect } = this.#surroundings.timeouts;
    const channel = await tls.open({ host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 443 : Number(port), certificateAuthority: this.#root, certificateChain, timeout: connect }, signal);
    try {
      return await exchangeOverChannel(channel, { ...request, path: `${pathname.replace(/\/+$/, '')}${request.path}`, host: `${hostname}:${port}` }, signal);
    } finally {
      await channel.close();
    }
  }

  /** A one-time token of a JWK provisioner (RFC 7519), as `step ca revoke` makes it: its subject is the serial number. */
  async #token(provisioner: NonNullable<NonNullable<BridgeOptions['stepCa']>['provisioner']>, serial: string): Promise<string> {
    const jwk = await this.#provisionerKey(provisioner);
    const { importJWK, SignJWT } = await import('jose');
    const now = Math.floor(this.#surroundings.clock.now().getTime() / 1000);
    const algorithm = jwk.kty === 'OKP' ? 'EdDSA' : jwk.kty === 'RSA' ? 'RS256' : jwk.crv === 'P-384' ? 'ES384' : 'ES256';
    return new SignJWT({ sha: undefined })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(jwk.kid === undefined ? {} : { kid: jwk.kid }) })
      .setIssuer(provisioner.name)
      .setAudience(`${this.#options.url}/1.0/revoke`)
      .setSubject(serial)
      .setJti(randomUUID().replaceAll('-', ''))
      .setNotBefore(now - 30)
      .setIssuedAt(now)
      .setExpirationTime(now + tokenLifetime)
      .sign(await importJWK(jwk, algorithm));
  }

  /** SECURITY: the key of a provisioner, which the keyring keeps as text; no device's key is ever here. */
  async #provisionerKey({ key, password }: NonNullable<NonNullable<BridgeOptions['stepCa']>['provisioner']>): Promise<JWK> {
    const text = (await this.#secrets.resolve(key)).trim();
    const wrong = new ImprintError('credential-missing', 'What the profile refers to as the provisioner\'s key is none: it must be the private JWK, or the encrypted one (JWE) with its password.', { field: `${field}.provisioner.key` });
    let plain = text;
    if (/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){4}$/.test(text)) {
      if (password === undefined) throw wrong;
      const { compactDecrypt } = await import('jose');
      try {
        const opened = await compactDecrypt(text, Buffer.from(await this.#secrets.resolve(password), 'utf8'), { keyManagementAlgorithms: ['PBES2-HS256+A128KW', 'PBES2-HS384+A192KW', 'PBES2-HS512+A256KW'], maxPBES2Count: 1_000_000 });
        plain = Buffer.from(opened.plaintext).toString('utf8');
      } catch {
        this.#secrets.forget(password);
        throw wrong;
      }
    }
    const parsed = jwkSchema.safeParse(jsonOf({ text: plain }));
    if (!parsed.success) throw wrong;
    return parsed.data as JWK;
  }
}
