/** Which Electron and which version a package may be made with: a release holds no Electron that nobody vouches for, and has the version of its sources. */
import { afterEach, describe, expect, it } from 'vitest';
import { smokeSuffix } from '../../main/domain/version';
import { packageVersion } from '../../scripts/package/facts.mjs';
import { runtimeFor, type Runtime } from '../../scripts/package.mjs';

const official: Runtime = { path: '/x/electron', folder: '/x', version: '45.0.0', official: true };
const before = process.env['ELECTRON_OVERRIDE_DIST_PATH'];

afterEach(() => {
  if (before === undefined) delete process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  else process.env['ELECTRON_OVERRIDE_DIST_PATH'] = before;
});

describe('a release', () => {
  it('is made with the official one', () => {
    delete process.env['ELECTRON_OVERRIDE_DIST_PATH'];
    expect(runtimeFor(false, official)).toBe(official);
  });

  it('is not made with the unofficial one, nor with one that a variable names', () => {
    expect(() => runtimeFor(false, { ...official, official: false })).toThrow('unofficial development runtime');
    process.env['ELECTRON_OVERRIDE_DIST_PATH'] = '/x';
    expect(() => runtimeFor(false, official)).toThrow('nobody checked');
  });
});

it('a smoke build is made with whatever is here', () => {
  expect(runtimeFor(true, { ...official, official: false })).toMatchObject({ official: false });
});

describe('the version', () => {
  const { number } = packageVersion(false);

  it('of a release is that of its sources', () => {
    expect(packageVersion(false)).toEqual({ number, text: number });
    expect(() => packageVersion(false, '99.0.0')).toThrow('only a smoke package is made with another one');
  });

  it('of a smoke package is any, and says what it is as the program reads it', () => {
    expect(packageVersion(true)).toEqual({ number, text: `${number}${smokeSuffix}` });
    expect(packageVersion(true, '99.0.0')).toEqual({ number: '99.0.0', text: `99.0.0${smokeSuffix}` });
    expect(() => packageVersion(true, '99.0')).toThrow('is no version');
  });
});
