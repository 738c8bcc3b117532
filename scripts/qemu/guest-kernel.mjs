import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { commandExists, installOrExplain } from '../setup/debian-packages.mjs';
import { filesBelow } from '../support/files.mjs';
import { cacheFolder } from '../support/paths.mjs';
import { Problem } from '../support/problem.mjs';
import { run } from '../support/run.mjs';

const tools = [
  ['qemu-system-x86', 'qemu-system-x86_64'],
  ['busybox-static', 'busybox'],
  ['cpio', 'cpio'],
  ['dmsetup', 'dmsetup'],
  ['udev', 'udevadm'],
  ['e2fsprogs', 'debugfs'],
  ['openssl', 'openssl'],
  ['xz-utils', 'xz'],
];

const folder = join(cacheFolder, 'qemu');

/** The Debian packages that the campaign needs; installed where that takes no password. @throws {Problem} with the one command */
export async function requireTools(say) {
  const missing = tools.filter(([, command]) => !commandExists(command)).map(([name]) => name);
  if (missing.length > 0) await installOrExplain(missing, say);
  const kind = spawnSync('busybox', ['sh', '-c', 'exit 0']);
  if (kind.status !== 0) throw new Problem('busybox does not run: install Debian\'s busybox-static.');
}

/**
 * Debian's kernel for the guest, unpacked into the cache; nothing of it is installed.
 * @returns {Promise<{release: string, image: string, modules: string}>}
 */
export async function guestKernel(say) {
  const kept = join(folder, 'kernel');
  if (!existsSync(kept)) {
    mkdirSync(folder, { recursive: true });
    // CRASH: unpacked aside, real by one rename.
    const work = mkdtempSync(join(folder, 'unfinished-'));
    try {
      const name = kernelPackage();
      say(`Fetching ${name} for the guest …`);
      const download = await run('sh', ['-c', 'cd "$1" && apt-get -q -o APT::Sandbox::User=root download "$2"', 'sh', work, name]);
      const archive = readdirSync(work).find((each) => each.endsWith('.deb'));
      if (download.code !== 0 || archive === undefined) throw new Problem(`${name} could not be fetched: ${download.output.trim()}\nRun this once, then start again:\n  sudo apt-get update`);
      const unpack = await run('dpkg', ['-x', join(work, archive), join(work, 'kernel')]);
      if (unpack.code !== 0) throw new Problem(`${archive} could not be unpacked: ${unpack.output.trim()}`);
      // Debian's newer kernels have compressed modules, which busybox's insmod does not take.
      const decode = await run('sh', ['-c', 'find "$1" -name "*.ko.xz" -exec xz --decompress {} +', 'sh', join(work, 'kernel')]);
      if (decode.code !== 0) throw new Problem(`The modules of ${name} could not be decoded: ${decode.output.trim()}`);
      renameSync(join(work, 'kernel'), kept);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  const image = readdirSync(join(kept, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  if (image === undefined) throw new Problem(`${kept} holds no kernel: remove that folder and start again.`);
  const release = image.slice('vmlinuz-'.length);
  return { release, image: join(kept, 'boot', image), modules: join(kept, 'lib', 'modules', release, 'kernel') };
}

/** The newest of Debian 12's kernels; in a later Debian whatever its own is called. */
function kernelPackage() {
  const names = spawnSync('apt-cache', ['pkgnames', 'linux-image-'], { encoding: 'utf8' }).stdout?.split('\n') ?? [];
  const newest = names
    .filter((name) => /^linux-image-\d[\d.]*(-\d+|\+deb\d+)?-amd64$/.test(name))
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
    .at(-1);
  if (newest === undefined) throw new Problem('apt-cache knows no linux-image-*-amd64: the campaign needs Debian\'s kernel package (run `sudo apt-get update` once).');
  return newest;
}

/**
 * Modules with all that they depend on, in an order in which they can be loaded.
 * What a module depends on is written in the module itself, so no depmod is needed.
 * @param {string} modules folder
 * @param {string[]} wanted names; those that are built in are left out
 * @returns {string[]} paths
 */
export function modulesInOrder(modules, wanted) {
  const paths = new Map(filesBelow(modules).filter((path) => path.endsWith('.ko')).map((path) => [nameOf(path), path]));
  const order = [];
  const visit = (name) => {
    const path = paths.get(name.replaceAll('-', '_'));
    if (path === undefined || order.includes(path)) return;
    for (const each of dependenciesOf(path)) visit(each);
    order.push(path);
  };
  for (const name of wanted) visit(name);
  return order;
}

const nameOf = (path) => path.slice(path.lastIndexOf('/') + 1, -'.ko'.length).replaceAll('-', '_');

function dependenciesOf(path) {
  const text = readFileSync(path, 'latin1');
  return /(?:^|\0)depends=([^\0]*)\0/.exec(text)?.[1].split(',').filter(Boolean) ?? [];
}
