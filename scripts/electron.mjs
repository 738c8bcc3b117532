import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { findElectron, unofficialNotice } from './setup/electron-runtime.mjs';
import { chromiumNoiseFilter } from './support/chromium-noise.mjs';
import { root } from './support/paths.mjs';
import { Problem } from './support/problem.mjs';

/** Somebody's wish, so it needs no comment; any other signal is a crash and must not look like silence. */
const EXPECTED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

function requireElectron() {
  const electron = findElectron();
  if (electron === undefined) throw new Problem('Electron is not set up: run `npm run setup` first.');
  return electron;
}

/** @returns {string} absolute path of the Electron executable; @throws {Problem} before setup */
export const electronPath = () => requireElectron().path;

/**
 * Runs Electron to its end with our stdin and stdout; its stderr comes without Chromium's own noise.
 * @param {string[]} args what follows the executable's own switches: the script, then its arguments, verbatim
 * @param {{headless?: boolean, env?: NodeJS.ProcessEnv, stdio?: import('node:child_process').StdioOptions, asNode?: boolean}} [options]
 *   `asNode`: run as plain Node, without Chromium
 * @returns {Promise<number>} the exit code, 128 + number for a signal
 */
export function spawnElectron(args, { headless = false, env = process.env, stdio = ['inherit', 'inherit', 'pipe'], asNode = false } = {}) {
  const electron = requireElectron();
  const notice = unofficialNotice(electron);
  if (notice !== undefined) process.stderr.write(`${notice}\n`);
  const switches = asNode ? [] : chromiumSwitches(headless);
  const childEnvironment = { ...env };
  if (asNode) childEnvironment.ELECTRON_RUN_AS_NODE = '1';
  else delete childEnvironment.ELECTRON_RUN_AS_NODE;
  // The window warns of it for as long as it is open; the notice in a terminal is soon out of sight.
  if (!electron.official) childEnvironment.IMPRINT_UNOFFICIAL_RUNTIME = '1';
  const child = spawn(electron.path, [...switches, ...args], { cwd: root, env: childEnvironment, stdio });
  child.stderr?.pipe(chromiumNoiseFilter()).pipe(process.stderr, { end: false });
  const stopForwarding = forwardSignals(child);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      stopForwarding();
      reject(new Problem(`${electron.path} does not start: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      stopForwarding();
      if (signal !== null && !EXPECTED_SIGNALS.includes(signal)) process.stderr.write(`Electron was ended by ${signal}.\n`);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

function chromiumSwitches(headless) {
  const switches = headless ? ['--ozone-platform=headless', '--disable-gpu'] : [];
  // SECURITY: Chromium has no sandbox for root. Only for root, and only here: the application itself never asks for it.
  if (process.getuid?.() === 0) switches.unshift('--no-sandbox');
  return switches;
}

/**
 * A terminal's Ctrl-C reaches the child without us, and a second one would mean "at once" to it:
 * so with a terminal only the second is passed on.
 */
function forwardSignals(child) {
  const fromTerminal = process.stdin.isTTY === true;
  let interrupts = 0;
  const handlers = {
    SIGINT: () => {
      interrupts += 1;
      if (!fromTerminal || interrupts > 1) child.kill('SIGINT');
    },
    SIGTERM: () => child.kill('SIGTERM'),
    SIGHUP: () => child.kill('SIGHUP'),
  };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of Object.entries(handlers)) process.removeListener(signal, handler);
  };
}
