import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../domain/ports';

const yearSeconds = 365 * 24 * 60 * 60;
const claimsSchema = z.object({ sub: z.string(), exp: z.number().optional() });

/** The tokens that devices get: JSON Web Tokens with HS256 (RFC 7519, RFC 7518 3.2), signed and really checked. */
export class PracticeMdmTokens {
  readonly #secret: string;
  readonly #clock: Clock;

  constructor(secret: string, clock: Clock) {
    this.#secret = secret;
    this.#clock = clock;
  }

  #signature(signed: string): Buffer {
    return createHmac('sha256', this.#secret).update(signed).digest();
  }

  issue(deviceId: string): { readonly token: string; readonly expiresAt: string } {
    const now = this.#clock.now().getTime();
    const seconds = Math.floor(now / 1000);
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: deviceId, iat: seconds, exp: seconds + yearSeconds, iss: 'openmdm' })}`;
    return { token: `${signed}.${this.#signature(signed).toString('base64url')}`, expiresAt: new Date(now + yearSeconds * 1000).toISOString() };
  }

  /** Whose token this is, or undefined. Nothing is looked up: a token outlives its device. */
  deviceOf(token: string): string | undefined {
    const [head, body, signature, ...more] = token.split('.');
    if (head === undefined || body === undefined || signature === undefined || more.length > 0) return undefined;
    const given = Buffer.from(signature, 'base64url');
    const expected = this.#signature(`${head}.${body}`);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const claims = claimsSchema.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
    if (!claims.success) return undefined;
    const { sub, exp } = claims.data;
    return exp !== undefined && exp < Math.floor(this.#clock.now().getTime() / 1000) ? undefined : sub;
  }
}
