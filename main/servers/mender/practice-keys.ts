import type { KeyObject } from 'node:crypto';
import { createPublicKey, verify } from 'node:crypto';
import { publicKeyPem } from '../../domain/keys';
import { PracticeProblem } from '../practice/practice-http';

export interface DeviceKey {
  readonly key: KeyObject;
  /** The one form under which the server stores and compares it. */
  readonly pem: string;
}

/**
 * A device's public key as the real service reads it: the first PEM block must be `PUBLIC KEY` with an SPKI of RSA, ECDSA
 * or Ed25519 in it; a block without line breaks, a private key, or PKCS#1 (`RSA PUBLIC KEY`) is none.
 *
 * @throws PracticeProblem 400
 */
export function parseDeviceKey(text: string, prefix: string): DeviceKey {
  const refused = (reason: string): PracticeProblem => new PracticeProblem(400, `${prefix}: ${reason}`);
  const block = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n([A-Za-z0-9+/=\s]*?)\n?-----END ([^\n]*?)-----[ \t\r]*(?:\n|$)/.exec(text);
  if (block === null || block[1] !== 'PUBLIC KEY' || block[3] !== 'PUBLIC KEY') throw refused('cannot decode public key');
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from((block[2] ?? '').replace(/\s+/g, ''), 'base64'), format: 'der', type: 'spki' });
  } catch {
    throw refused('cannot decode public key: asn1: structure error');
  }
  if (!['rsa', 'ec', 'ed25519'].includes(key.asymmetricKeyType ?? '')) throw refused('unrecognized public key type');
  return { key, pem: publicKeyPem(key.export({ format: 'der', type: 'spki' })) };
}

/**
 * X-MEN-Signature: base64 over the raw body; RSA PKCS#1 v1.5 with SHA-256 (RFC 8017, 8.2), ECDSA with SHA-256 in DER
 * (RFC 3279, 2.2.3), Ed25519 (RFC 8032) without a digest.
 */
export function signatureIsGood(key: KeyObject, body: Uint8Array, signature: string): boolean {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) return false;
  const bytes = Buffer.from(signature, 'base64');
  try {
    if (key.asymmetricKeyType === 'ed25519') return verify(null, body, key, bytes);
    return verify('sha256', body, { key, dsaEncoding: 'der' }, bytes);
  } catch {
    return false;
  }
}
