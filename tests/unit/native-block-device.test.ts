import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  alignedBuffer,
  compareAt,
  deviceSize,
  discardRange,
  dropCache,
  flushBuffers,
  isNativeError,
  isReadOnly,
  logicalBlockSize,
  physicalBlockSize,
  readAt,
  rereadPartitionTable,
  writeAt,
  zeroOutRange,
} from '../../native/index';

const size = 8 * 1024 * 1024;
const { O_RDONLY, O_RDWR, O_DIRECT, O_EXCL } = constants;

let folder: string;
let backing: string;
/** A loop device over `backing`; undefined where none can be made, with the reason. */
let device: string | undefined;
let reason = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-block-device-'));
  backing = join(folder, 'card.img');
  closeSync(openSync(backing, 'w'));
  truncateSync(backing, size);
  if (process.getuid?.() !== 0) {
    reason = 'only root can make a loop device';
    return;
  }
  const made = spawnSync('losetup', ['--find', '--show', backing], { encoding: 'utf8' });
  if (made.status === 0) device = made.stdout.trim();
  else reason = `losetup: ${made.error?.message ?? made.stderr}`;
});

afterAll(() => {
  if (device !== undefined) execFileSync('losetup', ['--detach', device]);
  rmSync(folder, { recursive: true });
});

async function withFile<Result>(path: string, flags: number, use: (fd: number) => Result | Promise<Result>): Promise<Result> {
  const fd = openSync(path, flags);
  try {
    return await use(fd);
  } finally {
    closeSync(fd);
  }
}

