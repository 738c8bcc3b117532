import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(__dirname, '../..');
const built = join(root, 'native', 'build', 'imprint.node');

/** An installation elsewhere: its bundle, and no addon yet. */
let folder: string;
let bundle: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-addon-'));
  bundle = join(folder, 'dist', 'main', 'workers', 'custody.cjs');
  buildSync({
    entryPoints: [join(root, 'native', 'index.ts')],
    outfile: bundle,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    logLevel: 'silent',
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(script: string): string {
  const program = `const native = require(${JSON.stringify(bundle)}); try { ${script} } catch (error) { console.log(error.name + ': ' + error.message); }`;
  // A working folder that does hold an addon: it must not be taken from there.
  const child = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', cwd: root, env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } });
  return (child.stdout + child.stderr).trim();
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
