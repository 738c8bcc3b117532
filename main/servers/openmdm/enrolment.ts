import type { Clock, Secrets } from '../../domain/ports';
import type { Identity } from '../../domain/identity';
import type { PublicKey } from '../../domain/keys';
import { asImprintError, ImprintError } from '../../domain/errors';
import type { HttpReply } from '../http/http-exchange';
import { ExchangeFailure } from '../http/http-failures';
import { pause } from '../http/patience';
import { pinnedKeyMessage, sharedSecretMessage, sharedSecretSignature } from './canonical';
import type { MdmDevices } from './devices';
import { fingerprintOf } from './devices';
import type { MdmIdentity } from './identifiers';
import { enrollmentIdOf, identifierNames, identifierOf, readMdmIdentity } from './identifiers';
import { blindSentence, type MdmClient } from './mdm-client';
import type { MdmOptions } from './options';
import type { MdmDevice, MdmEnrolment } from './replies';
import { parseChallenge, parseEnrolment } from './replies';

/** How often the server is asked where a challenge was not good any more or a reply was lost. */
const mostAttempts = 3;

export interface EnrolmentParts {
  readonly client: MdmClient;
  /** Undefined without an admin token. */
  readonly devices: MdmDevices | undefined;
  readonly options: MdmOptions;
  readonly secrets: Secrets;
  readonly clock: Clock;
  /** Milliseconds that the server gets to finish a request whose reply was lost. */
  readonly settle: number;
}

export interface DeviceToEnrol {
  readonly identity: Identity;
  readonly publicKey: PublicKey;
  readonly sign: ((payload: Uint8Array) => Promise<Uint8Array>) | undefined;
  /** An admin's word: a pinned key may be unpinned, and a pinned device enrolled by the shared secret. */
  readonly replace: boolean;
  /** A card that exists already is enrolled again: that the server has its device is what is wanted. */
  readonly again: boolean;
}

export interface Enrolled {
  readonly enrolment: MdmEnrolment;
  /** Whether the device was there with this key before. */
  readonly already: boolean;
  readonly sentence: string;
}

/**
 * Enrols a device, by its own key or by the fleet's secret.
 *
 * CRASH: an enrolment whose reply is lost is sent again with the same key and a fresh challenge, which gives the same device
 * and another token. So nothing has to be undone, and a second station's key is never in the way of its own.
 *
 * @throws ImprintError identity-at-server, identity-*, server-*, credential-missing, cancelled
 */
export async function enrolDevice(parts: EnrolmentParts, device: DeviceToEnrol, signal: AbortSignal): Promise<Enrolled> {
  const identity = readMdmIdentity(device.identity, parts.options.method);
  const enrollmentId = enrollmentIdOf(identity);
  const known = await parts.devices?.find(enrollmentId, signal);
  await clearTheWay(parts, device, known, signal);
  const { enrolment, repeated } = await repeatedly(parts, device, signal, () => attempt(parts, device, identity, signal)).catch(async (thrown: unknown) => {
    throw await explainHidden(parts, device, enrollmentId, asImprintError(thrown), signal);
  });
  if (enrolment.enrollmentId !== enrollmentId) {
    throw new ImprintError('server-reply-invalid', `The server keeps this device under ${enrolment.enrollmentId} instead of ${enrollmentId}: it reads other identifiers than this Imprint knows, or a proxy changes requests.`);
  }
  await assertThere(parts, device, enrolment.deviceId, signal);
  const already = repeated || (known !== undefined && (parts.options.enrolment === 'hmac' || fingerprintOf(known) === device.publicKey.fingerprint));
  return { enrolment, already, sentence: describe(parts, device, identity, enrolment, known) };
}

