import { defineConfig } from 'vitest/config';

/** Not a part of `npm test`: it builds a CA from Debian's Go packages. */
export default defineConfig({
  test: { include: ['tests/stepca/**/*.test.ts'], pool: 'forks', maxWorkers: 1, testTimeout: 60_000, hookTimeout: 60_000 },
});