describe('a loop device', () => {
  it('tells its size, block sizes, and that it may be written', async (context) => {
    if (device === undefined) return context.skip(reason);
    await withFile(device, O_RDONLY, (fd) => {
      expect(deviceSize(fd)).toBe(size);
      expect(logicalBlockSize(fd)).toBe(512);
      expect(physicalBlockSize(fd)).toBeGreaterThanOrEqual(512);
      expect(isReadOnly(fd)).toBe(false);
    });
  });

  it('tells that it is read-only', async (context) => {
    if (device === undefined) return context.skip(reason);
    const made = execFileSync('losetup', ['--find', '--show', '--read-only', backing], { encoding: 'utf8' }).trim();
    try {
      await withFile(made, O_RDONLY, (fd) => {
        expect(isReadOnly(fd)).toBe(true);
      });
    } finally {
      execFileSync('losetup', ['--detach', made]);
    }
  });

  it('is written and read back past the page cache, opened exclusively', async (context) => {
    if (device === undefined) return context.skip(reason);
    const content = alignedBuffer(1024 * 1024);
    for (let index = 0; index < content.length; index += 4) content.writeUInt32LE(Math.imul(index, 2654435761) >>> 0, index);
    const scratch = alignedBuffer(content.length);
    await withFile(device, O_RDWR | O_DIRECT | O_EXCL, async (fd) => {
      expect(await writeAt(fd, content, 2 * 1024 * 1024)).toBe(content.length);
      fsyncSync(fd);
      expect(await compareAt(fd, content, scratch, 2 * 1024 * 1024)).toBe(-1);
    });
    expect(readFileSync(backing).subarray(2 * 1024 * 1024, 3 * 1024 * 1024).equals(content)).toBe(true);
  });

  it('says where a transfer met its end', async (context) => {
    if (device === undefined) return context.skip(reason);
    await withFile(device, O_RDWR | O_DIRECT, async (fd) => {
      const buffer = alignedBuffer(8192);
      expect(await readAt(fd, buffer, size - 4096)).toBe(4096);
      await expect(writeAt(fd, buffer, size - 4096)).rejects.toMatchObject({ code: 'ENOSPC', syscall: 'pwrite', position: size });
      await expect(readAt(fd, buffer.subarray(1, 4097), 0)).rejects.toMatchObject({ code: 'EINVAL', position: 0 });
    });
  });

  it('reads as zeros where it was zeroed, and only there', async (context) => {
    if (device === undefined) return context.skip(reason);
    await withFile(device, O_RDWR | O_DIRECT, async (fd) => {
      const ones = alignedBuffer(65_536).fill(0xff);
      await writeAt(fd, ones, 0);
      await zeroOutRange(fd, 4096, 8192);
      const back = alignedBuffer(65_536);
      await readAt(fd, back, 0);
      const expected = Buffer.alloc(65_536, 0xff).fill(0, 4096, 12_288);
      expect(back.equals(expected)).toBe(true);
      await expect(zeroOutRange(fd, 1, 512)).rejects.toMatchObject({ code: 'EINVAL', syscall: 'ioctl BLKZEROOUT', position: 1 });
      await expect(zeroOutRange(fd, size, 512)).rejects.toMatchObject({ code: 'EINVAL' });
      await expect(zeroOutRange(fd, -512, 512)).rejects.toThrow(TypeError);
    });
  });

  it('discards a range, as far as the filesystem below it can', async (context) => {
    if (device === undefined) return context.skip(reason);
    const loop = device;
    await withFile(loop, O_RDWR | O_DIRECT, async (fd) => {
      await writeAt(fd, alignedBuffer(65_536).fill(0xff), 0);
      try {
        await discardRange(fd, 0, 32_768);
      } catch (error) {
        if (isNativeError(error) && error.code === 'EOPNOTSUPP') return context.skip('the temporary folder has no holes');
        throw error;
      }
      const back = alignedBuffer(65_536);
      await readAt(fd, back, 0);
      // A loop device answers a discard with a hole, which reads as zeros; a card need not.
      expect(back.equals(Buffer.alloc(65_536, 0xff).fill(0, 0, 32_768))).toBe(true);
      await expect(discardRange(fd, 100, 512)).rejects.toMatchObject({ code: 'EINVAL', syscall: 'ioctl BLKDISCARD' });
    });
    await withFile(loop, O_RDONLY, async (fd) => {
      await expect(discardRange(fd, 0, 512)).rejects.toMatchObject({ code: 'EBADF' });
    });
  });

  it('forgets cached pages', async (context) => {
    if (device === undefined) return context.skip(reason);
    const cachedKilobytes = (): number => Number(/^Buffers:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
    await withFile(device, O_RDWR, async (fd) => {
      const buffer = Buffer.alloc(size);
      const fill = async (): Promise<number> => {
        await readAt(fd, buffer, 0);
        return cachedKilobytes();
      };
      // The machine's other work moves this number too, by far less than the device's 8 MiB.
      const half = size / 1024 / 2;
      const beforeFlush = await fill();
      await flushBuffers(fd);
      expect(beforeFlush - cachedKilobytes()).toBeGreaterThan(half);
      const beforeDrop = await fill();
      dropCache(fd, 0, size);
      expect(beforeDrop - cachedKilobytes()).toBeGreaterThan(half);
    });
  });

  it('has no partition table to read again: false, no error', async (context) => {
    if (device === undefined) return context.skip(reason);
    await withFile(device, O_RDWR, (fd) => {
      expect(rereadPartitionTable(fd)).toBe(false);
    });
  });

  it('loses a partition that is not in its table when that is read again, unless it is in use', async (context) => {
    if (device === undefined) return context.skip(reason);
    const loop = execFileSync('losetup', ['--find', '--show', '--partscan', backing], { encoding: 'utf8' }).trim();
    try {
      const known = (): boolean => readFileSync('/proc/partitions', 'utf8').includes(`${loop.replace('/dev/', '')}p1`);
      await withFile(loop, O_RDWR, async (fd) => {
        await writeAt(fd, Buffer.alloc(512), 0);
        fsyncSync(fd);
        // Told to the kernel directly, because not every kernel can read tables.
        execFileSync('addpart', [loop, '1', '2048', '4096']);
        expect(known()).toBe(true);
        await withFile(`${loop}p1`, O_RDONLY, (partition) => {
          expect(deviceSize(partition)).toBe(4096 * 512);
          expect(rereadPartitionTable(fd)).toBe(false);
        });
        expect(known()).toBe(true);
        expect(rereadPartitionTable(fd)).toBe(true);
        expect(known()).toBe(false);
      });
    } finally {
      execFileSync('losetup', ['--detach', loop]);
    }
  });
});

describe('what is no block device', () => {
  const questions = { deviceSize, logicalBlockSize, physicalBlockSize, isReadOnly, rereadPartitionTable };

  it('is ENOTTY for a file', async () => {
    await withFile(backing, O_RDWR, async (fd) => {
      for (const ask of Object.values(questions)) {
        expect(() => ask(fd)).toThrow(expect.objectContaining({ code: 'ENOTTY', syscall: expect.stringMatching(/^ioctl BLK/) as string }));
      }
      await expect(discardRange(fd, 0, 512)).rejects.toMatchObject({ code: 'ENOTTY' });
      await expect(flushBuffers(fd)).rejects.toMatchObject({ code: 'ENOTTY', syscall: 'ioctl BLKFLSBUF' });
      dropCache(fd, 0, 0);
    });
  });

  it('is zeroed by a hole in a file', async () => {
    await withFile(backing, O_RDWR, async (fd) => {
      await writeAt(fd, Buffer.alloc(12_288, 0xff), 0);
      await zeroOutRange(fd, 4096, 4096);
      const back = Buffer.alloc(12_288);
      await readAt(fd, back, 0);
      expect(back.equals(Buffer.alloc(12_288, 0xff).fill(0, 4096, 8192))).toBe(true);
    });
  });

  it('is EBADF for a descriptor that is not open', async () => {
    const closed = openSync(backing, 'r');
    closeSync(closed);
    for (const ask of Object.values(questions)) {
      expect(() => ask(closed)).toThrow(expect.objectContaining({ code: 'EBADF', errno: 9 }));
    }
    expect(() => dropCache(closed, 0, 0)).toThrow(expect.objectContaining({ code: 'EBADF', syscall: 'posix_fadvise' }));
    await expect(flushBuffers(closed)).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('is a TypeError for what is no descriptor', async () => {
    for (const wrong of [-1, 1.5, Number.NaN, 2 ** 31, '3', undefined, null, {}]) {
      const fd = wrong as number;
      for (const ask of Object.values(questions)) expect(() => ask(fd)).toThrow(TypeError);
      expect(() => dropCache(fd, 0, 0)).toThrow(TypeError);
      await expect(flushBuffers(fd)).rejects.toThrow(TypeError);
      await expect(discardRange(fd, 0, 0)).rejects.toThrow(TypeError);
    }
  });
});