/** @throws ImprintError identity-at-server where the server has this device in a way that the person must decide about */
async function clearTheWay({ devices, options }: EnrolmentParts, { identity, publicKey, replace, again }: DeviceToEnrol, known: MdmDevice | undefined, signal: AbortSignal): Promise<void> {
  if (devices === undefined || known === undefined) return;
  const who = `${identifierOf(identity)} (device ${known.id}, ${known.status})`;
  const conflict = (sentence: string): ImprintError => new ImprintError('identity-at-server', sentence, { field: 'identity', expected: 'an identity that the server does not have' });
  if (options.enrolment === 'hmac') {
    // SECURITY: the server takes the shared secret for a device that has a pinned key, and asks nobody for that key.
    if (known.publicKey !== undefined && !replace) {
      throw conflict(`The server has pinned a key for ${who}, and would let the shared secret in beside it: that is a downgrade, which an admin must order (replace).`);
    }
    return;
  }
  if (fingerprintOf(known) === publicKey.fingerprint) return;
  if (known.publicKey === undefined) {
    if (replace || again) return;
    throw conflict(`The server has ${who} without any key: it came by the shared secret, or an admin unpinned it. An admin may pin this card's key to it (replace).`);
  }
  if (again || !replace) throw conflict(mismatchSentence(who));
  await devices.unpin(known.id, signal);
}

/** A device that is in the way and in no list was retired: unpinning would not help there. */
async function explainHidden({ devices }: EnrolmentParts, { identity }: DeviceToEnrol, enrollmentId: string, error: ImprintError, signal: AbortSignal): Promise<ImprintError> {
  if (error.code !== 'identity-at-server' || devices === undefined || (await devices.find(enrollmentId, signal)) !== undefined) return error;
  return new ImprintError('identity-at-server', `The server has retired ${identifierOf(identity)} and keeps its row with another key: whoever runs the server must delete that row before this identity is used again (${error.message})`, error);
}

function mismatchSentence(who: string): string {
  return `The server has pinned another key for ${who}: its storage was wiped, or somebody else uses its identity. Find out which; then an admin makes its card with --replace, which unpins the old key.`;
}

/** Another attempt may help. */
class Again extends Error {
  constructor(
    readonly error: ImprintError,
    /** Whether the server may have enrolled the device, its reply being lost. */
    readonly mayBeThere: boolean,
  ) {
    super(error.message);
  }
}

async function attempt(parts: EnrolmentParts, device: DeviceToEnrol, identity: MdmIdentity, signal: AbortSignal): Promise<MdmEnrolment> {
  const doing = `enrolling ${identifierOf(device.identity)}`;
  const { policyId, groupId, deviceSecret } = parts.options;
  const signed = parts.options.enrolment === 'hmac' ? await bySecret(parts, identity, signal) : await byKey(parts, device, identity, doing, signal);
  const body = { ...identity, ...signed, ...(policyId === undefined ? {} : { policyId }), ...(groupId === undefined ? {} : { groupId }) };
  const reply = await parts.client.agent({ method: 'POST', path: '/agent/enroll', body }, false, signal).catch((thrown: unknown) => {
    throw thrown instanceof ExchangeFailure && (thrown.mayHaveArrived || thrown.momentary) ? new Again(thrown.error, thrown.mayHaveArrived) : thrown;
  });
  try {
    return parseEnrolment(reply, doing);
  } catch (thrown) {
    const error = asImprintError(thrown);
    // Asked for again next time, where a person gave it.
    if (deviceSecret !== undefined && error.field === 'server.options.deviceSecret') parts.secrets.forget(deviceSecret);
    if (error.code === 'server-challenge-invalid') throw new Again(error, false);
    // A 5xx, or an answer that is not OpenMDM's, says nothing about what was done.
    if (error.code === 'server-busy' || error.code === 'server-reply-invalid') throw new Again(error, true);
    throw error;
  }
}

/** The challenge is fetched last of all: it is good for five minutes and for one request. */
async function byKey({ client, clock }: EnrolmentParts, { publicKey, sign }: DeviceToEnrol, identity: MdmIdentity, doing: string, signal: AbortSignal): Promise<object> {
  if (sign === undefined) throw new ImprintError('unexpected', 'OpenMDM wants a signature of the device\'s key, and that key is not at hand.');
  const text = Buffer.from(publicKey.spki).toString('base64');
  const challenge = await fetchChallenge(client, doing, signal);
  const timestamp = clock.now().toISOString();
  const message = pinnedKeyMessage({ ...identity, publicKey: text, timestamp, challenge });
  const signature = Buffer.from(await sign(Buffer.from(message, 'utf8'))).toString('base64');
  return { timestamp, publicKey: text, attestationChallenge: challenge, signature };
}

