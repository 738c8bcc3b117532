import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mapImage, openImage } from '../../main/image';
import type { BlockMap } from '../../main/image';
import { debugfs, e2fsck, makeImage, setNeedsRecovery, standardMenderImage } from '../support/images';
import type { ImageSpecification, MadeImage, MadePartition, PartitionSpecification } from '../support/images';

const mebibyte = 2 ** 20;
const environment = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C', MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1' };
let folder = '';
let path = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imprint-block-map-'));
});

beforeEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  path = join(folder, 'golden.img');
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Stretch {
  readonly offset: number;
  readonly length: number;
}

async function mapOf(image: string): Promise<BlockMap> {
  const reader = await openImage(image);
  try {
    const map = await mapImage(reader, image);
    let end = -Infinity;
    for (const range of map.ranges) {
      expect(range.offset - end).toBeGreaterThanOrEqual(64 * 1024);
      expect(range.offset % 4096).toBe(0);
      end = range.offset + range.length;
      if (end !== reader.bytes) expect(end % 4096).toBe(0);
    }
    expect(end).toBeLessThanOrEqual(reader.bytes);
    expect(map.mappedBytes).toBe(map.ranges.reduce((sum, { length }) => sum + length, 0));
    return map;
  } finally {
    await reader.close();
  }
}

function unmapped({ ranges }: BlockMap, bytes: number): Stretch[] {
  const stretches: Stretch[] = [];
  let position = 0;
  for (const { offset, length } of [...ranges, { offset: bytes, length: 0 }]) {
    if (offset > position) stretches.push({ offset: position, length: offset - position });
    position = offset + length;
  }
  return stretches;
}

function overlap(one: Stretch, start: number, end: number): number {
  return Math.max(0, Math.min(one.offset + one.length, end) - Math.max(one.offset, start));
}

/** A copy as a card would be on which everything that the map leaves out is old rubbish. */
async function withRubbish(map: BlockMap, bytes: number): Promise<string> {
  const copy = join(folder, 'rubbish.img');
  await copyFile(path, copy);
  const rubbish = Buffer.alloc(mebibyte, 0xa5);
  const file = await open(copy, 'r+');
  try {
    for (const { offset, length } of unmapped(map, bytes)) {
      for (let done = 0; done < length; done += rubbish.length) await file.write(rubbish, 0, Math.min(rubbish.length, length - done), offset + done);
    }
  } finally {
    await file.close();
  }
  return copy;
}

async function expectSameExtContent(copy: string, { offset }: MadePartition): Promise<void> {
  const checked = await e2fsck(copy, offset);
  expect(checked.code, checked.output).toBe(0);
  await expectSameTrees(copy, (image, to) => execFileSync('debugfs', ['-R', `rdump / ${to}`, `${image}?offset=${String(offset)}`], { env: environment, stdio: 'pipe' }));
}

async function expectSameVfatContent(copy: string, { offset, bytes }: MadePartition): Promise<void> {
  const alone = join(folder, 'vfat');
  execFileSync('dd', [`if=${copy}`, `of=${alone}`, 'bs=1M', 'iflag=skip_bytes,count_bytes', `skip=${String(offset)}`, `count=${String(bytes)}`, 'status=none']);
  execFileSync('fsck.vfat', ['-n', alone], { env: environment, stdio: 'pipe' });
  await expectSameTrees(copy, (image, to) => execFileSync('mcopy', ['-s', '-i', `${image}@@${String(offset)}`, '::/', to], { env: environment, stdio: 'pipe' }));
}

async function expectSameTrees(copy: string, dump: (image: string, to: string) => void): Promise<void> {
  const [before, after] = [join(folder, 'before'), join(folder, 'after')];
  for (const [image, to] of [
    [path, before],
    [copy, after],
  ] as const) {
    await rm(to, { recursive: true, force: true });
    await mkdir(to);
    dump(image, to);
  }
  expect(await readdir(before, { recursive: true })).toEqual(expect.arrayContaining([expect.stringMatching(/file-0$/i)]));
  execFileSync('diff', ['-r', '--no-dereference', before, after], { stdio: 'pipe' });
}

