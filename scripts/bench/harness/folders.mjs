import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../support/paths.mjs';
import { Problem } from '../../support/problem.mjs';

const gibibyte = 2 ** 30;

/**
 * A folder for large files while `use` runs: in the system's temporary folder, so TMPDIR says on which disk.
 * @throws {Problem} where fewer than `bytes` are free
 */
export async function withWorkspace(bytes, use) {
  return withFolder(tmpdir(), async (folder) => {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    if (free < bytes) {
      throw new Problem(`This bench needs ${(bytes / gibibyte).toFixed(1)} GiB in ${tmpdir()}, where ${(free / gibibyte).toFixed(1)} GiB are free: set TMPDIR to a folder on another disk.`);
    }
    return use(folder);
  });
}

/** A folder inside the checkout while `use` runs, from where bundles find the npm packages. */
export async function withBundleFolder(use) {
  mkdirSync(cacheFolder, { recursive: true });
  return withFolder(cacheFolder, use);
}

async function withFolder(parent, use) {
  const folder = mkdtempSync(join(parent, 'imprint-bench-'));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  // A signal ends the process without coming back here.
  process.once('exit', remove);
  try {
    return await use(folder);
  } finally {
    process.removeListener('exit', remove);
    remove();
  }
}
