import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PinnedKeyFields } from '../../main/servers/openmdm/canonical';
import { deviceRequestMessage, pinnedKeyMessage, sharedSecretMessage, sharedSecretSignature } from '../../main/servers/openmdm/canonical';

const pixel: PinnedKeyFields = {
  publicKey: 'PK',
  model: 'Pixel 7',
  manufacturer: 'Google',
  osVersion: '14',
  serialNumber: 'SN1',
  imei: 'IMEI1',
  macAddress: 'aa:bb',
  androidId: 'android-1',
  method: 'qr',
  timestamp: '2026-04-15T12:00:00Z',
  challenge: 'CHAL',
};

describe('the texts that are signed', () => {
  it('has eleven fields for the pinned key', () => {
    expect(pinnedKeyMessage(pixel)).toBe('PK|Pixel 7|Google|14|SN1|IMEI1|aa:bb|android-1|qr|2026-04-15T12:00:00Z|CHAL');
  });

  it('keeps the place of an identifier that is absent', () => {
    expect(pinnedKeyMessage({ publicKey: 'PK', model: 'M', manufacturer: 'F', osVersion: '14', method: 'manual', timestamp: 'T', challenge: 'C' })).toBe('PK|M|F|14|||||manual|T|C');
  });

  it('takes nothing but its own fields, in its own order', () => {
    const shuffled = Object.fromEntries(Object.entries({ ...pixel, signature: 'S', extra: 'E' }).reverse());
    expect(pinnedKeyMessage(shuffled as unknown as PinnedKeyFields)).toBe(pinnedKeyMessage(pixel));
  });

  it('has nine fields for the shared secret, and their HMAC in lower-case hexadecimal digits', () => {
    const message = sharedSecretMessage({
      model: 'Pixel 7 Pro',
      manufacturer: 'Google',
      osVersion: '14',
      serialNumber: 'SN-123456',
      imei: '353912108123456',
      macAddress: 'aa:bb:cc:dd:ee:ff',
      androidId: 'android-id-abc',
      method: 'qr',
      timestamp: '2026-04-15T00:00:00.000Z',
    });
    expect(message).toBe('Pixel 7 Pro|Google|14|SN-123456|353912108123456|aa:bb:cc:dd:ee:ff|android-id-abc|qr|2026-04-15T00:00:00.000Z');
    expect(sharedSecretSignature('test-enrollment-secret-do-not-use-in-prod', message)).toBe('97163cb7fad6769c6b227aec6e41865b24c487c5b2701c24b3ee4e239772cd21');
  });

  it('has four fields for a device\'s request, and keeps the end of an empty nonce', () => {
    expect(deviceRequestMessage({ deviceId: 'dev-1', timestamp: '2026-04-15T12:00:00Z', body: '{"hello":"world"}', nonce: 'nonce-1' })).toBe('dev-1|2026-04-15T12:00:00Z|{"hello":"world"}|nonce-1');
    expect(deviceRequestMessage({ deviceId: 'dev-1', timestamp: 'T', body: '' })).toBe('dev-1|T||');
    expect(deviceRequestMessage({ deviceId: 'dev-1', timestamp: 'T', body: '', nonce: '' })).toBe('dev-1|T||');
  });

  it('signs the UTF-8 bytes of a name that is not ASCII', () => {
    const bytes = Buffer.from([0x47, 0xc3, 0xa9, 0xf0, 0x9f, 0x93, 0xb1]);
    expect(sharedSecretSignature('secret', 'Gé📱')).toBe(createHmac('sha256', 'secret').update(bytes).digest('hex'));
  });
});

describe('a value that would make the text ambiguous', () => {
  const attributes = ['model', 'manufacturer', 'osVersion', 'serialNumber', 'imei', 'macAddress', 'androidId', 'method'] as const;
  const bad = ['a|b', '|', 'a\nb', 'a\r\nb', 'a\u2028b', 'a\u2029b'];

  it.each(attributes.flatMap((name) => bad.map((value) => [name, value] as const)))('is refused in %s: %j', (name, value) => {
    const refusal = expect.objectContaining({ code: 'identity-invalid', field: `identity.${name}`, message: expect.stringContaining(name) as string }) as Error;
    expect(() => pinnedKeyMessage({ ...pixel, [name]: value })).toThrow(refusal);
    expect(() => sharedSecretMessage({ ...pixel, [name]: value })).toThrow(refusal);
  });

  it.each([
    ['challenge', 'server-reply-invalid'],
    ['publicKey', 'unexpected'],
    ['timestamp', 'unexpected'],
  ])('is refused in %s as %s', (name, code) => {
    expect(() => pinnedKeyMessage({ ...pixel, [name]: 'a|b' })).toThrow(expect.objectContaining({ code, field: name }) as Error);
  });

  it('is refused around the body of a request, which itself may hold anything', () => {
    const request = { deviceId: 'd', timestamp: 'T', body: '{"a":"x|y"}\n', nonce: 'n' };
    expect(deviceRequestMessage(request)).toBe('d|T|{"a":"x|y"}\n|n');
    expect(() => deviceRequestMessage({ ...request, deviceId: 'd|T' })).toThrow(expect.objectContaining({ code: 'server-reply-invalid', field: 'deviceId' }) as Error);
    expect(() => deviceRequestMessage({ ...request, timestamp: 'T|' })).toThrow(expect.objectContaining({ field: 'timestamp' }) as Error);
    expect(() => deviceRequestMessage({ ...request, nonce: 'n\n' })).toThrow(expect.objectContaining({ field: 'nonce' }) as Error);
  });
});
