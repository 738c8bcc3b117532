import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CardFile, PartitionReference } from '../../main/domain/profile';
import { blockBytes } from '../../main/domain/extent';
import { injectFiles, locateFile, openImage } from '../../main/image';
import { describeFilesystem } from '../../main/image/filesystems';
import type { BlockReader, Injection, InjectionRequest } from '../../main/image';
import { debugfs, e2fsck, makeImage, readFileInImage, setNeedsRecovery, sha256File, standardMenderImage } from '../support/images';
import type { ImageSpecification, PartitionSpecification } from '../support/images';

const keyPath = '/mender/mender-agent.pem';
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imprint-injection-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function cardFile(partition: PartitionReference, changes: Partial<CardFile> = {}): CardFile {
  return { content: 'private-key', partition, path: keyPath, mode: 0o600, uid: 0, gid: 0, createFolders: false, ...changes };
}

async function inject(path: string, requests: readonly InjectionRequest[]): Promise<Injection> {
  const image = await openImage(path);
  try {
    return await injectFiles(image, requests, new Date('2026-11-22T08:00:00Z'));
  } finally {
    await image.close();
  }
}

/** The card: a copy of the image with the overlay over it and the contents at their extents, as the card writer does. */
async function writeCard(image: string, card: string, injection: Injection, contents: readonly Buffer[]): Promise<void> {
  await copyFile(image, card);
  const handle = await open(card, 'r+');
  try {
    for (const { offset, bytes } of injection.overlay) await handle.write(bytes, 0, bytes.length, offset);
    for (const [index, file] of injection.files.entries()) {
      let done = 0;
      for (const { offset, length } of file.extents) {
        await handle.write(contents[index] ?? Buffer.alloc(0), done, length, offset);
        done += length;
      }
      expect(done).toBe(file.bytes);
    }
  } finally {
    await handle.close();
  }
}

/** A reader that refuses to give away any of these places. */
async function guarded(path: string, secret: readonly { offset: number; length: number }[]): Promise<BlockReader & { close(): Promise<void> }> {
  const image = await openImage(path);
  return {
    bytes: image.bytes,
    async read(buffer, bufferOffset, length, position) {
      const asked = secret.find((extent) => position < extent.offset + extent.length && extent.offset < position + length);
      if (asked !== undefined) throw new Error(`the content at ${String(asked.offset)} was asked for`);
      await image.read(buffer, bufferOffset, length, position);
    },
    close: () => image.close(),
  };
}

function expectWellFormed(injection: Injection, imageBytes: number): void {
  let end = -1;
  for (const { offset, bytes } of injection.overlay) {
    expect(offset % blockBytes).toBe(0);
    // Neighbours are merged, so there is a gap before each run.
    expect(offset).toBeGreaterThan(end);
    end = offset + bytes.length;
    expect(bytes.length % blockBytes === 0 || end === imageBytes).toBe(true);
  }
}

