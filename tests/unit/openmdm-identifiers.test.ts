import { describe, expect, it } from 'vitest';
import { enrollmentIdOf, enrolmentMethods, readMdmIdentity } from '../../main/servers/openmdm/identifiers';

const about = { model: 'Board A', manufacturer: 'Works', osVersion: '14', method: 'manual' };
const mac = '02:12:61:13:6c:42';
/** Its check digit is right by Luhn's formula. */
const imei = '490154203237518';
const androidId = '0123456789abcdef';

const refusal = (identity: Record<string, string>): unknown => {
  try {
    readMdmIdentity(identity);
    return undefined;
  } catch (thrown) {
    return thrown;
  }
};

describe('an identity for OpenMDM', () => {
  it('is taken as it stands', () => {
    const identity = { ...about, macAddress: mac, serialNumber: 'SN 1', imei, androidId };
    expect(readMdmIdentity(identity)).toEqual(identity);
  });

  it.each(enrolmentMethods)('may be enrolled by %s', (method) => {
    expect(readMdmIdentity({ ...about, method, macAddress: mac }).method).toBe(method);
  });

  it.each(['model', 'manufacturer', 'osVersion', 'method'])('must have %s', (name) => {
    const rest = Object.fromEntries(Object.entries({ ...about, macAddress: mac }).filter(([key]) => key !== name));
    expect(refusal(rest)).toMatchObject({ code: 'identity-missing-attribute', field: `identity.${name}` });
  });

  it('must have an identifier', () => {
    expect(refusal(about)).toMatchObject({ code: 'identity-missing-attribute', field: 'identity', expected: 'one of macAddress, serialNumber, imei, androidId' });
  });

  it.each(['macAddress', 'serialNumber', 'imei', 'androidId'])('is known by %s alone', (name) => {
    const values: Record<string, string> = { macAddress: mac, serialNumber: 'S', imei, androidId };
    expect(enrollmentIdOf(readMdmIdentity({ ...about, [name]: values[name] ?? '' }))).toBe(values[name]);
  });

  it('is known by the first of MAC, serial number, IMEI and Android ID', () => {
    expect(enrollmentIdOf(readMdmIdentity({ ...about, androidId, imei, serialNumber: 'S', macAddress: mac }))).toBe(mac);
    expect(enrollmentIdOf(readMdmIdentity({ ...about, androidId, imei, serialNumber: 'S' }))).toBe('S');
    expect(enrollmentIdOf(readMdmIdentity({ ...about, androidId, imei }))).toBe(imei);
    expect(enrollmentIdOf({ ...about, method: 'manual', macAddress: '', serialNumber: 'S' })).toBe('S');
    expect(() => enrollmentIdOf({ ...about, method: 'manual' })).toThrow(expect.objectContaining({ code: 'identity-missing-attribute' }) as Error);
  });

  it.each([['mac', mac], ['constructor', 'x'], ['sdkVersion', '34']])('knows no attribute %s', (name, value) => {
    expect(refusal({ ...about, macAddress: mac, [name]: value })).toMatchObject({ code: 'identity-unknown-attribute', field: `identity.${name}` });
  });

  it.each([
    ['imei', '49015420323751', 'lacks its check digit'],
    ['imei', '490154203237519', 'check digit'],
    ['imei', '490154203237581', 'check digit'],
    ['imei', '4901542032375180', 'IMEISV'],
    ['imei', '000000000000000', 'zeros'],
    ['imei', '49-015420-323751-8', '15 digits'],
    ['imei', '٤٩٠١٥٤٢٠٣٢٣٧٥١٨', '15 digits'],
    ['androidId', '0123456789ABCDEF', '16 hexadecimal'],
    ['androidId', '123456789abcdef', '16 hexadecimal'],
    ['macAddress', '02-12-61-13-6C-42', 'normalisation'],
    ['macAddress', 'aa:bb', 'normalisation'],
    ['method', 'QR', 'no enrolment method'],
    ['model', 'Board|A', '"|"'],
    ['serialNumber', 'S\n1', 'line break'],
    ['serialNumber', '  ', 'is empty'],
    ['osVersion', 'x'.repeat(51), 'longer'],
  ])('refuses %s %j: %s', (name, value, words) => {
    expect(refusal({ ...about, serialNumber: 'S', [name]: value })).toMatchObject({ code: 'identity-invalid', field: `identity.${name}`, message: expect.stringContaining(words) as string });
  });

  it('counts characters as the server\'s database does', () => {
    expect(refusal({ ...about, osVersion: '📱'.repeat(50), serialNumber: 'S' })).toBeUndefined();
  });
});
