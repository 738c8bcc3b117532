import type { EnrolReceipt, EnrolRequest, ServerAuthSet, ServerDevice } from '../../domain/ports';
import { ImprintError } from '../../domain/errors';
import { canonicalIdentity, describeIdentity } from '../../domain/identity';
import { publicKeyPem } from '../../domain/keys';
import type { Devices } from './devices';
import { devicesPath, toServerDevice } from './devices';
import { ExchangeFailure, refusalOfReply } from '../http/http-failures';
import { pause } from '../http/patience';
import type { DeviceReply } from './replies';
import { deviceIdOfLocation, parseDevice } from './replies';
import type { Session } from './session';

/** How often the server is told again after it turned out not to have heard. */
const mostAttempts = 3;

export interface Enrolment {
  readonly session: Session;
  readonly devices: Devices;
  /** Milliseconds that the server gets to finish a request whose reply was lost, before it is read. */
  readonly settle: number;
}

type Outcome =
  | { readonly kind: 'created'; readonly id: string }
  /** The server answered that the identity is there, with the id of the device where it could be read. */
  | { readonly kind: 'exists'; readonly id: string | undefined }
  /** No reply, or one that says nothing about what was done. */
  | { readonly kind: 'unknown'; readonly failure: ImprintError };

/** What the device that the server has means for the request. */
type Verdict = { readonly kind: 'ours'; readonly receipt: EnrolReceipt } | { readonly kind: 'conflict'; readonly error: ImprintError; readonly replaceable: boolean };

/**
 * Preauthorizes an identity with its key.
 *
 * CRASH: a call that changes the server is never repeated blindly. Where its reply is lost the server is read first, so
 * that a preauthorization of our own is recognised by its key. Nobody else's is ever replaced, unless the request says so:
 * then a device that is there gets this key besides (`force`).
 *
 * @throws ImprintError identity-at-server, server-*, cancelled
 */
export async function enrol(enrolment: Enrolment, request: EnrolRequest, signal: AbortSignal): Promise<EnrolReceipt> {
  const who = describeIdentity(request.identity);
  const receipt = await repeatedly(enrolment, who, signal, async () => {
    // Without force first, even where a key is to be replaced: the 409 is the only reply that names the real device.
    const outcome = await preauthorize(enrolment.session, request, false, signal);
    if (outcome.kind === 'created') {
      return { serverDeviceId: outcome.id, already: false, sentence: `The server expects ${who} with this key (device ${outcome.id}).` };
    }
    if (outcome.kind === 'unknown') await settle(enrolment, signal);
    const known = await readKnown(enrolment.devices, request, outcome.kind === 'exists' ? outcome.id : undefined, signal);
    if (known === undefined) return outcome;
    const verdict = judge(toServerDevice(known), request);
    if (verdict.kind === 'ours') return verdict.receipt;
    if (request.replace !== true || !verdict.replaceable) throw verdict.error;
    return replace(enrolment, request, known, signal);
  });
  enrolment.devices.remember(request.identity, receipt.serverDeviceId);
  return receipt;
}

/**
 * Adds our key to a device that is there under another one.
 *
 * The Location of a forced request carries a fresh random id, so the device is read afterwards under the id that it had
 * before, and our key looked for among its sets.
 */
function replace(enrolment: Enrolment, request: EnrolRequest, before: DeviceReply, signal: AbortSignal): Promise<EnrolReceipt> {
  const who = describeIdentity(request.identity);
  return repeatedly(enrolment, who, signal, async () => {
    const outcome = await preauthorize(enrolment.session, request, true, signal);
    if (outcome.kind === 'unknown') await settle(enrolment, signal);
    const candidates = [before.id, ...(outcome.kind === 'created' ? [outcome.id] : [])];
    let device: ServerDevice | undefined;
    for (const id of candidates) {
      // The second is real only where the device was removed meanwhile, so that the request made a new one.
      const reply = await enrolment.devices.read(id, signal);
      device ??= reply === undefined ? undefined : toServerDevice(reply);
    }
    if (device === undefined) return outcome;
    const ours = setOf(device, request);
    if (ours?.status !== 'preauthorized' && ours?.status !== 'accepted') {
      if (outcome.kind === 'unknown') return outcome;
      throw new ImprintError('server-reply-invalid', `The server took the new key of ${who} and does not show it (device ${device.id}); look at that device at the server before it is used.`);
    }
    const expected = device.authSets.filter((set) => set.status === 'preauthorized' && set.id !== ours.id).length;
    const warning = expected === 0 ? '' : ` It expects another key still: remove that one, the server cannot cope with two.`;
    return { serverDeviceId: device.id, already: false, sentence: `The server expects ${who} with this key too (device ${device.id}, which it had already).${warning}` };
  });
}

