import { findElectron } from './setup/electron-runtime.mjs';
import { electronPath, spawnElectron } from './electron.mjs';
import { setup } from './setup.mjs';
import { inRoot } from './support/paths.mjs';
import { isEntryPoint, runMain } from './support/problem.mjs';

/**
 * Runs vitest inside Electron as Node, because that is where the code runs: Node 24, BoringSSL, better-sqlite3.
 * vitest forks `process.execPath`, so its workers are Electron too.
 * Tests find the executable for whole stations in IMPRINT_ELECTRON.
 */
export function runVitest(args, env = process.env) {
  return spawnElectron([inRoot('node_modules', 'vitest', 'vitest.mjs'), 'run', ...args], {
    asNode: true,
    env: { ...env, IMPRINT_ELECTRON: electronPath() },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
}

if (isEntryPoint(import.meta.url)) {
  await runMain(async () => {
    if (findElectron() === undefined) await setup({ quiet: true });
    return runVitest(process.argv.slice(2));
  });
}