function fsckVfat(card: string, offset: number, bytes: number): string {
  const partition = `${card}.vfat`;
  execFileSync('dd', [`if=${card}`, `of=${partition}`, 'bs=1M', `skip=${String(offset / 2 ** 20)}`, `count=${String(bytes / 2 ** 20)}`, 'conv=sparse', 'status=none']);
  try {
    return execFileSync('fsck.vfat', ['-n', partition], { encoding: 'utf8', env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/sbin:/usr/sbin` } });
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    throw new Error(`fsck.vfat is not content: ${output}`, { cause: error });
  }
}

async function refused(specification: ImageSpecification | string, request: InjectionRequest): Promise<unknown> {
  const path = typeof specification === 'string' ? specification : join(folder, 'refused.img');
  if (typeof specification !== 'string') await makeImage(path, specification);
  const before = await sha256File(path);
  const error = await inject(path, [request]).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(await sha256File(path)).toBe(before);
  return error;
}

const extKinds: Record<string, Partial<PartitionSpecification> & { type: 'ext2' | 'ext3' | 'ext4' }> = {
  'ext2': { type: 'ext2' },
  'ext2 with blocks of 1 KiB': { type: 'ext2', blockSize: 1024 },
  'ext3': { type: 'ext3', sizeMiB: 16 },
  'ext4': { type: 'ext4' },
  'ext4 with blocks of 1 KiB': { type: 'ext4', blockSize: 1024 },
  'ext4 with inline data': { type: 'ext4', features: ['inline_data'], inodeSize: 256 },
  'ext4 without 64bit and checksums': { type: 'ext4', features: ['^64bit', '^metadata_csum'] },
  'ext4 with everything that is writable': { type: 'ext4', features: ['64bit', 'metadata_csum', 'metadata_csum_seed', 'orphan_file', 'large_dir', 'ea_inode', 'encrypt', 'meta_bg', '^resize_inode'] },
  'ext4 with inodes of 128 bytes': { type: 'ext4', features: ['^metadata_csum'], inodeSize: 128 },
};

describe('a key in an ext filesystem', () => {
  for (const [name, kind] of Object.entries(extKinds)) {
    it(name, async () => {
      const path = join(folder, 'ext.img');
      const card = join(folder, 'ext.card');
      const { partitions, bytes } = await makeImage(path, { table: 'mbr', partitions: [{ sizeMiB: 8, label: 'data', folders: [{ path: '/mender', mode: 0o700 }], ...kind }] });
      const place = partitions[0];
      if (place === undefined) throw new Error('no partition');
      const before = await sha256File(path);
      for (const size of [119, 241, 1704, 2484, 3272]) {
        const content = randomBytes(size);
        const injection = await inject(path, [{ file: cardFile({ number: 1 }), bytes: size }]);
        expectWellFormed(injection, bytes);
        await writeCard(path, card, injection, [content]);

        expect(await e2fsck(card, place.offset)).toMatchObject({ code: 0 });
        expect(await readFileInImage(card, place.offset, keyPath)).toEqual(content);
        const inode = await debugfs(card, place.offset, `stat ${keyPath}`);
        expect(inode).toMatch(/Type: regular\s+Mode:\s+0600 /);
        expect(inode).toMatch(/User:\s+0\s+Group:\s+0\s/);
        expect(inode).toMatch(new RegExp(`mtime: .* ${String(new Date().getFullYear())}`));

        const reader = await guarded(card, injection.files[0]?.extents ?? []);
        const located = await locateFile(reader, cardFile({ label: 'data' })).finally(() => reader.close());
        expect(located).toEqual({ facts: { path: keyPath, partition: 1, bytes: size, mode: 0o600, uid: 0, gid: 0 }, attributed: true, extents: injection.files[0]?.extents });
      }
      expect(await sha256File(path)).toBe(before);
    });
  }

  it('replaces a stale key, with another mode and owner, and frees its blocks', async () => {
    const path = join(folder, 'stale.img');
    const card = join(folder, 'stale.card');
    const { partitions } = await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 8, files: [{ path: keyPath, bytes: randomBytes(9000), mode: 0o644, uid: 5 }] }] });
    const offset = partitions[0]?.offset ?? 0;
    const content = randomBytes(2484);
    const injection = await inject(path, [{ file: cardFile({ number: 1 }, { mode: 0o640, uid: 1000, gid: 65535 }), bytes: 2484 }]);
    await writeCard(path, card, injection, [content]);
    expect(await e2fsck(card, offset)).toMatchObject({ code: 0 });
    expect(await readFileInImage(card, offset, keyPath)).toEqual(content);
    expect(await debugfs(card, offset, `stat ${keyPath}`)).toMatch(/Mode:\s+0640 [\s\S]*User:\s+1000\s+Group: 65535/);
  });

  it('creates missing folders where the profile says so, two files at a time', async () => {
    const path = join(folder, 'folders.img');
    const card = join(folder, 'folders.card');
    const { partitions } = await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 8 }] });
    const offset = partitions[0]?.offset ?? 0;
    const first = randomBytes(119);
    const second = randomBytes(5000);
    const injection = await inject(path, [
      { file: cardFile({ number: 1 }, { path: '/a/b/c/one.pem', createFolders: true }), bytes: 119 },
      { file: cardFile({ number: 1 }, { path: '/a/b/two.pem', mode: 0o4750, createFolders: true }), bytes: 5000 },
    ]);
    await writeCard(path, card, injection, [first, second]);
    expect(await e2fsck(card, offset)).toMatchObject({ code: 0 });
    expect(await readFileInImage(card, offset, '/a/b/c/one.pem')).toEqual(first);
    expect(await readFileInImage(card, offset, '/a/b/two.pem')).toEqual(second);
    expect(await debugfs(card, offset, 'stat /a/b')).toMatch(/Type: directory\s+Mode:\s+0755 [\s\S]*User:\s+0\s+Group:\s+0\s/);
    expect(await debugfs(card, offset, 'stat /a/b/two.pem')).toMatch(/Mode:\s+04750 /);
  });

  it('fits into a folder that must grow', async () => {
    const path = join(folder, 'grow.img');
    const card = join(folder, 'grow.card');
    // 1 KiB holds 12 entries of 63 characters beside "." and "..".
    const files = Array.from({ length: 14 }, (_, index) => ({ path: `/mender/${String(index).padStart(63, 'x')}`, bytes: Buffer.from('x') }));
    const { partitions } = await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 8, blockSize: 1024, files: files.slice(0, 13) }] });
    const offset = partitions[0]?.offset ?? 0;
    const content = randomBytes(2484);
    for (const name of ['/mender/a.pem', `/mender/${'k'.repeat(200)}`]) {
      const injection = await inject(path, [{ file: cardFile({ number: 1 }, { path: name }), bytes: 2484 }]);
      await writeCard(path, card, injection, [content]);
      expect(await e2fsck(card, offset)).toMatchObject({ code: 0 });
      expect(await readFileInImage(card, offset, name)).toEqual(content);
    }
  });

  it('finds a file with four extents, and one whose last sector has a single byte', async () => {
    const path = join(folder, 'sectors.img');
    const card = join(folder, 'sectors.card');
    await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 8, blockSize: 1024, folders: ['/mender'] }] });
    for (const size of [1, 513, 1025, 2049, 12 * 1024]) {
      const injection = await inject(path, [{ file: cardFile({ number: 1 }), bytes: size }]);
      await writeCard(path, card, injection, [randomBytes(size)]);
      const reader = await guarded(card, injection.files[0]?.extents ?? []);
      expect((await locateFile(reader, cardFile({ number: 1 })).finally(() => reader.close())).extents).toEqual(injection.files[0]?.extents);
    }
  });

  it('runs several injections at the same time', async () => {
    const path = join(folder, 'parallel.img');
    await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 8, folders: ['/mender'] }] });
    const extents = await Promise.all([1, 2, 3, 4, 5].map(async () => (await inject(path, [{ file: cardFile({ number: 1 }), bytes: 2484 }])).files[0]?.extents));
    // The same image and the same file give the same places.
    for (const each of extents) expect(each).toEqual(extents[0]);
  });
});

describe('a key in vfat', () => {
  for (const [name, sizeMiB, label] of [['FAT12', 4, 'FAT12'], ['FAT16', 16, 'FAT16'], ['FAT32', 520, 'FAT32']] as const) {
    it(name, async () => {
      const path = join(folder, 'fat.img');
      const card = join(folder, 'fat.card');
      const stale = '/mender/Stale Key.pem';
      const { partitions, bytes } = await makeImage(path, {
        table: 'gpt',
        partitions: [{ type: 'vfat', sizeMiB, label: 'BOOT', files: [{ path: stale, bytes: randomBytes(40000) }, { path: '/mender/empty.pem', bytes: Buffer.alloc(0) }, { path: '/KERNEL.IMG', bytes: randomBytes(100) }] }],
      });
      const place = partitions[0];
      if (place === undefined) throw new Error('no partition');
      const before = await sha256File(path);
      const image = await openImage(path);
      expect((await describeFilesystem(image, { ...place, number: 1, type: '', extended: false })).features).toEqual([label]);
      await image.close();
      for (const [target, size, createFolders] of [[keyPath, 119, false], [stale, 3272, false], ['/mender/EMPTY.pem', 2484, false], ['/kernel.img', 2484, false], ['/new/deep/key.pem', 12288, true]] as const) {
        const content = randomBytes(size);
        const injection = await inject(path, [{ file: cardFile({ label: 'BOOT' }, { path: target, createFolders }), bytes: size }]);
        expectWellFormed(injection, bytes);
        await writeCard(path, card, injection, [content]);
        fsckVfat(card, place.offset, place.bytes);
        const copied = join(folder, 'copied');
        execFileSync('mcopy', ['-n', '-o', '-i', `${card}@@${String(place.offset)}`, `::${target}`, copied], { env: { ...process.env, MTOOLSRC: '/dev/null' } });
        expect(await readFile(copied)).toEqual(content);
        const reader = await guarded(card, injection.files[0]?.extents ?? []);
        expect(await locateFile(reader, cardFile({ number: 1 }, { path: target })).finally(() => reader.close())).toEqual({
          facts: { path: target, partition: 1, bytes: size, mode: 0o777, uid: 0, gid: 0 },
          attributed: false,
          extents: injection.files[0]?.extents,
        });
      }
      expect(await sha256File(path)).toBe(before);
    });
  }

  it('fits into a folder that must grow, and beside names with the same beginning', async () => {
    const path = join(folder, 'fatgrow.img');
    const card = join(folder, 'fatgrow.card');
    const files = Array.from({ length: 23 }, (_, index) => ({ path: `/mender/mender-agent-${String(index)}.pem`, bytes: Buffer.from('x') }));
    const { partitions } = await makeImage(path, { table: 'mbr', partitions: [{ type: 'vfat', sizeMiB: 16, files }] });
    const place = partitions[0];
    if (place === undefined) throw new Error('no partition');
    const injection = await inject(path, Array.from({ length: 12 }, (_, index) => ({ file: cardFile({ number: 1 }, { path: `/mender/mender-agent.${String(index)}.pem` }), bytes: 119 })));
    const contents = injection.files.map(() => randomBytes(119));
    await writeCard(path, card, injection, contents);
    fsckVfat(card, place.offset, place.bytes);
    expect(new Set(injection.files.map((file) => file.extents[0]?.offset)).size).toBe(12);
  });

  it('says that a full one is full, and that a folder is missing', async () => {
    const request = { file: cardFile({ number: 1 }), bytes: 119 };
    const partition: PartitionSpecification = { type: 'vfat', sizeMiB: 4, folders: ['/mender'], fillPercent: 100 };
    expect(await refused({ table: 'mbr', partitions: [partition] }, request)).toMatchObject({ code: 'image-partition-full' });
    expect(await refused({ table: 'mbr', partitions: [{ type: 'vfat', sizeMiB: 4 }] }, request)).toMatchObject({ code: 'image-missing-folder' });
    const occupied = { file: cardFile({ number: 1 }, { path: '/mender' }), bytes: 119 };
    expect(await refused({ table: 'mbr', partitions: [{ type: 'vfat', sizeMiB: 4, folders: ['/mender'] }] }, occupied)).toMatchObject({ code: 'image-path-occupied' });
  });
});

describe('every kind of partition table', () => {
  const data: PartitionSpecification = { type: 'ext4', sizeMiB: 4, label: 'data', folders: ['/mender'] };
  const filler = (label: string): PartitionSpecification => ({ type: 'ext2', sizeMiB: 2, label });

  it.each([
    ['an MBR with four partitions', { table: 'mbr', partitions: [filler('a'), filler('b'), filler('c'), data] }, 4],
    ['an MBR with logical partitions', { table: 'mbr', extended: true, partitions: [filler('a'), filler('b'), filler('c'), filler('d'), filler('e'), data] }, 7],
    ['a GPT with six partitions', { table: 'gpt', partitions: [filler('a'), filler('b'), filler('c'), filler('d'), filler('e'), data] }, 6],
  ] as const)('%s, by number and by label', async (_name, specification, number) => {
    const path = join(folder, 'table.img');
    const card = join(folder, 'table.card');
    const made = await makeImage(path, { ...specification, partitions: [...specification.partitions] });
    const place = made.partitions.find(({ index }) => index === number);
    const byNumber = await inject(path, [{ file: cardFile({ number }), bytes: 2484 }]);
    const byLabel = await inject(path, [{ file: cardFile({ label: 'data' }), bytes: 2484 }]);
    expect(byLabel.files[0]?.extents).toEqual(byNumber.files[0]?.extents);
    expect(byLabel.files[0]?.partition).toBe(number);
    const content = randomBytes(2484);
    await writeCard(path, card, byLabel, [content]);
    expect(await readFileInImage(card, place?.offset ?? 0, keyPath)).toEqual(content);
    for (const partition of made.partitions) expect(await e2fsck(card, partition.offset)).toMatchObject({ code: 0 });
  });

  it('numbers partitions as Linux does where slots are empty', async () => {
    const path = join(folder, 'gaps.img');
    for (const table of ['mbr', 'gpt'] as const) {
      await makeImage(path, { table, partitions: [filler('a'), filler('b'), data] });
      execFileSync('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', '--delete', path, '2'], { env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/sbin:/usr/sbin` } });
      expect((await inject(path, [{ file: cardFile({ number: 3 }), bytes: 119 }])).files[0]?.partition).toBe(3);
      await expect(inject(path, [{ file: cardFile({ number: 2 }), bytes: 119 }])).rejects.toMatchObject({ code: 'image-no-such-partition' });
    }
  });

  it('refuses what it cannot be sure of', async () => {
    const request = { file: cardFile({ number: 4 }), bytes: 119 };
    const two: ImageSpecification = { table: 'mbr', partitions: [data, { ...data, sizeMiB: 3 }] };
    expect(await refused(two, request)).toMatchObject({ code: 'image-no-such-partition' });
    const ambiguous = await refused(two, { ...request, file: cardFile({ label: 'data' }) });
    expect(ambiguous).toMatchObject({ code: 'image-no-such-partition' });
    expect(String(ambiguous)).toContain('ambiguous');
    expect(await refused({ table: 'mbr', extended: true, partitions: [data, filler('x')] }, { ...request, file: cardFile({ number: 2 }) })).toMatchObject({ code: 'image-no-such-partition' });

    const plain = join(folder, 'plain.img');
    await makeImage(plain, { table: 'mbr', partitions: [data] });
    const handle = await open(plain, 'r+');
    await handle.truncate(2 * 2 ** 20);
    await handle.close();
    expect(await refused(plain, { ...request, file: cardFile({ number: 1 }) })).toMatchObject({ code: 'image-truncated' });
    const empty = await open(plain, 'r+');
    await empty.write(Buffer.alloc(512), 0, 512, 0);
    await empty.close();
    expect(await refused(plain, request)).toMatchObject({ code: 'image-no-partition-table' });
  });
});