/** Tries until there is a receipt; an outcome says that the server turned out not to have heard, or to have forgotten. */
async function repeatedly(enrolment: Enrolment, who: string, signal: AbortSignal, attempt: () => Promise<EnrolReceipt | Outcome>): Promise<EnrolReceipt> {
  let last: ImprintError | undefined;
  for (let count = 1; count <= mostAttempts; count += 1) {
    const end = await attempt();
    if (!('kind' in end)) return end;
    if (end.kind === 'unknown') last = end.failure;
    else if (count < mostAttempts) await settle(enrolment, signal);
  }
  throw last ?? new ImprintError('server-busy', `The server says that it has ${who} and does not show it; try again in a moment.`);
}

/** The server may still be at work on the request whose reply was lost. */
function settle(enrolment: Enrolment, signal: AbortSignal): Promise<void> {
  return pause(enrolment.settle, signal);
}

function readKnown(devices: Devices, request: EnrolRequest, id: string | undefined, signal: AbortSignal): Promise<DeviceReply | undefined> {
  return id === undefined ? devices.find(request.identity, signal) : devices.read(id, signal);
}

async function preauthorize(session: Session, request: EnrolRequest, force: boolean, signal: AbortSignal): Promise<Outcome> {
  const body = { identity_data: request.identity, pubkey: publicKeyPem(request.publicKey.spki), ...(force ? { force } : {}) };
  let reply;
  try {
    reply = await session.send({ method: 'POST', path: devicesPath, body }, false, signal);
  } catch (thrown) {
    if (thrown instanceof ExchangeFailure && thrown.mayHaveArrived) return { kind: 'unknown', failure: thrown.error };
    throw thrown;
  }
  if (reply.status === 201) {
    const id = deviceIdOfLocation(reply.headers['location']);
    if (id !== undefined) return { kind: 'created', id };
    return { kind: 'unknown', failure: new ImprintError('server-reply-invalid', 'The server preauthorized the device without saying as which one.') };
  }
  if (reply.status === 409) {
    try {
      return { kind: 'exists', id: parseDevice(reply).id };
    } catch {
      return { kind: 'exists', id: undefined };
    }
  }
  const refusal = refusalOfReply(reply, `preauthorizing ${describeIdentity(request.identity)}`);
  if (refusal.code === 'server-busy') return { kind: 'unknown', failure: refusal };
  throw refusal;
}

/** The auth set of this device that has exactly our identity and our key. */
function setOf(device: ServerDevice, request: EnrolRequest): ServerAuthSet | undefined {
  const canonical = canonicalIdentity(request.identity);
  return device.authSets.find((set) => set.fingerprint === request.publicKey.fingerprint && canonicalIdentity(set.identity) === canonical);
}

/** Whether the device that the server has is the one that we asked for. */
function judge(device: ServerDevice, request: EnrolRequest): Verdict {
  const who = describeIdentity(request.identity);
  const conflict = (sentence: string, replaceable = true): Verdict => ({
    kind: 'conflict',
    replaceable,
    error: new ImprintError('identity-at-server', sentence, { field: 'identity', expected: 'an identity that the server does not have' }),
  });
  if (device.decommissioning) {
    // A key that is added to a device on its way out goes with it.
    return conflict(`The server is still removing ${who} (device ${device.id}); wait a moment and try again.`, false);
  }
  const ours = setOf(device, request);
  if (ours?.status === 'preauthorized' || ours?.status === 'accepted') {
    return { kind: 'ours', receipt: { serverDeviceId: device.id, already: true, sentence: `The server expected ${who} with this key already (device ${device.id}, ${ours.status}).` } };
  }
  if (ours !== undefined) {
    return conflict(`The server has ${who} with this very key, but as ${ours.status} (device ${device.id}); accept it at the server, or decommission it there and try again.`);
  }
  const keys = device.authSets.length === 0 ? 'without any key' : 'with another key';
  return conflict(`The server has ${who} already ${keys} (device ${device.id}, ${device.status}); use another identity, or decommission that device at the server first.`);
}
