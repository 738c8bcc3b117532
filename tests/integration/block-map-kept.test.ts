import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PreparedImage } from '../../main/domain/ports';
import { loadBlockMap, mapImage, openImage, prepareImage } from '../../main/image';
import type { BlockMap } from '../../main/image';
import { makeImage } from '../support/images';

const never = new AbortController().signal;
let folder = '';
let golden = '';
let path = '';
let cacheFolder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imprint-kept-map-'));
  golden = join(folder, 'golden');
  await makeImage(golden, { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 24, files: [{ path: '/file', bytes: randomBytes(300_000) }] }] });
});

beforeEach(async () => {
  const own = await mkdtemp(join(folder, 'test-'));
  path = join(own, 'image.sdimg');
  cacheFolder = join(own, 'cache');
  execFileSync('cp', ['--sparse=always', golden, path]);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const prepare = (image = path): Promise<PreparedImage> => prepareImage({ path: image, cacheFolder, signal: never });
const keptPath = ({ sha256 }: PreparedImage): string => join(cacheFolder, `${sha256}.map.json`);

async function fresh(): Promise<BlockMap> {
  const reader = await openImage(path);
  return mapImage(reader, path).finally(() => reader.close());
}

describe('the block map of a prepared image', () => {
  it('is kept by the preparation, and is then what is loaded', async () => {
    const prepared = await prepare();
    expect((await readdir(cacheFolder)).sort()).toEqual([`${prepared.sha256}.json`, `${prepared.sha256}.map.json`]);
    expect(await loadBlockMap(prepared, cacheFolder)).toEqual(await fresh());
    // It comes from the file: another map that is right in form is believed.
    const kept = JSON.parse(await readFile(keptPath(prepared), 'utf8')) as { ranges: unknown; mappedBytes: number };
    await writeFile(keptPath(prepared), JSON.stringify({ ...kept, ranges: [[4096, 8192]], mappedBytes: 8192 }));
    expect(await loadBlockMap(prepared, cacheFolder)).toMatchObject({ ranges: [{ offset: 4096, length: 8192 }], mappedBytes: 8192 });
  });

  it('is the same for a compressed image', async () => {
    execFileSync('xz', ['-k', '-0', path]);
    const prepared = await prepare(`${path}.xz`);
    expect(await loadBlockMap(prepared, cacheFolder)).toEqual(await fresh());
  });

  it.each<[string, (kept: Record<string, unknown>) => unknown]>([
    ['of another version', (kept) => ({ ...kept, version: 2 })],
    ['of another image', (kept) => ({ ...kept, decodedSha256: '0'.repeat(64) })],
    ['of the image as it was', (kept) => ({ ...kept, stamp: '1:2:3' })],
    ['from nowhere', (kept) => ({ ...kept, source: 'somebody' })],
    ['without ranges', (kept) => ({ ...kept, ranges: [], mappedBytes: 0 })],
    ['with a range outside', (kept) => ({ ...kept, ranges: [[0, 2 ** 40]], mappedBytes: 2 ** 40 })],
    ['with a range that is no whole block', (kept) => ({ ...kept, ranges: [[0, 4095]], mappedBytes: 4095 })],
    ['with ranges that are too near', (kept) => ({ ...kept, ranges: [[0, 4096], [8192, 4096]], mappedBytes: 8192 })],
    ['with a text for a number', (kept) => ({ ...kept, ranges: [['0', 4096]], mappedBytes: 4096 })],
    ['with a sum that is wrong', (kept) => ({ ...kept, mappedBytes: 1 })],
    ['that is no object', () => [1, 2]],
    ['that is half a file', (kept) => JSON.stringify(kept).slice(0, 100)],
  ])('is made anew where what was kept is one %s', async (_, damage) => {
    const prepared = await prepare();
    const before = await readFile(keptPath(prepared), 'utf8');
    const damaged = damage(JSON.parse(before) as Record<string, unknown>);
    await writeFile(keptPath(prepared), typeof damaged === 'string' ? damaged : JSON.stringify(damaged));
    expect(await loadBlockMap(prepared, cacheFolder)).toEqual(await fresh());
    expect(await readFile(keptPath(prepared), 'utf8')).toBe(before);
  });

  it('is made anew where nothing was kept, and without a cache that can be written', async () => {
    const prepared = await prepare();
    await rm(cacheFolder, { recursive: true });
    expect(await loadBlockMap(prepared, cacheFolder)).toEqual(await fresh());
    expect(await readdir(cacheFolder)).toEqual([`${prepared.sha256}.map.json`]);
    await writeFile(join(folder, 'file'), '');
    expect(await loadBlockMap(prepared, join(folder, 'file', 'cache'))).toEqual(await fresh());
  });

  it('notices a .bmap file that comes, changes and goes', async () => {
    const prepared = await prepare();
    expect((await loadBlockMap(prepared, cacheFolder)).source).toBe('filesystems');
    const bmap = `${path}.bmap`;
    execFileSync('bmaptool', ['--quiet', 'create', '-o', bmap, path], { stdio: 'pipe' });
    expect((await loadBlockMap(prepared, cacheFolder)).source).toBe('bmap');
    const right = await readFile(bmap);
    await writeFile(bmap, 'damaged');
    await expect(loadBlockMap(prepared, cacheFolder)).rejects.toMatchObject({ code: 'image-unreadable' });
    await expect(prepare()).rejects.toMatchObject({ code: 'image-unreadable' });
    await writeFile(bmap, right);
    expect((await loadBlockMap(prepared, cacheFolder)).source).toBe('bmap');
    await rm(bmap);
    expect((await loadBlockMap(prepared, cacheFolder)).source).toBe('filesystems');
    expect(await loadBlockMap(await prepare(), cacheFolder)).toEqual(await fresh());
  });

  it('is refused for an image that is not the one that was hashed', async () => {
    const prepared = await prepare();
    await rm(keptPath(prepared));
    const { mtime } = await stat(path);
    await utimes(path, mtime, new Date(mtime.getTime() + 5000));
    await expect(loadBlockMap(prepared, cacheFolder)).rejects.toMatchObject({ code: 'image-changed' });
    expect(await readdir(cacheFolder)).toEqual([`${prepared.sha256}.json`]);
  });

  it('is not made of an image that is no longer whole', async () => {
    const prepared = await prepare();
    await rm(keptPath(prepared));
    const file = await open(path, 'r+');
    await file.truncate(2 ** 20).finally(() => file.close());
    await expect(loadBlockMap(prepared, cacheFolder)).rejects.toMatchObject({ code: expect.stringMatching(/^image-(changed|truncated)$/) });
    await expect(readFile(keptPath(prepared))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
