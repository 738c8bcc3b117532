import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { TargetFacts } from '../domain/targets';
import { attributeOf, deviceNumbersOf, holdersOf } from './block-attributes';
import { drivePlace } from './port-path';
import { deviceNumber, readMounts, systemDevices, systemRoots, type SystemRoots } from './system-disks';

/** Identity of a path that is there and can never be a card: a folder, a pipe, a terminal. */
export const notAFile = 'not a file';

/**
 * What the system says about a path that may become a card. Never opens a block device.
 *
 * @param path block device, symbolic link to one, regular file, or a file that does not exist yet
 * @throws nothing that a caller must handle: a path that cannot be read is reported as `missing`
 */
export async function inspectTarget(path: string, roots: SystemRoots = systemRoots): Promise<TargetFacts> {
  const missing: TargetFacts = {
    path,
    realPath: path,
    kind: 'missing',
    bytes: 0,
    readOnly: false,
    removable: false,
    loop: false,
    wholeDisk: true,
    usedBy: [],
    systemDisk: false,
    identity: 'missing',
    looksLikeCard: true,
  };
  let realPath: string;
  let facts: Awaited<ReturnType<typeof stat>>;
  try {
    realPath = await realpath(path);
    facts = await stat(realPath);
  } catch {
    return missing;
  }
  if (facts.isBlockDevice()) return inspectBlockDevice(path, realPath, facts.rdev, roots);
  if (!facts.isFile()) return { ...missing, realPath, kind: 'file', looksLikeCard: false, identity: notAFile };
  return {
    ...missing,
    realPath,
    kind: 'file',
    bytes: facts.size,
    readOnly: !(await isWritable(realPath)),
    usedBy: await loopDevicesOn(realPath, roots),
    identity: `file ${String(facts.dev)}:${String(facts.ino)}`,
    looksLikeCard: await looksLikeCard(realPath, facts.size),
  };
}

async function inspectBlockDevice(path: string, realPath: string, rdev: number, roots: SystemRoots): Promise<TargetFacts> {
  const number = deviceNumber(rdev);
  // /sys/dev/block/8:16 → …/block/sdb, and …/block/sdb/sdb1 for a partition
  const folder = await realpath(join(roots.sys, 'dev/block', number)).catch(() => join(roots.sys, 'class/block', basename(realPath)));
  const isPartition = (await attributeOf(folder, 'partition')) !== undefined;
  const disk = isPartition ? dirname(folder) : folder;
  const own = await deviceNumbersOf(disk);
  const mounts = await readMounts(roots);
  const usedBy = mounts.filter((mount) => own.has(mount.device)).map((mount) => mount.place);
  const holders = await holdersOf(disk);
  const system = await systemDevices(roots, mounts);
  const { portPath } = await drivePlace(disk);
  const [size, readOnly, removable, deviceType, model, serial, cid, sequence] = await Promise.all([
    attributeOf(folder, 'size'),
    attributeOf(folder, 'ro'),
    attributeOf(disk, 'removable'),
    attributeOf(disk, 'device/type'),
    attributeOf(disk, 'device/model'),
    attributeOf(disk, 'device/serial'),
    attributeOf(disk, 'device/cid'),
    attributeOf(disk, 'diskseq'),
  ]);
  // sysfs counts in 512-byte sectors whatever the device's block size is.
  const bytes = Number(size ?? 0) * 512;
  return {
    path,
    realPath,
    kind: 'block-device',
    bytes,
    readOnly: readOnly === '1',
    // The kernel calls no mmcblk device removable; its type tells a card in a slot (SD) from a soldered chip (MMC).
    removable: removable === '1' || deviceType === 'SD',
    loop: basename(disk).startsWith('loop'),
    wholeDisk: !isPartition,
    usedBy: [...usedBy, ...holders],
    systemDisk: [...own].some((device) => system.has(device)),
    ...(model === undefined ? {} : { model }),
    ...((cid ?? serial) === undefined ? {} : { serial: cid ?? serial }),
    ...(portPath === undefined ? {} : { portPath }),
    // The kernel gives every inserted medium a new sequence number, so a swapped card never has the identity of the old one; the
    // port tells it from a drive that took over its name.
    identity: ['device', number, bytes, sequence ?? '', model ?? '', cid ?? serial ?? '', ...(portPath === undefined ? [] : [portPath])].join(' '),
    looksLikeCard: true,
  };
}

/** Loop devices that stand on a file: writing under them would change a mounted disk. */
async function loopDevicesOn(file: string, roots: SystemRoots): Promise<string[]> {
  const block = join(roots.sys, 'block');
  const names = (await readdir(block).catch(() => [])).filter((name) => name.startsWith('loop'));
  const backing = await Promise.all(names.map((name) => readFile(join(block, name, 'loop/backing_file'), 'utf8').catch(() => '')));
  return names.filter((_, index) => backing[index]?.trim() === file).map((name) => `/dev/${name}`);
}

async function isWritable(path: string): Promise<boolean> {
  try {
    if (((await stat(path)).mode & 0o222) === 0) return false;
    await (await open(path, 'r+')).close();
    return true;
  } catch {
    return false;
  }
}

/** An empty file, one whose first blocks are zero (a spoiled or unwritten card), or one with an MBR signature. */
async function looksLikeCard(path: string, bytes: number): Promise<boolean> {
  if (bytes === 0) return true;
  if (bytes % 512 !== 0) return false;
  const head = Buffer.alloc(4096);
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const read = head.subarray(0, bytesRead);
    return (bytesRead >= 512 && read[510] === 0x55 && read[511] === 0xaa) || read.every((byte) => byte === 0);
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}
