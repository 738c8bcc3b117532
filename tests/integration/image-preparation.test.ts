import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, copyFile, mkdir, mkdtemp, open, readdir, readFile, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Progress } from '../../main/domain/job';
import type { PreparedImage } from '../../main/domain/ports';
import { assertUnchanged, inspectImage, prepareImage } from '../../main/image';
import { makeImage, sha256File, standardMenderImage } from '../support/images';

const never = new AbortController().signal;
const mebibyte = 2 ** 20;
let folder = '';
let cacheFolder = '';
let raw = '';
let rawHash = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imprint-preparation-'));
  raw = join(folder, 'raw.img');
  // Data that does not compress, zeros, and an end that is no whole block.
  const content = Buffer.concat([randomBytes(300_000), Buffer.alloc(3 * mebibyte), randomBytes(700_000), Buffer.alloc(5 * mebibyte + 512)]);
  await writeFile(raw, content);
  rawHash = await sha256File(raw);
});

beforeEach(async () => {
  cacheFolder = await mkdtemp(join(folder, 'cache-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

type Compression = 'gzip' | 'xz' | 'zstd';
const endings: Record<Compression, string> = { gzip: 'gz', xz: 'xz', zstd: 'zst' };
const compressions: readonly Compression[] = ['gzip', 'xz', 'zstd'];

/** By the tool itself, as a build system does it. */
async function compress(compression: Compression, path: string, bytes?: Buffer): Promise<Buffer> {
  const output = execFileSync(compression, ['-c', ...(compression === 'zstd' ? ['-q'] : []), ...(bytes === undefined ? [path] : [])], { maxBuffer: 64 * mebibyte, ...(bytes === undefined ? {} : { input: bytes }) });
  await writeFile(`${path}.${endings[compression]}`, output);
  return output;
}

async function prepare(path: string, sha256?: string, signal: AbortSignal = never, onProgress?: (progress: Progress) => void): Promise<PreparedImage> {
  return prepareImage({ path, sha256: sha256 ?? (await sha256File(path)), cacheFolder, signal, onProgress });
}

function decodedPath(compression: Compression): string {
  return `${raw}.${endings[compression]}`;
}

describe('preparing an image', () => {
  it('uses a raw one where it lies', async () => {
    const prepared = await prepare(raw);
    expect(prepared).toMatchObject({ path: raw, sha256: rawHash, format: 'raw', decodedPath: raw, decodedBytes: (await stat(raw)).size, decodedSha256: rawHash });
    expect((await readdir(cacheFolder)).sort()).toEqual([`${rawHash}.json`, `${rawHash}.map.json`]);
    await assertUnchanged(prepared);
  });

  it.each(compressions)('decodes %s into a sparse file', async (compression) => {
    const file = await compress(compression, raw);
    const prepared = await prepare(decodedPath(compression));
    const sha256 = createHash('sha256').update(file).digest('hex');
    expect(prepared).toMatchObject({ sha256, format: compression, decodedPath: join(cacheFolder, `${sha256}.img`), decodedBytes: (await stat(raw)).size, decodedSha256: rawHash });
    expect(await readFile(prepared.decodedPath)).toEqual(await readFile(raw));
    const { blocks, size } = await stat(prepared.decodedPath);
    expect(blocks * 512).toBeLessThan(size / 4);
    expect((await readdir(cacheFolder)).sort()).toEqual([`${sha256}.img`, `${sha256}.json`, `${sha256}.map.json`]);
  });

  it.each(compressions)('decodes all of several %s members', async (compression) => {
    const path = join(folder, `several.${endings[compression]}`);
    const parts = [randomBytes(100_000), Buffer.from('second'), Buffer.alloc(200_000, 7)];
    const members = [];
    for (const part of parts) members.push(await compress(compression, join(folder, 'part'), part));
    await writeFile(path, Buffer.concat(members));
    const prepared = await prepare(path);
    expect(await readFile(prepared.decodedPath)).toEqual(Buffer.concat(parts));
    expect(execFileSync(compression, ['-dc', path], { maxBuffer: mebibyte })).toEqual(Buffer.concat(parts));
  });

  it('decodes zstd with skippable and empty frames, many small ones, and without checksums', async () => {
    const path = join(folder, 'frames.zst');
    const skippable = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]), randomBytes(4)]);
    const small = Array.from({ length: 300 }, (_, index) => Buffer.alloc(index, index));
    await writeFile(path, Buffer.concat([skippable, ...small.map((part) => zstdCompressSync(part)), skippable, zstdCompressSync(Buffer.alloc(0)), zstdCompressSync(Buffer.alloc(3 * mebibyte, 1))]));
    const prepared = await prepare(path);
    expect(await readFile(prepared.decodedPath)).toEqual(Buffer.concat([...small, Buffer.alloc(3 * mebibyte, 1)]));
  });

  it('ignores the zeros with which tapes fill gzip and xz up, and nothing else', async () => {
    for (const compression of ['gzip', 'xz'] as const) {
      const file = await compress(compression, raw);
      const path = join(folder, 'padded');
      await writeFile(path, Buffer.concat([file, Buffer.alloc(5 * mebibyte)]));
      expect((await prepare(path)).decodedSha256).toBe(rawHash);
      await writeFile(path, Buffer.concat([file, Buffer.alloc(5 * mebibyte), Buffer.from('something else that follows')]));
      await expect(prepare(path)).rejects.toMatchObject({ code: 'image-unreadable' });
    }
  });

  it.each(compressions)('says that a %s file is truncated, wherever it ends', async (compression) => {
    const file = await compress(compression, raw);
    const path = join(folder, 'truncated');
    for (const length of [20, Math.floor(file.length / 2), file.length - 4, file.length - 1]) {
      await writeFile(path, file.subarray(0, length));
      await expect(prepare(path, createHash('sha256').update(file).digest('hex')), String(length)).rejects.toMatchObject({ code: 'image-truncated' });
    }
    await writeFile(path, Buffer.concat([file, file.subarray(0, 1000)]));
    await expect(prepare(path)).rejects.toMatchObject({ code: 'image-truncated' });
    expect(await readdir(cacheFolder)).toEqual([]);
  });

  it.each(compressions)('says that a %s file is damaged, or goes on with something else', async (compression) => {
    const file = await compress(compression, raw);
    const path = join(folder, 'damaged');
    const flipped = Buffer.from(file);
    const middle = Math.floor(file.length / 2);
    flipped.writeUInt8(flipped.readUInt8(middle) ^ 0x10, middle);
    for (const bytes of [flipped, Buffer.concat([file, Buffer.from('something else that follows')])]) {
      await writeFile(path, bytes);
      await expect(prepare(path)).rejects.toMatchObject({ code: 'image-unreadable' });
    }
    expect(await readdir(cacheFolder)).toEqual([]);
  });

  it('says what is no image', async () => {
    await expect(prepareImage({ path: join(folder, 'none.img'), cacheFolder, signal: never })).rejects.toMatchObject({ code: 'image-unreadable' });
    await expect(prepareImage({ path: folder, cacheFolder, signal: never })).rejects.toMatchObject({ code: 'image-unreadable' });
    await writeFile(join(folder, 'empty.img'), '');
    await expect(prepare(join(folder, 'empty.img'))).rejects.toMatchObject({ code: 'image-unreadable' });
    await writeFile(join(folder, 'archive.zip'), Buffer.from('PK\x03\x04 and so on'));
    await expect(prepare(join(folder, 'archive.zip'))).rejects.toMatchObject({ code: 'image-unreadable', message: expect.stringContaining('zip') });
  });

  it('shows both hashes where they differ, and keeps nothing', async () => {
    const expected = 'ab'.repeat(32);
    await compress('xz', raw);
    for (const path of [raw, `${raw}.xz`]) {
      const error: unknown = await prepare(path, expected).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'image-hash-differs', field: 'image.sha256', expected });
      expect(String(error)).toContain(expected.slice(0, 12));
      expect(String(error)).toContain((await sha256File(path)).slice(0, 12));
    }
    expect(await readdir(cacheFolder)).toEqual([]);
  });
});

