import { setup } from './setup.mjs';
import { runMain } from './support/problem.mjs';
import { runVitest } from './vitest.mjs';

/** Every test of the command line, and every step that a station can be killed at: what `npm test` tries in part. */
await runMain(async () => {
  await setup({ tests: true });
  return runVitest(['--project', 'cli', ...process.argv.slice(2)], { ...process.env, IMPRINT_EVERY_STEP: '1' });
});
