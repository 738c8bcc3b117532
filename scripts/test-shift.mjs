import { setup } from './setup.mjs';
import { runMain } from './support/problem.mjs';
import { startXvfb } from './support/xvfb.mjs';
import { runVitest } from './vitest.mjs';

/** A whole shift by scanner alone: 40 devices in 8 slots, and what a device cost besides writing. Root, for loop devices. */
await runMain(async () => {
  await setup({ tests: true });
  const screen = await startXvfb();
  const env = { ...process.env, DISPLAY: screen.display, IMPRINT_SHIFT: 'long' };
  delete env.WAYLAND_DISPLAY;
  try {
    return await runVitest(['tests/e2e/shift-window.test.ts', ...process.argv.slice(2)], env);
  } finally {
    await screen.stop();
  }
});