async function fetchChallenge(client: MdmClient, doing: string, signal: AbortSignal): Promise<string> {
  let reply: HttpReply;
  try {
    // Not repeated by the layer below: a server without challenge storage says so with a 503.
    reply = await client.agent({ method: 'GET', path: '/agent/enroll/challenge' }, false, signal);
  } catch (thrown) {
    throw thrown instanceof ExchangeFailure && thrown.momentary ? new Again(thrown.error, false) : thrown;
  }
  client.assertClocksAgree(reply);
  try {
    return parseChallenge(reply, doing).challenge;
  } catch (thrown) {
    const error = asImprintError(thrown);
    throw error.code === 'server-busy' ? new Again(error, false) : error;
  }
}

async function bySecret({ client, clock, secrets, options }: EnrolmentParts, identity: MdmIdentity, signal: AbortSignal): Promise<object> {
  if (options.deviceSecret === undefined) throw new ImprintError('profile-invalid', 'Enrolment by the shared secret needs that secret.', { field: 'server.options.deviceSecret' });
  // Its timestamp must be good before the secret is used for it.
  await client.probe(signal);
  const timestamp = clock.now().toISOString();
  // SECURITY: the secret stays in this call; what goes out is an HMAC of it.
  const signature = sharedSecretSignature(await secrets.resolve(options.deviceSecret), sharedSecretMessage({ ...identity, timestamp }));
  return { timestamp, signature };
}

/** @throws what the last attempt threw */
async function repeatedly({ settle }: EnrolmentParts, device: DeviceToEnrol, signal: AbortSignal, once: () => Promise<MdmEnrolment>): Promise<{ readonly enrolment: MdmEnrolment; readonly repeated: boolean }> {
  let mayBeThere = false;
  for (let count = 1; ; count += 1) {
    try {
      return { enrolment: await once(), repeated: mayBeThere };
    } catch (thrown) {
      const again = thrown instanceof Again ? thrown : undefined;
      mayBeThere ||= again?.mayBeThere === true;
      const error = again?.error ?? (thrown instanceof ExchangeFailure ? thrown.error : asImprintError(thrown));
      if (again === undefined || count === mostAttempts) throw mayBeThere ? withDoubt(error, device) : error;
      if (error.code !== 'server-challenge-invalid') await pause(settle, signal);
    }
  }
}

function withDoubt(error: ImprintError, { identity }: DeviceToEnrol): ImprintError {
  if (error.code === 'cancelled') return error;
  return new ImprintError(error.code, `${error.message} It is not known whether the server has enrolled ${identifierOf(identity)}; if it has, an admin must unpin it before its card is made again.`, error);
}

/**
 * With an admin token the server is read once more: a retired device takes an enrolment and stays retired, and only what the
 * server shows is known to be pinned.
 */
async function assertThere({ devices, options }: EnrolmentParts, { publicKey, identity }: DeviceToEnrol, id: string, signal: AbortSignal): Promise<void> {
  if (devices === undefined) return;
  const shown = await devices.read(id, signal);
  const who = `${identifierOf(identity)} (device ${id})`;
  if (shown === undefined) {
    throw new ImprintError('server-refused', `The server has retired ${who} and keeps its row: it would turn the board away. Whoever runs the server must delete that row before this identity is used again.`, { field: 'identity' });
  }
  if (options.enrolment === 'pinned-key' && fingerprintOf(shown) !== publicKey.fingerprint) {
    throw new ImprintError('server-reply-invalid', `The server took the key of ${who} and does not show it; look at that device at the server before it is used.`);
  }
}

function describe({ options, devices }: EnrolmentParts, { again }: DeviceToEnrol, mdm: MdmIdentity, { deviceId, enrollmentId }: MdmEnrolment, known: MdmDevice | undefined): string {
  const name = identifierNames.find((each) => mdm[each] === enrollmentId) ?? 'identifier';
  const who = `this device as ${deviceId}, known there by its ${name} ${enrollmentId}`;
  if (options.enrolment === 'hmac') {
    const before = devices === undefined ? ` ${blindSentence}` : known?.publicKey === undefined ? '' : ' The key that was pinned for it stays pinned, and is not asked for.';
    return `LEGACY: the server enrolled ${who}, by the secret of the fleet; it has pinned no key.${before}`;
  }
  return `The server enrolled ${who}, ${again ? 'once more, with the key on its card' : 'and pinned this key to it'}.`;
}
