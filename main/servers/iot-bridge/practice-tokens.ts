import { createHash, verify } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../domain/ports';
import { PracticeProblem } from '../practice/practice-http';
import type { PracticeProvisioner } from './practice-authority';
import { caWords } from './practice-requests';
import type { PracticeBridgeState } from './practice-state';

const headSchema = z.object({ alg: z.literal('ES256'), kid: z.string() });
const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().min(1),
  aud: z.union([z.string(), z.array(z.string())]),
  nbf: z.number().optional(),
  exp: z.number().optional(),
  iat: z.number().optional(),
  jti: z.string().optional(),
});

/** How far the clocks of a token's maker and of the CA may be apart, in seconds. */
const leeway = 60;
const hosts = ['127.0.0.1', 'localhost', '[::1]'];

const refused = (): PracticeProblem => new PracticeProblem(401, caWords.unauthorized);

/**
 * One-time tokens for revocation: JWTs (RFC 7519) that the provisioner's key signed with ES256 (RFC 7518, 3.4), for this CA,
 * for one certificate, and for once. The real CA says no reason to the outside either.
 */
export class PracticeTokens {
  readonly #provisioner: PracticeProvisioner;
  readonly #state: PracticeBridgeState;
  readonly #clock: Clock;
  /** In seconds since 1970, as tokens have it. */
  readonly #startedAt: number;

  constructor(provisioner: PracticeProvisioner, state: PracticeBridgeState, clock: Clock) {
    this.#provisioner = provisioner;
    this.#state = state;
    this.#clock = clock;
    this.#startedAt = this.#now();
  }

  #now(): number {
    return Math.floor(this.#clock.now().getTime() / 1000);
  }

  /**
   * Whether this token may revoke this certificate. It is used up then.
   *
   * The real CA (0.19) does not compare `sub` with the serial number; here a token for another certificate is refused, so
   * that a client which mixes them up is found out.
   *
   * @param serial decimal
   * @throws PracticeProblem 401
   */
  useForRevocation(token: string, serial: string): void {
    const parts = token.split('.');
    const [head = '', claims = '', signature = ''] = parts;
    if (parts.length !== 3) throw refused();
    const { kid } = readPart(head, headSchema);
    if (kid !== this.#provisioner.keyId) throw refused();
    const signed = verify('sha256', Buffer.from(`${head}.${claims}`), { key: this.#provisioner.publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
    if (!signed) throw refused();
    const { iss, sub, aud, nbf, exp, iat, jti } = readPart(claims, claimsSchema);
    const now = this.#now();
    const inTime = (nbf ?? 0) <= now + leeway && (exp ?? Infinity) >= now - leeway && (iat ?? now) <= now + leeway;
    // Tokens from before the start are refused: a CA without a database would not know which of them were used.
    const sinceStart = (iat ?? now) >= this.#startedAt;
    const forThisCa = [aud].flat().some(isRevocationAudience);
    if (iss !== this.#provisioner.name || sub !== serial || !inTime || !sinceStart || !forThisCa) throw refused();
    const id = jti === undefined || jti === '' ? createHash('sha256').update(token).digest('hex') : jti;
    if (!this.#state.useToken(id)) throw refused();
  }
}

/** The port does not count, as in the real CA. */
function isRevocationAudience(audience: string): boolean {
  if (!URL.canParse(audience)) return false;
  const { protocol, hostname, pathname } = new URL(audience);
  return protocol === 'https:' && hosts.includes(hostname) && ['/1.0/revoke', '/revoke'].includes(pathname);
}

function readPart<Schema extends z.ZodType>(part: string, schema: Schema): z.infer<Schema> {
  try {
    return schema.parse(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
  } catch {
    throw refused();
  }
}
