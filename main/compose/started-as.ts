/** How this process was started, and what of that is obeyed: before the app is ready, because Chromium decides early. */
import { app } from 'electron';
import { ImprintError } from '../domain/errors';

/** Chromium without a display; what it says of the buses and screens that it misses is nobody's concern. */
const headlessSwitches = ['--ozone-platform=headless', '--disable-gpu', '--log-level=3'];

/** Chromium's switches that stand before the arguments of a package: from here, or from its launcher. */
const leadingSwitches = new Set([...headlessSwitches, '--no-sandbox']);

/** Doors into a running station that no fuse closes. */
const refusedSwitches = ['remote-debugging-port', 'remote-debugging-pipe', 'remote-debugging-address', 'inspect', 'inspect-brk', 'js-flags', 'disable-web-security', 'load-extension'];

/** The arguments behind the app's own path: what the person wrote. */
export function ownArguments(): readonly string[] {
  if (!app.isPackaged) {
    const application = process.argv.findIndex((argument, index) => index > 0 && !argument.startsWith('-'));
    return process.argv.slice(application + 1);
  }
  const args = process.argv.slice(1);
  const first = args.findIndex((argument) => !leadingSwitches.has(argument));
  return first < 0 ? [] : args.slice(first);
}

/**
 * Turns this process into one that needs no display, with the same pid, terminal and pipes: Chromium has chosen its
 * platform before any script runs, so a package has to begin once more. In a checkout scripts/electron.mjs gives the switches.
 */
export function needNoDisplay(): void {
  if (!app.isPackaged || process.platform !== 'linux' || app.commandLine.getSwitchValue('ozone-platform') === 'headless') return;
  process.execve?.(process.execPath, [process.execPath, ...headlessSwitches, ...process.argv.slice(1)], process.env);
}

/**
 * @param window whether a page will be shown
 * @throws ImprintError usage
 */
export function checkStart(window: boolean): void {
  const refused = app.isPackaged ? refusedSwitches.find((name) => app.commandLine.hasSwitch(name)) : undefined;
  if (refused !== undefined) throw new ImprintError('usage', `An installed station does not start with --${refused}.`, { expected: 'a start without it' });
  if (!window || process.platform !== 'linux') return;
  // SECURITY: a page without Chromium's sandbox is shown nowhere but on a developer's machine; a command shows none.
  if (app.isPackaged && (process.getuid?.() === 0 || app.commandLine.hasSwitch('no-sandbox'))) {
    throw new ImprintError('usage', 'The window does not open for root: Chromium has no sandbox there.', { expected: 'an ordinary user of the group imprint; commands work for root too' });
  }
  // Of the arguments, because Electron fills in a platform of its own.
  if (!process.argv.some((argument) => argument.startsWith('--ozone-platform')) && (process.env['DISPLAY'] ?? '') === '' && (process.env['WAYLAND_DISPLAY'] ?? '') === '') {
    throw new ImprintError('usage', 'There is no display here, and the window needs one.', { expected: 'a desktop session, or a command: see "imprint --help"' });
  }
}

/** Says in one sentence why nothing was started, and ends. */
export function refuseStart(error: ImprintError): void {
  process.stderr.write(`${error.message}${error.expected === undefined ? '' : ` Expected: ${error.expected}.`}\n`);
  app.exit(error.exitCode);
}
