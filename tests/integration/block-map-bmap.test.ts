import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mapImage, openImage } from '../../main/image';
import type { BlockMap } from '../../main/image';
import { makeImage } from '../support/images';

const mebibyte = 2 ** 20;
let folder = '';
let golden = '';
/** The same for every test; each has its own copy. */
let path = '';
let bmap = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imprint-bmap-'));
  golden = join(folder, 'golden.img');
  await makeImage(golden, { table: 'mbr', sizeMiB: 32, partitions: [{ type: 'ext4', sizeMiB: 24, files: [{ path: '/file', bytes: randomBytes(300_000) }] }] });
  // As bmap-tools read it: an image whose last block is not whole.
  const file = await open(golden, 'r+');
  await file.truncate(32 * mebibyte - 1000);
  await file.write(randomBytes(5000), 0, 5000, 32 * mebibyte - 6000);
  await file.close();
});

beforeEach(async () => {
  path = join(folder, 'image.sdimg');
  bmap = `${path}.bmap`;
  execFileSync('cp', ['--sparse=always', golden, path]);
  await rm(bmap, { force: true });
  await rm(`${path}.xz.bmap`, { force: true });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function mapOf(imagePath = path): Promise<BlockMap> {
  const reader = await openImage(path);
  try {
    return await mapImage(reader, imagePath);
  } finally {
    await reader.close();
  }
}

/** As Debian's bmap-tools make it. */
function create(...parameters: string[]): void {
  execFileSync('bmaptool', ['--quiet', 'create', '-o', bmap, ...parameters, path], { stdio: 'pipe' });
}

async function rangesByText(): Promise<{ offset: number; end: number }[]> {
  const text = await readFile(bmap, 'utf8');
  return [...text.matchAll(/<Range[^>]*>\s*(\d+)(?:-(\d+))?\s*</g)].map(([, first = '', last = first]) => ({ offset: Number(first) * 4096, end: Math.min((Number(last) + 1) * 4096, 32 * mebibyte - 1000) }));
}

/** The format of version 1.3: SHA-1, and other names for the same. */
async function older(version: string, { checksums = true } = {}): Promise<void> {
  create('--no-checksum');
  const image = await readFile(path);
  const sha1 = (bytes: Buffer | string): string => createHash('sha1').update(bytes).digest('hex');
  const zeros = '0'.repeat(40);
  let text = (await readFile(bmap, 'utf8'))
    .replace('version="2.0"', `version="${version}"`)
    .replace(/<!-- Type of checksum[\s\S]*?<\/BmapFileChecksum>/, checksums ? `<BmapFileSHA1> ${zeros} </BmapFileSHA1>` : '');
  if (checksums) {
    text = text.replace(/<Range>\s*(\d+)(?:-(\d+))?\s*</g, (_, first: string, last: string | undefined) => {
      const bytes = image.subarray(Number(first) * 4096, (Number(last ?? first) + 1) * 4096);
      return `<Range sha1="${sha1(bytes)}"> ${first}${last === undefined ? '' : `-${last}`} <`;
    });
    text = text.replace(zeros, sha1(text));
  }
  await writeFile(bmap, text);
}

/** Changes the text and makes its own checksum right again. */
async function rewrite(change: (text: string) => string): Promise<void> {
  const zeros = '0'.repeat(64);
  const text = change((await readFile(bmap, 'utf8')).replace(/(<BmapFileChecksum> )[0-9a-f]{64}/, `$1${zeros}`));
  await writeFile(bmap, text.replace(zeros, createHash('sha256').update(text).digest('hex')));
}

async function flip(offset: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offset);
    await file.write(Buffer.from([byte.readUInt8(0) ^ 1]), 0, 1, offset);
  } finally {
    await file.close();
  }
}

async function expectRangesOfFile(): Promise<void> {
  const map = await mapOf();
  const expected = await rangesByText();
  expect(expected.length).toBeGreaterThan(2);
  expect(map.source).toBe('bmap');
  for (const { offset, end } of expected) expect(map.ranges.some((range) => range.offset <= offset && range.offset + range.length >= end)).toBe(true);
  const closed = 64 * 1024 * expected.length;
  expect(map.mappedBytes).toBeLessThanOrEqual(expected.reduce((sum, { offset, end }) => sum + end - offset, 0) + closed);
  expect(map.ranges.at(-1)).toEqual({ offset: expect.any(Number), length: 32 * mebibyte - 1000 - (map.ranges.at(-1)?.offset ?? 0) });
}

