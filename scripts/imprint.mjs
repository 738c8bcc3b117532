import { spawnElectron } from './electron.mjs';
import { setup } from './setup.mjs';
import { inRoot } from './support/paths.mjs';
import { runMain } from './support/problem.mjs';

await runMain(async () => {
  await setup({ quiet: true });
  return spawnElectron([inRoot('dist', 'main', 'cli.cjs'), ...process.argv.slice(2)], { headless: true });
});
