import type { KeyObject } from 'node:crypto';
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';

/**
 * What the real server takes for a public key: SPKI, DER, base64, EC on P-256. Undefined for anything else.
 *
 * Node's base64 is lenient, so the real server reads base64url as well; but it pins the text, and a device that comes back
 * with the other spelling has another key.
 */
export function readPublicKey(text: unknown): KeyObject | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** ECDSA, SHA-256, the signature in DER and base64; the two bare numbers of IEEE P1363 are no DER. */
export function isSignedBy(key: KeyObject, message: string, signature: unknown): boolean {
  if (typeof signature !== 'string') return false;
  try {
    return verify('sha256', Buffer.from(message, 'utf8'), { key, dsaEncoding: 'der' }, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

/** HMAC-SHA256 as hexadecimal digits; the real server reads capitals as well. */
export function isSharedSecretSignature(secret: string, message: string, signature: unknown): boolean {
  if (typeof signature !== 'string') return false;
  const given = Buffer.from(signature, 'hex');
  const expected = createHmac('sha256', secret).update(message).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}
