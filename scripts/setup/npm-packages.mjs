import { existsSync } from 'node:fs';
import { readJson } from '../support/files.mjs';
import { inRoot } from '../support/paths.mjs';
import { Problem } from '../support/problem.mjs';
import { run } from '../support/run.mjs';

/**
 * Whether node_modules holds what package-lock.json asks for.
 * npm writes node_modules/.package-lock.json last, so an interrupted install never counts.
 */
export function npmPackagesAreCurrent() {
  const wanted = readJson(inRoot('package-lock.json'))?.packages;
  const installed = readJson(inRoot('node_modules', '.package-lock.json'))?.packages;
  if (!wanted || !installed) return false;
  const manifest = readJson(inRoot('package.json'));
  const lockedManifest = wanted[''];
  for (const kind of ['dependencies', 'devDependencies']) {
    if (!sameEntries(manifest[kind], lockedManifest[kind])) return false;
  }
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const present = installed[path];
    // Optional packages are mostly builds for other platforms.
    if (!present) return entry.optional === true || entry.devOptional === true;
    return (
      present.version === entry.version &&
      present.integrity === entry.integrity &&
      existsSync(inRoot(path, 'package.json'))
    );
  });
}

/**
 * Installs exactly what the lock file names.
 * SECURITY: no package may run a script on this machine; nothing we use needs one.
 */
export async function installNpmPackages(say) {
  say('Installing npm packages (npm ci) …');
  const { code, output } = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code === 0 && npmPackagesAreCurrent()) return;
  if (code === 0) {
    throw new Problem('package.json and package-lock.json differ: run `npm install` once and keep the new lock file.');
  }
  throw new Problem(`npm ci failed:\n${output.trim()}`);
}

function sameEntries(left = {}, right = {}) {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
}
