import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { cancelled, ImprintError } from '../domain/errors';
import type { ProgressListener } from '../domain/job';
import { ProgressMeter } from '../domain/progress';
import type { ImageFormat, PreparedImage } from '../domain/ports';
import { loadBlockMap } from './block-map/kept-map';
import { ImageCache } from './cache';
import type { ByteSource } from './decode/byte-source';
import { Mutex } from './mutex';
import { decode, detectFormat } from './source';
import { SparseFile } from './sparse-file';
import { stampOf } from './stamp';

export interface PrepareRequest {
  readonly path: string;
  /** The hash that the profile names; without one, whatever is there is prepared. */
  readonly sha256?: string | undefined;
  /** Folder of the station for decoded images; it is made where it is missing. */
  readonly cacheFolder: string;
  readonly onProgress?: ProgressListener | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds of a clock that only goes forward; for the rate of the progress. */
  readonly milliseconds?: (() => number) | undefined;
}

const readBytes = 2 << 20;
/** One preparation at a time: they are as fast as the disk, and two of the same image would write the same file. */
const onePreparation = new Mutex();

/**
 * Makes an image known byte for byte: reads the file once, hashes it as it lies on disk and decoded, decodes a compressed
 * one into the cache, and keeps its block map there. When neither file changed since, the next call returns without reading.
 *
 * @throws ImprintError image-unreadable, image-truncated, image-hash-differs (also where a `.bmap` file beside the image
 *   does not belong to it), image-changed, record-full-disk, cancelled
 */
export function prepareImage(request: PrepareRequest): Promise<PreparedImage> {
  const { signal } = request;
  return new Promise((fulfil, reject) => {
    const leaveQueue = (): void => reject(cancelled());
    signal.addEventListener('abort', leaveQueue, { once: true });
    onePreparation
      .run(() => {
        // From here on a cancellation tidies up first.
        signal.removeEventListener('abort', leaveQueue);
        return prepare({ ...request, path: resolve(request.path), cacheFolder: resolve(request.cacheFolder) });
      })
      .then(fulfil, reject);
  });
}

/**
 * A quick look whether the decoded image is still the one that was hashed.
 *
 * @throws ImprintError image-changed
 */
export async function assertUnchanged(image: PreparedImage): Promise<void> {
  if ((await stampOf(image.decodedPath)) !== image.stamp) throw changed(image.path);
}

async function prepare(request: PrepareRequest): Promise<PreparedImage> {
  const image = await makeKnown(request);
  await loadBlockMap(image, request.cacheFolder, request.signal);
  return image;
}

async function makeKnown(request: PrepareRequest): Promise<PreparedImage> {
  const { path, sha256, signal } = request;
  if (signal.aborted) throw cancelled();
  const cache = new ImageCache(request.cacheFolder);
  const known = await usingCache(async () => {
    await cache.open();
    return sha256 === undefined ? undefined : cache.read(sha256);
  }, request);
  if (known !== undefined && (await cache.stillHolds(known, path))) return known.image;
  const stamp = await stampOf(path);
  const handle = await openImageFile(path);
  try {
    const image = await usingCache(() => readThrough(handle, stamp, cache, request), request);
    if (sha256 === undefined || image.sha256 === sha256) return image;
    throw known?.image.path === path ? changed(path) : hashDiffers(path, sha256, image.sha256);
  } finally {
    await handle.close();
  }
}

async function openImageFile(path: string): Promise<FileHandle> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new ImprintError('image-unreadable', missing ? `There is no image at ${path}.` : `The image ${path} cannot be opened.`, { field: 'image.path', cause });
  });
  const stats = await handle.stat();
  if (!stats.isFile() || stats.size === 0) {
    await handle.close();
    throw new ImprintError('image-unreadable', `The image ${path} is ${stats.isFile() ? 'empty' : 'not a file'}.`, { field: 'image.path', expected: 'a disk image' });
  }
  return handle;
}

/**
 * Reads the whole file once. Where the hash is not the expected one, nothing is kept and the answer says what it is.
 *
 * @param stamp of the file before it was opened
 */
