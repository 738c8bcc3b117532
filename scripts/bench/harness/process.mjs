import { spawn } from 'node:child_process';
import { Problem } from '../../support/problem.mjs';

/** The administration tools are not on every user's PATH. */
export const toolEnvironment = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' };

/**
 * Runs a program and measures it from its start to its end: the same way for every contender.
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{milliseconds: number, output: string}>} `output`: stdout and stderr
 * @throws {Problem} when it does not start, or ends with another code than 0
 */
export function measureProcess(program, args, env = toolEnvironment) {
  return new Promise((resolve, reject) => {
    let output = '';
    let milliseconds = 0;
    const started = performance.now();
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = () => child.kill('SIGKILL');
    process.once('exit', stop);
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('exit', () => (milliseconds = performance.now() - started));
    child.once('error', (error) => reject(new Problem(`${program} does not start: ${error.message}`)));
    child.once('close', (code, signal) => {
      process.removeListener('exit', stop);
      if (code === 0) resolve({ milliseconds, output });
      else reject(new Problem(`${program} ended with ${signal ?? code}: ${output.trim()}`));
    });
  });
}
