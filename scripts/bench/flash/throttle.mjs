import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Loop devices as slow as cards, by the kernel's own block throttling (cgroup version 1, blkio). It counts what is sent to the device by
 * the processes of a group: this bench's own group is throttled, and the root group, whose are the kernel's threads that write back the
 * page cache.
 */
const names = ['blkio.throttle.write_bps_device', 'blkio.throttle.read_bps_device'];

function groups() {
  const mount = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields.includes('cgroup') && fields.at(-1).split(',').includes('blkio'))?.[4];
  if (mount === undefined) return [];
  const own = /^\d+:(?:[\w=]+,)*blkio(?:,[\w=]+)*:(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  return [...new Set([mount, join(mount, own)])].filter((folder) => existsSync(join(folder, names[0])));
}

/** @returns {string | undefined} why devices cannot be throttled here */
export function whyNoThrottling() {
  return groups().length > 0 ? undefined : 'the kernel has no blkio controller of cgroup version 1 here';
}

/** @param {string} number the device's `major:minor` @param {number} bytesPerSecond for reading and for writing; 0 for no limit */
export function throttle(number, bytesPerSecond) {
  for (const group of groups()) for (const name of names) writeFileSync(join(group, name), `${number} ${bytesPerSecond}`);
}

export function unthrottle(number) {
  try {
    throttle(number, 0);
  } catch {
    // There was nothing to take away.
  }
}
