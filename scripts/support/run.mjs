import { spawn } from 'node:child_process';
import { lockDescriptors } from './lock.mjs';
import { root } from './paths.mjs';

/**
 * Runs a program to its end and collects what it said.
 * @param {string} program
 * @param {string[]} args
 * @param {{env?: NodeJS.ProcessEnv, timeoutMs?: number}} [options] after `timeoutMs` it and what it started are killed
 * @returns {Promise<{code: number, output: string, timedOut: boolean}>} code 127 when it could not start
 */
export function run(program, args, { env = process.env, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe', ...lockDescriptors()],
      // A group of its own, so that a time-out also ends what the child started.
      detached: timeoutMs !== undefined,
    });
    let output = '';
    let timedOut = false;
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const stop = () => {
      try {
        if (timeoutMs === undefined) child.kill('SIGTERM');
        else process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Already gone.
      }
    };
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            stop();
          }, timeoutMs);
    process.once('exit', stop);
    const finish = (code) => {
      clearTimeout(timer);
      process.removeListener('exit', stop);
      resolve({ code, output, timedOut });
    };
    child.once('error', (error) => {
      output += error.message;
      finish(127);
    });
    child.once('close', (code) => finish(code ?? 1));
  });
}

/** While `work` runs, a signal ends this process the orderly way, so that what it started ends as well. */
export async function endingChildrenOnSignals(work) {
  const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
  const handlers = Object.entries(numbers).map(([signal, number]) => [signal, () => process.exit(128 + number)]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  try {
    return await work();
  } finally {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  }
}