/** Free stretches as dumpe2fs lists them, absolute. */
function freeByDumpe2fs({ offset }: MadePartition): Stretch[] {
  const output = execFileSync('dumpe2fs', [`${path}?offset=${String(offset)}`], { env: environment, encoding: 'utf8', stdio: 'pipe', maxBuffer: 64 * mebibyte });
  const number = (name: string): number => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(output)?.[1] ?? NaN);
  const blockSize = number('Block size');
  const cluster = /^Cluster size:/m.test(output) ? number('Cluster size') / blockSize : 1;
  const total = number('Block count');
  return [...output.matchAll(/^ +Free blocks: (.+)$/gm)]
    .flatMap(([, list = '']) => list.split(', '))
    .filter((part) => /\d/.test(part))
    .map((part) => {
      const [first = NaN, last = first] = part.split('-').map(Number);
      return { offset: offset + first * blockSize, length: (Math.min(last + cluster, total) - first) * blockSize };
    });
}

function expectOnlyFree(map: BlockMap, bytes: number, partition: MadePartition): void {
  const end = partition.offset + partition.bytes;
  const free = freeByDumpe2fs(partition);
  let left = 0;
  for (const stretch of unmapped(map, bytes)) {
    const inside = overlap(stretch, partition.offset, end);
    left += inside;
    const within = free.reduce((sum, candidate) => sum + overlap(candidate, Math.max(stretch.offset, partition.offset), Math.min(stretch.offset + stretch.length, end)), 0);
    expect(within, `unmapped from ${String(stretch.offset)}, ${String(stretch.length)} bytes`).toBe(inside);
  }
  // Sensible: all large free stretches are left out but for their unaligned ends.
  const large = free.filter(({ length }) => length >= 128 * 1024);
  expect(left).toBeGreaterThanOrEqual(large.reduce((sum, { length }) => sum + length - 8192, 0));
  expect(left).toBeGreaterThan(partition.bytes / 4);
}

const files = Array.from({ length: 12 }, (_, index) => ({ path: `/folder/file-${String(index)}`, bytes: randomBytes(index % 3 === 0 ? 50 : 60_000 * (index + 1)) }));

const extCases: readonly (readonly [string, Omit<PartitionSpecification, 'files'>])[] = [
  ['ext4 as mke2fs makes it, two groups', { type: 'ext4', sizeMiB: 160 }],
  ['ext4, each group with its own structures', { type: 'ext4', sizeMiB: 160, features: ['^flex_bg'] }],
  ['ext4, 1 KiB blocks', { type: 'ext4', sizeMiB: 48, blockSize: 1024 }],
  ['ext4, 1 KiB blocks, each group with its own structures', { type: 'ext4', sizeMiB: 80, blockSize: 1024, features: ['^flex_bg'] }],
  ['ext4, inline_data', { type: 'ext4', sizeMiB: 24, features: ['inline_data'], inodeSize: 256 }],
  ['ext4 without 64bit', { type: 'ext4', sizeMiB: 24, features: ['^64bit'] }],
  ['ext4, uninit_bg instead of metadata_csum', { type: 'ext4', sizeMiB: 48, blockSize: 1024, features: ['^metadata_csum', 'uninit_bg'] }],
  ['ext4 without checksums of groups', { type: 'ext4', sizeMiB: 48, blockSize: 1024, features: ['^metadata_csum', '^uninit_bg'] }],
  ['ext4, meta_bg, two meta groups', { type: 'ext4', sizeMiB: 160, blockSize: 1024, features: ['meta_bg', '^resize_inode'] }],
  ['ext4, meta_bg without flex_bg', { type: 'ext4', sizeMiB: 160, blockSize: 1024, features: ['meta_bg', '^resize_inode', '^flex_bg'] }],
  ['ext4, bigalloc', { type: 'ext4', sizeMiB: 64, features: ['bigalloc'] }],
  ['ext4, bigalloc, 1 KiB blocks', { type: 'ext4', sizeMiB: 64, blockSize: 1024, features: ['bigalloc'] }],
  ['ext4, bigalloc, many groups', { type: 'ext4', sizeMiB: 300, blockSize: 1024, features: ['bigalloc', '^flex_bg', '^resize_inode'] }],
  ['ext4, sparse_super2', { type: 'ext4', sizeMiB: 48, blockSize: 1024, features: ['sparse_super2'] }],
  ['ext4, a superblock in each group', { type: 'ext4', sizeMiB: 48, blockSize: 1024, features: ['^sparse_super', '^resize_inode'] }],
  ['ext4, quota and project', { type: 'ext4', sizeMiB: 32, features: ['quota', 'project'] }],
  ['ext4, casefold', { type: 'ext4', sizeMiB: 24, features: ['casefold'] }],
  ['ext4, orphan_file', { type: 'ext4', sizeMiB: 24, features: ['orphan_file'] }],
  ['ext4, 2 KiB blocks, half full', { type: 'ext4', sizeMiB: 40, blockSize: 2048, fillPercent: 40 }],
  ['ext3', { type: 'ext3', sizeMiB: 32 }],
  ['ext2', { type: 'ext2', sizeMiB: 24 }],
  ['ext2, 1 KiB blocks, inodes of 128 bytes', { type: 'ext2', sizeMiB: 24, blockSize: 1024, inodeSize: 128 }],
];