describe('refused with nothing written', () => {
  const one = (changes: Partial<PartitionSpecification>): ImageSpecification => ({ table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 8, folders: ['/mender'], ...changes }] });
  const request = (changes: Partial<CardFile> = {}): InjectionRequest => ({ file: cardFile({ number: 1 }, changes), bytes: 2484 });

  it('a journal that waits for its replay', async () => {
    const path = join(folder, 'recovery.img');
    const { partitions } = await makeImage(path, one({}));
    await setNeedsRecovery(path, partitions[0]?.offset ?? 0);
    expect(await refused(path, request())).toMatchObject({ code: 'image-needs-recovery' });
  });

  it('a filesystem that was not unmounted, or has errors', async () => {
    const path = join(folder, 'dirty.img');
    for (const state of ['0', '3']) {
      const { partitions } = await makeImage(path, one({ type: 'ext2' }));
      await debugfs(path, partitions[0]?.offset ?? 0, `set_super_value state ${state}`, { write: true });
      expect(await refused(path, request())).toMatchObject({ code: 'image-needs-recovery' });
    }
  });

  it.each([
    ['casefold', 'image-casefold'],
    ['quota', 'image-unsupported-filesystem'],
    ['bigalloc', 'image-unsupported-filesystem'],
    ['mmp', 'image-unsupported-filesystem'],
    ['verity', 'image-unsupported-filesystem'],
  ])('the feature %s', async (feature, code) => {
    expect(await refused(one({ features: [feature], folders: [] }), request())).toMatchObject({ code });
  });

  it('a partition without a filesystem', async () => {
    expect(await refused(one({ type: 'none', folders: [] }), request())).toMatchObject({ code: 'image-unsupported-filesystem' });
  });

  it('a folder that is missing, and one that is no folder', async () => {
    const missing = await refused(one({ folders: [] }), request());
    expect(missing).toMatchObject({ code: 'image-missing-folder' });
    expect(String(missing)).toContain('/mender ');
    expect(await refused(one({ folders: [], files: [{ path: '/mender', bytes: Buffer.from('x') }] }), request({ createFolders: true }))).toMatchObject({ code: 'image-path-occupied' });
  });

  it('symbolic links and folders in the way', async () => {
    const path = join(folder, 'links.img');
    const { partitions } = await makeImage(path, one({ folders: ['/mender', '/mender/mender-agent.pem', '/other'] }));
    const offset = partitions[0]?.offset ?? 0;
    await debugfs(path, offset, 'symlink /link /other', { write: true });
    await debugfs(path, offset, 'symlink /other/key.pem /mender/target', { write: true });
    expect(await refused(path, request())).toMatchObject({ code: 'image-path-occupied' });
    expect(await refused(path, request({ path: '/link/key.pem' }))).toMatchObject({ code: 'image-path-occupied' });
    expect(await refused(path, request({ path: '/other/key.pem' }))).toMatchObject({ code: 'image-path-occupied' });
  });

  it('a full partition, to the last block', async () => {
    expect(await refused(one({ fillPercent: 100 }), request())).toMatchObject({ code: 'image-partition-full' });
    expect(await refused(one({ fillPercent: 100, blockSize: 1024 }), request({ path: '/new/folder/key.pem', createFolders: true }))).toMatchObject({ code: 'image-partition-full' });
  });

  it('but not a full partition where the file takes the room of a stale one', async () => {
    const path = join(folder, 'full.img');
    const card = join(folder, 'full.card');
    const { partitions } = await makeImage(path, one({ fillPercent: 100, files: [{ path: keyPath, bytes: randomBytes(3000) }] }));
    const content = randomBytes(2484);
    await writeCard(path, card, await inject(path, [request()]), [content]);
    expect(await e2fsck(card, partitions[0]?.offset ?? 0)).toMatchObject({ code: 0 });
    expect(await readFileInImage(card, partitions[0]?.offset ?? 0, keyPath)).toEqual(content);
  });

  it('a partition with room for a part, which the library finds out only while it writes', async () => {
    const path = join(folder, 'nearly.img');
    const { partitions } = await makeImage(path, one({ fillPercent: 100, blockSize: 1024, files: [{ path: '/some', bytes: Buffer.alloc(3072, 1) }] }));
    await debugfs(path, partitions[0]?.offset ?? 0, 'rm /some', { write: true });
    // 3 blocks are free: enough for the file, not for the file and its two folders.
    expect(await refused(path, request({ path: '/new/folder/key.pem', createFolders: true }))).toMatchObject({ code: 'image-partition-full' });
    expect((await inject(path, [request()])).files).toHaveLength(1);
  });

  it('owners, paths and sizes that cannot be kept', async () => {
    expect(await refused(one({}), request({ uid: 65536 }))).toMatchObject({ code: 'image-unsupported-filesystem', field: 'files.uid' });
    expect(await refused(one({}), request({ path: '/mender/../key.pem' }))).toMatchObject({ code: 'profile-invalid' });
    expect(await refused(one({}), { file: cardFile({ number: 1 }), bytes: 12289 })).toMatchObject({ code: 'image-file-not-separable' });
    const path = join(folder, 'refused.img');
    await expect(inject(path, [request(), request()])).rejects.toMatchObject({ code: 'profile-invalid' });
  });
});

