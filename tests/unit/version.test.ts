import { describe, expect, it } from 'vitest';
import { compareVersions, readVersionLine, smokeSuffix, versionLine, versionPattern, versionRefusal } from '../../main/domain/version';

describe('versions', () => {
  it.each([
    ['0.2.0', '0.10.0', -1],
    ['0.2.0', '0.2.0', 0],
    ['1.0.0', '0.9.9', 1],
    ['0.2.7', '0.2', 0],
    ['0.3.0', '0.2', 1],
  ])('%s against %s', (one, other, sign) => {
    expect(Math.sign(compareVersions(one, other))).toBe(sign);
    expect(Math.sign(compareVersions(other, one))).toBe(sign === 0 ? 0 : -sign);
  });

  it.each(['1', '1.2.3.4', '01.2', '1.2.x', 'v1.2', '1.2.3-beta', ''])('%s is none', (text) => {
    expect(versionPattern.test(text)).toBe(false);
  });

  it.each([
    ['imprint 0.2.0', { version: '0.2.0', smoke: false }],
    ['imprint 0.2.0 (build 0123456789ab)', { version: '0.2.0', smoke: false }],
    [`imprint 0.2.0${smokeSuffix} (build 0123456789ab)`, { version: '0.2.0', smoke: true }],
    [`imprint 10.20.30${smokeSuffix}`, { version: '10.20.30', smoke: true }],
    ['imprint 0.2', undefined],
    ['imprint 00.2.0', undefined],
    ['imprint 0.2.0-beta (build 0123456789ab)', undefined],
    ['imprint 0.2.0 (build 0123456789AB)', undefined],
    ['imprint 0.2.0 (build 0123456789ab) and more', undefined],
    ['imprint 0.2.0\n', undefined],
    ['Imprint 0.2.0', undefined],
    ['', undefined],
  ])('a program that says "%s"', (said, expected) => {
    expect(readVersionLine(said)).toEqual(expected);
  });

  it('are said as they are read', () => {
    expect(versionLine('0.2.0', 'ab'.repeat(32))).toBe('imprint 0.2.0 (build abababababab)');
    expect(readVersionLine(versionLine(`0.2.0${smokeSuffix}`, 'ab'.repeat(32)))).toEqual({ version: '0.2.0', smoke: true });
  });

  it('are allowed up to and with the bounds of a profile', () => {
    const profile = { name: 'A', station: { atLeast: '0.2.1', atMost: '0.4' } };
    for (const version of ['0.2.1', '0.3.0', '0.4.99']) expect(versionRefusal(profile, version)).toBeUndefined();
    expect(versionRefusal(profile, '0.2.0')?.toReport()).toEqual({ code: 'station-version', sentence: 'The profile "A" wants a station of version 0.2.1 or newer, and this station is 0.2.0.', field: 'station.atLeast', expected: 'version 0.2.1 or newer' });
    expect(versionRefusal(profile, '0.5.0')).toMatchObject({ code: 'station-version', field: 'station.atMost' });
    expect(versionRefusal({ name: 'A' }, '99.0.0')).toBeUndefined();
  });
});
