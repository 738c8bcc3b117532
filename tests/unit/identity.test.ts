import { describe, expect, it } from 'vitest';
import { ImprintError } from '../../main/domain/errors';
import { canonicalIdentity, describeIdentity, normaliseMac, readIdentity, type IdentityAttribute } from '../../main/domain/identity';

const mac: IdentityAttribute = { name: 'mac', normalise: ['trim', 'mac'], scan: true };
const serial: IdentityAttribute = { name: 'serial', normalise: ['trim', 'upper-case'], pattern: '[A-Z]{2}\\d{4}', scan: false };
const product: IdentityAttribute = { name: 'product', normalise: ['trim'], scan: false, constant: 'gateway' };

function refusal(scheme: readonly IdentityAttribute[], given: Readonly<Record<string, string>>): ImprintError {
  try {
    readIdentity(scheme, given);
  } catch (thrown) {
    if (thrown instanceof ImprintError) return thrown;
    throw thrown;
  }
  throw new Error('it was accepted');
}

describe('normaliseMac', () => {
  it.each([
    ['02:12:61:13:6c:42'],
    ['02:12:61:13:6C:42'],
    ['02-12-61-13-6C-42'],
    ['0212.6113.6c42'],
    ['021261136C42'],
    ['  02:12:61:13:6c:42\r\n'],
  ])('reads %j', (text) => {
    expect(normaliseMac(text)).toBe('02:12:61:13:6c:42');
  });

  it.each([
    [''],
    ['02:12:61:13:6c'],
    ['02:12:61:13:6c:42:00'],
    ['02:12-61:13-6c:42'],
    ['02:12:61:13:6c:4g'],
    ['2:12:61:13:6c:42'],
    ['02 12 61 13 6c 42'],
    ['0212:6113:6c42'],
    ['021.261.136.c42'],
    ['02:12:61:13:6c:42 02:12:61:13:6c:43'],
    ['٠٢:12:61:13:6c:42'],
    ['00:12:61:13:6c:42\n00:12:61:13:6c:43'],
  ])('refuses %j', (text) => {
    expect(normaliseMac(text)).toBeUndefined();
  });
});

