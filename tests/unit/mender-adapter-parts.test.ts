import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keyTypes as allKeyTypes, publicKeyPem } from '../../main/domain/keys';
import { readableKeyTypes } from '../../main/servers/mender/key-types';
import { retryAfterSeconds } from '../../main/servers/http/patience';
import { fingerprintOfPem } from '../../main/servers/mender/public-keys';
import { deviceIdOfLocation, tokenLifetime } from '../../main/servers/mender/replies';

const keyTypes = allKeyTypes.filter((type) => type !== 'ec-p384');


const rsaAndEc = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256'];

describe('which keys a Mender client reads', () => {
  it.each([
    [undefined, keyTypes],
    ['5.1', keyTypes],
    ['4.0.0', keyTypes],
    ['3.5', keyTypes],
    ['2.6', rsaAndEc],
    ['2.4', rsaAndEc],
    // PKCS#1 files only, which the station does not write.
    ['2.3', []],
    ['2', []],
    ['1.7', []],
  ])('version %s', (version, expected) => {
    expect(readableKeyTypes(version)).toEqual(expected);
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-11-22T08:00:00Z');
  it.each([
    ['120', 120],
    [' 0 ', 0],
    ['Sun, 22 Nov 2026 08:01:30 GMT', 90],
    ['Sun, 22 Nov 2026 07:00:00 GMT', 0],
    ['soon', undefined],
    // What Date.parse takes for a date, and is none.
    ['2 minutes', undefined],
    ['Nov 2', undefined],
    [undefined, undefined],
  ])('%s', (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });

  it('counts from the server\'s clock where it tells it', () => {
    expect(retryAfterSeconds('Sun, 22 Nov 2026 10:00:20 GMT', now, 'Sun, 22 Nov 2026 10:00:05 GMT')).toBe(15);
    expect(retryAfterSeconds('Sun, 22 Nov 2026 08:00:20 GMT', now, 'nonsense')).toBe(20);
  });
});

describe('the device in a Location', () => {
  it.each([
    ['devices/abc-1', 'abc-1'],
    ['/api/management/v2/devauth/devices/abc-1', 'abc-1'],
    ['https://host/api/management/v2/devauth/devices/abc-1', 'abc-1'],
    ['devices/', undefined],
    ['otherdevices/abc', undefined],
    [undefined, undefined],
  ])('%s', (location, id) => {
    expect(deviceIdOfLocation(location)).toBe(id);
  });
});

describe('the fingerprint of a key that the server shows', () => {
  it('is the SHA-256 of the SPKI, whatever the line ends and the indentation', () => {
    for (const pair of [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('ed25519'), generateKeyPairSync('rsa', { modulusLength: 2048 })]) {
      const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
      const expected = createHash('sha256').update(spki).digest('hex');
      const pem = publicKeyPem(spki);
      for (const text of [pem, pem.trim(), pem.replaceAll('\n', '\r\n'), pem.replaceAll('\n', '\n  '), `note\n${pem}`]) expect(fingerprintOfPem(text)).toBe(expected);
    }
  });

  it('is undefined for what is no public key', () => {
    for (const text of ['', 'nonsense', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', '-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n']) {
      expect(fingerprintOfPem(text)).toBeUndefined();
    }
  });
});

describe('how long a token lives', () => {
  const token = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;
  const now = new Date(1_000_000_000);
  it('counts from the server\'s own clock where it tells it', () => {
    expect(tokenLifetime(token({ exp: 5_000_600, iat: 5_000_000 }), now)).toBe(600);
    expect(tokenLifetime(token({ exp: 1_000_600 }), now)).toBe(600);
    expect(tokenLifetime(token({ iat: 1 }), now)).toBeUndefined();
    expect(tokenLifetime('nonsense', now)).toBeUndefined();
  });
});
