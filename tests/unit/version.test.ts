import { describe, expect, it } from 'vitest';
import { compareVersions, versionPattern, versionRefusal } from '../../main/domain/version';

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

  it('are allowed up to and with the bounds of a profile', () => {
    const profile = { name: 'A', station: { atLeast: '0.2.1', atMost: '0.4' } };
    for (const version of ['0.2.1', '0.3.0', '0.4.99']) expect(versionRefusal(profile, version)).toBeUndefined();
    expect(versionRefusal(profile, '0.2.0')?.toReport()).toEqual({ code: 'station-version', sentence: 'The profile "A" wants a station of version 0.2.1 or newer, and this station is 0.2.0.', field: 'station.atLeast', expected: 'version 0.2.1 or newer' });
    expect(versionRefusal(profile, '0.5.0')).toMatchObject({ code: 'station-version', field: 'station.atMost' });
    expect(versionRefusal({ name: 'A' }, '99.0.0')).toBeUndefined();
  });
});
