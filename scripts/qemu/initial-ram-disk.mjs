import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { Problem } from '../support/problem.mjs';
import { modulesInOrder } from './guest-kernel.mjs';

const wantedModules = [
  'virtio_pci', '9pnet_virtio', '9p',
  'crct10dif_generic', 'crc-t10dif', 'crc64-rocksoft', 't10-pi', 'scsi_mod', 'sd_mod', 'xhci-pci', 'usb-storage',
  'dm-mod', 'dm-flakey', 'dm-delay', 'loop',
];

/**
 * The guest's first filesystem: busybox, modules, and an init that runs the driver in the host's tree, which it sees
 * read-only. Driver and host talk over the second serial port; kernel and errors go to the first.
 * @param {{folder: string, modules: string, electron: string, driver: string}} settings
 * @returns {string} path of the archive
 */
export function makeInitialRamDisk({ folder, modules, electron, driver }) {
  const tree = join(folder, 'initial-ram-disk');
  for (const each of ['bin', 'proc', 'sys', 'dev', 'host', 'modules']) mkdirSync(join(tree, each), { recursive: true });
  copyFileSync(findCommand('busybox'), join(tree, 'bin', 'busybox'));
  chmodSync(join(tree, 'bin', 'busybox'), 0o755);
  const order = modulesInOrder(modules, wantedModules);
  for (const path of order) copyFileSync(path, join(tree, 'modules', basename(path)));
  writeFileSync(join(tree, 'init'), initScript(order.map((path) => basename(path)), electron, driver), { mode: 0o755 });
  const archive = join(folder, 'initrd');
  const packed = spawnSync('sh', ['-c', 'cd "$1" && find . | cpio --quiet -o -H newc > "$2"', 'sh', tree, archive], { encoding: 'utf8' });
  if (packed.status !== 0) throw new Problem(`cpio failed: ${packed.stderr}`);
  return archive;
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function initScript(modules, electron, driver) {
  return `#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
for module in ${modules.join(' ')}; do busybox insmod /modules/$module || echo "not loaded: $module"; done
busybox mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 host /host || busybox poweroff -f
busybox mount -t devtmpfs dev /host/dev
busybox mount -t proc proc /host/proc
busybox mount -t sysfs sysfs /host/sys
busybox mount -t tmpfs -o size=700m tmpfs /host/run
busybox stty -F /dev/ttyS1 raw -echo
# The key's memory is locked: as root there is no limit.
busybox chroot /host /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run LC_ALL=C ELECTRON_RUN_AS_NODE=1 ${quoted(electron)} ${quoted(driver)} </dev/ttyS1 >/dev/ttyS1 2>/dev/ttyS0
echo "The driver ended with $?"
busybox sleep 1
busybox poweroff -f
`;
}

function findCommand(name) {
  const found = [...(process.env.PATH ?? '').split(delimiter), '/bin', '/usr/bin'].map((each) => join(each, name)).find((path) => existsSync(path));
  if (found === undefined) throw new Problem(`${name} is missing.`);
  return found;
}
