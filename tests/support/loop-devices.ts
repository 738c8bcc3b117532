import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/*
 * Loop devices and small filesystems: block devices of the kernel's own, over files of a test. Root only.
 */

/** Why no loop device can be made here, or undefined where it can. For `describe.skipIf`. */
export function loopProblem(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can make a loop device';
  const free = spawnSync('losetup', ['--find'], { encoding: 'utf8' });
  return free.status === 0 ? undefined : `losetup: ${free.error?.message ?? free.stderr}`;
}

export interface LoopOptions {
  /** Logical block size in bytes, 512 unless said. */
  readonly sectorBytes?: number;
  readonly readOnly?: boolean;
  /** Makes devices for the partitions. */
  readonly partitions?: boolean;
}

/** Attaches a file and returns `/dev/loopN`. */
export function attachLoop(file: string, options: LoopOptions = {}): string {
  const { sectorBytes = 512, readOnly = false, partitions = false } = options;
  const words = ['--sector-size', String(sectorBytes), ...(readOnly ? ['--read-only'] : []), ...(partitions ? ['--partscan'] : [])];
  // Not `--find`: it gives any free number, also one that another test keeps free for a card that is still to come.
  for (let number = firstOwn; number < firstReserved; number += 1) {
    const device = loopNumbered(number);
    const attached = spawnSync('losetup', [...words, device, file], { encoding: 'utf8' });
    if (attached.status === 0) return device;
    if (!/busy/i.test(attached.stderr)) throw new Error(`losetup ${device}: ${attached.stderr}`);
  }
  throw new Error('There is no free loop device.');
}

/** Numbers that attachLoop() chooses from; those from `firstReserved` on are a test's own. */
const firstOwn = 20;
const firstReserved = 200;

/** Attaches a file at this very device, as when a card is put into a reader. */
export function attachLoopAt(device: string, file: string): void {
  execFileSync('losetup', [device, file]);
}

/** A device of this number, made if it is missing. One from 200 on is given to nobody else. */
export function loopNumbered(number: number): string {
  const device = `/dev/loop${String(number)}`;
  if (!existsSync(device)) execFileSync('mknod', [device, 'b', '7', String(number)]);
  return device;
}

export function detachLoop(device: string): void {
  execFileSync('losetup', ['--detach', device]);
}

/** Bytes that the device itself was asked for since it was attached; what the page cache answers does not count. */
export function bytesReadFrom(device: string): number {
  const sectors = readFileSync(`/sys/class/block/${basename(device)}/stat`, 'utf8').trim().split(/\s+/)[2];
  return Number(sectors) * 512;
}

/** A sparse file of this length. */
export function makeSparseFile(path: string, bytes: number): string {
  const file = openSync(path, 'w');
  ftruncateSync(file, bytes);
  closeSync(file);
  return path;
}

/** Mounts a filesystem in memory at a new folder. ramfs has no direct I/O; tmpfs takes a size. */
export function mountInMemory(folder: string, type: 'tmpfs' | 'ramfs', bytes?: number): void {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', type, ...(bytes === undefined ? [] : ['-o', `size=${String(bytes)}`]), 'imprint-test', folder]);
}

export function unmount(folder: string): void {
  execFileSync('umount', [folder]);
}