describe('the map of an ext filesystem', () => {
  it.each(extCases)('%s: rubbish in all that it leaves out changes nothing', async (_, partition) => {
    const image = await makeImage(path, { table: 'mbr', partitions: [{ ...partition, files }] });
    const [place] = image.partitions;
    if (place === undefined) throw new Error('no partition');
    // Holes between what is in use.
    if (partition.features?.includes('quota') !== true) for (const index of [1, 4, 8]) await debugfs(path, place.offset, `rm /folder/file-${String(index)}`, { write: true });
    expect((await e2fsck(path, place.offset)).code).toBe(0);
    const map = await mapOf(path);
    expect(map.source).toBe('filesystems');
    expectOnlyFree(map, image.bytes, place);
    await expectSameExtContent(await withRubbish(map, image.bytes), place);
  });

  it('is tried with groups whose bitmap was never written', async () => {
    await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 80, blockSize: 1024, features: ['^flex_bg'], files }] });
    const groups = execFileSync('dumpe2fs', [`${path}?offset=${String(mebibyte)}`], { env: environment, encoding: 'utf8', stdio: 'pipe' });
    expect(groups.match(/BLOCK_UNINIT/g)?.length).toBeGreaterThan(2);
  });

  it('leaves out nothing of one that is full', async () => {
    const image = await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 16, files, fillPercent: 100 }] });
    expect((await mapOf(path)).mappedBytes).toBe(image.bytes);
  });

  const doubtful: readonly (readonly [string, (image: MadeImage, place: MadePartition) => Promise<unknown>])[] = [
    ['has a journal to replay', async (_image, { offset }) => setNeedsRecovery(path, offset)],
    ['was not unmounted', async (_image, { offset }) => debugfs(path, offset, 'set_super_value state 0', { write: true })],
    ['has errors', async (_image, { offset }) => debugfs(path, offset, 'set_super_value state 3', { write: true })],
    ['has a feature that nobody knows', async (_image, { offset }) => overwrite(offset + 1024 + 0x67, Buffer.from([0x40]))],
    ['has a bitmap that contradicts its count', async (_image, { offset }) => overwrite((await blockBitmap(offset)) + 100, Buffer.alloc(3))],
    ['has a descriptor that points outside', async (_image, { offset }) => overwrite(offset + 4096 + 4, Buffer.from([0xff, 0xff, 0xff, 0x00]))],
    ['is larger than its partition', async (_image, { offset }) => overwrite(offset + 1024 + 4, Buffer.from([0xff, 0xff, 0xff, 0x00]))],
    ['has the mark of LUKS over it', async (_image, { offset }) => overwrite(offset, Buffer.from('LUKS\xba\xbe', 'latin1'))],
    ['is in a partition for swap', async () => Promise.resolve(execFileSync('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', '--part-type', path, '1', '82'], { env: environment, stdio: 'pipe' }))],
  ];

  it.each(doubtful)('leaves out nothing of one that %s', async (_, damage) => {
    const image = await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 24, files }] });
    const [place] = image.partitions;
    if (place === undefined) throw new Error('no partition');
    expect((await mapOf(path)).mappedBytes).toBeLessThan(image.bytes / 2);
    await damage(image, place);
    expect((await mapOf(path)).mappedBytes).toBe(image.bytes);
  });

  it('takes what follows the filesystem in its partition only where it is zero', async () => {
    const image = await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 48, files }] });
    const [place] = image.partitions;
    if (place === undefined) throw new Error('no partition');
    execFileSync('dd', [`if=${path}`, `of=${join(folder, 'alone')}`, 'bs=1M', `skip=${String(place.offset / mebibyte)}`, 'status=none']);
    execFileSync('resize2fs', [join(folder, 'alone'), '24M'], { env: environment, stdio: 'pipe' });
    execFileSync('dd', [`if=${join(folder, 'alone')}`, `of=${path}`, 'bs=1M', 'count=24', `seek=${String(place.offset / mebibyte)}`, 'conv=notrunc', 'status=none']);
    await overwrite(place.offset + 24 * mebibyte, Buffer.alloc(24 * mebibyte));
    const map = await mapOf(path);
    expect(map.mappedBytes).toBeLessThan(24 * mebibyte);
    await overwrite(place.offset + 30 * mebibyte, Buffer.from('a tree of hashes'));
    const withTail = await mapOf(path);
    expect(withTail.mappedBytes).toBe(map.mappedBytes + 24 * mebibyte);
    await expectSameExtContent(await withRubbish(withTail, image.bytes), place);
  });
});

