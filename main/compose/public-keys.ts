import { createPublicKey } from 'node:crypto';
import { publicKeyPem } from '../domain/keys';
import { fingerprintOf } from '../keys/public-keys';
import type { ForeignKey } from '../station/station';

/** As Station.readPublicKey; keys of every type, since another tool made them. */
export function readPublicKey(text: string): ForeignKey | undefined {
  const body = /^\s*-----BEGIN PUBLIC KEY-----([\sA-Za-z0-9+/=]+)-----END PUBLIC KEY-----\s*$/.exec(text)?.[1] ?? text;
  const base64 = body.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]{16,}={0,2}$/.test(base64)) return undefined;
  try {
    const spki = createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' }).export({ format: 'der', type: 'spki' });
    return { fingerprint: fingerprintOf(spki), publicKeyPem: publicKeyPem(spki) };
  } catch {
    return undefined;
  }
}
