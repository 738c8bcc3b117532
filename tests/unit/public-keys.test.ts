import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ImprintError } from '../../main/domain/errors';
import { publicKeyPem, spkiOfPem } from '../../main/domain/keys';
import { fingerprintOf, publicKeyOf } from '../../main/keys/public-keys';

const keys: [string, { publicKey: KeyObject; privateKey: KeyObject }][] = [
  ['rsa-2048', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['ec-p256', generateKeyPairSync('ec', { namedCurve: 'prime256v1' })],
  ['ed25519', generateKeyPairSync('ed25519')],
];

describe.each(keys)('%s', (type, { publicKey, privateKey }) => {
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));

  it('has the PEM that node:crypto gives it, and comes back from it', () => {
    const pem = publicKeyPem(spki);
    expect(pem).toBe(publicKey.export({ type: 'spki', format: 'pem' }));
    expect(spkiOfPem(pem)).toEqual(spki);
    expect(createPublicKey(pem).equals(publicKey)).toBe(true);
  });

  it('comes back from a PEM with other line ends, without them, or with none at the end', () => {
    const pem = publicKeyPem(spki);
    expect(spkiOfPem(pem.replaceAll('\n', '\r\n'))).toEqual(spki);
    expect(spkiOfPem(pem.trimEnd())).toEqual(spki);
  });

  it('is read from either half', () => {
    const expected = { type, spki, fingerprint: createHash('sha256').update(spki).digest('hex') };
    expect(publicKeyOf(publicKey)).toEqual(expected);
    expect(publicKeyOf(privateKey)).toEqual(expected);
    expect(fingerprintOf(spki)).toBe(expected.fingerprint);
  });
});

it.each(Array.from({ length: 100 }, (_, length) => [length + 1]))('a text of %d bytes keeps them through PEM', (length) => {
  const bytes = Uint8Array.from({ length }, (_, index) => (index * 37 + length) & 0xff);
  const pem = publicKeyPem(bytes);
  expect(spkiOfPem(pem)).toEqual(bytes);
  const lines = pem.trimEnd().split('\n').slice(1, -1);
  expect(lines.join('')).toBe(Buffer.from(bytes).toString('base64'));
  expect(lines.slice(0, -1).every((line) => line.length === 64)).toBe(true);
});

it.each([
  [''],
  ['MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE'],
  ['-----BEGIN RSA PUBLIC KEY-----\nMIIB\n-----END RSA PUBLIC KEY-----\n'],
  ['-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n'],
  ['-----BEGIN PUBLIC KEY-----\nMIIB\n'],
  ['-----BEGIN PUBLIC KEY-----\nMI*B\n-----END PUBLIC KEY-----\n'],
])('finds no key in %j', (text) => {
  expect(spkiOfPem(text)).toBeUndefined();
});

it.each<[string, KeyObject]>([
  ['rsa of 1024 bits', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey],
  ['another curve', generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).publicKey],
  ['x25519', generateKeyPairSync('x25519').publicKey],
])('refuses %s', (_, key) => {
  expect(() => publicKeyOf(key)).toThrow(expect.objectContaining({ code: 'key-type-unsupported' }) as ImprintError);
});
