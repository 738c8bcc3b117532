import { closeSync, constants, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LockedArena, alignedBuffer, compareAt, readAt, writeAt } from '../../native/index';

const size = 1024 * 1024;

let folder: string;
let content: Buffer;
const open: number[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-transfer-'));
  content = alignedBuffer(size);
  for (let index = 0; index < size; index += 4) content.writeUInt32LE(Math.imul(index, 2654435761) >>> 0, index);
});

afterAll(() => {
  for (const fd of open) closeSync(fd);
  rmSync(folder, { recursive: true });
});

function openFile(name: string, flags: number): number {
  const fd = openSync(join(folder, name), flags, 0o600);
  open.push(fd);
  return fd;
}

/** undefined where the folder's filesystem has no O_DIRECT (some in-memory ones). */
function openDirect(name: string, flags: number): number | undefined {
  try {
    return openFile(name, flags | constants.O_DIRECT);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EINVAL') return undefined;
    throw error;
  }
}

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT } = constants;

describe('writeAt and readAt', () => {
  it('transfers whole buffers at their positions', async () => {
    const fd = openFile('plain', O_RDWR | O_CREAT);
    expect(await writeAt(fd, content, 12_345)).toBe(size);
    const back = Buffer.alloc(size);
    expect(await readAt(fd, back, 12_345)).toBe(size);
    expect(back.equals(content)).toBe(true);
    expect(readFileSync(join(folder, 'plain')).subarray(0, 12_345).equals(Buffer.alloc(12_345))).toBe(true);
  });

  it('reaches beyond 4 GiB', async () => {
    const fd = openFile('sparse', O_RDWR | O_CREAT);
    const position = 5 * 2 ** 30 + 7;
    expect(await writeAt(fd, Buffer.from('far'), position)).toBe(3);
    const back = Buffer.alloc(3);
    expect(await readAt(fd, back, position)).toBe(3);
    expect(back.toString()).toBe('far');
    ftruncateSync(fd, 0);
  });

  it('stops at the end of the file', async () => {
    writeFileSync(join(folder, 'short'), 'abc');
    const fd = openFile('short', O_RDONLY);
    const buffer = Buffer.alloc(10, 0x2e);
    expect(await readAt(fd, buffer, 1)).toBe(2);
    expect(buffer.toString()).toBe('bc........');
    expect(await readAt(fd, buffer, 3)).toBe(0);
    expect(await readAt(fd, Buffer.alloc(0), 0)).toBe(0);
  });

  it('runs many transfers at once', async () => {
    const fd = openFile('many', O_RDWR | O_CREAT);
    const pieces = Array.from({ length: 64 }, (_, index) => content.subarray(index * 4096, (index + 1) * 4096));
    await Promise.all(pieces.map((piece, index) => writeAt(fd, piece, index * 4096)));
    expect(readFileSync(join(folder, 'many')).equals(content.subarray(0, 64 * 4096))).toBe(true);
  });

  it('keeps the memory alive while a transfer runs', async () => {
    const fd = openFile('alive', O_RDWR | O_CREAT);
    const writes: Promise<number>[] = [];
    for (let index = 0; index < 200; index += 1) writes.push(writeAt(fd, Buffer.alloc(64 * 1024, index), index * 64 * 1024));
    // Pressure, so that a buffer held by nobody would be taken while it waits in the queue.
    for (let index = 0; index < 50; index += 1) new ArrayBuffer(4 * 1024 * 1024);
    await Promise.all(writes);
    const written = readFileSync(join(folder, 'alive'));
    for (let index = 0; index < 200; index += 1) {
      expect(written.subarray(index * 64 * 1024, (index + 1) * 64 * 1024).equals(Buffer.alloc(64 * 1024, index))).toBe(true);
    }
  });

  it('rejects with the code, the call and the position', async () => {
    const buffer = Buffer.alloc(16);
    const closed = openSync(join(folder, 'closed'), O_RDWR | O_CREAT);
    closeSync(closed);
    await expect(readAt(closed, buffer, 5)).rejects.toMatchObject({ code: 'EBADF', errno: 9, syscall: 'pread', position: 5 });
    const readOnly = openFile('closed', O_RDONLY);
    await expect(writeAt(readOnly, buffer, 0)).rejects.toMatchObject({ code: 'EBADF', syscall: 'pwrite', position: 0 });
    const writeOnly = openFile('closed', O_WRONLY);
    await expect(readAt(writeOnly, buffer, 0)).rejects.toMatchObject({ code: 'EBADF', syscall: 'pread' });
    const full = openSync('/dev/full', O_WRONLY);
    await expect(writeAt(full, buffer, 0)).rejects.toMatchObject({ code: 'ENOSPC', syscall: 'pwrite' });
    closeSync(full);
  });

  it('rejects arguments of another kind', async () => {
    const buffer = Buffer.alloc(16);
    const fd = openFile('arguments', O_RDWR | O_CREAT);
    for (const wrong of [-1, 0.5, Number.NaN, Infinity, 2 ** 53, '0', null, undefined, 0n]) {
      await expect(readAt(fd, buffer, wrong as number)).rejects.toThrow(TypeError);
      await expect(writeAt(fd, buffer, wrong as number)).rejects.toThrow(TypeError);
      if (wrong !== 2 ** 53) await expect(readAt(wrong as number, buffer, 0)).rejects.toThrow(TypeError);
    }
    await expect(readAt(2 ** 31, buffer, 0)).rejects.toThrow(TypeError);
    for (const wrong of [undefined, null, 'text', {}, new Uint16Array(2), new ArrayBuffer(4)]) {
      await expect(writeAt(fd, wrong as Buffer, 0)).rejects.toThrow(TypeError);
    }
    const shrinking = new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }));
    await expect(readAt(fd, shrinking, 0)).rejects.toThrow(TypeError);
  });
});

