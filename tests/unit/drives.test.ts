import { rmSync, symlinkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { arrivedCards, canBeSlot, cardAtPort, describePort, type Drive } from '../../main/domain/drives';
import { listDrives } from '../../main/flash/drives';
import { SysfsTree } from '../support/sysfs';

let tree: SysfsTree;
beforeEach(() => {
  tree = new SysfsTree();
});
afterEach(() => rmSync(tree.root, { recursive: true }));

const hub = 'pci0000:00/0000:00:14.0/usb1';
const oneOf = async (path: string): Promise<Drive> => {
  const found = (await listDrives(tree.roots)).find((drive) => drive.path === path);
  if (found === undefined) throw new Error(`${path} is not listed`);
  return found;
};

/** A reader of ten slots: one USB device, ten LUNs, a card in the second and the tenth. */
function readerOfTen(at: string): void {
  tree.put(`sys/devices/${hub}/version`, ' 2.00\n');
  tree.put(`sys/devices/${hub}/${at}/serial`, 'ABCDEF\n');
  tree.put(`sys/devices/${hub}/${at}/manufacturer`, 'Generic\n');
  for (let unit = 0; unit < 10; unit += 1) {
    tree.disk(`${hub}/${at}/${at}:1.0/host6/target6:0:0/6:0:0:${unit}/block/sd${'bcdefghijk'[unit] ?? ''}`, `8:${16 * (unit + 1)}`, {
      removable: '1',
      size: unit === 1 || unit === 9 ? '62333952' : '0',
      'device/model': 'STORAGE DEVICE  ',
      'device/vendor': 'Generic ',
      'device/type': '0',
    });
  }
}

describe('a USB reader with ten slots', () => {
  it('is ten drives at ports of their own, with and without a card', async () => {
    readerOfTen('1-2');
    const drives = await listDrives(tree.roots);
    expect(drives).toHaveLength(10);
    expect(new Set(drives.map((drive) => drive.portPath)).size).toBe(10);
    expect(drives.filter((drive) => drive.mediaPresent).map((drive) => drive.path)).toEqual(['/dev/sdc', '/dev/sdk']);
    expect(drives[1]).toEqual({
      path: '/dev/sdc',
      bytes: 31_914_983_424,
      mediaPresent: true,
      model: 'STORAGE DEVICE',
      vendor: 'Generic',
      serial: 'ABCDEF',
      bus: 'usb',
      portPath: 'pci-0000:00:14.0-usbv2-0:2:1.0-scsi-0:0:0:1',
      removable: true,
      readOnly: false,
      usedBy: [],
      systemDisk: false,
    });
  });

  it('keeps its ports behind a hub and with other numbers of bus and host', async () => {
    tree.put('sys/devices/pci0000:00/0000:00:14.0/usb3/version', ' 2.00\n');
    tree.disk('pci0000:00/0000:00:14.0/usb3/3-2/3-2.4/3-2.4.1/3-2.4.1:1.0/host11/target11:0:0/11:0:0:3/block/sdx', '65:112', { removable: '1' });
    expect((await oneOf('/dev/sdx')).portPath).toBe('pci-0000:00:14.0-usbv2-0:2.4.1:1.0-scsi-0:0:0:3');
  });

  it('is at another port on the USB 3 half of the same controller, whose ports have the same numbers', async () => {
    tree.put(`sys/devices/${hub}/version`, ' 2.00\n');
    tree.put('sys/devices/pci0000:00/0000:00:14.0/usb2/version', ' 3.10\n');
    tree.disk(`${hub}/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb`, '8:16', { removable: '1', size: '8' });
    tree.disk('pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host7/target7:0:0/7:0:0:0/block/sdc', '8:32', { removable: '1', size: '8' });
    expect((await listDrives(tree.roots)).map((drive) => drive.portPath)).toEqual(['pci-0000:00:14.0-usbv2-0:1:1.0-scsi-0:0:0:0', 'pci-0000:00:14.0-usbv3-0:1:1.0-scsi-0:0:0:0']);
  });

  it('on a computer without PCI is named by the platform', async () => {
    tree.disk('platform/soc/fe9c0000.usb/usb1/1-1/1-1:1.0/host0/target0:0:0/0:0:0:0/block/sda', '8:0', { removable: '1' });
    expect((await oneOf('/dev/sda')).portPath).toBe('platform-fe9c0000.usb-usb-0:1:1.0-scsi-0:0:0:0');
  });
});

describe('other drives', () => {
  it('an NVMe disk with device-mapper on top is the system\'s, and no slot', async () => {
    const disk = 'pci0000:00/0000:00:1d.0/0000:02:00.0/nvme/nvme0/nvme0n1';
    tree.disk(disk, '259:0', { size: '1000', nsid: '1', 'device/model': 'Fast SSD', 'device/serial': 'S1' });
    tree.partition(`${disk}/nvme0n1p1`, '259:1');
    tree.put(`sys/devices/${disk}/nvme0n1p1/holders/dm-0/dev`, '254:0\n');
    tree.disk('virtual/block/dm-0', '254:0', { size: '900' });
    mkdirSync(join(tree.root, 'sys/devices/virtual/block/dm-0/slaves'));
    symlinkSync(join(tree.root, 'sys/devices', disk, 'nvme0n1p1'), join(tree.root, 'sys/devices/virtual/block/dm-0/slaves/nvme0n1p1'));
    tree.mount('254:0', '/', '/dev/mapper/root');
    const drives = await listDrives(tree.roots);
    expect(drives.map((drive) => drive.path)).toEqual(['/dev/nvme0n1']);
    expect(drives[0]).toMatchObject({ bus: 'nvme', portPath: 'pci-0000:02:00.0-nvme-1', model: 'Fast SSD', serial: 'S1', removable: false, systemDisk: true, usedBy: ['/dev/dm-0'] });
    expect(drives.some(canBeSlot)).toBe(false);
  });

  it('an SD card is at its host, whatever the host\'s number; a soldered chip is not removable and its boot partitions are no drives', async () => {
    const slot = 'pci0000:00/0000:00:1e.6/mmc_host';
    tree.disk(`${slot}/mmc1/mmc1:aaaa/block/mmcblk1`, '179:0', { size: '62333952', 'device/type': 'SD', 'device/cid': '035344', 'device/name': 'SU08G', 'device/serial': '0x1' });
    tree.disk('pci0000:00/0000:00:1e.4/mmc_host/mmc0/mmc0:0001/block/mmcblk0', '179:8', { size: '100', 'device/type': 'MMC', 'device/cid': '15' });
    tree.disk('pci0000:00/0000:00:1e.4/mmc_host/mmc0/mmc0:0001/block/mmcblk0/mmcblk0boot0', '179:16', { size: '8' });
    const drives = await listDrives(tree.roots);
    expect(drives.map(({ path, bus, portPath, removable, serial, model }) => ({ path, bus, portPath, removable, serial, model }))).toEqual([
      { path: '/dev/mmcblk0', bus: 'mmc', portPath: 'pci-0000:00:1e.4-mmc-0', removable: false, serial: '15', model: undefined },
      { path: '/dev/mmcblk1', bus: 'mmc', portPath: 'pci-0000:00:1e.6-mmc-0', removable: true, serial: '035344', model: 'SU08G' },
    ]);
  });

  it('ATA, virtio and loop devices have ports too; memory and optical disks are no drives', async () => {
    tree.put('sys/devices/pci0000:00/0000:00:17.0/ata3/ata_port/ata3/port_no', '1\n');
    tree.disk('pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda', '8:0', { size: '8' });
    tree.disk('pci0000:00/0000:00:02.0/virtio1/block/vda', '254:0', { size: '8', 'device/vendor': '0x1af4' });
    tree.disk('virtual/block/loop2', '7:2', { size: '8', 'loop/backing_file': '/cards/one.img' });
    tree.disk('virtual/block/zram0', '253:0', { size: '8' });
    tree.disk('pci0000:00/0000:00:17.0/ata4/host3/target3:0:0/3:0:0:0/block/sr0', '11:0', { size: '8', removable: '1' });
    expect((await listDrives(tree.roots)).map(({ path, bus, portPath, model, vendor }) => ({ path, bus, portPath, model, vendor }))).toEqual([
      { path: '/dev/loop2', bus: 'loop', portPath: 'loop-2', model: '/cards/one.img', vendor: undefined },
      { path: '/dev/sda', bus: 'ata', portPath: 'pci-0000:00:17.0-ata-1', model: undefined, vendor: undefined },
      { path: '/dev/vda', bus: 'virtio', portPath: 'pci-0000:00:02.0-virtio', model: undefined, vendor: undefined },
    ]);
  });

  it('says by what a drive is used', async () => {
    readerOfTen('1-2');
    tree.mount('8:32', '/media/card', '/dev/sdc');
    expect(await oneOf('/dev/sdc')).toMatchObject({ usedBy: ['/media/card'], systemDisk: false });
  });
});

describe('a port', () => {
  const drive = (portPath: string, bytes: number, path = '/dev/sdb'): Drive => ({ path, bytes, mediaPresent: bytes > 0, bus: 'usb', portPath, removable: true, readOnly: false, usedBy: [], systemDisk: false });

  it('has a card only where exactly one drive with a medium is there', () => {
    expect(cardAtPort([drive('a', 8), drive('b', 0)], 'a')?.portPath).toBe('a');
    expect(cardAtPort([drive('a', 8), drive('b', 0)], 'b')).toBeUndefined();
    expect(cardAtPort([drive('a', 8)], 'c')).toBeUndefined();
    // SAFETY in doubt: two drives that claim one port are neither's.
    expect(cardAtPort([drive('a', 8), drive('a', 8, '/dev/sdc')], 'a')).toBeUndefined();
  });

  it('sees a card arrive in a reader that was there, and with its reader', () => {
    expect(arrivedCards([drive('a', 0)], [drive('a', 8)])).toHaveLength(1);
    expect(arrivedCards([], [drive('a', 8), drive('b', 0)])).toHaveLength(1);
    expect(arrivedCards([drive('a', 8)], [drive('a', 8, '/dev/sdc')])).toEqual([]);
    expect(arrivedCards([drive('a', 8)], [])).toEqual([]);
  });

  it.each([
    ['pci-0000:00:14.0-usbv2-0:2.3:1.0-scsi-0:0:0:1', 'USB 2.3, slot 2'],
    ['pci-0000:00:1e.4-mmc-0', 'SD reader 1'],
    ['loop-3', 'loop-3'],
  ])('%s is read as %s', (port, words) => {
    expect(describePort(port)).toBe(words);
  });
});
