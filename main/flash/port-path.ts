import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DriveBus } from '../domain/drives';
import { attributeOf } from './block-attributes';

/** Where a drive is plugged in, read from its place in sysfs. */
export interface DrivePlace {
  readonly bus: DriveBus;
  /** Stable name of the port; undefined where nothing in the path is. */
  readonly portPath: string | undefined;
  /** Folder of the USB device, where it is one. */
  readonly usbDevice: string | undefined;
}

const pciFunction = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;
const usbPort = /^\d+-(\d+(?:\.\d+)*)$/;
const usbInterface = /^\d+-\d+(?:\.\d+)*:(\d+\.\d+)$/;
const scsiDevice = /^\d+:(\d+):(\d+):(\d+)$/;

/**
 * Names are made as udev's path_id makes them for /dev/disk/by-path, so that an administrator recognises them. Numbers that
 * the kernel deals out in the order of discovery (USB bus, SCSI host, mmc host) are left out or replaced by their rank.
 *
 * @param disk real path of the block device in sysfs, `…/devices/pci0000:00/…/block/sdb`
 */
export async function drivePlace(disk: string): Promise<DrivePlace> {
  const name = basename(disk);
  if (name.startsWith('loop')) return { bus: 'loop', portPath: name.replace('loop', 'loop-'), usbDevice: undefined };
  const parents = foldersTo(dirname(disk));
  const controller = controllerOf(parents);
  const usb = parents.findLast((parent) => usbPort.test(parent.name));
  const own = parents.map((parent) => parent.name);
  const [, channel, target, unit] = own.map((each) => scsiDevice.exec(each)).findLast((match) => match !== null) ?? [];
  const scsi = unit === undefined ? undefined : `scsi-0:${channel ?? ''}:${target ?? ''}:${unit}`;
  const mmc = parents.findLast((parent) => basename(dirname(parent.folder)) === 'mmc_host');
  const ata = parents.findLast((parent) => /^ata\d+$/.test(parent.name));

  const configuration = own.map((name) => usbInterface.exec(name)).findLast((match) => match !== null)?.[1] ?? '1.0';
  const usbPart = usb === undefined ? undefined : `${await usbName(usb, parents)}:${configuration}`;
  const bus: DriveBus = mmc !== undefined ? 'mmc' : usb !== undefined ? 'usb' : name.startsWith('nvme') ? 'nvme' : ata !== undefined ? 'ata' : own.some((each) => /^virtio\d+$/.test(each)) ? 'virtio' : 'other';
  const last =
    mmc !== undefined
      ? `mmc-${String(await rankOf(mmc.folder))}`
      : ata !== undefined
        ? `ata-${(await attributeOf(join(ata.folder, 'ata_port', ata.name), 'port_no')) ?? ata.name.slice(3)}`
        : bus === 'nvme'
          ? `nvme-${(await attributeOf(disk, 'nsid')) ?? '1'}`
          : bus === 'virtio'
            ? 'virtio'
            : scsi;
  const parts = [controller, usbPart, last].filter((part) => part !== undefined);
  return { bus, portPath: controller === undefined || parts.length < 2 ? undefined : parts.join('-'), usbDevice: usb?.folder };
}

/**
 * `pci-0000:00:14.0-usbv2-0:2.3`: how the port paths of all drives at a USB device begin.
 *
 * @param device real path of the USB device in sysfs, `…/devices/pci0000:00/…/usb1/1-2/1-2.3`
 */
export async function usbDevicePlace(device: string): Promise<string | undefined> {
  const folders = foldersTo(device);
  const controller = controllerOf(folders);
  const usb = folders.at(-1);
  return controller === undefined || usb === undefined || !usbPort.test(usb.name) ? undefined : `${controller}-${await usbName(usb, folders)}`;
}

/** A folder of sysfs with its name. */
interface Folder {
  readonly name: string;
  readonly folder: string;
}

/** From below /sys/devices down to this folder. */
function foldersTo(last: string): readonly Folder[] {
  const folders: Folder[] = [];
  for (let folder = last; basename(folder) !== 'devices' && folder !== dirname(folder); folder = dirname(folder)) folders.unshift({ name: basename(folder), folder });
  return folders;
}

function controllerOf(folders: readonly Folder[]): string | undefined {
  const pci = folders.findLast(({ name }) => pciFunction.test(name));
  if (pci !== undefined) return `pci-${pci.name}`;
  // A computer without PCI names its controllers by the platform: `fe340000.mmc`.
  const platform = folders[0]?.name === 'platform' ? folders.findLast(({ name }, index) => index > 0 && /^[0-9a-f]+\.[\w-]+$/.test(name)) : undefined;
  return platform === undefined ? undefined : `platform-${platform.name}`;
}

/**
 * `usbv2-0:2.3`. The generation of the bus belongs to it: a USB 3 controller has two root hubs, and port 2 of one is
 * another socket than port 2 of the other.
 */
async function usbName(device: Folder, folders: readonly Folder[]): Promise<string> {
  const rootHub = folders.find(({ name }) => /^usb\d+$/.test(name));
  const version = rootHub === undefined ? undefined : await attributeOf(rootHub.folder, 'version');
  return `usb${version === undefined ? '' : `v${String(Math.trunc(Number(version)))}`}-0:${usbPort.exec(device.name)?.[1] ?? ''}`;
}

/** How many siblings of the same kind come before this folder: the kernel's own number may be another one after a restart. */
async function rankOf(folder: string): Promise<number> {
  const kind = basename(folder).replace(/\d+$/, '');
  const numbers = (await readdir(dirname(folder)).catch(() => [])).filter((name) => name.startsWith(kind)).map((name) => Number(name.slice(kind.length)));
  const own = Number(basename(folder).slice(kind.length));
  return numbers.filter((number) => number < own).length;
}