describe('readIdentity', () => {
  it('normalises, checks and adds the constants', () => {
    expect(readIdentity([mac, serial, product], { serial: ' ab1234', mac: '02-12-61-13-6C-42' })).toEqual({
      mac: '02:12:61:13:6c:42',
      serial: 'AB1234',
      product: 'gateway',
    });
  });

  it('applies the steps in their order', () => {
    const name: IdentityAttribute = { name: 'name', normalise: ['upper-case', 'lower-case', 'trim'], scan: true };
    expect(readIdentity([name], { name: ' AbC ' })).toEqual({ name: 'abc' });
    expect(readIdentity([{ ...name, normalise: [] }], { name: ' AbC ' })).toEqual({ name: ' AbC ' });
  });

  it('accepts the value of a constant where it is the right one', () => {
    expect(readIdentity([mac, product], { mac: '021261136c42', product: 'gateway' })).toMatchObject({ product: 'gateway' });
  });

  it.each<[string, readonly IdentityAttribute[], Record<string, string>, Partial<ImprintError>]>([
    ['another attribute', [mac, serial], { mac: '021261136c42', sku: '1' }, { code: 'identity-unknown-attribute', field: 'identity.sku', expected: 'one of mac, serial' }],
    ['the right name in other letters', [mac], { MAC: '021261136c42' }, { code: 'identity-unknown-attribute', field: 'identity.MAC', expected: 'one of mac' }],
    ['no value', [mac, serial], { mac: '021261136c42' }, { code: 'identity-missing-attribute', field: 'identity.serial' }],
    ['nothing at all', [mac], {}, { code: 'identity-missing-attribute', field: 'identity.mac' }],
    ['no MAC', [mac], { mac: 'AB1234' }, { code: 'identity-invalid', field: 'identity.mac', expected: 'a MAC address such as 02:12:61:13:6c:42' }],
    ['the empty MAC', [mac], { mac: '000000000000' }, { code: 'identity-invalid', field: 'identity.mac' }],
    ['the broadcast MAC', [mac], { mac: 'ff:ff:ff:ff:ff:ff' }, { code: 'identity-invalid', field: 'identity.mac' }],
    ['a multicast MAC', [mac], { mac: '01:00:5e:00:00:01' }, { code: 'identity-invalid', field: 'identity.mac' }],
    ['an empty value', [serial], { serial: '   ' }, { code: 'identity-invalid', field: 'identity.serial', expected: 'a value' }],
    ['another pattern', [serial], { serial: 'AB12345' }, { code: 'identity-invalid', field: 'identity.serial', expected: 'text that matches [A-Z]{2}\\d{4}' }],
    ['a pattern that fits only a part', [{ ...serial, pattern: 'A|B' }], { serial: 'AX' }, { code: 'identity-invalid', field: 'identity.serial' }],
    ['a control character inside', [{ ...serial, pattern: undefined }], { serial: 'AB\u001d12' }, { code: 'identity-invalid', field: 'identity.serial', expected: 'printable text' }],
    ['a line separator inside', [{ ...serial, pattern: undefined }], { serial: 'AB\u202812' }, { code: 'identity-invalid', expected: 'printable text' }],
    ['half a character', [{ ...serial, pattern: undefined }], { serial: 'AB\ud83d' }, { code: 'identity-invalid', expected: 'printable text' }],
    ['another value for a constant', [mac, product], { mac: '021261136c42', product: 'router' }, { code: 'identity-invalid', field: 'identity.product', expected: 'gateway' }],
  ])('refuses %s', (_, scheme, given, expected) => {
    expect(refusal(scheme, given)).toMatchObject(expected);
  });

  it('tells the empty address from one that was mistyped', () => {
    expect(refusal([mac], { mac: '00:00:00:00:00:00' }).message).toContain('empty address');
    expect(refusal([mac], { mac: '01:00:5e:00:00:01' }).message).toContain('multicast');
  });

  it('shows what was scanned without its control characters, and shortened', () => {
    expect(refusal([mac], { mac: '\u001b[2Jxx' }).message).toContain('"·[2Jxx"');
    expect(refusal([mac], { mac: 'x'.repeat(10_000) }).message.length).toBeLessThan(200);
  });

  it.each(['constructor', 'toString', '__proto__'])('treats an attribute named %s like any other', (name) => {
    const scheme: readonly IdentityAttribute[] = [{ name, normalise: ['trim'], scan: true }];
    expect(refusal(scheme, {})).toMatchObject({ code: 'identity-missing-attribute' });
    const identity = readIdentity(scheme, Object.fromEntries([[name, ' x ']]));
    expect(Object.entries(identity)).toEqual([[name, 'x']]);
    expect(canonicalIdentity(identity)).toBe(`{"${name}":"x"}`);
    expect(refusal([mac], Object.fromEntries([['mac', '021261136c42'], [name, 'x']]))).toMatchObject({ code: 'identity-unknown-attribute' });
  });
});

describe('canonicalIdentity', () => {
  it.each<[Record<string, string>, string]>([
    [{ mac: '02:12:61:13:6c:42' }, '{"mac":"02:12:61:13:6c:42"}'],
    [{ serial: 'b', mac: 'a' }, '{"mac":"a","serial":"b"}'],
    [{ mac: 'a', serial: 'b' }, '{"mac":"a","serial":"b"}'],
    [{ '9': 'nine', '10': 'ten', '1a': 'x' }, '{"10":"ten","1a":"x","9":"nine"}'],
    [{ b: '1', B: '2', ä: '3', a: '4' }, '{"B":"2","a":"4","b":"1","ä":"3"}'],
    [{ 'quo"te': 'back\\slash' }, '{"quo\\"te":"back\\\\slash"}'],
    [{ name: 'Gerät 😀' }, '{"name":"Gerät 😀"}'],
    [{}, '{}'],
  ])('of %j is %s', (identity, text) => {
    expect(canonicalIdentity(identity)).toBe(text);
    expect(JSON.parse(text)).toEqual(identity);
  });
});

it('describes an identity for a person', () => {
  expect(describeIdentity({ mac: '02:12:61:13:6c:42', serial: '1928819' })).toBe('mac 02:12:61:13:6c:42, serial 1928819');
});
