import type { EnrolReceipt, EnrolRequest, ServerDevice } from '../../domain/ports';
import { ImprintError } from '../../domain/errors';
import { canonicalIdentity, describeIdentity } from '../../domain/identity';
import { publicKeyPem } from '../../domain/keys';
import { devicesPath, findDevice, readDevice, toServerDevice } from './devices';
import { ExchangeFailure, refusalOfReply } from './http-failures';
import { pause } from './patience';
import { deviceIdOfLocation, parseDevice } from './replies';
import type { Session } from './session';

/** How often the server is told again after it turned out not to have heard. */
const mostAttempts = 3;

type Outcome =
  | { readonly kind: 'created'; readonly id: string }
  /** The server answered that the identity is there, with the id of the device where it could be read. */
  | { readonly kind: 'exists'; readonly id: string | undefined }
  /** No reply, or one that says nothing about what was done. */
  | { readonly kind: 'unknown'; readonly failure: ImprintError };

/**
 * Preauthorizes an identity with its key.
 *
 * CRASH: a call that changes the server is never repeated blindly. Where its reply is lost the server is read first, so
 * that a preauthorization of our own is recognised by its key, and nobody else's is ever replaced (`force` is not used).
 *
 * @throws ImprintError identity-at-server, server-*, cancelled
 */
export async function enrol(session: Session, request: EnrolRequest, settleMilliseconds: number, signal: AbortSignal): Promise<EnrolReceipt> {
  let last: ImprintError | undefined;
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    const outcome = await preauthorize(session, request, signal);
    if (outcome.kind === 'created') {
      return { serverDeviceId: outcome.id, already: false, sentence: `The server expects ${describeIdentity(request.identity)} with this key (device ${outcome.id}).` };
    }
    if (outcome.kind === 'unknown') {
      last = outcome.failure;
      // The server may still be at work on the request whose reply was lost.
      await pause(settleMilliseconds, signal);
    }
    const known = outcome.kind === 'exists' && outcome.id !== undefined ? await readDevice(session, outcome.id, signal) : await findDevice(session, request.identity, signal);
    if (known !== undefined) return judge(toServerDevice(known), request);
    // Gone meanwhile, or never arrived: tell the server again.
  }
  throw last ?? new ImprintError('server-busy', `The server says that it has ${describeIdentity(request.identity)} and does not show it; try again in a moment.`);
}

async function preauthorize(session: Session, request: EnrolRequest, signal: AbortSignal): Promise<Outcome> {
  const body = { identity_data: request.identity, pubkey: publicKeyPem(request.publicKey.spki) };
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

/** Whether the device that the server has is the one that we asked for. */
function judge(device: ServerDevice, request: EnrolRequest): EnrolReceipt {
  const who = describeIdentity(request.identity);
  const conflict = (sentence: string) => new ImprintError('identity-at-server', sentence, { field: 'identity', expected: 'an identity that the server does not have' });
  if (device.decommissioning) {
    throw conflict(`The server is still removing ${who} (device ${device.id}); wait a moment and try again.`);
  }
  const canonical = canonicalIdentity(request.identity);
  const ours = device.authSets.find((set) => set.fingerprint === request.publicKey.fingerprint && canonicalIdentity(set.identity) === canonical);
  if (ours?.status === 'preauthorized' || ours?.status === 'accepted') {
    return { serverDeviceId: device.id, already: true, sentence: `The server expected ${who} with this key already (device ${device.id}, ${ours.status}).` };
  }
  if (ours !== undefined) {
    throw conflict(`The server has ${who} with this very key, but as ${ours.status} (device ${device.id}); accept it at the server, or decommission it there and try again.`);
  }
  const keys = device.authSets.length === 0 ? 'without any key' : 'with another key';
  throw conflict(`The server has ${who} already ${keys} (device ${device.id}, ${device.status}); use another identity, or decommission that device at the server first.`);
}