describe('compareAt', () => {
  it('finds the first difference, wherever it is', async () => {
    writeFileSync(join(folder, 'compared'), content);
    const fd = openFile('compared', O_RDWR);
    const scratch = alignedBuffer(size);
    expect(await compareAt(fd, content, scratch, 0)).toBe(-1);
    expect(await compareAt(fd, content.subarray(4096, 8192), scratch, 4096)).toBe(-1);
    for (const offset of [0, 1, 4095, 4096, 700_001, size - 1]) {
      const changed = Buffer.from(content);
      changed.writeUInt8(changed.readUInt8(offset) ^ 1, offset);
      if (offset < size - 1) changed.writeUInt8(changed.readUInt8(size - 1) ^ 0x80, size - 1);
      expect(await compareAt(fd, changed, scratch, 0)).toBe(offset);
    }
    expect(scratch.equals(content)).toBe(true);
    // The offset counts from the start of `expected`, not of the file.
    const changed = Buffer.from(content.subarray(8192, 12_288));
    changed.writeUInt8(changed.readUInt8(100) ^ 1, 100);
    expect(await compareAt(fd, changed, scratch, 8192)).toBe(100);
  });

  it('counts the end of the file as a difference', async () => {
    writeFileSync(join(folder, 'ended'), 'abcdef');
    const fd = openFile('ended', O_RDONLY);
    // Scratch memory that happens to hold the right bytes must not stand in for those that were not read.
    expect(await compareAt(fd, Buffer.from('abcdefgh'), Buffer.from('abcdefgh'), 0)).toBe(6);
    expect(await compareAt(fd, Buffer.from('abXdefgh'), Buffer.from('abcdefgh'), 0)).toBe(2);
    expect(await compareAt(fd, Buffer.from('x'), Buffer.from('x'), 6)).toBe(0);
    expect(await compareAt(fd, Buffer.alloc(0), Buffer.alloc(0), 0)).toBe(-1);
  });

  it('refuses scratch memory that is too small or the same', async () => {
    const fd = openFile('compared', O_RDONLY);
    const buffer = Buffer.alloc(64);
    await expect(compareAt(fd, buffer, Buffer.alloc(63), 0)).rejects.toThrow(TypeError);
    await expect(compareAt(fd, buffer, buffer, 0)).rejects.toThrow(TypeError);
    await expect(compareAt(fd, buffer.subarray(0, 40), buffer.subarray(20), 0)).rejects.toThrow(TypeError);
    await expect(compareAt(fd, buffer, undefined as unknown as Buffer, 0)).rejects.toThrow(TypeError);
    expect(await compareAt(fd, content.subarray(0, 32), content.subarray(64, 96), 0).catch(() => 'failed')).toBe(-1);
  });
});

describe('O_DIRECT', () => {
  it('writes and reads a file past the page cache with aligned buffers', async (context) => {
    const fd = openDirect('direct', O_RDWR | O_CREAT);
    if (fd === undefined) return context.skip('the temporary folder has no O_DIRECT');
    expect(await writeAt(fd, content, 4096)).toBe(size);
    const back = alignedBuffer(size);
    expect(await readAt(fd, back, 4096)).toBe(size);
    expect(back.equals(content)).toBe(true);
    expect(await compareAt(fd, content, back, 4096)).toBe(-1);
    await expect(writeAt(fd, content.subarray(1, 4097), 0)).rejects.toMatchObject({ code: 'EINVAL', position: 0 });
  });

  it('takes locked memory', async (context) => {
    const fd = openDirect('direct-locked', O_RDWR | O_CREAT);
    if (fd === undefined) return context.skip('the temporary folder has no O_DIRECT');
    const arena = new LockedArena(16_384);
    const [written, read] = [arena.allocate(4096, 4096).fill(0x5a), arena.allocate(4096, 4096)];
    expect(await writeAt(fd, written, 0)).toBe(4096);
    expect(await compareAt(fd, written, read, 0)).toBe(-1);
    expect(read.equals(written)).toBe(true);
    arena.dispose();
  });

  it('stops at an end of file inside a sector', async (context) => {
    writeFileSync(join(folder, 'direct-end'), Buffer.alloc(5000, 1));
    const fd = openDirect('direct-end', O_RDONLY);
    if (fd === undefined) return context.skip('the temporary folder has no O_DIRECT');
    const buffer = alignedBuffer(16_384);
    expect(await readAt(fd, buffer, 0)).toBe(5000);
    expect(await readAt(fd, buffer, 4096)).toBe(904);
    expect(await compareAt(fd, alignedBuffer(8192).fill(1), buffer, 0)).toBe(5000);
  });
});
