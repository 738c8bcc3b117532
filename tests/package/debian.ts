/** A Debian with the package installed, on top of one that stays as it is. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const deb = process.env['IMPRINT_DEB'] ?? '';
const base = process.env['IMPRINT_DEBIAN'] ?? '';

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Debian {
  readonly root: string;
  /** Runs a program there as root, with nothing of this computer's environment. */
  root_(command: string): Promise<Said>;
  /** The same as the technician, in a shell of their own. */
  ana(command: string, env?: Readonly<Record<string, string>>): Promise<Said>;
  /** A command that goes on. */
  start(command: string, env?: Readonly<Record<string, string>>): { readonly child: ChildProcess; readonly done: Promise<Said>; said(): string };
  close(): void;
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What is packed and lies on a stick: the archive of this version, and an update to the next one. */
export const packed = { archive: process.env['IMPRINT_ARCHIVE'] ?? '', update: process.env['IMPRINT_UPDATE'] ?? '', next: process.env['IMPRINT_NEXT'] ?? '' };

/** As its own computer would have it as its root: the kernel gives no user namespaces to who was put there by chroot(2). */
const asRootOfItsOwn = ['unshare', '--mount', '--propagation', 'slave', 'sh', '-c', 'cd "$0" && pivot_root . . && umount -l . && exec "$@"'] as const;

/** @param install whether the package is in it. @param namespaces whether ordinary users have user namespaces */
export function openDebian(install: boolean, { namespaces = false } = {}): Debian {
  const folder = mkdtempSync(join(tmpdir(), 'imprint-debian-'));
  const root = join(folder, 'merged');
  for (const name of ['upper', 'work', 'merged']) mkdirSync(join(folder, name));
  const mounted: string[] = [];
  const mount = (target: string, ...words: string[]): void => {
    execFileSync('mount', [...words, target]);
    mounted.unshift(target);
  };
  mount(root, '-t', 'overlay', 'overlay', '-o', `lowerdir=${base},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`);
  for (const name of ['proc', 'sys']) mount(join(root, name), '--bind', `/${name}`);
  // With /dev/shm, which Chromium needs; what is done to mounts here stays here.
  mount(join(root, 'dev'), '--rbind', '/dev');
  execFileSync('mount', ['--make-rslave', join(root, 'dev')]);
  mount(join(root, 'run'), '-t', 'tmpfs', 'tmpfs');
  mkdirSync(join(root, 'tmp/.X11-unix'), { recursive: true });
  mount(join(root, 'tmp/.X11-unix'), '--bind', '/tmp/.X11-unix');
  const close = (): void => {
    for (const target of mounted) execFileSync('umount', ['--recursive', '--lazy', target]);
    rmSync(folder, { recursive: true, force: true });
  };
  const [enter, ...entering] = namespaces ? asRootOfItsOwn : (['chroot'] as const);
  const start: Debian['start'] = (command, env = {}) => {
    const inside = [root, 'setpriv', '--reuid', 'ana', '--regid', 'ana', '--init-groups', 'sh', '-c', command];
    const child = spawn(enter, [...entering, ...inside], { env: { PATH: path, HOME: '/home/ana', USER: 'ana', LANG: 'C.UTF-8', ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    return observed(child);
  };
  const asRoot = (command: string): Promise<Said> => observed(spawn(enter, [...entering, root, 'sh', '-c', command], { env: { PATH: path, HOME: '/root', LANG: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' }, stdio: ['ignore', 'pipe', 'pipe'] })).done;
  try {
    execFileSync('chroot', [root, 'useradd', '--create-home', 'ana']);
    copyFileSync(deb, join(root, 'root/imprint.deb'));
    if (install) execFileSync('chroot', [root, 'dpkg', '--install', '/root/imprint.deb'], { env: { PATH: path, DEBIAN_FRONTEND: 'noninteractive' }, stdio: 'pipe' });
    if (install) execFileSync('chroot', [root, 'usermod', '--append', '--groups', 'imprint', 'ana']);
  } catch (thrown) {
    close();
    throw thrown;
  }
  return { root, root_: asRoot, ana: (command, env) => start(command, env).done, start, close };
}

function observed(child: ChildProcess): ReturnType<Debian['start']> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const done = new Promise<Said>((resolve) => {
    child.once('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
  return { child, done, said: () => stdout };
}

/** Pids of the pages that a program shows. */
export function renderersOf(program: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return command.includes(program) && command.includes('--type=renderer');
      } catch {
        return false;
      }
    });
}

/** Everything that a package could leave behind; not the folders at the top, of which dpkg takes empty ones away, and not what lies with users, in caches and logs. */
export function filesOf(root: string): readonly string[] {
  const folders = ['etc', 'opt', 'usr', 'lib', 'boot', 'srv'].filter((name) => existsSync(join(root, name)));
  return execFileSync('find', [...folders.map((name) => join(root, name)), '-xdev', '-mindepth', '1', '-printf', '%P %y\n'], { encoding: 'utf8', maxBuffer: 2 ** 28 })
    .split('\n')
    .filter((line) => !/^(ld\.so\.cache|passwd-?|shadow-?|group-?|gshadow-?|subuid-?|subgid-?) /.test(line))
    .sort();
}
