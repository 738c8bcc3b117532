import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where the kernel's views are mounted; tests point these at a tree of their own. */
export interface SystemRoots {
  readonly sys: string;
  readonly proc: string;
}

export const systemRoots: SystemRoots = { sys: '/sys', proc: '/proc' };

export interface Mount {
  /** `major:minor` */
  readonly device: string;
  /** Mount point, or `[swap]`. */
  readonly place: string;
}

/** Folders whose device the running system cannot do without. */
const systemFolders = new Set(['/', '/boot', '/boot/efi', '/boot/firmware', '/usr', '/var', '/home', '/nix', '[swap]']);

/** Mounted filesystems (proc_pid_mountinfo(5)) and active swap (proc_swaps). */
export async function readMounts(roots: SystemRoots): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  const mountinfo = await readFile(join(roots.proc, 'self/mountinfo'), 'utf8').catch(() => '');
  for (const line of mountinfo.split('\n')) {
    const fields = line.split(' ');
    const device = fields[2];
    const place = fields[4];
    if (device === undefined || place === undefined) continue;
    mounts.push({ device: await realDevice(device, fields), place: unescaped(place) });
  }
  const swaps = await readFile(join(roots.proc, 'swaps'), 'utf8').catch(() => '');
  for (const line of swaps.split('\n').slice(1)) {
    const path = line.split(/\s+/)[0];
    if (path === undefined || path === '') continue;
    const device = await deviceOf(unescaped(path));
    if (device !== undefined) mounts.push({ device, place: '[swap]' });
  }
  return mounts;
}

/** The kernel writes blanks, line ends and backslashes of a path as three octal digits. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** btrfs and others mount with an anonymous device (major 0); their source names the real one. */
async function realDevice(device: string, fields: readonly string[]): Promise<string> {
  if (!device.startsWith('0:')) return device;
  const source = fields[fields.indexOf('-') + 2];
  if (source?.startsWith('/') !== true) return device;
  const facts = await stat(unescaped(source)).catch(() => undefined);
  return facts?.isBlockDevice() === true ? deviceNumber(facts.rdev) : device;
}

/** `major:minor` of a device number as stat(2) gives it (makedev(3), glibc's 64-bit layout). */
export function deviceNumber(device: number): string {
  const major = ((device >>> 8) & 0xfff) | (Math.floor(device / 2 ** 32) & 0xfffff000);
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00);
  return `${String(major)}:${String(minor)}`;
}

async function deviceOf(path: string): Promise<string | undefined> {
  try {
    const facts = await stat(path);
    return deviceNumber(facts.isBlockDevice() ? facts.rdev : facts.dev);
  } catch {
    return undefined;
  }
}

/** Device numbers of everything that the running system stands on: its partitions, their disks, and what is beneath dm and md. */
export async function systemDevices(roots: SystemRoots, mounts: readonly Mount[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const visit = async (device: string): Promise<void> => {
    if (found.has(device)) return;
    found.add(device);
    const folder = await realpath(join(roots.sys, 'dev/block', device)).catch(() => undefined);
    if (folder === undefined) return;
    const parent = dirname(folder);
    const parentDevice = basename(parent) === 'block' ? undefined : await readFile(join(parent, 'dev'), 'utf8').catch(() => undefined);
    if (parentDevice !== undefined) await visit(parentDevice.trim());
    for (const slave of await readdir(join(folder, 'slaves')).catch(() => [])) {
      const number = await readFile(join(folder, 'slaves', slave, 'dev'), 'utf8').catch(() => undefined);
      if (number !== undefined) await visit(number.trim());
    }
  };
  for (const mount of mounts) {
    if (systemFolders.has(mount.place)) await visit(mount.device);
  }
  return found;
}
