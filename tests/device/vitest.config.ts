import { defineConfig } from 'vitest/config';

/** Not a part of `npm test`: it needs root, and Debian's package of the client. */
export default defineConfig({
  test: { include: ['tests/device/**/*.test.ts'], pool: 'forks', maxWorkers: 1, testTimeout: 120_000, hookTimeout: 120_000 },
});
