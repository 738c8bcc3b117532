import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceVersion } from './build.mjs';
import { makePackages, packProgram } from './package.mjs';
import { setup } from './setup.mjs';
import { commandExists } from './setup/debian-packages.mjs';
import { cacheFolder, inRoot } from './support/paths.mjs';
import { Problem, runMain } from './support/problem.mjs';
import { endingChildrenOnSignals, run } from './support/run.mjs';
import { startXvfb } from './support/xvfb.mjs';
import { runVitest } from './vitest.mjs';

const folder = join(cacheFolder, 'debian');
const base = join(folder, 'base');
const SUITE = 'bookworm';

function requirePrivileges() {
  if (process.getuid?.() !== 0) throw new Problem('The package is installed into a Debian of its own, with mounts and loop devices: run this as root.');
  const missing = [['debootstrap', 'debootstrap'], ['dpkg-deb', 'dpkg'], ['losetup', 'mount'], ['unshare', 'util-linux'], ['Xvfb', 'xvfb']].filter(([command]) => !commandExists(command));
  if (missing.length > 0) throw new Problem(`Missing: ${missing.map(([command, name]) => `${command} (Debian: ${name})`).join(', ')}.`);
}

/** What the package asks for, of one file: its own dependencies. */
async function dependenciesOf(deb) {
  const { output } = await run('dpkg-deb', ['--field', deb, 'Depends']);
  return output.trim().split(', ').map((each) => each.split(' | ')[0].replace(/ \(.*\)$/, ''));
}

/** A small Debian with what the package depends on, made once. Nothing of this computer's own is in it. */
async function debianRoot(deb, say) {
  const wanted = (await dependenciesOf(deb)).sort().join('\n');
  const stamp = join(folder, 'dependencies');
  if (existsSync(base) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say(`Making a Debian ${SUITE} to install into …`);
  mkdirSync(folder, { recursive: true });
  const work = join(folder, 'unfinished');
  rmSync(work, { recursive: true, force: true });
  const made = await run('debootstrap', ['--variant=minbase', SUITE, work]);
  if (made.code !== 0) throw new Problem(`debootstrap failed:\n${made.output.trim().split('\n').slice(-5).join('\n')}`);
  writeFileSync(join(work, 'etc/resolv.conf'), readFileSync('/etc/resolv.conf'));
  // For the tests: partitions and keys on cards, terminals, manual pages.
  const also = ['fdisk', 'openssl', 'e2fsprogs', 'bsdutils', 'man-db'];
  const installed = await run('chroot', [work, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', '--yes', '--no-install-recommends', ...wanted.split('\n'), ...also]);
  if (installed.code !== 0) throw new Problem(`The package's dependencies could not be installed:\n${installed.output.trim().split('\n').slice(-5).join('\n')}`);
  // CRASH: under its own name only when it is whole.
  rmSync(base, { recursive: true, force: true });
  renameSync(work, base);
  writeFileSync(stamp, wanted);
}

/** The version after this one, really packed, as an update that everybody may sign. */
async function makeNext(packages, next, file, say) {
  say(`Packing version ${next}, to update to …`);
  const output = join(packages, 'next');
  const { program } = await packProgram({ smoke: true, version: next, output, say });
  rmSync(file, { force: true });
  const { code, output: said } = await run(process.execPath, [inRoot('scripts', 'update', 'make-update.mjs'), '--development', '--feed', '--package', program, '--from', sourceVersion(), '--out', file]);
  if (code !== 0) throw new Problem(`The update could not be made:\n${said.trim()}`);
  rmSync(output, { recursive: true, force: true });
}

async function testPackage(filters) {
  const say = (text) => process.stderr.write(`${text}\n`);
  requirePrivileges();
  await setup({ quiet: true, tests: true });
  const packages = join(cacheFolder, 'package');
  const again = process.env.IMPRINT_PACKAGE_MADE === '1';
  const made = again ? readdirSync(packages).filter((name) => name.startsWith('imprint')).map((name) => join(packages, name)) : await makePackages({ smoke: true, targets: [], say });
  const [major, minor] = sourceVersion().split('.').map(Number);
  const next = `${major}.${minor + 1}.0`;
  const update = join(packages, `imprint-SMOKE-${next}-linux-${process.arch}.update`);
  if (!again || !existsSync(update)) await makeNext(packages, next, update, say);
  const deb = made.find((path) => path.endsWith('.deb'));
  const archive = made.find((path) => path.endsWith('.tar.gz'));
  if (deb === undefined || archive === undefined) throw new Problem('There is no package to test: run `npm run package:smoke`.');
  await debianRoot(deb, say);
  const screen = await startXvfb({ open: true });
  try {
    return await runVitest(['--config', inRoot('tests/package/vitest.config.ts'), ...filters], { ...process.env, IMPRINT_DEB: deb, IMPRINT_ARCHIVE: archive, IMPRINT_UPDATE: update, IMPRINT_NEXT: next, IMPRINT_DEBIAN: base, DISPLAY: screen.display });
  } finally {
    await screen.stop();
  }
}

await runMain(() => endingChildrenOnSignals(() => testPackage(process.argv.slice(2))));
