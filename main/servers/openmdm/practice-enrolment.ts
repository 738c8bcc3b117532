import { randomBytes } from 'node:crypto';
import type { Clock, Randomness } from '../../domain/ports';
import { isObject, PracticeProblem } from '../practice/practice-http';
import { isSharedSecretSignature, isSignedBy, readPublicKey } from './practice-keys';
import { challengeProblem, enrolmentProblem, internalProblem, MdmProblem } from './practice-problems';
import type { PracticeMdmDevice, PracticeMdmState } from './practice-state';
import type { PracticeMdmTokens } from './practice-tokens';

export interface PracticePolicy {
  readonly id: string;
  readonly name: string;
}

/** How whoever runs the server has set it up. */
export interface PracticeMdmSettings {
  readonly autoEnroll: boolean;
  /** Key of the HMAC of devices without a key of their own. */
  readonly deviceSecret: string;
  readonly pinnedKeyRequired: boolean;
  /** Whether the server's database has a place for challenges. */
  readonly challengeStorage: boolean;
  readonly challengeSeconds: number;
  /** Any method unless told. */
  readonly allowedMethods?: readonly string[] | undefined;
  /** The default policy, where there is one. */
  readonly policy?: PracticePolicy | undefined;
  /** What devices are told to talk to; scheme and host of the request unless told, without the mount point. */
  readonly serverUrl?: string | undefined;
  readonly mqttUrl?: string | undefined;
}

const skewMilliseconds = 900_000;

