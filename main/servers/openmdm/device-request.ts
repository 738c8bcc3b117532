import type { RequestToSign, SignedRequest } from '../../domain/ports';
import { deviceRequestMessage } from './canonical';

/**
 * A request as a device with a pinned key signs it: ECDSA P-256, SHA-256, DER, base64, over
 * `deviceId|timestamp|body|nonce`, which the core's `verifyDeviceRequest` checks. How the parts travel is up to the service
 * that checks them; these headers are what the practice server reads.
 *
 * @param sign as the device's key does it
 * @throws ImprintError where a field is ambiguous, and what `sign` throws
 */
export async function signDeviceRequest(request: RequestToSign, sign: (payload: Uint8Array) => Promise<Uint8Array>): Promise<SignedRequest> {
  const { deviceId, timestamp, body, nonce } = request;
  const message = deviceRequestMessage({ deviceId, timestamp, body, nonce });
  const signature = Buffer.from(await sign(Buffer.from(message, 'utf8'))).toString('base64');
  return {
    message,
    headers: { 'x-device-id': deviceId, 'x-device-timestamp': timestamp, 'x-device-nonce': nonce, 'x-device-signature': signature },
  };
}