async function overwrite(offset: number, bytes: Buffer): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.length, offset).finally(() => file.close());
}

async function blockBitmap(offset: number): Promise<number> {
  const block = /block bitmap at (\d+)/.exec(await debugfs(path, offset, 'stats'))?.[1];
  return offset + Number(block) * 4096;
}

describe('the map of a vfat filesystem', () => {
  it.each([
    ['FAT12', 4],
    ['FAT16', 64],
    ['FAT32', 560],
  ] as const)('%s: rubbish in all that it leaves out changes nothing', async (name, sizeMiB) => {
    const image = await makeImage(path, { table: 'mbr', partitions: [{ type: 'vfat', sizeMiB, files: files.slice(0, 9) }] });
    const [place] = image.partitions;
    if (place === undefined) throw new Error('no partition');
    const boot = execFileSync('dd', [`if=${path}`, 'bs=512', 'skip=2048', 'count=1', 'status=none']);
    expect(boot.toString('latin1', 54, 59) + boot.toString('latin1', 82, 87)).toContain(name);
    for (const index of [2, 5]) execFileSync('mdel', ['-i', `${path}@@${String(place.offset)}`, `::/folder/file-${String(index)}`], { env: environment, stdio: 'pipe' });
    const map = await mapOf(path);
    const inUse = files.slice(0, 9).reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(map.mappedBytes).toBeLessThan(mebibyte + inUse + image.bytes / 50 + 256 * 1024);
    await expectSameVfatContent(await withRubbish(map, image.bytes), place);
  });

  it.each([
    ['its table says so', mebibyte + 32 * 512 + 7, [0x07]],
    ['its boot sector says so', mebibyte + 0x41, [0x01]],
  ] as const)('leaves out nothing of a FAT32 that was not unmounted: %s', async (_, offset, bytes) => {
    const image = await makeImage(path, { table: 'mbr', partitions: [{ type: 'vfat', sizeMiB: 560 }] });
    expect((await mapOf(path)).mappedBytes).toBeLessThan(16 * mebibyte);
    await overwrite(offset, Buffer.from(bytes));
    expect((await mapOf(path)).mappedBytes).toBe(image.bytes);
  });

  it('keeps a cluster that a chain leads to, though the FAT calls it free', async () => {
    await makeImage(path, { table: 'mbr', partitions: [{ type: 'vfat', sizeMiB: 64 }] });
    const boot = execFileSync('dd', [`if=${path}`, 'bs=512', 'skip=2048', 'count=1', 'status=none']);
    const fat = mebibyte + boot.readUInt16LE(14) * 512;
    const clusterBytes = boot.readUInt8(13) * 512;
    const data = fat + boot.readUInt8(16) * boot.readUInt16LE(22) * 512 + boot.readUInt16LE(17) * 32;
    const target = data + 998 * clusterBytes;
    const covers = (map: BlockMap): boolean => map.ranges.some(({ offset, length }) => offset <= target && offset + length >= target + clusterBytes);
    expect(covers(await mapOf(path))).toBe(false);
    await overwrite(fat + 4, Buffer.from([1000 & 0xff, 1000 >> 8]));
    expect(covers(await mapOf(path))).toBe(true);
  });
});

