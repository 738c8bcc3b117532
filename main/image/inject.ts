import { randomFillSync } from 'node:crypto';
import type { CardFile } from '../domain/profile';
import { ImprintError } from '../domain/errors';
import { readBytes } from './block-device';
import type { BlockReader } from './block-device';
import { createExtFile } from './ext/files';
import type { Extent } from './extents';
import { createFatFile } from './fat/files';
import { assertWritable, probeFilesystem } from './filesystems';
import { locateFile, mostFileBytes } from './locate';
import { OverlayDevice } from './overlay';
import type { OverlayRun } from './overlay';
import { readPartitionTable, resolvePartition } from './partitions';
import type { Partition } from './partition';

export interface InjectionRequest {
  readonly file: CardFile;
  /** Size of the content that will stand there. */
  readonly bytes: number;
}

export interface InjectedFile {
  readonly file: CardFile;
  readonly partition: number;
  readonly bytes: number;
  /** Where the content belongs: absolute disk offsets in file order; their lengths add up to `bytes`. */
  readonly extents: readonly Extent[];
}

export interface Injection {
  /**
   * What makes the card differ from the golden image: sorted, not overlapping, whole blocks of 4096 bytes (only the last
   * one of the image may be shorter). Where the files' content belongs there are random bytes.
   */
  readonly overlay: readonly OverlayRun[];
  readonly files: readonly InjectedFile[];
}

/**
 * Writes files into a golden image by overlay: the image is only read, the changed blocks come back.
 *
 * SECURITY: this runs before or without any key. The files are made of random tokens of the right size; where the tokens
 * came to lie, the card writer puts the keys, from locked memory. So no filesystem library ever sees a key.
 *
 * @param now the files' time in vfat; ext filesystems get the system's
 * @throws ImprintError image-*: nothing is written anywhere, and the overlay is forgotten. profile-invalid
 */
export async function injectFiles(image: BlockReader, requests: readonly InjectionRequest[], now: Date): Promise<Injection> {
  const table = await readPartitionTable(image);
  const overlay = new OverlayDevice(image);
  const placed: { request: InjectionRequest; partition: Partition; token: Buffer }[] = [];
  for (const request of requests) {
    const partition = await resolvePartition(image, table, request.file.partition);
    if (placed.some((other) => other.partition.number === partition.number && other.request.file.path === request.file.path)) {
      throw new ImprintError('profile-invalid', `Two files of the profile have the same place: ${request.file.path} in partition ${String(partition.number)}.`, { field: 'files.path' });
    }
    if (!Number.isInteger(request.bytes) || request.bytes < 1 || request.bytes > mostFileBytes) {
      throw new ImprintError('image-file-not-separable', `${request.file.path} would have ${String(request.bytes)} bytes; a file of a card has 1 to ${String(mostFileBytes)}.`, { field: 'files' });
    }
    const token = randomFillSync(Buffer.alloc(request.bytes));
    await create(overlay, partition, request.file, token, now);
    placed.push({ request, partition, token });
  }
  const runs = overlay.runs();
  const files: InjectedFile[] = [];
  for (const { request, partition, token } of placed) {
    const extents = await separate(overlay, runs, request.file, token);
    files.push({ file: request.file, partition: partition.number, bytes: request.bytes, extents });
  }
  return { overlay: runs, files };
}

async function create(overlay: OverlayDevice, partition: Partition, file: CardFile, token: Buffer, now: Date): Promise<void> {
  const filesystem = await probeFilesystem(overlay, partition);
  assertWritable(filesystem, partition);
  if (filesystem.family === 'ext') await createExtFile(overlay, partition, filesystem.superblock, file, token);
  if (filesystem.family === 'fat') await createFatFile(overlay, partition, filesystem.geometry, file, token, now);
}

/** Where the token lies, and nowhere else: a copy of it in an inode or a journal would stay random on the card. */
async function separate(overlay: OverlayDevice, runs: readonly OverlayRun[], file: CardFile, token: Buffer): Promise<readonly Extent[]> {
  const refusal = (why: string, cause?: unknown): ImprintError =>
    new ImprintError('image-file-not-separable', `The content of ${file.path} cannot be kept apart from the filesystem around it: ${why}.`, { field: 'files', expected: 'a file in blocks of its own', cause });
  const { facts, extents } = await locateFile(overlay, file).catch((cause: unknown) => {
    throw refusal('its blocks are not found again', cause);
  });
  const parts = await Promise.all(extents.map(({ offset, length }) => readBytes(overlay, offset, length)));
  if (facts.bytes !== token.length || !Buffer.concat(parts).equals(token)) throw refusal('its blocks hold something else');
  const start = token.subarray(0, 32);
  const found = runs.flatMap(({ offset, bytes }) => occurrences(bytes, start).map((at) => offset + at));
  // A short token may stand somewhere by chance; a long one cannot.
  if (start.length >= 16 && (found.length !== 1 || found[0] !== extents[0]?.offset)) throw refusal('it stands in more than one place');
  return extents;
}

function occurrences(bytes: Buffer, wanted: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + 1)) found.push(at);
  return found;
}