/** A value of the request as the real server joins it: absent is empty, anything else is its text. Nothing is refused. */
function plain(value: unknown): string {
  return value === undefined || value === null || value === '' ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

const orNull = (text: string): string | null => (text === '' ? null : text);

/** ISO 8601, or seconds or milliseconds since 1970. */
function timeOf(timestamp: unknown): number | undefined {
  const text = plain(timestamp);
  if (/^\d+$/.test(text)) return Number(text) < 1e12 ? Number(text) * 1000 : Number(text);
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** The rules of enrolment, in the order in which the real core applies them: which refusal comes first is a fact too. */
export class PracticeMdmEnrolment {
  readonly #state: PracticeMdmState;
  readonly #tokens: PracticeMdmTokens;
  readonly #settings: PracticeMdmSettings;
  readonly #clock: Clock;
  readonly #randomness: Randomness;

  constructor(state: PracticeMdmState, tokens: PracticeMdmTokens, settings: PracticeMdmSettings, clock: Clock, randomness: Randomness) {
    this.#state = state;
    this.#tokens = tokens;
    this.#settings = settings;
    this.#clock = clock;
    this.#randomness = randomness;
  }

  /** @throws PracticeProblem 503 */
  issueChallenge(): unknown {
    const { challengeStorage, challengeSeconds: ttlSeconds } = this.#settings;
    if (!challengeStorage) throw new PracticeProblem(503, 'Enrollment challenges are not supported by this database adapter.');
    const challenge = randomBytes(32).toString('base64');
    const expiresAt = new Date(this.#clock.now().getTime() + ttlSeconds * 1000).toISOString();
    this.#state.saveChallenge({ challenge, expiresAt });
    return { challenge, expiresAt, ttlSeconds };
  }

  /** @param origin scheme and host of the request @throws PracticeProblem 400, 409, 500 */
  enrol(body: unknown, origin: string): unknown {
    if (body === null) throw internalProblem();
    const request = isObject(body) ? body : {};
    if (['model', 'manufacturer', 'osVersion'].some((name) => !given(request[name]))) throw new PracticeProblem(400, 'Missing required fields: model, manufacturer, osVersion');
    const enrollmentId = ['macAddress', 'serialNumber', 'imei', 'androidId'].map((name) => plain(request[name])).find((id) => id !== '');
    if (enrollmentId === undefined) throw new PracticeProblem(400, 'At least one device identifier required');
    const method = plain(request['method']);
    if (this.#settings.allowedMethods?.includes(method) === false) throw enrolmentProblem(`Enrollment method '${method}' is not allowed`);
    const publicKey = given(request['publicKey']) ? plain(request['publicKey']) : undefined;
    if (publicKey === undefined) this.#checkSharedSecret(request);
    else this.#checkPinnedKey(request);
    return this.#reply(this.#upsert(request, enrollmentId, publicKey), origin);
  }

  #checkSharedSecret(request: Record<string, unknown>): void {
    if (this.#settings.pinnedKeyRequired) throw enrolmentProblem('Pinned-key enrollment is required but the request carried no publicKey.');
    if (!isSharedSecretSignature(this.#settings.deviceSecret, signedFields(request).join('|'), request['signature'])) throw enrolmentProblem('Invalid enrollment signature');
    const time = timeOf(request['timestamp']);
    if (time === undefined) throw enrolmentProblem('Enrollment timestamp is not a valid ISO-8601 or epoch value');
    if (Math.abs(this.#clock.now().getTime() - time) > skewMilliseconds) throw enrolmentProblem('Enrollment timestamp is outside the acceptable window.');
  }

  #checkPinnedKey(request: Record<string, unknown>): void {
    const { attestationChallenge: challenge, publicKey } = request;
    if (!given(challenge)) throw enrolmentProblem('Pinned-key enrollment requires attestationChallenge.');
    if (!this.#settings.challengeStorage) throw enrolmentProblem('Pinned-key enrollment requires an adapter that implements enrollment challenge storage.');
    // Before the challenge is taken: a bad key leaves it good.
    const key = readPublicKey(publicKey);
    if (key === undefined) throw enrolmentProblem('Invalid enrollment public key');
    // Before the signature is looked at: two requests with one challenge must not both be good, so a bad one burns it.
    const known = this.#state.consumeChallenge(plain(challenge));
    if (known === undefined) throw challengeProblem('Enrollment challenge is missing, expired, or already consumed');
    if (Date.parse(known.expiresAt) < this.#clock.now().getTime()) throw challengeProblem('Enrollment challenge has expired');
    const message = [plain(publicKey), ...signedFields(request), plain(challenge)].join('|');
    if (!isSignedBy(key, message, request['signature'])) throw enrolmentProblem('Invalid enrollment signature (device-pinned-key path)');
  }

  #upsert(request: Record<string, unknown>, enrollmentId: string, publicKey: string | undefined): PracticeMdmDevice {
    const now = this.#clock.now().toISOString();
    const about = { model: plain(request['model']), manufacturer: plain(request['manufacturer']), osVersion: plain(request['osVersion']) };
    const pin = publicKey === undefined ? {} : { publicKey, enrollmentMethod: 'pinned-key' };
    // Retired ones too: their row holds the enrollmentId, and stays retired.
    const known = this.#state.deviceByEnrollmentId(enrollmentId);
    if (known !== undefined) {
      if (publicKey !== undefined && known.publicKey !== null && known.publicKey !== publicKey) {
        throw new MdmProblem(409, 'PUBLIC_KEY_MISMATCH', `Device ${known.id} is already enrolled with a different pinned public key`, { deviceId: known.id });
      }
      // By the shared secret the pinned key stays, and nobody is asked for it.
      return this.#state.saveDevice({ ...known, ...about, ...(known.publicKey === null ? pin : {}), status: 'enrolled', lastSync: now, updatedAt: now });
    }
    if (!this.#settings.autoEnroll) throw enrolmentProblem('Device not registered and auto-enroll is disabled');
    return this.#state.saveDevice({
      id: this.#randomness.uuid(),
      enrollmentId,
      // Until it enrols a second time: the real database makes devices so, and autoEnroll does not change it.
      status: 'pending',
      ...about,
      serialNumber: orNull(plain(request['serialNumber'])),
      imei: orNull(plain(request['imei'])),
      macAddress: orNull(plain(request['macAddress'])),
      androidId: orNull(plain(request['androidId'])),
      policyId: orNull(plain(request['policyId'])),
      publicKey: null,
      enrollmentMethod: null,
      lastHeartbeat: null,
      lastSync: null,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
      ...pin,
    });
  }

  #reply(device: PracticeMdmDevice, origin: string): unknown {
    const { policy, serverUrl, mqttUrl } = this.#settings;
    const { token, expiresAt } = this.#tokens.issue(device.id);
    return {
      deviceId: device.id,
      enrollmentId: device.enrollmentId,
      policyId: policy?.id,
      policy,
      serverUrl: serverUrl ?? origin,
      pushConfig: { provider: mqttUrl === undefined ? 'polling' : 'mqtt', mqttUrl, mqttTopic: `openmdm/devices/${device.id}`, pollingInterval: 60 },
      token,
      tokenExpiresAt: expiresAt,
    };
  }
}

/** As JavaScript's own conditions see it: the real server asks no more of a field. */
function given(value: unknown): boolean {
  return Boolean(value);
}

/** The nine fields that both ways sign, not by the adapter's code: a mistake there must not be made here as well. */
function signedFields(request: Record<string, unknown>): string[] {
  return ['model', 'manufacturer', 'osVersion', 'serialNumber', 'imei', 'macAddress', 'androidId', 'method', 'timestamp'].map((name) => plain(request[name]));
}