describe('the map of a whole disk', () => {
  const partitions: PartitionSpecification[] = [
    { type: 'vfat', sizeMiB: 16, files: files.slice(0, 4) },
    { type: 'ext4', sizeMiB: 24, label: 'root', files },
    { type: 'none', sizeMiB: 8 },
    { type: 'ext2', sizeMiB: 24, label: 'data', files: files.slice(0, 3) },
    { type: 'ext4', sizeMiB: 24, label: 'more', blockSize: 1024, files: files.slice(0, 3) },
  ];

  it.each<[string, Omit<ImageSpecification, 'partitions'>]>([
    ['GPT', { table: 'gpt', sizeMiB: 160 }],
    ['MBR with logical partitions', { table: 'mbr', extended: true, sizeMiB: 160 }],
  ])('%s: tables, filesystems, what is unknown', async (_, specification) => {
    const image = await makeImage(path, { ...specification, partitions });
    const [first, second, unknown, fourth, last] = image.partitions;
    if (first === undefined || second === undefined || unknown === undefined || fourth === undefined || last === undefined) throw new Error('partitions are missing');
    const map = await mapOf(path);
    const copy = await withRubbish(map, image.bytes);
    const dump = (of: string): string => execFileSync('sfdisk', ['-d', of], { env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).replaceAll(of, 'disk');
    expect(dump(copy)).toBe(dump(path));
    await expectSameVfatContent(copy, first);
    for (const place of [second, fourth, last]) await expectSameExtContent(copy, place);
    for (const place of [second, fourth, last]) expectOnlyFree(map, image.bytes, place);
    const missing = unmapped(map, image.bytes);
    expect(missing.reduce((sum, stretch) => sum + overlap(stretch, unknown.offset, unknown.offset + unknown.bytes), 0)).toBe(0);
    expect(missing.reduce((sum, stretch) => sum + overlap(stretch, 0, first.offset), 0)).toBe(0);
    // Behind the last partition there is nothing but the second copy of a GPT.
    const tail = missing.reduce((sum, stretch) => sum + overlap(stretch, last.offset + last.bytes, image.bytes), 0);
    expect(tail).toBe(image.bytes - last.offset - last.bytes - (specification.table === 'gpt' ? mebibyte : 0));
    expect(map.mappedBytes).toBeLessThan(image.bytes / 3);
  });

  it('takes the second copy of a GPT for the first', async () => {
    const image = await makeImage(path, { table: 'gpt', sizeMiB: 64, partitions: [{ type: 'ext4', sizeMiB: 24, files }] });
    const copy = await withRubbish(await mapOf(path), image.bytes);
    const before = execFileSync('sfdisk', ['-d', copy], { env: environment, encoding: 'utf8' });
    execFileSync('dd', ['if=/dev/zero', `of=${copy}`, 'bs=512', 'seek=1', 'count=33', 'conv=notrunc', 'status=none']);
    expect(execFileSync('sfdisk', ['-d', copy], { env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })).toBe(before);
  });

  it('takes a gap with something in it whole', async () => {
    const image = await makeImage(path, { table: 'mbr', sizeMiB: 64, partitions: [{ type: 'ext4', sizeMiB: 24, files }] });
    const before = await mapOf(path);
    await overwrite(60 * mebibyte, Buffer.from('a boot loader keeps its environment here'));
    expect((await mapOf(path)).mappedBytes).toBe(before.mappedBytes + image.bytes - 25 * mebibyte);
  });

  it('takes all of what has no partition table, two partitions in one place, and an odd end', async () => {
    const image = await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 24 }, { type: 'ext4', sizeMiB: 24 }] });
    expect((await mapOf(path)).mappedBytes).toBeLessThan(image.bytes / 2);
    // The second partition now begins one sector before the first one ends.
    await overwrite(446 + 16 + 8, Buffer.from([0xff, 0xc7, 0, 0]));
    expect((await mapOf(path)).mappedBytes).toBe(image.bytes);
    await overwrite(0, Buffer.alloc(512));
    const file = await open(path, 'r+');
    await file.truncate(image.bytes - 1000).finally(() => file.close());
    expect(await mapOf(path)).toEqual({ source: 'filesystems', ranges: [{ offset: 0, length: image.bytes - 1000 }], mappedBytes: image.bytes - 1000 });
  });

  it('maps a card in the layout of Mender', async () => {
    const image = await standardMenderImage(path, 32, 256, 30);
    const map = await mapOf(path);
    const copy = await withRubbish(map, image.bytes);
    for (const place of image.partitions.slice(1)) {
      expectOnlyFree(map, image.bytes, place);
      expect((await e2fsck(copy, place.offset)).code).toBe(0);
    }
  });
});
