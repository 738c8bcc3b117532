import { randomFillSync } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { measureProcess, toolEnvironment } from '../harness/process.mjs';
import { copyImage, makeGoldenImage, settle } from '../inject/golden-image.mjs';
import { mebibyte } from './task.mjs';

/**
 * An image as the contenders get it.
 * @typedef {{name: string, path: string, bytes: number, sha256: string, mappedBytes: number, keyPartition: {index: number, offset: number,
 *   bytes: number}, zst: {path: string, sha256: string} | undefined, bmap: string, mapped: {offset: number, length: number}[]}} BenchImage
 */

/**
 * Mender's layout, about 37 % mapped: two ext4 root filesystems with 40 % of random files, journals and tables, the rest zeros.
 * @returns {Promise<BenchImage>}
 */
export async function makeMappedImage(images, folder, totalMiB) {
  const image = await makeGoldenImage(images, folder, totalMiB);
  return finish(images, folder, 'mapped', { ...image, keyPartition: image.partitions.at(-1) }, true);
}

/**
 * No holes: a partition of random bytes, and behind it a full ext4 for the key.
 * @returns {Promise<BenchImage>}
 */
export async function makeFullImage(images, folder, totalMiB) {
  const dataMiB = 32;
  const path = join(folder, 'full-sparse.img');
  const image = await images.makeImage(path, {
    table: 'mbr',
    sizeMiB: totalMiB,
    partitions: [
      { type: 'none', sizeMiB: totalMiB - dataMiB - 1 },
      { type: 'ext4', sizeMiB: dataMiB, label: 'data', folders: [{ path: '/mender', mode: 0o700 }], fillPercent: 90 },
    ],
  });
  const [random, keyPartition] = image.partitions;
  await fillWithRandom(path, random);
  const stored = join(folder, 'full.img');
  await copyImage(path, stored);
  await measureProcess('rm', [path]);
  return finish(images, folder, 'full', { ...image, path: stored, keyPartition }, false);
}

async function finish(images, folder, name, { path, bytes, keyPartition }, compressed) {
  const sha256 = await images.sha256File(path);
  // As a build writes it: a sparse image, of which bmaptool asks where the data is.
  const sparse = join(folder, `${name}-for-bmap.img`);
  const bmap = join(folder, `${name}.bmap`);
  await measureProcess('cp', ['--sparse=always', '--reflink=never', path, sparse]);
  await settle(sparse);
  await measureProcess('bmaptool', ['create', '-o', bmap, sparse]);
  const map = await readFile(bmap, 'utf8');
  await measureProcess('rm', [sparse]);
  const zst = compressed ? await compress(images, folder, name, path) : undefined;
  return { name, path, bytes, sha256, mappedBytes: mappedBytesOf(map), mapped: mappedRangesOf(map), keyPartition, zst, bmap };
}

/** bmap 2.0: the header counts the blocks that are to be written. */
function mappedBytesOf(bmap) {
  const [blocks, size] = ['MappedBlocksCount', 'BlockSize'].map((name) => Number(new RegExp(`<${name}>\\s*(\\d+)`).exec(bmap)?.[1]));
  return blocks * size;
}

/** Ranges of blocks, `first-last` or one number. */
function mappedRangesOf(bmap) {
  const blockBytes = Number(/<BlockSize>\s*(\d+)/.exec(bmap)?.[1]);
  return [...bmap.matchAll(/<Range[^>]*>\s*(\d+)(?:-(\d+))?\s*</g)].map(([, first, last]) => ({
    offset: Number(first) * blockBytes,
    length: (Number(last ?? first) - Number(first) + 1) * blockBytes,
  }));
}

async function compress(images, folder, name, path) {
  const target = join(folder, `${name}.img.zst`);
  await measureProcess('zstd', ['-q', '-3', '-T0', path, '-o', target], toolEnvironment);
  await settle(target);
  return { path: target, sha256: await images.sha256File(target) };
}

async function fillWithRandom(path, { offset, bytes }) {
  const handle = await open(path, 'r+');
  const chunk = Buffer.alloc(4 * mebibyte);
  try {
    for (let done = 0; done < bytes; done += chunk.length) await handle.write(randomFillSync(chunk), 0, Math.min(chunk.length, bytes - done), offset + done);
  } finally {
    await handle.close();
  }
}
