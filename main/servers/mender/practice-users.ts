import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Randomness } from '../../domain/ports';
import { replaceFile } from '../practice/practice-journal';
import type { PracticeRequest } from '../practice/practice-http';
import { isObject, parseJson, PracticeProblem } from '../practice/practice-http';
import type { PracticeState } from './practice-state';

export interface PracticeUser {
  readonly username: string;
  readonly password: string;
  /** The code that the person's second factor shows at this moment; without it the password is enough. */
  readonly oneTimeCode?: (() => string) | undefined;
}

const weekSeconds = 7 * 24 * 60 * 60;
const yearSeconds = 365 * 24 * 60 * 60;
const secretName = 'practice-signing-secret';

/** The secret under which this practice server signs its tokens; kept so that they outlive a restart. */
export async function openSigningSecret(folder: string | undefined): Promise<Buffer> {
  if (folder === undefined) return randomBytes(32);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, secretName);
  const kept = await readFile(path, 'utf8').catch(() => '');
  if (/^[0-9a-f]{64}$/.test(kept)) return Buffer.from(kept, 'hex');
  const fresh = randomBytes(32);
  await replaceFile(path, fresh.toString('hex'));
  return fresh;
}

function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** User administration and tokens: JSON Web Tokens with HS256 (RFC 7519, RFC 7518 3.2), signed and really checked. */
export class PracticeUsers {
  readonly #users: readonly PracticeUser[];
  readonly #secret: Buffer;
  readonly #state: PracticeState;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  /** The last code of each user that was good: it is good for once. */
  readonly #usedCodes = new Map<string, string>();

  constructor(users: readonly PracticeUser[], secret: Buffer, state: PracticeState, clock: Clock, randomness: Randomness) {
    this.#users = users;
    this.#secret = secret;
    this.#state = state;
    this.#clock = clock;
    this.#randomness = randomness;
  }

  #seconds(): number {
    return Math.floor(this.#clock.now().getTime() / 1000);
  }

  #sign(claims: Record<string, unknown>): string {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
    return `${signed}.${createHmac('sha256', this.#secret).update(signed).digest('base64url')}`;
  }

  /** The token that a device gets for a good auth request. */
  deviceToken(deviceId: string, authSetId: string): string {
    const now = this.#seconds();
    return this.#sign({ 'jti': authSetId, 'sub': deviceId, 'exp': now + weekSeconds, 'iat': now, 'iss': 'Mender', 'mender.device': true, 'mender.trial': false });
  }

  /** POST /useradm/auth/login: Basic credentials (RFC 7617), and the code of a second factor, for a token of a week. @throws PracticeProblem 400, 401 */
  logIn(request: PracticeRequest): string {
    const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const text = basic === undefined ? '' : Buffer.from(basic, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 0) throw new PracticeProblem(401, 'invalid or missing auth header');
    const username = text.slice(0, colon).toLowerCase();
    const password = text.slice(colon + 1);
    const user = this.#users.find((candidate) => candidate.username.toLowerCase() === username);
    if (user === undefined || !same(user.password, password)) throw new PracticeProblem(401, 'unauthorized');
    this.#checkSecondFactor(user, request);
    const now = this.#seconds();
    return this.#sign({ 'jti': this.#randomness.uuid(), 'sub': user.username, 'exp': now + weekSeconds, 'iat': now, 'mender.user': true, 'iss': 'Mender', 'scp': 'mender.*' });
  }

  /** The words are those of the real service, in the body of a login: `{"token2fa": "123456"}`. @throws PracticeProblem 400, 401 */
  #checkSecondFactor(user: PracticeUser, request: PracticeRequest): void {
    const expected = user.oneTimeCode?.();
    if (expected === undefined) return;
    const body = request.body.length === 0 ? {} : parseJson(request.body, 'failed to decode login options');
    const code = isObject(body) ? body['token2fa'] : undefined;
    if (code === undefined || code === '') throw new PracticeProblem(401, '2fa needed');
    if (typeof code !== 'string' || !same(code, expected) || this.#usedCodes.get(user.username) === code) throw new PracticeProblem(401, '2fa code invalid');
    this.#usedCodes.set(user.username, code);
  }

  /** Who asks, by a Bearer token of a user. @throws PracticeProblem 401 */
  authenticate(request: PracticeRequest): string {
    const refused = (message: string): PracticeProblem => new PracticeProblem(401, message, { 'WWW-Authenticate': 'Bearer realm="ManagementJWT"' });
    const header = request.headers.authorization;
    if (header === undefined) throw refused('Authorization not present in header');
    const words = header.split(' ');
    if (words.length !== 2) throw refused('malformed Authorization header');
    if (words[0]?.toLowerCase() !== 'bearer') throw refused(`unknown Authorization method ${words[0] ?? ''}`);
    const parts = (words[1] ?? '').split('.');
    if (parts.length !== 3) throw refused('identity: incorrect token format');
    const [head, body, signature] = parts;
    const expected = createHmac('sha256', this.#secret).update(`${head ?? ''}.${body ?? ''}`).digest('base64url');
    if (!same(expected, signature ?? '')) throw refused('unauthorized');
    const claims: unknown = JSON.parse(Buffer.from(body ?? '', 'base64url').toString('utf8'));
    if (!isObject(claims) || claims['mender.user'] !== true || typeof claims['sub'] !== 'string') throw refused('unauthorized');
    if (typeof claims['exp'] === 'number' && claims['exp'] < this.#seconds()) throw refused('unauthorized');
    if (claims['personal'] === true && this.#state.token(String(claims['jti'])) === undefined) throw refused('unauthorized');
    const username = claims['sub'];
    if (!this.#users.some((user) => user.username === username)) throw refused('unauthorized');
    return username;
  }

  /** POST /useradm/settings/tokens. @throws PracticeProblem 400, 409 */
  issueToken(username: string, body: Buffer): string {
    let wanted: unknown;
    try {
      wanted = parseJson(body, '');
    } catch {
      throw new PracticeProblem(400, 'cannot parse request body as json');
    }
    if (!isObject(wanted)) throw new PracticeProblem(400, 'cannot parse request body as json');
    const { name, expires_in: seconds = 0 } = wanted;
    if (typeof name !== 'string' || name === '') throw new PracticeProblem(400, 'name: cannot be blank.');
    if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 0) throw new PracticeProblem(400, 'expires_in: must be no less than 0.');
    if (seconds > yearSeconds) throw new PracticeProblem(400, `expires_in: must be no greater than ${String(yearSeconds)}.`);
    if (this.#state.tokensOf(username).some((token) => token.name === name)) throw new PracticeProblem(409, 'Personal Access Token with a given name already exists');
    const now = this.#seconds();
    const id = this.#randomness.uuid();
    const expires = seconds === 0 ? undefined : now + seconds;
    this.#state.saveToken({ id, username, name, createdAt: new Date(now * 1000).toISOString(), expiresAt: expires === undefined ? undefined : new Date(expires * 1000).toISOString() });
    return this.#sign({ 'jti': id, 'sub': username, ...(expires === undefined ? {} : { exp: expires }), 'iat': now, 'mender.user': true, 'iss': 'Mender', 'scp': 'mender.*', 'personal': true });
  }

  listTokens(username: string): unknown {
    return this.#state.tokensOf(username).map((token) => ({ id: token.id, name: token.name, expiration_date: token.expiresAt, created_ts: token.createdAt }));
  }

  /** @throws PracticeProblem 404 */
  removeToken(username: string, id: string): void {
    if (this.#state.token(id)?.username !== username) throw new PracticeProblem(404, 'token not found');
    this.#state.removeToken(id);
  }
}
