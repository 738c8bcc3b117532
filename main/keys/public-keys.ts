import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { ImprintError } from '../domain/errors';
import type { KeyType, PublicKey } from '../domain/keys';

/** SHA-256 over a SubjectPublicKeyInfo, hexadecimal. */
export function fingerprintOf(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex');
}

/** @throws ImprintError key-type-unsupported for a type that no profile can ask for */
function keyTypeOf(key: KeyObject): KeyType {
  switch (key.asymmetricKeyType) {
    case 'rsa': {
      const bits = key.asymmetricKeyDetails?.modulusLength;
      if (bits === 2048 || bits === 3072 || bits === 4096) return `rsa-${String(bits) as '2048' | '3072' | '4096'}`;
      break;
    }
    case 'ec':
      if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ec-p256';
      if (key.asymmetricKeyDetails?.namedCurve === 'secp384r1') return 'ec-p384';
      break;
    case 'ed25519':
      return 'ed25519';
    default:
      break;
  }
  throw new ImprintError('key-type-unsupported', `This key (${key.asymmetricKeyType ?? 'unknown type'}) is of a type that Imprint does not make.`);
}

/** The public half of a private or public key object. */
export function publicKeyOf(key: KeyObject): PublicKey {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  const spki = new Uint8Array(half.export({ format: 'der', type: 'spki' }));
  return { type: keyTypeOf(half), spki, fingerprint: fingerprintOf(spki) };
}
