/** Key types that a profile may ask for. */
export const keyTypes = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256', 'ec-p384', 'ed25519'] as const;
export type KeyType = (typeof keyTypes)[number];

/** The public half of a device's key. It may go anywhere. */
export interface PublicKey {
  readonly type: KeyType;
  /** SubjectPublicKeyInfo, DER (RFC 5280, 4.1.2.7). */
  readonly spki: Uint8Array;
  /** SHA-256 over the SPKI, 64 lower-case hexadecimal digits: the name of this key in the record. */
  readonly fingerprint: string;
}

/**
 * The SPKI as PEM `PUBLIC KEY` with 64 characters a line (RFC 7468, 13): the only form that the Mender server takes.
 */
export function publicKeyPem(spki: Uint8Array): string {
  const base64 = base64Of(spki);
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Standard base64 with padding (RFC 4648, 4); here because this layer knows neither Node nor a browser. */
function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    const third = bytes[at + 2] ?? 0;
    text += alphabet.charAt(first >> 2);
    text += alphabet.charAt(((first & 3) << 4) | (second >> 4));
    text += at + 1 < bytes.length ? alphabet.charAt(((second & 15) << 2) | (third >> 6)) : '=';
    text += at + 2 < bytes.length ? alphabet.charAt(third & 63) : '=';
  }
  return text;
}

/** The DER bytes of a PEM `PUBLIC KEY`, or undefined where the text is none. The inverse of `publicKeyPem`. */
export function spkiOfPem(pem: string): Uint8Array | undefined {
  const body = /^-----BEGIN PUBLIC KEY-----\s([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/.exec(pem)?.[1]?.replace(/[\s=]/g, '');
  if (body === undefined) return undefined;
  const bytes = new Uint8Array(Math.floor((body.length * 6) / 8));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const character of body) {
    held = ((held << 6) | alphabet.indexOf(character)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (held >> bits) & 0xff;
      at += 1;
    }
  }
  return bytes;
}
