import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleNative, projectRoot, runWithNative } from '../support/native-bundle';

const built = join(projectRoot, 'native', 'build', 'imprint.node');

/** An installation elsewhere: its bundle, and no addon yet. */
let folder: string;
let bundle: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-addon-'));
  bundle = join(folder, 'dist', 'main', 'workers', 'custody.cjs');
  bundleNative(bundle);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(script: string): string {
  return runWithNative(bundle, `try { ${script} } catch (error) { console.log(error.name + ': ' + error.message); }`).output.trim();
}

describe('the addon', () => {
  it('is asked for in one sentence where it is missing', () => {
    expect(run('native.pageSize()')).toBe('Error: The native addon native/build/imprint.node is missing: run "npm run setup" to build it.');
    expect(run("native.loadNative('/nowhere/imprint.node')")).toBe(
      'Error: The native addon /nowhere/imprint.node is missing: run "npm run setup" to build it.',
    );
  });

  it('is loaded from an explicit path', () => {
    expect(run(`native.loadNative(${JSON.stringify(built)}); console.log(native.pageSize())`)).toMatch(/^\d+$/);
  });

  it('is asked for again where it can not be loaded', () => {
    const junk = join(folder, 'junk.node');
    writeFileSync(junk, 'no library');
    expect(run(`native.loadNative(${JSON.stringify(junk)})`)).toBe(
      `Error: The native addon ${junk} can not be loaded: run "npm run setup" to build it on this machine.`,
    );
  });

  it('is found above the bundle', () => {
    mkdirSync(join(folder, 'native', 'build'), { recursive: true });
    copyFileSync(built, join(folder, 'native', 'build', 'imprint.node'));
    expect(run('console.log(native.pageSize())')).toMatch(/^\d+$/);
  });
});
