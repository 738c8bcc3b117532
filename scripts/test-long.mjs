import { setup } from './setup.mjs';
import { runMain } from './support/problem.mjs';
import { runVitest } from './vitest.mjs';

/** Every step that a station can be killed at, against each kind of server, what `npm test` tries in part. */
await runMain(async () => {
  await setup({ tests: true });
  return runVitest(['tests/cli/interruptions.test.ts', 'tests/cli/iot-bridge.test.ts', ...process.argv.slice(2)], { ...process.env, IMPRINT_EVERY_STEP: '1' });
});
