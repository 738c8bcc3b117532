/** What the doctor reads of Linux: limits, swap, core dumps, group, udev rule, permissions. Nothing is changed and nothing is opened for writing. */
import { access, constants, lstat, readdir, readFile, realpath, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { CoreDumpFacts, DataFolderFacts, DiskFacts, MemoryFacts, StationFacts, SwapArea, UserFacts } from '../domain/health';

/** Where the system shows itself; a test puts a folder of its own there. */
export interface HealthRoots {
  readonly proc: string;
  readonly sys: string;
  /** The folders with the computer's settings. */
  readonly etc: string;
  /** Where udev looks for rules, the administrator's first. */
  readonly udevRules: readonly string[];
}

export const systemHealthRoots: HealthRoots = { proc: '/proc', sys: '/sys', etc: '/etc', udevRules: ['/etc/udev/rules.d', '/run/udev/rules.d', '/usr/lib/udev/rules.d', '/lib/udev/rules.d'] };

/** Who asks. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  /** Groups of this session, by number. */
  readonly groups: readonly number[];
}

const group = 'imprint';
const ruleName = '70-imprint.rules';
/** CAP_IPC_LOCK (capabilities(7)). */
const lockCapability = 1n << 14n;

const textOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

/** A soft limit of this process, in bytes; 0 where it cannot be read, so that nobody is told that all is well. */
async function limitOf(roots: HealthRoots, name: string): Promise<number> {
  const [, soft = '0'] = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec((await textOf(join(roots.proc, 'self/limits'))) ?? '') ?? [];
  return soft === 'unlimited' ? Infinity : Number(soft);
}

export async function memoryFacts(roots: HealthRoots): Promise<MemoryFacts> {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)/m.exec((await textOf(join(roots.proc, 'self/status'))) ?? '') ?? [];
  return { lockLimit: await limitOf(roots, 'Max locked memory'), unlimited: (BigInt(`0x${effective}`) & lockCapability) !== 0n };
}

export async function coreDumpFacts(roots: HealthRoots): Promise<CoreDumpFacts> {
  const pattern = ((await textOf(join(roots.proc, 'sys/kernel/core_pattern'))) ?? '').trim();
  return { limit: await limitOf(roots, 'Max core file size'), pattern };
}

export async function swapAreas(roots: HealthRoots): Promise<readonly SwapArea[]> {
  const lines = ((await textOf(join(roots.proc, 'swaps'))) ?? '').split('\n').slice(1).filter((line) => line.trim() !== '');
  // Blanks in a path are written as \040 (proc(5)).
  const paths = lines.map((line) => (line.split(/\s+/)[0] ?? '').replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))));
  return Promise.all(paths.map(async (path) => ({ path, kind: await swapKind(roots, path) })));
}

async function swapKind(roots: HealthRoots, path: string): Promise<SwapArea['kind']> {
  // The kernel names the device itself in /proc/swaps; a name below /dev/mapper is a link to one.
  const name = basename(await realpath(path).catch(() => path));
  if (/^zram\d+$/.test(name)) return 'memory';
  // cryptsetup begins its names in that way; a swap file has none, and what is beneath it is not looked for.
  const uuid = await textOf(join(roots.sys, 'block', name, 'dm/uuid'));
  return uuid?.startsWith('CRYPT-') === true ? 'encrypted' : 'plain';
}

export async function userFacts(roots: HealthRoots, { name, uid, groups }: SystemUser): Promise<UserFacts> {
  const line = ((await textOf(join(roots.etc, 'group'))) ?? '').split('\n').find((each) => each.startsWith(`${group}:`));
  const [, , id, members = ''] = line?.split(':') ?? [];
  const active = id !== undefined && groups.includes(Number(id));
  return { name, root: uid === 0, groupExists: line !== undefined, member: active || members.split(',').includes(name), active };
}

export async function udevRule(roots: HealthRoots): Promise<StationFacts['udevRule']> {
  for (const folder of roots.udevRules) {
    const path = join(folder, ruleName);
    const text = await textOf(path);
    if (text !== undefined) return { path, grants: text.split('\n').some((line) => !line.startsWith('#') && line.includes(`GROUP="${group}"`)) };
  }
  return undefined;
}

/** Room for this user where a path is or will be. */
export async function diskFacts(path: string): Promise<DiskFacts> {
  try {
    const { bavail, bsize } = await statfs(path);
    return { path, freeBytes: bavail * bsize };
  } catch {
    return dirname(path) === path ? { path, freeBytes: 0 } : { ...(await diskFacts(dirname(path))), path };
  }
}

/** @param path the station's folder */
export async function dataFolderFacts(path: string, uid: number): Promise<DataFolderFacts> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined) return { path, exists: false, own: true, writable: true, open: [] };
  const writable = await access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  // Who may not go in cannot open what is in it, whatever rights that has.
  const open = (facts.mode & 0o077) === 0 ? [] : [path, ...(await openFiles(path))];
  return { path, exists: true, own: facts.uid === uid, writable, open };
}

/** What the station keeps for itself, two folders deep: the record and the keyring. */
async function openFiles(folder: string, deep = 1): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      const { mode } = await lstat(path);
      if ((mode & 0o077) === 0 || entry.isSymbolicLink()) return [];
      if (entry.isFile()) return [path];
      return entry.isDirectory() && deep > 0 ? openFiles(path, deep - 1) : [];
    }),
  );
  return found.flat();
}
