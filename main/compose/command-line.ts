import { lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { app } from 'electron';
import { buildFacts } from './build-facts';
import { decommissionCommand, signOffCommand } from './commands/administration';
import { readArguments, text, usage, type Command, type CommandContext } from './commands/arguments';
import { auditCommand } from './commands/audit';
import { batchCommand } from './commands/batch';
import { backupCommand, restoreCommand } from './commands/backup';
import { certificatesCommand } from './commands/certificates';
import { diagnosticsCommand } from './commands/diagnostics';
import { doctorCommand } from './commands/doctor';
import { drivesCommand } from './commands/drives';
import { exportCommand } from './commands/export';
import { exportKeyCommand } from './commands/export-key';
import { hooksCommand } from './commands/hooks';
import { importCommand } from './commands/import';
import { inspectCommand } from './commands/inspect';
import { integrateCommand } from './commands/integrate';
import { labelCommand } from './commands/label';
import { logCommand } from './commands/log';
import { verifyProofCommand } from './commands/log-proofs';
import { outboxCommand } from './commands/outbox';
import { practiceCommand, practiceServerCommand } from './commands/practice';
import { provisionCommand } from './commands/provision';
import { dashboardCommand, reportCommand } from './commands/report';
import { languageCommand } from './commands/language';
import { listCommand, recoverCommand, statusCommand } from './commands/record';
import { renewCommand } from './commands/renew';
import { secretCommand } from './commands/secret';
import { signRequestCommand } from './commands/sign-request';
import { commandCodesCommand } from './commands/command-codes';
import { slotsCommand } from './commands/slots';
import { updateCommand } from './commands/update';
import { operatorsCommand } from './commands/operators';
import { watchCommand } from './commands/status-watch';
import { verifyCardCommand } from './commands/verify-card';
import { verifyExportCommand } from './commands/verify-export';
import { requirementOf, type CommandName } from './command-rights';
import { whoRuns } from './command-sign-in';
import { defaultDataFolder } from './data-folder';
import { ErrorLog, textsIn } from './error-log';
import { helpText } from './help';
import { commandOutput } from './output';
import { needNoDisplay } from './started-as';
import { asImprintError, ImprintError } from '../domain/errors';

const commands: Readonly<Record<CommandName, Command>> = {
  'provision': provisionCommand,
  'inspect': inspectCommand,
  'verify-card': verifyCardCommand,
  'doctor': doctorCommand,
  'diagnostics': diagnosticsCommand,
  'drives': drivesCommand,
  'slots': slotsCommand,
  'status': statusCommand,
  'list': listCommand,
  'recover': recoverCommand,
  'outbox': outboxCommand,
  'watch': watchCommand,
  'batch': batchCommand,
  'sign-off': signOffCommand,
  'decommission': decommissionCommand,
  'label': labelCommand,
  'renew': renewCommand,
  'certificates': certificatesCommand,
  'sign-request': signRequestCommand,
  'import': importCommand,
  'audit': auditCommand,
  'report': reportCommand,
  'dashboard': dashboardCommand,
  'export': exportCommand,
  'verify-export': verifyExportCommand,
  'verify-proof': verifyProofCommand,
  'export-key': exportKeyCommand,
  'log': logCommand,
  'backup': backupCommand,
  'restore': restoreCommand,
  'practice': practiceCommand,
  'practice-server': practiceServerCommand,
  'secret': secretCommand,
  'operators': operatorsCommand,
  'update': updateCommand,
  'language': languageCommand,
  'hooks': hooksCommand,
  'integrate': integrateCommand,
  'command-codes': commandCodesCommand,
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
      process.stdout.write(`imprint ${version} (build ${build.slice(0, 12)})\n`);
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
    return await commands[name]({ ...context, who: await whoRuns(context, requirementOf(name, context)) });
  } catch (thrown) {
    const error = asImprintError(thrown);
    output.emit({ event: 'error', exitCode: error.exitCode, ...error.toReport() });
    remember(args, error);
    return error.exitCode;
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
