import { execFile } from 'node:child_process';
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debugfs, e2fsck, readFileInImage, sha256File } from '../support/images';

const mebibyte = 1024 * 1024;
const asset = join(import.meta.dirname, '../../main/practice/assets/golden.sdimg.xz');
const description = join(import.meta.dirname, '../../main/practice/assets/golden.sdimg.json');

interface TableEntry {
  type: number;
  offset: number;
  bytes: number;
}

/** The four primary entries of a master boot record. */
function primaryPartitions(bootRecord: Buffer): TableEntry[] {
  return [0, 1, 2, 3].map((position) => {
    const entry = 446 + 16 * position;
    return {
      type: bootRecord.readUInt8(entry + 4),
      offset: bootRecord.readUInt32LE(entry + 8) * 512,
      bytes: bootRecord.readUInt32LE(entry + 12) * 512,
    };
  });
}

async function readAt(path: string, offset: number, bytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

describe('the golden image of the practice bench', () => {
  const bootOffset = 1 * mebibyte;
  const rootfsOffsets = [17 * mebibyte, 41 * mebibyte];
  const dataOffset = 65 * mebibyte;
  let folder: string;
  let image: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'imprint-golden-'));
    image = join(folder, 'golden.sdimg');
    await promisify(execFile)('sh', ['-c', 'xz --decompress --stdout "$1" > "$2"', 'sh', asset, image]);
  }, 60_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is what its description says, and stays small in the repository', async () => {
    const described: unknown = JSON.parse(await readFile(description, 'utf8'));
    expect(described).toEqual({
      decodedBytes: (await stat(image)).size,
      sha256: await sha256File(asset),
      decodedSha256: await sha256File(image),
      'made by': expect.stringMatching(/^scripts\/make-golden-image\.sh with e2fsprogs \S+, dosfstools \S+, xz \S+$/),
    });
    expect((await stat(asset)).size).toBeLessThan(8 * mebibyte);
  });

  it('has four primary partitions: boot, rootfs A and B, data', async () => {
    const bootRecord = await readAt(image, 0, 512);
    expect(bootRecord.subarray(510).toString('hex')).toBe('55aa');
    expect(primaryPartitions(bootRecord)).toEqual([
      { type: 0x0e, offset: bootOffset, bytes: 16 * mebibyte },
      { type: 0x83, offset: rootfsOffsets[0], bytes: 24 * mebibyte },
      { type: 0x83, offset: rootfsOffsets[1], bytes: 24 * mebibyte },
      { type: 0x83, offset: dataOffset, bytes: 32 * mebibyte },
    ]);
    expect((await stat(image)).size).toBe(dataOffset + 32 * mebibyte);
  });

  it('boots from a vfat with the two configuration files', async () => {
    const boot = await readAt(image, bootOffset, 16 * mebibyte);
    expect(boot.toString('latin1', 54, 62)).toBe('FAT16   ');
    expect(boot.includes('CONFIG  TXT')).toBe(true);
    expect(boot.includes('CMDLINE TXT')).toBe(true);
    expect(boot.includes('root=/dev/mmcblk0p2')).toBe(true);
  });

  it.each([
    ['rootfs A', 17 * mebibyte],
    ['rootfs B', 41 * mebibyte],
    ['data', 65 * mebibyte],
  ])('has a clean ext4 with the usual features and no journal to replay: %s', async (_name, offset) => {
    expect(await e2fsck(image, offset)).toMatchObject({ code: 0 });
    const features = (await debugfs(image, offset, 'feature')).split(/\s+/);
    expect(features).toEqual(expect.arrayContaining(['has_journal', 'extent', '64bit', 'metadata_csum', 'flex_bg']));
    expect(features).not.toContain('needs_recovery');
  });

  it.each(rootfsOffsets)('links the client\'s folder to the data partition in the root filesystem at %i', async (offset) => {
    expect(await debugfs(image, offset, 'stat /var/lib/mender')).toContain('Fast link dest: "/data/mender"');
    expect(await debugfs(image, offset, 'stat /data')).toContain('Type: directory');
    expect((await readFileInImage(image, offset, '/etc/hostname')).toString()).toBe('practice-board\n');
    const configuration: unknown = JSON.parse((await readFileInImage(image, offset, '/etc/mender/mender.conf')).toString());
    expect(configuration).toMatchObject({ RootfsPartA: '/dev/mmcblk0p2', RootfsPartB: '/dev/mmcblk0p3' });
  });

  it('has the key\'s folder on the data partition, for root alone, and no key in it', async () => {
    const folderStatus = await debugfs(image, dataOffset, 'stat /mender');
    expect(folderStatus).toMatch(/Type: directory\s+Mode:\s+0700\s/);
    expect(folderStatus).toMatch(/User:\s+0\s+Group:\s+0\s/);
    const names = (await debugfs(image, dataOffset, 'ls -p /mender'))
      .split('\n')
      .map((line) => line.split('/')[5])
      .filter((name) => name !== undefined);
    expect(names).toEqual(['.', '..', 'device_type']);
    expect(await debugfs(image, dataOffset, 'stat /lost+found')).toContain('Type: directory');
  });
});
