import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ImprintError } from '../../main/domain/errors';
import type { CardFile } from '../../main/domain/profile';
import { injectFiles, locateFile } from '../../main/image';
import type { BlockReader } from '../../main/image';
import { makeImage } from '../support/images';
import type { ImageSpecification } from '../support/images';

// libext2fs complains about each damaged block, thousands of them; it takes hold of the function when it is loaded.
vi.hoisted(() => {
  console.warn = () => undefined;
});

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imprint-damage-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const file: CardFile = { content: 'private-key', partition: { number: 1 }, path: '/mender/mender-agent.pem', mode: 0o600, uid: 0, gid: 0, createFolders: false };

function readerOf(image: Buffer): BlockReader {
  return {
    bytes: image.length,
    read(buffer, bufferOffset, length, position) {
      if (position < 0 || position + length > image.length) return Promise.reject(new ImprintError('image-truncated', 'read outside of the image'));
      image.copy(buffer, bufferOffset, position, position + length);
      return Promise.resolve();
    },
  };
}

/** The same numbers in every run, so that a failure can be seen again. */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

async function outcome(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'done';
  } catch (error) {
    if (error instanceof ImprintError) return error.code;
    throw new Error('an error that no person at the bench understands', { cause: error });
  }
}

const images: Record<string, ImageSpecification> = {
  'ext4 in an MBR': { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 4, files: [{ path: file.path, bytes: Buffer.alloc(2484, 1) }] }] },
  'ext4 without checksums': { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 4, blockSize: 1024, features: ['^metadata_csum'], files: [{ path: file.path, bytes: Buffer.alloc(2484, 1) }] }] },
  'vfat in a GPT': { table: 'gpt', partitions: [{ type: 'vfat', sizeMiB: 4, files: [{ path: file.path, bytes: Buffer.alloc(2484, 1) }] }] },
};

describe('a damaged image or card', () => {
  it.each(Object.keys(images))('ends in a sentence, and the next good one works: %s', async (name) => {
    const specification = images[name];
    if (specification === undefined) throw new Error('no specification');
    const path = join(folder, 'damage.img');
    await makeImage(path, specification);
    const image = await readFile(path);
    const random = pseudoRandom(7);
    // What is not zero is nearly all structure here.
    const used: number[] = [];
    for (let at = 0; at < image.length; at += 4) if (image.readUInt32LE(at) !== 0) used.push(at);
    const seen = new Set<string>();
    for (let round = 0; round < 150; round += 1) {
      const damaged = Buffer.from(image);
      for (let count = 0; count <= round % 4; count += 1) {
        const at = used[Math.floor(random() * used.length)] ?? 0;
        damaged.writeUInt32LE(Math.floor(random() * 2 ** 32), at);
      }
      seen.add(await outcome(() => injectFiles(readerOf(damaged), [{ file, bytes: 2484 }], new Date(0))));
      seen.add(await outcome(() => locateFile(readerOf(damaged), file)));
    }
    expect(seen.size).toBeGreaterThan(2);
    expect(await outcome(() => injectFiles(readerOf(image), [{ file, bytes: 2484 }], new Date(0)))).toBe('done');
    expect(await outcome(() => locateFile(readerOf(image), file))).toBe('done');
  });
});
