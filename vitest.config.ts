import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

const minutes = (count: number) => count * 60_000;

/**
 * `npm test` stays under ten minutes: these have the same ground as a contract and a window suite, and are whole in
 * `npm run test:long`, as is every step that a station can be killed at (tests/support/faults.ts).
 */
const inLongRunOnly = process.env['IMPRINT_EVERY_STEP'] === '1' ? [] : ['certificates', 'decommission', 'iot-bridge', 'openmdm', 'operators'].map((name) => `tests/cli/${name}.test.ts`);

export default defineConfig({
  // As scripts/build.mjs has it.
  define: { IMPRINT_VERSION: JSON.stringify(version), IMPRINT_BUILD: JSON.stringify('0'.repeat(64)), IMPRINT_MADE_FOR: JSON.stringify('checkout') },
  test: {
    // Worker processes, not threads: native addons, locked memory and process.kill belong to a process.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.test.{ts,tsx}'],
          testTimeout: minutes(0.5),
          hookTimeout: minutes(0.5),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['tests/integration/**/*.test.ts'],
          testTimeout: minutes(2),
          hookTimeout: minutes(2),
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'contract',
          include: ['tests/contract/**/*.test.ts'],
          testTimeout: minutes(1),
          hookTimeout: minutes(1),
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'cli',
          include: ['tests/cli/**/*.test.ts'],
          exclude: inLongRunOnly,
          testTimeout: minutes(3),
          hookTimeout: minutes(3),
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          // What a window shows comes when it comes: on a machine at work a page is read again until it is as it should be.
          expect: { poll: { interval: 20, timeout: 15_000 } },
          testTimeout: minutes(3),
          hookTimeout: minutes(3),
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