async function readThrough(handle: FileHandle, stamp: string | undefined, cache: ImageCache, request: PrepareRequest): Promise<PreparedImage> {
  const { path, sha256 } = request;
  const start = Buffer.alloc(8);
  const { bytesRead } = await handle.read(start, 0, start.length, 0);
  const format = detectFormat(start.subarray(0, bytesRead), path);
  const source = new HashingSource(handle, (await handle.stat()).size, request);
  const finish = async (decoded: Omit<PreparedImage, 'path' | 'sha256' | 'format'>, hash: string): Promise<PreparedImage> => {
    const image: PreparedImage = { path, sha256: hash, format, ...decoded };
    if (sha256 === undefined || hash === sha256) await cache.write({ image, sourceStamp: stamp ?? '' });
    return image;
  };
  if (format === 'raw') {
    while ((await source.next()) !== undefined);
    const hash = source.digest();
    if (stamp === undefined || (await stampOf(path)) !== stamp) throw changed(path);
    return finish({ decodedPath: path, decodedBytes: source.position, decodedSha256: hash, stamp }, hash);
  }
  return cache.withTemporary(async (temporary) => {
    const decoded = await decodeTo(temporary, source, format, request);
    const hash = source.digest();
    if (stamp === undefined || (await stampOf(path)) !== stamp) throw changed(path);
    const decodedPath = cache.decodedPath(hash);
    // CRASH: first the image under its name, then what says that it is whole.
    if (sha256 === undefined || hash === sha256) await cache.rename(temporary, decodedPath);
    return finish({ ...decoded, decodedPath, stamp: (await stampOf(decodedPath)) ?? '' }, hash);
  });
}

async function decodeTo(temporary: string, source: ByteSource, format: ImageFormat, { path, signal }: PrepareRequest): Promise<{ decodedBytes: number; decodedSha256: string }> {
  const output = await SparseFile.create(temporary);
  const hash = createHash('sha256');
  let decodedBytes = 0;
  try {
    for await (const chunk of decode(source, format, path)) {
      if (signal.aborted) throw cancelled();
      hash.update(chunk);
      decodedBytes += chunk.length;
      await output.append(chunk);
    }
    await output.finish();
  } catch (error) {
    await output.abandon();
    throw error;
  }
  return { decodedBytes, decodedSha256: hash.digest('hex') };
}

/** The file from front to back, hashed on the way. */
class HashingSource implements ByteSource {
  position = 0;
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');
  readonly #progress: ProgressMeter;
  readonly #request: PrepareRequest;
  readonly #bytes: number;

  constructor(handle: FileHandle, bytes: number, request: PrepareRequest) {
    this.#handle = handle;
    this.#bytes = bytes;
    this.#request = request;
    this.#progress = new ProgressMeter('image', bytes, request.onProgress ?? (() => undefined), request.milliseconds ?? (() => performance.now()));
  }

  async next(): Promise<Buffer | undefined> {
    const { path, signal } = this.#request;
    if (signal.aborted) throw cancelled();
    const wanted = Math.min(readBytes, this.#bytes - this.position);
    if (wanted === 0) return undefined;
    // Not reused: a decoder may still hold the chunk before.
    const buffer = Buffer.allocUnsafeSlow(wanted);
    const { bytesRead } = await this.#handle.read(buffer, 0, wanted, this.position).catch((cause: unknown) => {
      throw new ImprintError('image-unreadable', `The image ${path} cannot be read at byte ${String(this.position)}.`, { field: 'image.path', cause });
    });
    if (bytesRead === 0) throw changed(path);
    this.position += bytesRead;
    const chunk = buffer.subarray(0, bytesRead);
    this.#hash.update(chunk);
    this.#progress.add(bytesRead);
    return chunk;
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** The cache's own trouble in words: whatever else goes wrong in there keeps its error. */
async function usingCache<Result>(work: () => Promise<Result>, { cacheFolder }: PrepareRequest): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ImprintError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
      throw new ImprintError('record-full-disk', `The disk with ${cacheFolder} is full: the decoded image has no room there.`, { expected: 'free space for the decoded image', cause: error });
    }
    throw new ImprintError('image-unreadable', `The image cannot be prepared in ${cacheFolder}${typeof code === 'string' ? ` (${code})` : ''}.`, { cause: error });
  }
}

function changed(path: string): ImprintError {
  return new ImprintError('image-changed', `The image ${path} changed since it was checked: it must be checked again before a card is made from it.`, { field: 'image.path', expected: 'the file as it was' });
}

function hashDiffers(path: string, expected: string, actual: string): ImprintError {
  return new ImprintError('image-hash-differs', `The image ${path} has the SHA-256 ${actual.slice(0, 12)}…, the profile names ${expected.slice(0, 12)}….`, { field: 'image.sha256', expected });
}
