import { randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { BlockReader } from '../../main/image';
import { readPartitionTable, resolvePartition } from '../../main/image';
import { PeekableSource } from '../../main/image/decode/byte-source';
import { ZstdFrame, ZstdGarbage, ZstdTruncated } from '../../main/image/decode/zstd-frames';
import { parseSuperblock } from '../../main/image/ext/superblock';
import { mergeExtents } from '../../main/image/extents';
import { longNameEntries, longNamePart, numberedShortName, plainShortName } from '../../main/image/fat/names';
import { OverlayDevice } from '../../main/image/overlay';
import { TokenReader, TokensNotFound } from '../../main/image/token-reader';

function readerOf(image: Buffer): BlockReader & { asked: [number, number][] } {
  const asked: [number, number][] = [];
  return {
    bytes: image.length,
    asked,
    read(buffer, bufferOffset, length, position) {
      asked.push([position, length]);
      if (position + length > image.length) return Promise.reject(new RangeError('outside'));
      image.copy(buffer, bufferOffset, position, position + length);
      return Promise.resolve();
    },
  };
}

describe('an overlay', () => {
  it('shows what was written over what is below, and gives whole blocks back', async () => {
    const image = randomBytes(4096 * 4 + 512);
    const below = Buffer.from(image);
    const overlay = new OverlayDevice(readerOf(image));
    const expected = Buffer.from(image);
    for (const [position, length] of [[4000, 200], [4096 * 3 - 1, 2], [4096 * 4, 512], [100, 1]] as const) {
      const bytes = randomBytes(length);
      await overlay.write(bytes, 0, length, position);
      bytes.copy(expected, position);
    }
    const seen = Buffer.alloc(expected.length);
    await overlay.read(seen, 0, seen.length, 0);
    expect(seen).toEqual(expected);
    expect(image).toEqual(below);
    expect(overlay.runs().map(({ offset, bytes }) => [offset, bytes.length])).toEqual([[0, 4096 * 4 + 512]]);
    for (const { offset, bytes } of overlay.runs()) bytes.copy(below, offset);
    expect(below).toEqual(expected);
    await expect(overlay.write(Buffer.alloc(2), 0, 2, image.length - 1)).rejects.toThrow(RangeError);
  });
});

describe('a disk of tokens', () => {
  it('does not ask for what it serves tokens for, and finds it again', async () => {
    const below = readerOf(randomBytes(8192));
    const tokens = new TokenReader(below);
    await tokens.read(Buffer.alloc(1024), 0, 1024, 0);
    below.asked.length = 0;
    tokens.serveTokens();
    const content = Buffer.alloc(2048);
    await tokens.read(content, 0, 1024, 4096);
    await tokens.read(content, 1024, 1024, 2048);
    tokens.serveDisk();
    expect(below.asked).toEqual([]);
    expect(tokens.find(content.subarray(0, 1600))).toEqual([{ offset: 4096, length: 1024 }, { offset: 2048, length: 576 }]);
    expect(() => tokens.find(Buffer.alloc(512))).toThrow(TokensNotFound);
  });

  it('serves the filesystem itself as it is, which is no content', async () => {
    const image = randomBytes(8192);
    const tokens = new TokenReader(readerOf(image));
    await tokens.read(Buffer.alloc(1024), 0, 1024, 1024);
    tokens.serveTokens();
    const content = Buffer.alloc(1024);
    await tokens.read(content, 0, 1024, 1024);
    tokens.serveDisk();
    expect(content).toEqual(image.subarray(1024, 2048));
    expect(() => tokens.find(content)).toThrow(TokensNotFound);
  });
});

it('extents that continue each other become one, in file order', () => {
  const extents = [{ offset: 10, length: 5 }, { offset: 15, length: 5 }, { offset: 0, length: 10 }, { offset: 20, length: 1 }];
  expect(mergeExtents(extents)).toEqual([{ offset: 10, length: 10 }, { offset: 0, length: 10 }, { offset: 20, length: 1 }]);
});

describe('names in vfat', () => {
  it('short ones', () => {
    expect(plainShortName('KERNEL.IMG')).toBe('KERNEL  IMG');
    expect(plainShortName('KEY')).toBe('KEY        ');
    for (const name of ['kernel.img', 'KERNEL12.IMGS', 'KERNEL123.IMG', 'A.B.C', 'A B', 'A.', 'A+B']) expect(plainShortName(name), name).toBeUndefined();
    expect(numberedShortName('mender-agent.pem', new Set())).toBe('MENDER~1PEM');
    expect(numberedShortName('mender-agent.pem', new Set(['MENDER~1PEM', 'MENDER~2PEM']))).toBe('MENDER~3PEM');
    expect(numberedShortName('.hidden', new Set())).toBe('HIDDEN~1   ');
  });

  it.each([1, 12, 13, 14, 26, 255])('a long one of %i characters', (length) => {
    const name = 'mender-agent.pem'.repeat(16).slice(0, length);
    const entries = longNameEntries(name, Buffer.from('MENDER~1PEM'));
    expect(entries.map(longNamePart).reverse().join('')).toBe(name);
    expect(entries).toHaveLength(Math.ceil(length / 13));
  });
});

it('an ext superblock names its features as e2fsprogs does, the unknown ones too', () => {
  const block = Buffer.alloc(1024);
  block.writeUInt16LE(0xef53, 0x38);
  block.writeUInt32LE(1, 0x4c);
  block.writeUInt32LE(2, 0x18);
  block.writeUInt32LE(4 + 2 ** 31, 0x5c);
  block.writeUInt32LE(0x2c2 | (1 << 20), 0x60);
  block.writeUInt32LE(0x46b, 0x64);
  block.writeUInt32LE(1000, 0x4);
  block.writeUInt32LE(1, 0x150);
  expect(parseSuperblock(block)).toMatchObject({
    kind: 'ext4',
    blockSize: 4096,
    blocks: 2 ** 32 + 1000,
    features: ['has_journal', 'FEATURE_C31', 'filetype', 'extent', '64bit', 'flex_bg', 'FEATURE_I20', 'sparse_super', 'large_file', 'huge_file', 'dir_nlink', 'extra_isize', 'metadata_csum'],
  });
  expect(parseSuperblock(Buffer.alloc(1024))).toBeUndefined();
});

describe('zstd frames', () => {
  async function frames(bytes: Buffer, pieceBytes: number): Promise<Buffer[]> {
    let at = 0;
    const source = new PeekableSource({ next: () => Promise.resolve(at < bytes.length ? bytes.subarray(at, (at += pieceBytes)) : undefined) });
    const found: Buffer[] = [];
    while ((await source.peek()) !== undefined) {
      const frame = new ZstdFrame(source);
      const parts: Buffer[] = [];
      for (let part = await frame.next(); part !== undefined; part = await frame.next()) parts.push(part);
      found.push(Buffer.concat(parts));
    }
    return found;
  }
  const all = [zstdCompressSync(randomBytes(300_000)), zstdCompressSync(Buffer.alloc(0)), zstdCompressSync(Buffer.alloc(500_000)), zstdCompressSync(Buffer.from('x'))];

  it.each([1, 7, 65536, 1 << 20])('are cut at their ends, from pieces of %i bytes', async (pieceBytes) => {
    expect(await frames(Buffer.concat(all), pieceBytes)).toEqual(all);
  });

  it('are never taken for complete too early', async () => {
    const frame = all[2] ?? Buffer.alloc(0);
    for (let length = 1; length < frame.length; length += 1) await expect(frames(frame.subarray(0, length), 4096), String(length)).rejects.toThrow(ZstdTruncated);
    await expect(frames(Buffer.concat([frame, Buffer.from('garbage')]), 4096)).rejects.toThrow(ZstdGarbage);
  });
});

describe('partition tables', () => {
  function mbr(entries: readonly (readonly [slot: number, type: number, start: number, sectors: number])[], base = 0, image: Buffer = Buffer.alloc(64 * 512)): Buffer {
    for (const [slot, type, start, sectors] of entries) {
      const at = base + 446 + 16 * slot;
      image.writeUInt8(type, at + 4);
      image.writeUInt32LE(start, at + 8);
      image.writeUInt32LE(sectors, at + 12);
    }
    image.writeUInt16LE(0xaa55, base + 510);
    return image;
  }

  it('numbers logical partitions from 5, and calls the extended one by its name', async () => {
    const image = mbr([[0, 0x83, 1, 1], [3, 0x0f, 10, 40]]);
    mbr([[0, 0x83, 1, 2], [1, 0x05, 10, 10]], 10 * 512, image);
    mbr([[0, 0x0c, 2, 3]], 20 * 512, image);
    const { partitions } = await readPartitionTable(readerOf(image));
    expect(partitions.map(({ number, offset, bytes, type, extended }) => [number, offset / 512, bytes / 512, type, extended])).toEqual([
      [1, 1, 1, '0x83', false],
      [4, 10, 40, '0x0f', true],
      [5, 11, 2, '0x83', false],
      [6, 22, 3, '0x0c', false],
    ]);
    await expect(resolvePartition(readerOf(image), { table: 'mbr', partitions }, { number: 2 })).rejects.toMatchObject({ code: 'image-no-such-partition' });
  });

  it('a chain of logical partitions that bites its tail ends', async () => {
    const image = mbr([[0, 0x0f, 10, 40]]);
    mbr([[0, 0x83, 1, 2], [1, 0x05, 0, 10]], 10 * 512, image);
    await expect(readPartitionTable(readerOf(image))).rejects.toMatchObject({ code: 'image-no-partition-table' });
  });

  it.each([
    ['nothing', Buffer.alloc(4096)],
    ['a table without entries', mbr([])],
    ['a GPT that is announced and missing', mbr([[0, 0xee, 1, 60]])],
    ['an MBR and a GPT that contradict each other', mbr([[0, 0x83, 1, 10], [1, 0xee, 1, 60]])],
    ['code where the table would be', mbr([[0, 0x83, 1, 10]]).fill(0x41, 446 + 16, 446 + 32)],
    ['an image of one sector', mbr([[0, 0x83, 1, 10]]).subarray(0, 512)],
  ])('refuses %s', async (_what, image) => {
    await expect(readPartitionTable(readerOf(image))).rejects.toMatchObject({ code: 'image-no-partition-table' });
  });
});
