import { Agent, request } from 'undici';
import { ImprintError } from '../../domain/errors';
import { canonicalIdentity, describeIdentity, type Identity } from '../../domain/identity';
import { publicKeyPem, type PublicKey } from '../../domain/keys';

export interface PracticeDevice {
  readonly url: string;
  readonly certificateAuthority: string | undefined;
  readonly identity: Identity;
  /** The public half of the key that the device found on its card. */
  readonly publicKey: PublicKey;
  /** Signs with the key on the card; the device's key never comes here. */
  readonly sign: (payload: Uint8Array) => Promise<Uint8Array>;
}

/**
 * What a device does at its first boot: one auth request, signed with the key on its card (Mender device authentication
 * API v1, `POST /api/devices/v1/authentication/auth_requests`).
 *
 * @throws ImprintError device-not-accepted with the server's words, server-unreachable
 */
export async function bootPracticeDevice(device: PracticeDevice, signal: AbortSignal): Promise<void> {
  const body = Buffer.from(JSON.stringify({ id_data: canonicalIdentity(device.identity), pubkey: publicKeyPem(device.publicKey.spki) }));
  const signature = Buffer.from(await device.sign(body)).toString('base64');
  const dispatcher = new Agent({ connect: { ca: device.certificateAuthority } });
  try {
    const reply = await request(`${device.url}/api/devices/v1/authentication/auth_requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-men-signature': signature },
      body,
      dispatcher,
      signal,
    });
    const text = await reply.body.text();
    if (reply.statusCode !== 200) {
      throw new ImprintError('device-not-accepted', `The server did not accept ${describeIdentity(device.identity)} (${String(reply.statusCode)}: ${text.slice(0, 200)}).`);
    }
  } catch (thrown) {
    if (thrown instanceof ImprintError) throw thrown;
    throw new ImprintError('server-unreachable', `The simulated device could not reach ${device.url}.`, { cause: thrown });
  } finally {
    await dispatcher.close();
  }
}
