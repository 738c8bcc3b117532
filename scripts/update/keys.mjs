import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';

/** The private half of RFC 8410 without its 32 bytes. */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Everybody can make this key: it is for source checkouts, smoke packages and tests, and a release never takes it. */
export function developmentKey() {
  const seed = createHash('sha256').update('imprint development updates: proves nothing').digest();
  return createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
}

export const developmentName = 'imprint-development-updates';
export const releaseName = 'imprint-updates';

const publicBytes = (privateKey) => createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);

/** SHA-256(name || 0x0A || 0x01 || public key)[:4] (https://c2sp.org/signed-note). */
const keyId = (name, bytes) => createHash('sha256').update(`${name}\n`).update(Buffer.of(1)).update(bytes).digest().subarray(0, 4);

/** The public half as main/update/keys.ts has it. */
export function verifierText(name, privateKey) {
  const bytes = publicBytes(privateKey);
  return `${name}+${keyId(name, bytes).toString('hex')}+${Buffer.concat([Buffer.of(1), bytes]).toString('base64')}`;
}

/** A text with a line end, signed. */
export function signedNote(text, name, privateKey) {
  const bytes = publicBytes(privateKey);
  return `${text}\n\u2014 ${name} ${Buffer.concat([keyId(name, bytes), sign(null, Buffer.from(text, 'utf8'), privateKey)]).toString('base64')}\n`;
}

export function newKey() {
  return generateKeyPairSync('ed25519').privateKey;
}
