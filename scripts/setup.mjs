import { join } from 'node:path';
import { build, buildIsCurrent } from './build.mjs';
import { requireSystemPackages } from './setup/debian-packages.mjs';
import { electronIsReady, findElectron, installElectron } from './setup/electron-runtime.mjs';
import { compileNativeAddon, nativeAddonIsCurrent } from './setup/native-addon.mjs';
import { requireNodeVersion } from './setup/node-version.mjs';
import { installNpmPackages, npmPackagesAreCurrent } from './setup/npm-packages.mjs';
import { withLock } from './support/lock.mjs';
import { cacheFolder } from './support/paths.mjs';
import { isEntryPoint, runMain } from './support/problem.mjs';
import { endingChildrenOnSignals } from './support/run.mjs';

/**
 * Makes a checkout runnable: packages, system libraries, Electron, native addon, build. Each step only when it is needed.
 * Everything it says goes to stderr.
 * @param {{quiet?: boolean, tests?: boolean, bundles?: boolean}} [options] `quiet`: no word unless something has to be done, and none about
 *   what only tests need; `tests`: the tools that only tests need count as needed; `bundles: false`: without the build
 * @throws {Problem} with a sentence that says what to do
 */
export async function setup({ quiet = false, tests = false, bundles = true } = {}) {
  requireNodeVersion();
  const say = (text) => process.stderr.write(`${text}\n`);
  const warn = quiet ? () => undefined : say;
  // First, because it may need a person: nobody should wait for a download to learn that.
  await requireSystemPackages({ tests, say, warn });
  const bundlesAreReady = () => !bundles || buildIsCurrent();
  const upToDate = () => npmPackagesAreCurrent() && runtimeIsReady(quiet) && nativeAddonIsCurrent() && bundlesAreReady();
  if (upToDate()) return;
  const perform = async () => {
    if (!npmPackagesAreCurrent()) await installNpmPackages(say);
    if (!runtimeIsReady(quiet)) await installElectron(say);
    if (!nativeAddonIsCurrent()) await compileNativeAddon(say);
    if (!bundlesAreReady()) await build(say);
  };
  const onWait = () => say('Waiting for another set-up of this checkout to end …');
  await withLock(join(cacheFolder, 'setup.lock'), onWait, () => endingChildrenOnSignals(perform));
}

/** A command in a script must not stall once a day to try a download again while a runtime is there. */
const runtimeIsReady = (quiet) => electronIsReady() || (quiet && findElectron() !== undefined);

if (isEntryPoint(import.meta.url)) {
  await runMain(async () => {
    await setup({ tests: process.argv.includes('--tests') });
    process.stderr.write('Imprint is set up.\n');
  });
}
