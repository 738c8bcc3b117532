import { randomFillSync } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { measureProcess } from '../harness/process.mjs';

const mebibyte = 2 ** 20;
const dataMiB = 128;
const fillerMiB = 32;
/** Part of each root filesystem that files take. */
const filled = 0.4;

/**
 * An image in Mender's layout (vfat boot, two ext4 root filesystems with 40 % of incompressible files, ext4 data with /mender), stored
 * in full: what a decompressed image is.
 * @param {object} images the module tests/support/images
 * @returns {Promise<{path: string, bytes: number, partitions: {index: number, offset: number, bytes: number}[]}>}
 */
export async function makeGoldenImage(images, folder, totalMiB) {
  const sparse = join(folder, 'sparse.img');
  const image = await images.standardMenderImage(sparse, dataMiB, totalMiB);
  const source = join(folder, 'filler');
  for (const { offset, bytes } of image.partitions.slice(1, 3)) {
    let left = Math.floor((bytes * filled) / mebibyte);
    for (let number = 1; left > 0; number += 1) {
      const size = Math.min(left, fillerMiB);
      await writeRandom(source, size);
      await images.debugfs(sparse, offset, `write "${source}" /filler-${number}`, { write: true });
      left -= size;
    }
  }
  await rm(source);
  const path = join(folder, 'golden.img');
  await copyImage(sparse, path);
  await rm(sparse);
  return { ...image, path };
}

/** A copy with every block of its own, and nothing of it left to be written while somebody is measured. */
export async function copyImage(from, to) {
  await measureProcess('cp', ['--sparse=never', '--reflink=never', from, to]);
  await settle(to);
}

/** Waits until a file is on the disk. */
export async function settle(path) {
  const handle = await open(path, 'r+');
  await handle.sync().finally(() => handle.close());
}

async function writeRandom(path, mebibytes) {
  const handle = await open(path, 'w');
  try {
    const chunk = Buffer.alloc(mebibyte);
    for (let written = 0; written < mebibytes; written += 1) await handle.write(randomFillSync(chunk));
  } finally {
    await handle.close();
  }
}
