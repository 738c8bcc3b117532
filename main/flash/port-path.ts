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
  // Parents from /sys/devices down to the device, each with its folder.
  const parents: { readonly name: string; readonly folder: string }[] = [];
  for (let folder = dirname(disk); basename(folder) !== 'devices' && folder !== dirname(folder); folder = dirname(folder)) parents.unshift({ name: basename(folder), folder });

  const pci = parents.findLast((parent) => pciFunction.test(parent.name));
  // A computer without PCI names its controllers by the platform: `fe340000.mmc`.
  const platform = pci === undefined && parents[0]?.name === 'platform' ? parents.findLast((parent, index) => index > 0 && /^[0-9a-f]+\.[\w-]+$/.test(parent.name)) : undefined;
  const controller = pci !== undefined ? `pci-${pci.name}` : platform === undefined ? undefined : `platform-${platform.name}`;
  const usb = parents.findLast((parent) => usbPort.test(parent.name));
  const own = parents.map((parent) => parent.name);
  const [, channel, target, unit] = own.map((each) => scsiDevice.exec(each)).findLast((match) => match !== null) ?? [];
  const scsi = unit === undefined ? undefined : `scsi-0:${channel ?? ''}:${target ?? ''}:${unit}`;
  const mmc = parents.findLast((parent) => basename(dirname(parent.folder)) === 'mmc_host');
  const ata = parents.findLast((parent) => /^ata\d+$/.test(parent.name));

  const usbPart = usb === undefined ? undefined : await usbName(usb, parents, own);
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
 * `usbv2-0:2.3:1.0`. The generation of the bus belongs to it: a USB 3 controller has two root hubs, and port 2 of one is
 * another socket than port 2 of the other.
 */
async function usbName(device: { readonly name: string; readonly folder: string }, parents: readonly { readonly name: string; readonly folder: string }[], names: readonly string[]): Promise<string> {
  const rootHub = parents.find((parent) => /^usb\d+$/.test(parent.name));
  const version = rootHub === undefined ? undefined : await attributeOf(rootHub.folder, 'version');
  const port = usbPort.exec(device.name)?.[1] ?? '';
  const configuration = names.map((name) => usbInterface.exec(name)).findLast((match) => match !== null)?.[1] ?? '1.0';
  return `usb${version === undefined ? '' : `v${String(Math.trunc(Number(version)))}`}-0:${port}:${configuration}`;
}

/** How many siblings of the same kind come before this folder: the kernel's own number may be another one after a restart. */
async function rankOf(folder: string): Promise<number> {
  const kind = basename(folder).replace(/\d+$/, '');
  const numbers = (await readdir(dirname(folder)).catch(() => [])).filter((name) => name.startsWith(kind)).map((name) => Number(name.slice(kind.length)));
  const own = Number(basename(folder).slice(kind.length));
  return numbers.filter((number) => number < own).length;
}
