import { createHash, createPublicKey } from 'node:crypto';

/**
 * SHA-256 over the SPKI of a PEM `PUBLIC KEY`, 64 lower-case hexadecimal digits; line ends and indentation carry no
 * meaning. Undefined where the text is no public key in that form (RFC 7468, 13).
 */
export function fingerprintOfPem(pem: string): string | undefined {
  const body = /-----BEGIN PUBLIC KEY-----([\sA-Za-z0-9+/=]+)-----END PUBLIC KEY-----/.exec(pem)?.[1];
  if (body === undefined) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(body.replace(/\s+/g, ''), 'base64'), format: 'der', type: 'spki' });
    return createHash('sha256').update(key.export({ format: 'der', type: 'spki' })).digest('hex');
  } catch {
    return undefined;
  }
}