describe('preparing an image again', () => {
  it.each(['raw', ...compressions] as const)('returns at once without reading (%s)', async (format) => {
    const path = join(folder, `again-${format}`);
    if (format !== 'raw') await compress(format, raw);
    await copyFile(format === 'raw' ? raw : decodedPath(format), path);
    const first = await prepare(path);
    const seen: Progress[] = [];
    expect(await prepare(path, first.sha256, never, (progress) => seen.push(progress))).toEqual(first);
    expect(seen).toEqual([]);

    // A touch is read again, and found the same.
    await utimes(path, 1, 1);
    const again = await prepare(path, first.sha256, never, (progress) => seen.push(progress));
    expect(again).toMatchObject({ sha256: first.sha256, decodedSha256: first.decodedSha256 });
    expect(seen.at(-1)).toMatchObject({ phase: 'image', doneBytes: (await stat(path)).size, totalBytes: (await stat(path)).size });
  });

  it('decodes again what is gone or changed in the cache', async () => {
    await compress('zstd', raw);
    const path = decodedPath('zstd');
    const first = await prepare(path);
    await unlink(first.decodedPath);
    expect(await sha256File((await prepare(path, first.sha256)).decodedPath)).toBe(rawHash);
    await appendFile(first.decodedPath, 'x');
    expect(await sha256File((await prepare(path, first.sha256)).decodedPath)).toBe(rawHash);
    await writeFile(join(cacheFolder, `${first.sha256}.json`), '{ not json');
    expect(await sha256File((await prepare(path, first.sha256)).decodedPath)).toBe(rawHash);
  });

  it('says that a known image changed', async () => {
    const path = join(folder, 'changing.img');
    await copyFile(raw, path);
    const prepared = await prepare(path);
    const handle = await open(path, 'r+');
    await handle.write(Buffer.from('changed'), 0, 7, 1000);
    await handle.close();
    await expect(assertUnchanged(prepared)).rejects.toMatchObject({ code: 'image-changed' });
    await expect(prepare(path, prepared.sha256)).rejects.toMatchObject({ code: 'image-changed' });
    await unlink(path);
    await expect(assertUnchanged(prepared)).rejects.toMatchObject({ code: 'image-changed' });
  });

  it('serves two at the same time', async () => {
    await compress('gzip', raw);
    const path = decodedPath('gzip');
    const [first, second] = await Promise.all([prepare(path), prepare(path)]);
    expect(second).toEqual(first);
    await assertUnchanged(first);
  });
});

