import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readJson, writeFileAtomic } from '../support/files.mjs';
import { cacheFolder } from '../support/paths.mjs';
import { Problem } from '../support/problem.mjs';
import { run } from '../support/run.mjs';

/**
 * What the system must hold. `command` or `file` decides where there is one (a compiler that is not
 * Debian's is as good); else dpkg is asked. Debian 13 renamed some libraries: `renamed`.
 * @type {{package: string, renamed?: string, command?: string, file?: string, only?: 'tests'}[]}
 */
const REQUIREMENTS = [
  { package: 'libgtk-3-0', renamed: 'libgtk-3-0t64' },
  { package: 'libnss3' },
  { package: 'libasound2', renamed: 'libasound2t64' },
  { package: 'libgbm1' },
  { package: 'libatk-bridge2.0-0', renamed: 'libatk-bridge2.0-0t64' },
  { package: 'libdrm2' },
  { package: 'libxss1' },
  { package: 'libx11-xcb1' },
  { package: 'fonts-dejavu-core' },
  { package: 'gcc', command: 'cc' },
  { package: 'libc6-dev', file: '/usr/include/stdio.h' },
  { package: 'libxxhash-dev', file: '/usr/include/xxhash.h' },
  { package: 'xvfb', command: 'Xvfb', only: 'tests' },
  { package: 'bmap-tools', command: 'bmaptool', only: 'tests' },
  { package: 'e2fsprogs', command: 'mkfs.ext4', only: 'tests' },
  { package: 'dosfstools', command: 'mkfs.vfat', only: 'tests' },
  { package: 'mtools', command: 'mcopy', only: 'tests' },
  { package: 'fdisk', command: 'sfdisk', only: 'tests' },
  { package: 'openssl', command: 'openssl', only: 'tests' },
  { package: 'xz-utils', command: 'xz', only: 'tests' },
  { package: 'zstd', command: 'zstd', only: 'tests' },
  { package: 'util-linux', command: 'fallocate', only: 'tests' },
  { package: 'mount', command: 'losetup', only: 'tests' },
  { package: 'bsdutils', command: 'script', only: 'tests' },
  { package: 'mosquitto', file: '/usr/sbin/mosquitto', only: 'tests' },
  { package: 'unzip', command: 'unzip', only: 'tests' },
  { package: 'poppler-utils', command: 'pdftotext', only: 'tests' },
  { package: 'wireguard-tools', command: 'wg-quick', only: 'tests' },
];

const DPKG_STATUS = '/var/lib/dpkg/status';
const STAMP = join(cacheFolder, 'system-packages.json');

/** Makes sure of the system's libraries and tools; those that only tests use are optional unless `tests`. */
export async function requireSystemPackages({ tests, say, warn }) {
  if (stampIsCurrent(tests)) return;
  let missing = missingRequirements();
  const needed = missing.filter(({ only }) => tests || only === undefined);
  if (needed.length > 0) {
    if (!existsSync(DPKG_STATUS)) throw new Problem(sentenceElsewhere(needed));
    const names = needed.map(nameHere);
    await installOrExplain(names, say);
    missing = missingRequirements();
    const still = missing.filter(({ only }) => tests || only === undefined);
    if (still.length > 0) throw new Problem(`Still missing after the installation: ${still.map(nameHere).join(' ')}.`);
  }
  if (missing.length > 0) {
    warn(`Only the tests need these Debian packages, which are missing: ${missing.map(nameHere).join(' ')}.`);
  }
  writeFileAtomic(STAMP, JSON.stringify({ state: stateOfSystem(), tests: missing.length === 0 }));
}

/** Without its own package database the system is looked at every time; that is a few stat calls. */
function stampIsCurrent(tests) {
  const stamp = readJson(STAMP);
  return stamp !== undefined && stamp.state === stateOfSystem() && (stamp.tests || !tests);
}

function stateOfSystem() {
  const list = REQUIREMENTS.map((requirement) => requirement.package).join(' ');
  if (!existsSync(DPKG_STATUS)) return `${list} no dpkg`;
  const { size, mtimeMs } = statSync(DPKG_STATUS);
  return `${list} ${size} ${mtimeMs}`;
}

function missingRequirements() {
  const installed = installedDebianPackages();
  return REQUIREMENTS.filter((requirement) => {
    if (requirement.command) return !commandExists(requirement.command);
    if (requirement.file) return !existsSync(requirement.file);
    // Elsewhere the libraries cannot be asked for by Debian's names: Electron itself will say what it misses.
    if (installed === undefined) return false;
    return !installed.has(requirement.package) && !installed.has(requirement.renamed);
  });
}

/** The names dpkg calls installed, or undefined where there is no dpkg. */
function installedDebianPackages() {
  const names = REQUIREMENTS.flatMap((requirement) => [requirement.package, requirement.renamed ?? []].flat());
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names], { encoding: 'utf8' });
  if (query.error) return undefined;
  const lines = query.stdout.split('\n').map((line) => line.split(' '));
  return new Set(lines.filter(([, status]) => status === 'installed').map(([name]) => name));
}

/** Whether a program is there, for this user or for the administrator. */
export function commandExists(command) {
  // mkfs and losetup are outside an ordinary user's PATH on Debian.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function nameHere(requirement) {
  if (requirement.renamed === undefined) return requirement.package;
  const known = spawnSync('apt-cache', ['show', '--no-all-versions', requirement.renamed], { stdio: 'ignore' });
  return known.status === 0 ? requirement.renamed : requirement.package;
}

/**
 * Installs Debian packages where that takes no password.
 * @throws {Problem} with the one command to run where it does, or where apt-get failed
 */
export async function installOrExplain(names, say) {
  const command = `sudo apt-get install --no-install-recommends ${names.join(' ')}`;
  const prefix = privilegePrefix();
  if (prefix === undefined) {
    throw new Problem(`Debian packages are missing, and installing them needs root. Run this once, then start again:\n  ${command}`);
  }
  say(`Installing Debian packages: ${names.join(' ')} …`);
  const apt = (...args) =>
    run(prefix[0] ?? 'env', [...prefix.slice(1), ...(prefix.length > 0 ? ['env'] : []), 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=120', ...args]);
  // A stale index that still has the packages is good enough, so only the installation's result counts.
  const update = await apt('update');
  const install = await apt('install', '-y', '--no-install-recommends', ...names);
  if (install.code !== 0) {
    const said = `${update.code === 0 ? '' : update.output}${install.output}`.trim();
    throw new Problem(`${said}\nThe Debian packages could not be installed. Run this once, then start again:\n  ${command}`);
  }
}

/** Words to put before a command that needs root, or undefined where that takes a password. */
function privilegePrefix() {
  if (process.getuid() === 0) return [];
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  return sudo.status === 0 ? ['sudo', '-n'] : undefined;
}

function sentenceElsewhere(needed) {
  const names = needed.map(({ package: name, command }) => (command ? `${command} (Debian: ${name})` : `Debian's ${name}`));
  return `This system has no dpkg, so please install the counterparts of: ${names.join(', ')}. Electron also needs GTK 3, NSS, ALSA, GBM, ATK bridge, libdrm and libXss.`;
}