describe('a card that does not hold what it should', () => {
  const locate = async (path: string, file: CardFile): Promise<unknown> => {
    const image = await openImage(path);
    return locateFile(image, file).then(() => undefined, (error: unknown) => error).finally(() => image.close());
  };

  it('a file that is missing, empty, sparse, too large or a link', async () => {
    const path = join(folder, 'odd.img');
    const files = [
      { path: '/mender/empty', bytes: Buffer.alloc(0) },
      { path: '/mender/large', bytes: randomBytes(12289) },
      { path: '/mender/inline', bytes: randomBytes(40) },
      { path: '/mender/sparse', bytes: Buffer.concat([Buffer.alloc(4096), randomBytes(100)]) },
    ];
    const { partitions } = await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 8, features: ['inline_data'], inodeSize: 256, files }] });
    const offset = partitions[0]?.offset ?? 0;
    await debugfs(path, offset, 'symlink /mender/link /mender/inline', { write: true });
    await debugfs(path, offset, 'punch /mender/sparse 0 0', { write: true });
    const at = (name: string): CardFile => cardFile({ number: 1 }, { path: `/mender/${name}` });
    expect(await locate(path, at('none'))).toMatchObject({ code: 'verify-file-missing' });
    expect(await locate(path, at('link'))).toMatchObject({ code: 'verify-file-missing' });
    expect(await locate(path, cardFile({ number: 1 }, { path: '/mender' }))).toMatchObject({ code: 'verify-file-missing' });
    expect(await locate(path, cardFile({ number: 2 }))).toMatchObject({ code: 'verify-file-missing' });
    for (const name of ['empty', 'large', 'inline', 'sparse']) expect(await locate(path, at(name)), name).toMatchObject({ code: 'verify-key-unreadable' });
  });

  it('zeros where the filesystem was', async () => {
    const path = join(folder, 'wiped.img');
    const { partitions } = await makeImage(path, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 8, files: [{ path: keyPath, bytes: randomBytes(2484) }] }] });
    const handle = await open(path, 'r+');
    await handle.write(Buffer.alloc(2 ** 20), 0, 2 ** 20, (partitions[0]?.offset ?? 0) + 4096);
    await handle.close();
    expect(await locate(path, cardFile({ number: 1 }))).toMatchObject({ code: 'verify-file-missing' });
  });
});

