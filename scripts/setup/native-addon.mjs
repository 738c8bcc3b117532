import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, readJson, writeFileAtomic } from '../support/files.mjs';
import { inRoot } from '../support/paths.mjs';
import { Problem } from '../support/problem.mjs';
import { run } from '../support/run.mjs';

const FLAGS = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-std=gnu11'];
const nativeFolder = inRoot('native');
const addon = join(nativeFolder, 'build', 'imprint.node');
const stamp = join(nativeFolder, 'build', 'imprint.json');

function sources(extension) {
  if (!existsSync(nativeFolder)) return [];
  const names = readdirSync(nativeFolder).filter((name) => extension.test(name));
  return names.sort().map((name) => join(nativeFolder, name));
}

const sourceHash = () => hashFiles(sources(/\.[ch]$/), FLAGS.join(' '), process.arch);

export function nativeAddonIsCurrent() {
  if (sources(/\.c$/).length === 0) return true;
  return existsSync(addon) && readJson(stamp)?.sources === sourceHash();
}

/** Node-API is stable across Node and Electron versions, so one build serves both and no headers of either are needed. */
export async function compileNativeAddon(say) {
  say('Compiling the native addon …');
  mkdirSync(join(nativeFolder, 'build'), { recursive: true });
  const temporary = `${addon}.${process.pid}.tmp`;
  const hash = sourceHash();
  const headers = inRoot('node_modules', 'node-api-headers', 'include');
  const { code, output } = await run('cc', [...FLAGS, '-I', headers, '-o', temporary, ...sources(/\.c$/), '-pthread']);
  if (code !== 0) {
    rmSync(temporary, { force: true });
    throw new Problem(`The native addon does not compile:\n${output.trim()}`);
  }
  renameSync(temporary, addon);
  writeFileAtomic(stamp, JSON.stringify({ sources: hash }));
}
