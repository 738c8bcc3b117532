import { randomUUID } from 'node:crypto';
import { Agent, request } from 'undici';
import { ImprintError } from '../../domain/errors';
import { describeIdentity, type Identity } from '../../domain/identity';
import { sharedSecretMessage, sharedSecretSignature } from './canonical';
import { signDeviceRequest } from './device-request';
import { readMdmIdentity } from './identifiers';
import { parseEnrolment, parseHeartbeat } from './replies';

export interface PracticeMdmDeviceOptions {
  readonly url: string;
  readonly certificateAuthority: string | undefined;
  readonly identity: Identity;
  /** As it stands on the card. */
  readonly deviceId: string;
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

type Post = (path: string, body: string, headers?: Readonly<Record<string, string>>) => Promise<Reply>;

/**
 * What a device with a key of its own does: a request, signed with the key on its card.
 *
 * @throws ImprintError device-not-accepted with the server's words, server-unreachable
 */
export function bootSigningDevice(device: PracticeMdmDeviceOptions, sign: (payload: Uint8Array) => Promise<Uint8Array>, signal: AbortSignal): Promise<void> {
  return withServer(device, signal, async (post) => {
    const { deviceId } = device;
    const body = JSON.stringify({ event: 'started' });
    const { headers } = await signDeviceRequest({ deviceId, timestamp: new Date().toISOString(), body, nonce: randomUUID() }, sign);
    const reply = await post('/device-request', body, headers);
    if (reply.status !== 200) throw refused(device, reply);
  });
}

/**
 * What a device of a fleet with a shared secret does at each start: it enrols by that secret, which is in its software, and
 * reports with the token that it gets. Its card only tells it who it is.
 *
 * @throws ImprintError device-not-accepted, server-*
 */
export function bootSharedSecretDevice(device: PracticeMdmDeviceOptions, secret: string, signal: AbortSignal): Promise<void> {
  return withServer(device, signal, async (post) => {
    const identity = readMdmIdentity(device.identity, 'manual');
    const timestamp = new Date().toISOString();
    const signature = sharedSecretSignature(secret, sharedSecretMessage({ ...identity, timestamp }));
    const enrolled = await post('/agent/enroll', JSON.stringify({ ...identity, timestamp, signature }));
    if (enrolled.status !== 201) throw refused(device, enrolled);
    const doing = 'enrolling the simulated device';
    const { deviceId, token } = parseEnrolment({ ...enrolled, headers: {}, origin: device.url }, doing);
    if (deviceId !== device.deviceId) throw new ImprintError('device-not-accepted', `The server knows the simulated device as ${deviceId}, and its card says ${device.deviceId}.`);
    const reported = await post('/agent/heartbeat', JSON.stringify({ timestamp: new Date().toISOString() }), { authorization: `Bearer ${token}` });
    parseHeartbeat({ ...reported, headers: {}, origin: device.url }, 'reporting as the simulated device');
  });
}

function refused({ identity }: PracticeMdmDeviceOptions, { status, text }: Reply): ImprintError {
  return new ImprintError('device-not-accepted', `The server did not accept ${describeIdentity(identity)} (${String(status)}: ${text.slice(0, 200)}).`);
}

async function withServer(device: PracticeMdmDeviceOptions, signal: AbortSignal, work: (post: Post) => Promise<void>): Promise<void> {
  const dispatcher = new Agent({ connect: { ca: device.certificateAuthority } });
  const post: Post = async (path, body, headers = {}) => {
    try {
      const reply = await request(device.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body, dispatcher, signal });
      return { status: reply.statusCode, text: await reply.body.text() };
    } catch (thrown) {
      throw new ImprintError('server-unreachable', `The simulated device could not reach ${device.url}.`, { cause: thrown });
    }
  };
  try {
    await work(post);
  } finally {
    await dispatcher.close();
  }
}