describe('the image of a real board', () => {
  it('is injected in 600 MiB', async () => {
    const path = join(folder, 'board.img');
    const card = join(folder, 'board.card');
    const { partitions } = await standardMenderImage(path, 128, 600);
    const content = randomBytes(2484);
    const milliseconds: number[] = [];
    let injection = await inject(path, [{ file: cardFile({ number: 4 }), bytes: 2484 }]);
    for (let round = 0; round < 5; round += 1) {
      const start = performance.now();
      injection = await inject(path, [{ file: cardFile({ number: 4 }), bytes: 2484 }]);
      milliseconds.push(Math.round((performance.now() - start) * 10) / 10);
    }
    const overlayBytes = injection.overlay.reduce((sum, { bytes }) => sum + bytes.length, 0);
    console.log(`injection into ${String((await stat(path)).size / 2 ** 20)} MiB: ${milliseconds.join(', ')} ms; overlay ${String(overlayBytes)} bytes in ${String(injection.overlay.length)} runs`);
    await writeCard(path, card, injection, [content]);
    for (const { offset } of partitions.slice(1)) expect(await e2fsck(card, offset)).toMatchObject({ code: 0 });
    expect(await readFileInImage(card, partitions[3]?.offset ?? 0, keyPath)).toEqual(content);
  });
});
