import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

// A block device in sysfs: /sys/devices/…/block/sdb, with its partitions as folders inside (sdb1).

/** A sysfs attribute, or undefined where the device does not have it. */
export async function attributeOf(folder: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, name), 'utf8')).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Device numbers of a disk and its partitions. */
export async function deviceNumbersOf(disk: string): Promise<ReadonlySet<string>> {
  const numbers = new Set<string>();
  const add = async (folder: string): Promise<void> => {
    const number = await attributeOf(folder, 'dev');
    if (number !== undefined) numbers.add(number);
  };
  await add(disk);
  for (const name of await readdir(disk).catch(() => [])) {
    if (name.startsWith(basename(disk))) await add(join(disk, name));
  }
  return numbers;
}

/** Device-mapper and RAID devices on top of a disk or its partitions. */
export async function holdersOf(disk: string): Promise<string[]> {
  const names = await readdir(disk).catch(() => []);
  const folders = [disk, ...names.filter((name) => name.startsWith(basename(disk))).map((name) => join(disk, name))];
  const holders = await Promise.all(folders.map((folder) => readdir(join(folder, 'holders')).catch(() => [])));
  return holders.flat().map((name) => `/dev/${name}`);
}
