import { ImprintError } from '../domain/errors';
import type { SignedRequest } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { assertMay } from '../domain/roles';
import { serverKindOf, type Station } from './station';

export interface SigningRequest {
  readonly targetPath: string;
  /** The server's id of the device; the record's unless told. */
  readonly deviceId?: string | undefined;
  /** ISO 8601; now unless told. */
  readonly timestamp?: string | undefined;
  readonly body: string;
  /** A random one unless told. */
  readonly nonce?: string | undefined;
}

/**
 * Signs a request with the key on a card, as the device itself would: whoever verifies it knows that this card has the key
 * that the server expects. The key stays in custody.
 *
 * @throws ImprintError not-allowed, usage where this kind of server knows no such requests, no-such-device, verify-*, target-*
 */
export async function signRequest(station: Station, profile: Profile, request: SigningRequest): Promise<SignedRequest & { readonly fingerprint: string }> {
  assertMay(station.role, 'provision');
  const { custody, record } = station;
  const { targetPath, timestamp, body, nonce = station.randomness.uuid() } = request;
  const kind = serverKindOf(station, profile);
  if (kind.signRequest === undefined) throw new ImprintError('usage', `Devices of a ${profile.server.kind} server sign no requests in a form that Imprint knows.`, { field: 'server.kind' });
  const { publicKey } = await custody.readCardKey(targetPath, profile.files);
  const deviceId = request.deviceId ?? (await record.findByFingerprint(publicKey.fingerprint))?.serverDeviceId;
  if (deviceId === undefined) {
    throw new ImprintError('no-such-device', 'The key on this card is not in the record: name the server\'s id of the device with --device-id.', { field: '--device-id', expected: 'the id that the server gave the device' });
  }
  const sign = async (payload: Uint8Array): Promise<Uint8Array> => (await custody.signWithCardKey(targetPath, profile.files, payload)).signature;
  const signed = await kind.signRequest({ deviceId, timestamp: timestamp ?? station.clock.now().toISOString(), body, nonce }, sign);
  return { ...signed, fingerprint: publicKey.fingerprint };
}
