import { defineConfig } from 'vitest/config';

/** Not a part of `npm test`: it needs root, a Debian to install into, and minutes. */
export default defineConfig({
  test: { include: ['tests/package/**/*.test.ts'], pool: 'forks', maxWorkers: 1, fileParallelism: false, testTimeout: 300_000, hookTimeout: 600_000 },
});
