/** Two builds of the same sources, in two folders, are the same. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

it('packs the same archive twice', { timeout: 900_000 }, () => {
  const said = execFileSync('node', [resolve(import.meta.dirname, '../../scripts/reproduce.mjs'), '--smoke'], { encoding: 'utf8', env: { ...process.env, ELECTRON_RUN_AS_NODE: undefined }, stdio: ['ignore', 'pipe', 'pipe'] });
  expect(said).toMatch(/^Two builds are the same: app\.asar has the SHA-256 [0-9a-f]{64}, and \d+ files beside it are equal too\.\n$/);
});