describe('what goes wrong on the way', () => {
  it('a cancellation ends it, and leaves nothing', async () => {
    await compress('xz', raw);
    const large = join(folder, 'large.img.gz');
    await writeFile(large, Buffer.concat(Array.from({ length: 20 }, () => gzipSync(randomBytes(2 * mebibyte), { level: 1 }))));
    for (const path of [large, raw, decodedPath('xz')]) {
      const controller = new AbortController();
      const sha256 = await sha256File(path);
      await expect(prepare(path, sha256, controller.signal, () => controller.abort())).rejects.toMatchObject({ code: 'cancelled' });
      await expect(prepare(path, sha256, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    }
    expect(await readdir(cacheFolder)).toEqual([]);
  });

  it('a cancellation while another image is prepared does not wait for it', async () => {
    const controller = new AbortController();
    let finished = false;
    const first = prepare(raw, rawHash).finally(() => (finished = true));
    const second = prepare(raw, rawHash, controller.signal);
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    expect(finished).toBe(false);
    await first;
  });

  it('a process that is killed in the middle leaves nothing that counts', async () => {
    const large = join(folder, 'killed.img.gz');
    await writeFile(large, Buffer.concat(Array.from({ length: 40 }, () => gzipSync(randomBytes(2 * mebibyte), { level: 1 }))));
    const program = join(folder, 'prepare.cjs');
    await build({
      stdin: {
        contents: `import { prepareImage } from './main/image/prepare';
          prepareImage({ path: process.argv[2], cacheFolder: process.argv[3], signal: new AbortController().signal, onProgress: ({ doneBytes }) => { if (doneBytes > ${String(8 * mebibyte)}) process.kill(process.pid, 'SIGKILL'); } });`,
        resolveDir: join(import.meta.dirname, '../..'),
      },
      ...{ outfile: program, bundle: true, platform: 'node', format: 'cjs', packages: 'external' },
    });
    const child = spawn(process.execPath, [program, large, cacheFolder], { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_PATH: join(import.meta.dirname, '../../node_modules') } });
    const signal = await new Promise((resolve) => child.once('exit', (_code, name) => resolve(name)));
    expect(signal).toBe('SIGKILL');
    expect(await readdir(cacheFolder)).toEqual([expect.stringMatching(new RegExp(`^${String(child.pid)}-.*\\.partial$`))]);
    const prepared = await prepare(large);
    expect((await readdir(cacheFolder)).sort()).toEqual([`${prepared.sha256}.img`, `${prepared.sha256}.json`, `${prepared.sha256}.map.json`]);
    expect(prepared.decodedBytes).toBe(80 * mebibyte);
  });

  it('what a killed process left is removed, what a living one writes is not', async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } });
    const name = `${String(child.pid)}-00000000-0000-4000-8000-000000000000.partial`;
    await writeFile(join(cacheFolder, name), 'half an image');
    await prepare(raw);
    expect(await readdir(cacheFolder)).toContain(name);
    await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGKILL');
    });
    await prepare(raw);
    expect(await readdir(cacheFolder)).not.toContain(name);
  });

  // Only root can make a disk of a few MiB that fills up.
  it.skipIf(process.getuid?.() !== 0)('a full disk under the cache', async () => {
    const small = join(folder, 'small-disk');
    await mkdir(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', small]);
    try {
      await compress('gzip', raw);
      const path = decodedPath('gzip');
      await expect(prepareImage({ path, cacheFolder: small, signal: never })).rejects.toMatchObject({ code: 'record-full-disk', message: expect.stringContaining(small) });
      expect(await readdir(small)).toEqual([]);
    } finally {
      execFileSync('umount', [small]);
    }
  });

  it('tells how far it is at most ten times a second', async () => {
    const path = join(folder, 'progress.img');
    const handle = await open(path, 'w');
    await handle.truncate(64 * mebibyte);
    await handle.close();
    const seen: Progress[] = [];
    let milliseconds = 0;
    // A clock that a chunk of 2 MiB takes 40 ms of.
    await prepareImage({ path, cacheFolder, signal: never, onProgress: (progress) => seen.push(progress), milliseconds: () => (milliseconds += 40) });
    // 32 chunks: the first, then every third, and the last.
    expect(seen).toHaveLength(12);
    expect(seen.at(-1)).toMatchObject({ doneBytes: 64 * mebibyte, totalBytes: 64 * mebibyte, secondsLeft: 0 });
    expect(seen[5]?.bytesPerSecond).toBe((2 * mebibyte * 1000) / 40);
  });
});

