import { createCipheriv, createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from '../support/paths.mjs';
import { Problem } from '../support/problem.mjs';
import { run } from '../support/run.mjs';

const mebibyte = 1024 * 1024;

/** What is put into the second root filesystem, so that there is something to write and to read back. */
const fillerBytes = 16 * mebibyte;

const bootLoaderOffset = 8 * 1024;

/** A place inside that filler: every campaign writes it and reads it back. */
export const placeInFiller = 50 * mebibyte + 300 * 1024;

/**
 * The practice bench's image with a boot loader before its partitions and a filled second root filesystem: 97 MiB, 37 of
 * them mapped.
 * @returns {Promise<{path: string, bytes: number, sha256: string, dataOffset: number}>}
 */
export async function makeGoldenImage(folder) {
  const path = join(folder, 'golden.sdimg');
  const decode = await run('sh', ['-c', 'xz --decompress --stdout "$1" > "$2"', 'sh', inRoot('main', 'practice', 'assets', 'golden.sdimg.xz'), path]);
  if (decode.code !== 0) throw new Problem(`The practice image could not be decoded: ${decode.output}`);
  const filler = join(folder, 'filler');
  writeFileSync(filler, createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(Buffer.alloc(fillerBytes)));
  const [, , rootfsB, data] = partitionOffsets(path);
  const { output } = await run('/usr/sbin/debugfs', ['-w', '-R', `write ${filler} /filler.bin`, `${path}?offset=${rootfsB}`]);
  if (!output.includes('Allocated inode')) throw new Problem(`debugfs did not fill the image: ${output}`);
  // As on boards whose boot loader lies between the partition table and the first partition: half a head shows.
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, readFileSync(filler), 0, mebibyte - bootLoaderOffset, bootLoaderOffset);
  closeSync(descriptor);
  const found = readAt(path, placeInFiller, 4096);
  if (found.every((byte) => byte === 0)) throw new Problem('The image has nothing at the place where the campaign breaks its cards.');
  const content = readFileSync(path);
  return { path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex'), dataOffset: data };
}

function partitionOffsets(path) {
  const table = readAt(path, 446, 64);
  return [0, 16, 32, 48].map((at) => table.readUInt32LE(at + 8) * 512);
}

export function readAt(path, offset, length) {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
  } finally {
    closeSync(descriptor);
  }
}
