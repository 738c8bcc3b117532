import { spawnElectron } from './electron.mjs';
import { setup } from './setup.mjs';
import { inRoot } from './support/paths.mjs';
import { runMain } from './support/problem.mjs';

await runMain(async () => {
  await setup();
  const args = process.argv.slice(2);
  if (process.env.DISPLAY || process.env.WAYLAND_DISPLAY) {
    return spawnElectron([inRoot('dist', 'main', 'index.cjs'), ...args]);
  }
  process.stderr.write('There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so the practice run follows in this terminal.\n');
  return spawnElectron([inRoot('dist', 'main', 'cli.cjs'), 'practice', ...args], { headless: true });
});
