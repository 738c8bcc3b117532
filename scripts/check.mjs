import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { electronPath } from './electron.mjs';
import { setup } from './setup.mjs';
import { filesBelow } from './support/files.mjs';
import { cacheFolder, inRoot } from './support/paths.mjs';
import { isEntryPoint, runMain } from './support/problem.mjs';
import { endingChildrenOnSignals, run } from './support/run.mjs';

/** One TypeScript environment per kind of process; the name is its folder. */
const ENVIRONMENTS = ['main', 'main/domain', 'main/preload', 'renderer', 'tests'];

// eslint and dependency-cruiser want a newer Node than a user's machine must have; Electron brings one.
const runTool = (script, args) =>
  run(electronPath(), [inRoot('node_modules', script), ...args], { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } });

const typeChecks = ENVIRONMENTS.map((folder) => ({
  name: `types ${folder}`,
  applies: () => filesBelow(inRoot(folder)).some((path) => /\.tsx?$/.test(path)),
  run: () =>
    runTool('typescript/bin/tsc', [
      '-p', inRoot(folder, 'tsconfig.json'), '--noEmit', '--pretty', 'false', '--incremental', '--tsBuildInfoFile',
      join(cacheFolder, 'types', `${folder.replace('/', '-')}.tsbuildinfo`),
    ]),
}));

const lint = {
  name: 'lint',
  applies: () => true,
  run: () => runTool('eslint/bin/eslint.js', ['.', '--max-warnings', '0']),
};

const layers = {
  name: 'layers',
  applies: () => true,
  run: () => {
    const folders = ['main', 'renderer', 'native', 'tests'].filter((folder) => existsSync(inRoot(folder)));
    return runTool('dependency-cruiser/bin/dependency-cruiser.mjs', ['--config', inRoot('.dependency-cruiser.cjs'), '--output-type', 'err-long', ...folders]);
  },
};

/**
 * Runs every static check, the slow one beside the row of short ones, and prints one line for each
 * (and what it found) when it ends.
 * @returns {Promise<number>} how many failed
 */
export async function check(say = (text) => process.stdout.write(`${text}\n`)) {
  let failed = 0;
  const perform = async ({ name, applies, run: start }) => {
    if (!applies()) return say(`- ${name}: nothing to check yet`);
    const started = performance.now();
    const { code, output } = await start();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (code === 0) return say(`✓ ${name} (${seconds} s)`);
    failed += 1;
    return say(`✗ ${name} (${seconds} s)\n${output.trim()}`);
  };
  const inTurn = async (checks) => {
    for (const each of checks) await perform(each);
  };
  await endingChildrenOnSignals(() => Promise.all([perform(lint), inTurn([layers, ...typeChecks])]));
  return failed;
}

if (isEntryPoint(import.meta.url)) {
  await runMain(async () => {
    await setup({ quiet: true, bundles: false });
    return (await check()) > 0 ? 1 : 0;
  });
}
