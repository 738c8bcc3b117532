/** Which Electron a package may be made with: a release holds none that nobody vouches for. */
import { afterEach, describe, expect, it } from 'vitest';
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