describe('a .bmap file beside the image', () => {
  it('is taken as bmaptool makes it, with the last block that is not whole', async () => {
    create();
    await expectRangesOfFile();
  });

  it('is taken without checksums of its ranges', async () => {
    create('--no-checksum');
    await expectRangesOfFile();
  });

  it.each(['1.3', '1.2', '1.0'])('is taken in version %s', async (version) => {
    await older(version, { checksums: version === '1.3' });
    await expectRangesOfFile();
    if (version !== '1.3') return;
    const [, second] = await rangesByText();
    await flip((second?.offset ?? 0) + 5);
    await expect(mapOf()).rejects.toMatchObject({ code: 'image-hash-differs' });
  });

  it('is taken as version 1.4, which is 2.0 by another name', async () => {
    create();
    await rewrite((text) => text.replace('version="2.0"', 'version="1.4"'));
    await expectRangesOfFile();
  });

  it('is found beside a compressed image, under the longer name first', async () => {
    create();
    expect((await mapOf(`${path}.xz`)).source).toBe('bmap');
    await writeFile(`${path}.xz.bmap`, 'something else');
    await expect(mapOf(`${path}.xz`)).rejects.toMatchObject({ code: 'image-unreadable' });
    expect((await mapOf()).source).toBe('bmap');
    expect((await mapOf(join(folder, 'other.img'))).source).toBe('filesystems');
  });

  it('counts blocks of its own size', async () => {
    const bytes = 32 * mebibyte - 1000;
    await writeFile(bmap, `<bmap version="1.2"><ImageSize>${String(bytes)}</ImageSize><BlockSize>1024</BlockSize><BlocksCount>${String(Math.ceil(bytes / 1024))}</BlocksCount><MappedBlocksCount>3</MappedBlocksCount><BlockMap><Range>1-2</Range><Range>2047</Range></BlockMap></bmap>`);
    expect(await mapOf()).toEqual({ source: 'bmap', mappedBytes: 8192, ranges: [{ offset: 0, length: 4096 }, { offset: 2044 * 1024, length: 4096 }] });
  });

  it('names the range of which the image has something else', async () => {
    create();
    const expected = await rangesByText();
    const last = expected.at(-1);
    await flip((last?.end ?? 0) - 1);
    await expect(mapOf()).rejects.toMatchObject({ code: 'image-hash-differs', field: 'image.path', message: expect.stringContaining(`Blocks ${String((last?.offset ?? 0) / 4096)} to 8191 `) });
    execFileSync('cp', ['--sparse=always', golden, path]);
    expect((await mapOf()).source).toBe('bmap');
  });

  it('does not fit an image of another size', async () => {
    create();
    const file = await open(path, 'r+');
    await file.truncate(32 * mebibyte).finally(() => file.close());
    await expect(mapOf()).rejects.toMatchObject({ code: 'image-hash-differs', message: expect.stringContaining(String(32 * mebibyte - 1000)) });
  });

  it('is refused where it differs from its own checksum', async () => {
    create();
    await writeFile(bmap, (await readFile(bmap, 'utf8')).replace('mapped', 'Mapped'));
    await expect(mapOf()).rejects.toMatchObject({ code: 'image-hash-differs', field: 'image.path', message: expect.stringContaining(bmap) });
  });

  it.each<[string, (text: string) => string]>([
    ['is no XML', () => 'BlockMap'],
    ['is empty', () => ''],
    ['is XML of another kind', () => '<?xml version="1.0"?><html><body/></html>'],
    ['is cut off', (text) => text.slice(0, -150)],
    ['has a declaration of entities', (text) => text.replace('<bmap', '<!DOCTYPE bmap [<!ENTITY a "1">]><bmap')],
    ['is of version 3.0', (text) => text.replace('version="2.0"', 'version="3.0"')],
    ['has no version', (text) => text.replace(' version="2.0"', '')],
    ['has checksums that nobody knows', (text) => text.replace(' sha256 ', ' crc32 ')],
    ['has no checksum of itself', (text) => text.replace(/<BmapFileChecksum>.*<\/BmapFileChecksum>/, '')],
    ['has two image sizes', (text) => text.replace('<BlockSize>', '<ImageSize> 1 </ImageSize><BlockSize>')],
    ['has no block size', (text) => text.replace(/<BlockSize>.*<\/BlockSize>/, '')],
    ['has a block size of 1000', (text) => text.replace('> 4096 <', '> 1000 <')],
    ['has another number of blocks', (text) => text.replace('> 8192 <', '> 8191 <')],
    ['has another number of mapped blocks', (text) => text.replace(/<MappedBlocksCount> \d+/, '<MappedBlocksCount> 1')],
    ['has a range outside', (text) => text.replace(/-8191 </, '-8192 <')],
    ['has ranges out of order', (text) => text.replace(/(<Range[^\n]*\n)\s*(<Range[^\n]*\n)/, '$2$1')],
    ['has a range that is none', (text) => text.replace(/-8191 </, '-end <')],
    ['has a checksum that is none', (text) => text.replace(/chksum="[0-9a-f]/, 'chksum="g')],
    ['maps nothing', (text) => text.replace(/<Range[^\n]*\n/g, '').replace(/<MappedBlocksCount> \d+/, '<MappedBlocksCount> 0')],
  ])('is refused where it %s', async (_, change) => {
    create();
    await rewrite((text) => {
      const changed = change(text);
      expect(changed).not.toBe(text);
      return changed;
    });
    await expect(mapOf()).rejects.toMatchObject({ code: 'image-unreadable', field: 'image.path', message: expect.stringContaining(bmap) });
  });

  it('is read to its end before anybody can cancel it, but its image is not', async () => {
    create();
    const reader = await openImage(path);
    await expect(mapImage(reader, path, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    await reader.close();
  });

  it('that is no file at all is not there', async () => {
    await copyFile(golden, path);
    execFileSync('mkdir', [bmap]);
    expect((await mapOf()).source).toBe('filesystems');
    execFileSync('rmdir', [bmap]);
  });
});
