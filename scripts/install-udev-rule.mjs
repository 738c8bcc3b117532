import { spawnSync } from 'node:child_process';
import { copyFileSync, chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from './support/paths.mjs';
import { isEntryPoint, Problem, runMain } from './support/problem.mjs';

const GROUP = 'imprint';
const rule = inRoot('scripts', 'udev', '70-imprint.rules');

/** @throws {Problem} where the program fails */
function run(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` } });
  if (error !== undefined || status !== 0) throw new Problem(`${[program, ...args].join(' ')} failed: ${(error?.message ?? stderr).trim()}`);
  return stdout;
}

/** Disks beneath the running system's root, boot and swap that the rule would hand to the group, as drives or as USB devices. */
export function systemCards(list = run) {
  const places = ['/', '/boot', '/boot/efi', '/usr', '/var', '/home'].flatMap((place) => {
    const { status, stdout } = spawnSync('findmnt', ['--noheadings', '--output', 'SOURCE', '--target', place], { encoding: 'utf8' });
    return status === 0 ? stdout.split('\n') : [];
  });
  const sources = new Set(places.map((source) => source.trim().replace(/\[.*\]$/, '')).filter((source) => source.startsWith('/dev/')));
  const disks = [...sources].flatMap((source) => flatten(JSON.parse(list('lsblk', ['--json', '--inverse', '--output', 'NAME,TYPE,TRAN', source])).blockdevices));
  return [...new Set(disks.filter(isCard).map((disk) => disk.name))];
}

const flatten = (devices) => devices.flatMap((device) => [device, ...flatten(device.children ?? [])]);
export const isCard = ({ name, type, tran }) => type === 'disk' && (/^mmcblk\d+$/.test(name) || tran === 'usb');

/**
 * Gives the group `imprint` the cards in USB and SD readers.
 * @param {readonly string[]} users who are put into the group
 * @param {string} folder where udev looks for rules
 */
export function installUdevRule(users, folder = '/etc/udev/rules.d') {
  const command = `sudo node ${process.argv[1] ?? 'scripts/install-udev-rule.mjs'} ${users.join(' ') || 'USER'}`;
  if (process.getuid?.() !== 0) throw new Problem(`Only root may do that. Run:\n  ${command}`);
  const own = systemCards();
  if (own.length > 0) {
    throw new Problem(`This computer runs from ${own.join(', ')}, which the rule would let technicians overwrite. Use a computer with a fixed disk; nothing was changed.`);
  }
  run('groupadd', ['--force', '--system', GROUP]);
  for (const user of users) run('usermod', ['--append', '--groups', GROUP, user]);
  mkdirSync(folder, { recursive: true });
  const target = join(folder, '70-imprint.rules');
  copyFileSync(rule, target);
  chmodSync(target, 0o644);
  const say = [`${target} is installed.`];
  try {
    run('udevadm', ['control', '--reload']);
    run('udevadm', ['trigger', '--subsystem-match=block', '--subsystem-match=usb', '--action=change']);
  } catch {
    say.push('udev does not run here; the rule works from its next start.');
  }
  say.push(users.length === 0 ? `Put each technician into the group: usermod --append --groups ${GROUP} USER` : `${users.join(', ')} must sign in again.`);
  return say;
}

if (isEntryPoint(import.meta.url)) {
  await runMain(() => {
    for (const line of installUdevRule(process.argv.slice(2))) process.stdout.write(`${line}\n`);
  });
}
