/* inspectTarget on trees that stand for /sys and /proc; device nodes (which nobody opens) need root. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { TargetFacts } from '../../main/domain/targets';
import { deviceNumber } from '../../main/flash/system-disks';
import { inspectTarget } from '../../main/flash/target-facts';
import { removableCard } from '../support/target-facts';

const made: string[] = [];
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'imprint-facts-'));
  made.push(root);
  put('proc/swaps', 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n');
  put('proc/self/mountinfo', '');
});

afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

interface Disk {
  readonly name: string;
  readonly number: string;
  readonly attributes?: Record<string, string>;
  readonly partitions?: Record<string, string>;
}

/** A disk of 1 MiB in the fixture's sysfs, with a device node for it and for each partition. */
function disk({ name, number, attributes = {}, partitions = {} }: Disk): void {
  const folder = `sys/devices/bus/block/${name}`;
  const register = (at: string, device: string, node: string): void => {
    put(`${at}/dev`, `${device}\n`);
    mkdirSync(join(root, 'sys/dev/block'), { recursive: true });
    symlinkSync(join(root, at), join(root, 'sys/dev/block', device));
    mkdirSync(join(root, 'dev'), { recursive: true });
    execFileSync('mknod', [join(root, 'dev', node), 'b', ...device.split(':')]);
  };
  register(folder, number, name);
  for (const [file, value] of Object.entries({ size: '2048', ro: '0', removable: '0', diskseq: '7', ...attributes })) put(`${folder}/${file}`, `${value}\n`);
  for (const [partition, device] of Object.entries(partitions)) {
    register(`${folder}/${partition}`, device, partition);
    put(`${folder}/${partition}/partition`, '1\n');
    put(`${folder}/${partition}/size`, '1024\n');
    put(`${folder}/${partition}/ro`, '0\n');
  }
}

const mountLine = (device: string, place: string, source: string): string => `36 35 ${device} / ${place} rw,relatime shared:1 - ext4 ${source} rw\n`;
const inspect = (path: string): Promise<TargetFacts> => inspectTarget(path, { sys: join(root, 'sys'), proc: join(root, 'proc') });
const node = (name: string): string => join(root, 'dev', name);

