/** Transfers on threads of their own. */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alignedBuffer, digest, digestBytes, IoQueue } from '../../native/index';

const mebibyte = 1024 * 1024;

describe('IoQueue', () => {
  const folder = mkdtempSync(join(tmpdir(), 'imprint-queue-'));
  const path = join(folder, 'file');
  const content = randomBytes(4 * mebibyte);
  let fd: number;

  beforeAll(() => {
    writeFileSync(path, content);
    fd = openSync(path, 'r+');
  });

  afterAll(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  });

  it('reads, writes, compares and digests what lies there', async () => {
    const queue = new IoQueue(2);
    const buffer = alignedBuffer(mebibyte);
    expect(await queue.read(fd, buffer, mebibyte)).toBe(mebibyte);
    expect(buffer.equals(content.subarray(mebibyte, 2 * mebibyte))).toBe(true);
    expect(await queue.digest(fd, buffer, 2 * mebibyte)).toEqual(digest(content.subarray(2 * mebibyte, 3 * mebibyte)));
    const scratch = alignedBuffer(mebibyte);
    expect(await queue.compare(fd, content.subarray(0, mebibyte), scratch, 0)).toBe(-1);
    buffer.fill(7);
    await queue.write(fd, buffer, 3 * mebibyte);
    expect(readFileSync(path).subarray(3 * mebibyte).equals(buffer)).toBe(true);
    expect(await queue.compare(fd, content.subarray(3 * mebibyte), scratch, 3 * mebibyte)).toBeGreaterThanOrEqual(0);
    queue.close();
  });

  it('digests as xxhsum does', () => {
    expect(digest(Buffer.alloc(0))).toHaveLength(digestBytes);
    // XXH3 128 of the empty input with seed 0, from the algorithm's specification.
    expect(digest(Buffer.alloc(0)).toString('hex')).toBe('99aa06d3014798d86001c324468d497f');
    expect(digest(Buffer.from('a'))).not.toEqual(digest(Buffer.from('b')));
  });

  it('refuses to digest what ends too early', async () => {
    const queue = new IoQueue(1);
    await expect(queue.digest(fd, alignedBuffer(mebibyte), 4 * mebibyte - 4096)).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(queue.read(99_999, alignedBuffer(4096), 0)).rejects.toMatchObject({ code: 'EBADF' });
    queue.close();
  });

  it('ends waiting transfers when it is closed, lets running ones end, and takes no more', async () => {
    const queue = new IoQueue(1);
    const running = queue.read(fd, alignedBuffer(4 * mebibyte), 0);
    const waiting = Array.from({ length: 50 }, () => queue.read(fd, alignedBuffer(mebibyte), 0));
    queue.close();
    const ends = await Promise.allSettled([running, ...waiting]);
    for (const end of ends.filter((each) => each.status === 'rejected')) expect(end.reason).toMatchObject({ code: 'ECANCELED' });
    expect(ends.filter((each) => each.status === 'rejected').length).toBeGreaterThan(0);
    await expect(queue.read(fd, alignedBuffer(4096), 0)).rejects.toMatchObject({ code: 'ECANCELED' });
    queue.close();
  });

  it('keeps a thousand transfers of many queues apart', async () => {
    const queues = Array.from({ length: 16 }, () => new IoQueue(3));
    const checks = Array.from({ length: 1000 }, async (_, index) => {
      const buffer = alignedBuffer(4096);
      const position = (index % 700) * 4096;
      await queues[index % 16]?.read(fd, buffer, position);
      return buffer.equals(content.subarray(position, position + 4096));
    });
    expect((await Promise.all(checks)).every(Boolean)).toBe(true);
    for (const queue of queues) queue.close();
  });

  it('refuses what is not a number of threads', () => {
    expect(() => new IoQueue(0)).toThrow(TypeError);
    expect(() => new IoQueue(17)).toThrow(TypeError);
  });
});
