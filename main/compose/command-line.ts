import { lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { app } from 'electron';
import { buildFacts } from './build-facts';
import { readArguments, text, usage, type Command, type CommandContext } from './commands/arguments';
import { requirementOf, type CommandName } from './command-rights';
import { whoRuns } from './command-sign-in';
import { defaultDataFolder } from './data-folder';
import { ErrorLog, textsIn } from './error-log';
import { helpText } from './help';
import { commandOutput } from './output';
import { needNoDisplay } from './started-as';
import { stopKeptStorage } from './storage-process';
import { asImprintError, ImprintError } from '../domain/errors';
import { versionLine } from '../domain/version';

/** Each is loaded when it is run: a command line that knows everything would take a second to say its version. */
const commands: Readonly<Record<CommandName, () => Promise<Command>>> = {
  'provision': async () => (await import('./commands/provision')).provisionCommand,
  'inspect': async () => (await import('./commands/inspect')).inspectCommand,
  'verify-card': async () => (await import('./commands/verify-card')).verifyCardCommand,
  'doctor': async () => (await import('./commands/doctor')).doctorCommand,
  'diagnostics': async () => (await import('./commands/diagnostics')).diagnosticsCommand,
  'drives': async () => (await import('./commands/drives')).drivesCommand,
  'slots': async () => (await import('./commands/slots')).slotsCommand,
  'status': async () => (await import('./commands/record')).statusCommand,
  'list': async () => (await import('./commands/record')).listCommand,
  'recover': async () => (await import('./commands/record')).recoverCommand,
  'outbox': async () => (await import('./commands/outbox')).outboxCommand,
  'watch': async () => (await import('./commands/status-watch')).watchCommand,
  'batch': async () => (await import('./commands/batch')).batchCommand,
  'sign-off': async () => (await import('./commands/administration')).signOffCommand,
  'decommission': async () => (await import('./commands/administration')).decommissionCommand,
  'label': async () => (await import('./commands/label')).labelCommand,
  'renew': async () => (await import('./commands/renew')).renewCommand,
  'certificates': async () => (await import('./commands/certificates')).certificatesCommand,
  'sign-request': async () => (await import('./commands/sign-request')).signRequestCommand,
  'import': async () => (await import('./commands/import')).importCommand,
  'audit': async () => (await import('./commands/audit')).auditCommand,
  'report': async () => (await import('./commands/report')).reportCommand,
  'dashboard': async () => (await import('./commands/report')).dashboardCommand,
  'export': async () => (await import('./commands/export')).exportCommand,
  'verify-export': async () => (await import('./commands/verify-export')).verifyExportCommand,
  'verify-proof': async () => (await import('./commands/log-proofs')).verifyProofCommand,
  'export-key': async () => (await import('./commands/export-key')).exportKeyCommand,
  'log': async () => (await import('./commands/log')).logCommand,
  'backup': async () => (await import('./commands/backup')).backupCommand,
  'restore': async () => (await import('./commands/backup')).restoreCommand,
  'practice': async () => (await import('./commands/practice')).practiceCommand,
  'practice-server': async () => (await import('./commands/practice')).practiceServerCommand,
  'secret': async () => (await import('./commands/secret')).secretCommand,
  'operators': async () => (await import('./commands/operators')).operatorsCommand,
  'update': async () => (await import('./commands/update')).updateCommand,
  'language': async () => (await import('./commands/language')).languageCommand,
  'hooks': async () => (await import('./commands/hooks')).hooksCommand,
  'integrate': async () => (await import('./commands/integrate')).integrateCommand,
  'command-codes': async () => (await import('./commands/command-codes')).commandCodesCommand,
};

function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** Whether these arguments ask for a command rather than for the window: a word that is none is answered as a wrong command. */
export function isCommand(args: readonly string[]): boolean {
  // What is wrong behind a command's name is the command's to say.
  if (args.some(isCommandName)) return true;
  const { positionals, values } = readArguments(args);
  return positionals.length > 0 || values['help'] === true || values['version'] === true;
}

/** Runs one command. @returns the exit code */
async function runCommand(args: readonly string[]): Promise<number> {
  const abort = new AbortController();
  const interrupt = (): void => {
    abort.abort(new ImprintError('cancelled', 'Cancelled.'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  let output = commandOutput(args.includes('--json'));
  try {
    const { positionals, values } = readArguments(args);
    output = commandOutput(values['json'] === true);
    if (values['version'] === true) {
      const { version, build, warning } = buildFacts();
      process.stdout.write(`${versionLine(version, build)}\n`);
      if (warning !== undefined) process.stderr.write(`${warning}\n`);
      return 0;
    }
    const [name, ...rest] = positionals;
    if (values['help'] === true || name === undefined) {
      process.stdout.write(helpText);
      return name === undefined && values['help'] !== true ? 2 : 0;
    }
    if (!isCommandName(name)) throw usage(`There is no command "${name}".`, Object.keys(commands).join(', '));
    const bare: CommandContext = { dataFolder: '', output, signal: abort.signal, values, positionals: rest, who: { operator: '', role: 'auditor' } };
    const context = { ...bare, dataFolder: resolve(text(bare, 'data') ?? defaultDataFolder()) };
    const command = await commands[name]();
    return await command({ ...context, who: await whoRuns(context, requirementOf(name, context)) });
  } catch (thrown) {
    const error = asImprintError(thrown);
    output.emit({ event: 'error', exitCode: error.exitCode, ...error.toReport() });
    remember(args, error);
    return error.exitCode;
  } finally {
    await stopKeptStorage();
  }
}

/** Options whose values lead to files and places: they say what was done, and identify no device. */
const places: ReadonlySet<string> = new Set(['data', 'profile', 'target', 'image', 'file', 'to', 'from', 'output', 'ca-file', 'slot', 'name']);

/** For whoever looks for a fault later. What cannot be read as arguments was a slip of the person who typed them. */
function remember(args: readonly string[], error: ImprintError): void {
  try {
    const { positionals, values } = readArguments(args);
    const [name = '', ...rest] = positionals;
    const given = textsIn([rest, Object.entries(values).flatMap(([option, value]) => (places.has(option) ? [] : [value]))]);
    const data = typeof values['data'] === 'string' ? values['data'] : defaultDataFolder();
    new ErrorLog(resolve(data)).add(error.toReport(), 'command', name, given.flatMap((text) => [text, text.slice(text.indexOf('=') + 1)]));
  } catch {
    return;
  }
}

/** Chromium wants a folder for itself even without a window. It holds nothing of ours: one for each user, for all commands. */
function chromiumFolder(): string {
  const { uid } = userInfo();
  const path = join(tmpdir(), `imprint-runtime-${String(uid)}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const facts = lstatSync(path);
  // SECURITY: the temporary folder is everybody's; a folder or link that somebody else put there is not used.
  return facts.isDirectory() && facts.uid === uid && (facts.mode & 0o077) === 0 ? path : mkdtempSync(join(tmpdir(), 'imprint-runtime-'));
}

/** Runs the arguments as a command and ends the process. */
export function commandLine(args: readonly string[]): void {
  needNoDisplay();
  app.setPath('userData', chromiumFolder());
  app.commandLine.appendSwitch('disable-gpu');
  // A closed pipe at the other end (`| head`) is no reason for a crash report.
  process.stdout.on('error', () => undefined);
  void app
    .whenReady()
    .then(() => runCommand(args))
    .then((code) => {
      app.exit(code);
    });
}