describe.skipIf(process.getuid?.() !== 0)('a block device (device nodes need root)', () => {
  it('that is a USB card reader with a card', async () => {
    disk({ name: 'sdb', number: '8:16', attributes: { removable: '1', 'device/model': 'STORAGE DEVICE  ', 'device/serial': '000000000902' }, partitions: { sdb1: '8:17' } });
    expect(await inspect(node('sdb'))).toEqual({
      ...removableCard,
      path: node('sdb'),
      realPath: node('sdb'),
      bytes: 1024 * 1024,
      model: 'STORAGE DEVICE',
      serial: '000000000902',
      identity: 'device 8:16 1048576 7 STORAGE DEVICE 000000000902',
    });
  });

  it('found by a symbolic link keeps both names', async () => {
    disk({ name: 'sdb', number: '8:16' });
    symlinkSync(node('sdb'), node('reader-left'));
    expect(await inspect(node('reader-left'))).toMatchObject({ path: node('reader-left'), realPath: node('sdb'), kind: 'block-device' });
  });

  it('that is a partition is no whole disk, and is removable like its disk', async () => {
    disk({ name: 'sdb', number: '8:16', attributes: { removable: '1' }, partitions: { sdb1: '8:17' } });
    expect(await inspect(node('sdb1'))).toMatchObject({ wholeDisk: false, removable: true, bytes: 512 * 1024 });
  });

  it('is in use where one of its partitions is mounted, also under a name with blanks', async () => {
    disk({ name: 'sdb', number: '8:16', partitions: { sdb1: '8:17', sdb2: '8:18' } });
    put('proc/self/mountinfo', mountLine('8:18', '/media/my\\040card\\134x', '/dev/sdb2') + mountLine('8:32', '/media/other', '/dev/sdc'));
    expect(await inspect(node('sdb'))).toMatchObject({ usedBy: ['/media/my card\\x'], systemDisk: false });
    expect(await inspect(node('sdb1'))).toMatchObject({ usedBy: ['/media/my card\\x'] });
  });

  it.each(['/', '/boot', '/boot/efi', '/boot/firmware', '/usr', '/var', '/home'])('is the system\'s disk with %s on it', async (place) => {
    disk({ name: 'sda', number: '8:0', partitions: { sda1: '8:1', sda2: '8:2' } });
    put('proc/self/mountinfo', mountLine('8:2', place, '/dev/sda2'));
    expect(await inspect(node('sda'))).toMatchObject({ systemDisk: true, usedBy: [place] });
    expect((await inspect(node('sda1'))).systemDisk).toBe(true);
  });

  it('is the system\'s disk with swap on it', async () => {
    disk({ name: 'sda', number: '8:0', partitions: { sda5: '8:5' } });
    put('proc/swaps', `Filename\tType\tSize\tUsed\tPriority\n${node('sda5')}                 partition\t976892\t0\t-2\n`);
    expect(await inspect(node('sda'))).toMatchObject({ systemDisk: true, usedBy: ['[swap]'] });
  });

  it('is the system\'s disk beneath LVM on an encrypted partition', async () => {
    disk({ name: 'sda', number: '8:0', partitions: { sda3: '8:3' } });
    disk({ name: 'dm-0', number: '254:0' });
    disk({ name: 'dm-1', number: '254:1' });
    mkdirSync(join(root, 'sys/devices/bus/block/dm-1/slaves'), { recursive: true });
    symlinkSync(join(root, 'sys/devices/bus/block/dm-0'), join(root, 'sys/devices/bus/block/dm-1/slaves/dm-0'));
    mkdirSync(join(root, 'sys/devices/bus/block/dm-0/slaves'), { recursive: true });
    symlinkSync(join(root, 'sys/devices/bus/block/sda/sda3'), join(root, 'sys/devices/bus/block/dm-0/slaves/sda3'));
    put('sys/devices/bus/block/sda/sda3/holders/dm-0/dev', '254:0\n');
    put('proc/self/mountinfo', mountLine('254:1', '/', '/dev/mapper/vg-root'));
    expect(await inspect(node('sda'))).toMatchObject({ systemDisk: true, usedBy: ['/dev/dm-0'] });
  });

  it('is the system\'s disk beneath btrfs, which mounts with a number of its own', async () => {
    disk({ name: 'nvme0n1', number: '259:0', partitions: { nvme0n1p2: '259:2' } });
    put('proc/self/mountinfo', `36 35 0:27 /@ / rw shared:1 - btrfs ${node('nvme0n1p2')} rw,subvol=/@\n`);
    expect(await inspect(node('nvme0n1'))).toMatchObject({ systemDisk: true, usedBy: ['/'] });
  });

  it('is in use where a RAID or device-mapper stands on it', async () => {
    disk({ name: 'sdb', number: '8:16', partitions: { sdb1: '8:17' } });
    put('sys/devices/bus/block/sdb/sdb1/holders/md0/dev', '9:0\n');
    put('sys/devices/bus/block/sdb/holders/dm-3/dev', '254:3\n');
    expect((await inspect(node('sdb'))).usedBy).toEqual(['/dev/dm-3', '/dev/md0']);
  });

  it('that is read-only says so', async () => {
    disk({ name: 'sdb', number: '8:16', attributes: { ro: '1' } });
    expect((await inspect(node('sdb'))).readOnly).toBe(true);
  });

  it('that is an NVMe disk is fixed', async () => {
    disk({ name: 'nvme0n1', number: '259:0', attributes: { 'device/model': 'Disk', 'device/serial': 'S1' }, partitions: { nvme0n1p1: '259:1' } });
    expect(await inspect(node('nvme0n1'))).toMatchObject({ removable: false, wholeDisk: true, model: 'Disk', serial: 'S1' });
    expect(await inspect(node('nvme0n1p1'))).toMatchObject({ wholeDisk: false, removable: false });
  });

  it('that is an SD card in a slot is removable and known by its CID; a soldered chip is not', async () => {
    disk({ name: 'mmcblk0', number: '179:0', attributes: { 'device/type': 'SD', 'device/cid': '035344535433324780', 'device/serial': '0x12345678' } });
    disk({ name: 'mmcblk1', number: '179:8', attributes: { 'device/type': 'MMC', 'device/cid': '1501004d4d4347' } });
    expect(await inspect(node('mmcblk0'))).toMatchObject({ removable: true, serial: '035344535433324780' });
    expect(await inspect(node('mmcblk1'))).toMatchObject({ removable: false });
  });

  it.each<[string, Record<string, string>]>([
    ['another medium number', { diskseq: '8' }],
    ['another size', { size: '4096' }],
    ['another CID', { 'device/cid': 'bb' }],
    ['another model', { 'device/model': 'other' }],
  ])('has another identity with %s', async (_, attributes) => {
    const before = { size: '2048', diskseq: '7', 'device/cid': 'aa', 'device/model': 'one' };
    disk({ name: 'mmcblk0', number: '179:0', attributes: before });
    const first = await inspect(node('mmcblk0'));
    expect((await inspect(node('mmcblk0'))).identity).toBe(first.identity);
    for (const [file, value] of Object.entries(attributes)) put(`sys/devices/bus/block/mmcblk0/${file}`, value);
    expect((await inspect(node('mmcblk0'))).identity).not.toBe(first.identity);
  });

  it('that sysfs does not know has no size, so nothing may be written', async () => {
    mkdirSync(join(root, 'dev'), { recursive: true });
    execFileSync('mknod', [node('sdx'), 'b', '65', '0']);
    expect(await inspect(node('sdx'))).toMatchObject({ kind: 'block-device', bytes: 0, removable: false });
  });
});

