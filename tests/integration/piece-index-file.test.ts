/** The kept digests of an image's pieces: two cards may begin with the same image at the same moment. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readIndexFile, writeIndexFile } from '../../main/flash/piece-index-file';
import { digestBytes } from '../../native/index';

let folder = '';
const pieces = Array.from({ length: 2000 }, (_, number) => ({ offset: number * 4096, length: 4096 }));
const binding = { decodedSha256: 'ab'.repeat(32), stamp: '1', pieces };
const index = { pieces, digests: Buffer.alloc(pieces.length * digestBytes, 7) };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imprint-index-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

it('is written by several cards at once, and is whole', async () => {
  const path = join(folder, 'image.mapped.json');
  await Promise.all(Array.from({ length: 8 }, () => writeIndexFile(path, binding, index)));
  expect(await readIndexFile(path, binding)).toEqual(index);
  expect(await readdir(folder)).toEqual(['image.mapped.json']);
});

it('leaves nothing where it cannot be written', async () => {
  const path = join(folder, 'taken');
  await mkdir(path);
  await writeFile(join(path, 'file'), '');
  await expect(writeIndexFile(path, binding, index)).rejects.toThrow();
  expect((await readdir(folder)).sort()).toEqual(['image.mapped.json', 'taken']);
});
