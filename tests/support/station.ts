/** Runs the real application's command line and practice server as processes of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(import.meta.dirname, '../..');
export const cliPath = join(root, 'dist/main/cli.cjs');
export const windowPath = join(root, 'dist/main/index.cjs');

/** The development runtime's executable. */
export const electron = process.env['IMPRINT_ELECTRON'] ?? process.execPath;

/** SECURITY: Chromium has no sandbox for root. */
const usualSandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

const headlessSwitches = ['--ozone-platform=headless', '--disable-gpu'];

export interface CommandResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of `--json` output. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly done: Promise<CommandResult>;
  /** Resolves with the first event that fits, rejects when the command ends before. */
  waitFor(fits: (event: Readonly<Record<string, unknown>>) => boolean): Promise<Readonly<Record<string, unknown>>>;
}

export interface HowToStart {
  /** Words in front of the command, such as `prlimit --memlock=0`. */
  readonly before?: readonly string[];
  /** Chromium's switches about its sandbox, where the usual ones do not fit. */
  readonly sandbox?: readonly string[];
  /** Another build than the checkout's. */
  readonly script?: string;
}

/** The words of `imprint ARGUMENTS`. */
export function imprintCommand(args: readonly string[], { before = [], sandbox = usualSandbox, script = cliPath }: HowToStart = {}): { program: string; rest: string[] } {
  const [program = electron, ...rest] = [...before, electron, ...sandbox, ...headlessSwitches, script, ...args];
  return { program, rest };
}

export function environment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, ...extra };
  delete env['ELECTRON_RUN_AS_NODE'];
  return env;
}

/** Starts `imprint ARGUMENTS`; with `--json` among them its lines are parsed as they come. */
export function startImprint(args: readonly string[], env: NodeJS.ProcessEnv = {}, how: HowToStart = {}): RunningCommand {
  const { program, rest } = imprintCommand(args, how);
  const child = spawn(program, rest, { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  const events: Record<string, unknown>[] = [];
  const waiting: { fits: (event: Record<string, unknown>) => boolean; resolve: (event: Record<string, unknown>) => void; reject: (error: Error) => void }[] = [];
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout += `${line}\n`;
    if (!args.includes('--json')) return;
    const event = JSON.parse(line) as Record<string, unknown>;
    events.push(event);
    for (const one of waiting.filter((each) => each.fits(event))) one.resolve(event);
  });
  const done = new Promise<CommandResult>((finish) => {
    child.once('close', (exitCode, signal) => {
      for (const one of waiting) one.reject(new Error(`The command ended first: ${stdout}${stderr}`));
      finish({ exitCode, signal, stdout, stderr, events });
    });
  });
  return {
    child,
    done,
    waitFor: (fits) =>
      new Promise((fulfil, reject) => {
        const seen = events.find(fits);
        if (seen !== undefined) fulfil(seen);
        else waiting.push({ fits, resolve: fulfil, reject });
      }),
  };
}

/** Runs `imprint ARGUMENTS` to its end. */
export function imprint(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
  return startImprint(args, env).done;
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'imprint-test-'));
}

export interface ServerProcess {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly caFile: string;
  stop(): Promise<void>;
}

/** A practice server in a process of its own: for the station it is a server like any other. */
export async function startServerProcess(folder: string, port = 0): Promise<ServerProcess> {
  const running = startImprint(['practice-server', '--port', String(port), '--json', '--data', join(folder, 'server')]);
  const ready = await running.waitFor((event) => event['event'] === 'result');
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, String(ready['certificateAuthority']));
  return {
    url: String(ready['url']),
    username: String(ready['username']),
    password: String(ready['password']),
    caFile,
    async stop() {
      running.child.kill('SIGTERM');
      await running.done;
    },
  };
}

export interface MdmServerProcess {
  readonly url: string;
  readonly adminToken: string;
  readonly deviceSecret: string;
  readonly caFile: string;
  stop(): Promise<void>;
}

/** As startServerProcess, with OpenMDM. */
export async function startMdmProcess(folder: string): Promise<MdmServerProcess> {
  const running = startImprint(['practice-server', '--server', 'openmdm', '--port', '0', '--json', '--data', join(folder, 'server')]);
  const ready = await running.waitFor((event) => event['event'] === 'result');
  const caFile = join(folder, 'mdm-ca.pem');
  writeFileSync(caFile, String(ready['certificateAuthority']));
  return {
    url: String(ready['url']),
    adminToken: String(ready['adminToken']),
    deviceSecret: String(ready['deviceSecret']),
    caFile,
    async stop() {
      running.child.kill('SIGTERM');
      await running.done;
    },
  };
}

/** Process ids of a process and everything below it. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // The process ended while the list was read.
    }
  }
  const found = [pid];
  for (const one of found) found.push(...(children.get(one) ?? []));
  return found;
}
