import { access, constants, readdir, readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Drive, Drives } from '../domain/drives';
import { attributeOf, deviceNumbersOf, holdersOf } from './block-attributes';
import { drivePlace } from './port-path';
import { readMounts, systemDevices, systemRoots, type Mount, type SystemRoots } from './system-disks';

/**
 * Every whole block device of this computer that is or stands for hardware: no partitions, nothing that is built on top of
 * other devices (device-mapper, RAID, zram), no optical drives, no boot partitions of soldered chips. Nothing is opened.
 *
 * @returns in the order of their names; an empty list where sysfs cannot be read
 */
export async function listDrives(roots: SystemRoots = systemRoots): Promise<readonly Drive[]> {
  const mounts = await readMounts(roots);
  const system = await systemDevices(roots, mounts);
  const names = (await readdir(join(roots.sys, 'block')).catch(() => [])).sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  const drives = await Promise.all(names.map((name) => readDrive(name, roots, mounts, system)));
  return drives.filter((drive) => drive !== undefined);
}

/** The drives of this computer as the station asks for them. */
export const systemDrives: Drives = {
  list: () => listDrives(),
  realPath: (path) => realpath(path).catch(() => undefined),
  async settled({ path }) {
    for (let tries = 0; tries < 30; tries += 1) {
      const permitted = await access(path, constants.R_OK | constants.W_OK).then(
        () => true,
        () => false,
      );
      if (permitted) return;
      await sleep(100);
    }
  },
};

async function readDrive(name: string, roots: SystemRoots, mounts: readonly Mount[], system: ReadonlySet<string>): Promise<Drive | undefined> {
  if (/^(?:sr|fd|zram|ram|dm-|md|nbd|zd)\d+$/.test(name) || /^mmcblk\d+(?:boot\d+|gp\d+|rpmb)$/.test(name)) return undefined;
  const folder = await realpath(join(roots.sys, 'block', name)).catch(() => undefined);
  if (folder === undefined) return undefined;
  const loop = name.startsWith('loop');
  if (!loop && folder.includes(`${sep}devices${sep}virtual${sep}block${sep}`)) return undefined;
  const attribute = (each: string): Promise<string | undefined> => attributeOf(folder, each);
  const place = await drivePlace(folder);
  const [size, readOnly, removable, deviceType, model, cardName, vendor, serial, cid, product, usbVendor, usbSerial, own, holders] = await Promise.all([
    attribute('size'),
    attribute('ro'),
    attribute('removable'),
    attribute('device/type'),
    attribute('device/model'),
    attribute('device/name'),
    attribute('device/vendor'),
    attribute('device/serial'),
    attribute('device/cid'),
    place.usbDevice === undefined ? undefined : attributeOf(place.usbDevice, 'product'),
    place.usbDevice === undefined ? undefined : attributeOf(place.usbDevice, 'manufacturer'),
    place.usbDevice === undefined ? undefined : attributeOf(place.usbDevice, 'serial'),
    deviceNumbersOf(folder),
    holdersOf(folder),
  ]);
  const bytes = Number(size ?? 0) * 512;
  return {
    path: `/dev/${name.replace(/!/g, '/')}`,
    bytes,
    mediaPresent: bytes > 0,
    model: loop ? await backingFile(folder) : (model ?? (place.bus === 'mmc' ? cardName : undefined) ?? product),
    // A virtio disk has its PCI vendor there, a number.
    vendor: vendor?.startsWith('0x') === true ? undefined : (vendor ?? usbVendor),
    serial: cid ?? serial ?? usbSerial,
    bus: place.bus,
    portPath: place.portPath,
    // The kernel calls no mmcblk device removable; its type tells a card in a slot (SD) from a soldered chip (MMC).
    removable: removable === '1' || deviceType === 'SD',
    readOnly: readOnly === '1',
    usedBy: [...mounts.filter((mount) => own.has(mount.device)).map((mount) => mount.place), ...holders],
    systemDisk: [...own].some((device) => system.has(device)),
  };
}

async function backingFile(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'loop/backing_file'), 'utf8').catch(() => '');
  return text.trim() || undefined;
}
