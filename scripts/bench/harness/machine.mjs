import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { basename, dirname, join } from 'node:path';

/**
 * What a result depends on, without anything that tells whose machine it is: no host name, no path.
 * @param {string} folder where the bench keeps its files
 * @param {Record<string, string>} versions of what was measured, by name
 */
export function describeMachine(folder, versions) {
  const processors = cpus();
  return {
    cores: processors.length,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    kernel: release(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    disk: diskOf(folder),
    versions,
  };
}

/** The disk below a folder as in "virtio disk, ext4"; sysfs knows it by its device number. */
function diskOf(folder) {
  const { dev } = statSync(folder);
  const number = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
  const filesystem = filesystemOf(number);
  const device = `/sys/dev/block/${number}`;
  if (!existsSync(device)) return filesystem;
  const place = realpathSync(device);
  const disk = existsSync(join(place, 'partition')) ? dirname(place) : place;
  return `${kindOf(disk)}, ${filesystem}`;
}

function filesystemOf(number) {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const line = lines.find((each) => each.split(' ')[2] === number);
  return line?.split(' - ')[1]?.split(' ')[0] ?? 'unknown filesystem';
}

function kindOf(disk) {
  const name = basename(disk);
  const known = [['nvme', 'NVMe disk'], ['vd', 'virtio disk'], ['mmcblk', 'MMC'], ['dm-', 'mapped disk'], ['loop', 'loop device'], ['md', 'RAID']];
  const kind = known.find(([start]) => name.startsWith(start))?.[1];
  if (kind !== undefined) return kind;
  const rotates = existsSync(join(disk, 'queue/rotational')) && readFileSync(join(disk, 'queue/rotational'), 'utf8').trim() === '1';
  return rotates ? 'hard disk' : 'solid-state disk';
}
