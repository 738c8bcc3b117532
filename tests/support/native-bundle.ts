/** The addon's loader as the application has it: bundled, and in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

export const projectRoot = resolve(import.meta.dirname, '../..');

/** Bundles native/ into a file. */
export function bundleNative(path: string): void {
  buildSync({
    entryPoints: [join(projectRoot, 'native', 'index.ts')],
    outfile: path,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    logLevel: 'silent',
  });
}

/**
 * Runs a script that has the bundle as `native`. Its working folder holds an addon, which must not be taken from there.
 * @param before words in front of the command, such as `prlimit --memlock=0`
 * @returns `output`: stdout and stderr
 */
export function runWithNative(bundle: string, script: string, before: readonly string[] = []): { status: number | null; output: string } {
  const program = `const native = require(${JSON.stringify(bundle)}); ${script}`;
  const child = spawnSync('env', [...before, process.execPath, '-e', program], { encoding: 'utf8', cwd: projectRoot, env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } });
  return { status: child.status, output: child.stdout + child.stderr };
}