describe('inspecting an image', () => {
  it('reports the partitions of the standard layout and where a key could go', async () => {
    const path = join(folder, 'standard.img');
    await standardMenderImage(path, 16, 96);
    const report = await inspectImage({ path, cacheFolder, signal: never });
    expect(report).toMatchObject({ path, format: 'raw', table: 'mbr', bytes: 96 * mebibyte, decodedBytes: 96 * mebibyte, sha256: await sha256File(path) });
    expect(report.partitions.map(({ number, type, filesystem }) => [number, type, filesystem.kind, filesystem.label])).toEqual([
      [1, '0x0c', 'vfat', 'BOOT'],
      [2, '0x83', 'ext4', 'rootfs-a'],
      [3, '0x83', 'ext4', 'rootfs-b'],
      [4, '0x83', 'ext4', 'data'],
    ]);
    for (const { filesystem, bytes } of report.partitions) {
      expect(filesystem.refusal).toBeUndefined();
      expect(filesystem.freeBytes).toBeGreaterThan(0);
      expect(filesystem.totalBytes).toBeLessThanOrEqual(bytes);
    }
    expect(report.partitions[3]?.filesystem.features).toContain('metadata_csum');
    expect(report.keyPlaces).toEqual([expect.objectContaining({ partition: 4, path: '/mender/mender-agent.pem', possible: true })]);
  });

  it('decodes a compressed one into the cache, where a preparation finds it', async () => {
    const path = join(folder, 'gpt.img');
    await makeImage(path, { table: 'gpt', partitions: [{ type: 'ext4', sizeMiB: 4, label: 'data' }, { type: 'none', sizeMiB: 1 }, { type: 'ext4', sizeMiB: 4, features: ['casefold'] }] });
    await compress('zstd', path);
    const report = await inspectImage({ path: `${path}.zst`, cacheFolder, signal: never });
    expect(report).toMatchObject({ format: 'zstd', table: 'gpt' });
    expect(report.partitions.map(({ number, name, filesystem }) => [number, name, filesystem.kind])).toEqual([[1, 'data', 'ext4'], [2, undefined, 'other'], [3, undefined, 'ext4']]);
    expect(report.partitions[2]?.filesystem.refusal).toContain('casefold');
    expect(report.keyPlaces).toEqual([{ partition: 1, path: '/mender/mender-agent.pem', possible: false, sentence: expect.stringContaining('/mender') }]);
    const seen: Progress[] = [];
    await prepare(`${path}.zst`, report.sha256, never, (progress) => seen.push(progress));
    expect(seen).toEqual([]);
  });

  it('reads the practice image', async () => {
    const report = await inspectImage({ path: join(import.meta.dirname, '../../main/practice/assets/golden.sdimg.xz'), cacheFolder, signal: never });
    expect(report.keyPlaces.find(({ partition }) => partition === 4)).toMatchObject({ possible: true });
  });
});
