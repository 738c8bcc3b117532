import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

const held = new Set();

/** Descriptors of the locks held now: whoever inherits one keeps its lock until he ends. */
export const lockDescriptors = () => [...held];

/**
 * Runs `work` while no other process holds the lock of that file. Two terminals may start the station at once;
 * only one may install or build.
 * CRASH: the kernel keeps the lock as long as we or a child we started with it live, so it is never stale, and an
 * installation that outlives us still keeps others out. (flock locks the open file it shares with us, then ends.)
 */
export async function withLock(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true });
  const descriptor = openSync(path, 'a');
  try {
    if (!(await flock(descriptor, '--nonblock'))) {
      onWait();
      if (!(await flock(descriptor))) throw new Error(`${path} could not be locked`);
    }
    held.add(descriptor);
    return await work();
  } finally {
    held.delete(descriptor);
    closeSync(descriptor);
  }
}

function flock(descriptor, ...options) {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['--exclusive', ...options, '3'], { stdio: ['ignore', 'ignore', 'inherit', descriptor] });
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
  });
}