describe('a file', () => {
  const path = (): string => join(root, 'card.img');
  const make = (bytes: number, head: Buffer = Buffer.alloc(0)): void => {
    writeFileSync(path(), head);
    truncateSync(path(), bytes);
  };
  const bootSector = Buffer.alloc(512);
  bootSector.writeUInt16BE(0x55aa, 510);

  it('that is not there yet is missing', async () => {
    expect(await inspect(path())).toMatchObject({ kind: 'missing', bytes: 0, usedBy: [] });
    expect(await inspect(join(root, 'no/such/folder/card.img'))).toMatchObject({ kind: 'missing' });
  });

  it.each<[string, number, Buffer, boolean]>([
    ['empty', 0, Buffer.alloc(0), true],
    ['zeros', 1024 * 1024, Buffer.alloc(0), true],
    ['an MBR', 1024 * 1024, bootSector, true],
    ['an MBR alone', 512, bootSector, true],
    ['text', 4096, Buffer.from('#!/bin/sh\n'), false],
    ['a length in no sectors', 1000, Buffer.alloc(0), false],
    ['something in the second sector', 8192, Buffer.concat([Buffer.alloc(600), Buffer.from('SWAPSPACE2')]), false],
  ])('that holds %s: %d bytes', async (_, bytes, head, card) => {
    make(bytes, head);
    expect(await inspect(path())).toMatchObject({ kind: 'file', bytes, looksLikeCard: card, readOnly: false, wholeDisk: true });
  });

  it('without write permission is read-only, also for root', async () => {
    make(512);
    chmodSync(path(), 0o444);
    expect((await inspect(path())).readOnly).toBe(true);
  });

  it('beneath a loop device is in use', async () => {
    make(512);
    put('sys/block/loop3/loop/backing_file', `${path()}\n`);
    put('sys/block/loop4/loop/backing_file', '/somewhere/else.img\n');
    expect((await inspect(path())).usedBy).toEqual(['/dev/loop3']);
  });

  it.each<[string, () => string]>([
    ['a folder', () => root],
    ['a character device', () => '/dev/null'],
  ])('that is %s is never a card', async (_, place) => {
    expect(await inspect(place())).toMatchObject({ kind: 'file', looksLikeCard: false });
  });
});

it.each([
  [0x810, '8:16'],
  [0x10300, '259:0'],
  [0xb300, '179:0'],
  [0x100004, '0:260'],
  [8 * 256 + 0x12 + 2 ** 20, '8:274'],
])('device number %d is %s', (device, text) => {
  expect(deviceNumber(device)).toBe(text);
});
