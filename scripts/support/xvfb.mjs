import { spawn } from 'node:child_process';
import { Problem } from './problem.mjs';

/**
 * Starts an X server without a screen on a display number that it chooses itself.
 * @param {{open?: boolean}} [options] `open`: other users of this computer may show windows there too
 * @returns {Promise<{display: string, stop: () => Promise<void>}>}
 */
export function startXvfb({ open = false } = {}) {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '2048x1200x24', '-nolisten', 'tcp', ...(open ? ['-ac'] : [])], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const kill = () => child.kill('SIGTERM');
  process.once('exit', kill);
  return new Promise((resolve, reject) => {
    const fail = (reason) => reject(new Problem(`Xvfb does not start: ${reason}`));
    child.once('error', (error) => fail(error.message));
    child.once('close', () => fail(said.trim()));
    let number = '';
    child.stdio[3].on('data', (chunk) => {
      number += chunk;
      if (!number.includes('\n')) return;
      resolve({
        display: `:${number.trim()}`,
        stop: async () => {
          process.removeListener('exit', kill);
          kill();
          await ended;
        },
      });
    });
  });
}
