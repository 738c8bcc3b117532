import { open, type FileHandle } from 'node:fs/promises';
import { cancelled, ImprintError } from '../domain/errors';
import type { ProgressListener } from '../domain/job';
import { ProgressMeter } from '../domain/progress';
import { alignedBuffer, digestBytes, IoQueue, transferBuffers } from '../../native/index';
import { chunkBytes, headBytes, type Extent } from './card-plan';

/**
 * What of an image is written, cut into pieces of one transfer each, with a digest of every piece as it was when the whole
 * image's SHA-256 was checked.
 */
export interface PieceIndex {
  /** In the order of their places; the head of the image is the first. */
  readonly pieces: readonly Extent[];
  /** `digestBytes` for each piece. */
  readonly digests: Buffer;
}

/** Threads that read the image, for all cards together. */
const readers = 2;

/**
 * Pieces that stay in memory after the last card has used them, for cards that come a little later. A card that is alone
 * needs none: fewer buffers stay in the processor's cache.
 */
const keptPieces = 32;
const keptPiecesOfOne = 6;

/**
 * Cuts the mapped ranges of an image into pieces. The head is always one of them, and no piece crosses a boundary of
 * `chunkBytes`, so cards with another map still share most of them.
 */
export function cutPieces(ranges: readonly Extent[], imageBytes: number): Extent[] {
  const head = Math.min(headBytes, imageBytes);
  const pieces: Extent[] = [{ offset: 0, length: head }];
  for (const range of ranges) {
    const end = Math.min(range.offset + range.length, imageBytes);
    for (let at = Math.max(range.offset, head); at < end; ) {
      const next = Math.min(end, at - (at % chunkBytes) + chunkBytes);
      pieces.push({ offset: at, length: next - at });
      at = next;
    }
  }
  return pieces;
}

/** The digests of pieces of an image. @throws ImprintError image-changed, image-unreadable, cancelled */
export async function indexPieces(path: string, pieces: readonly Extent[], onProgress: ProgressListener, signal: AbortSignal): Promise<PieceIndex> {
  const handle = await openImage(path);
  const queue = new IoQueue(readers);
  const digests = Buffer.alloc(pieces.length * digestBytes);
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  const meter = new ProgressMeter('image', total, onProgress, () => performance.now());
  let next = 0;
  const work = async (): Promise<void> => {
    const buffer = alignedBuffer(chunkBytes);
    for (let index = next++; index < pieces.length; index = next++) {
      if (signal.aborted) throw cancelled();
      const { offset, length } = pieces[index] ?? { offset: 0, length: 0 };
      const found = await readingImage(() => queue.digest(handle.fd, buffer.subarray(0, length), offset));
      found.copy(digests, index * digestBytes);
      meter.add(length);
    }
  };
  try {
    await Promise.all(Array.from({ length: readers }, work));
    return { pieces, digests };
  } finally {
    queue.close();
    await handle.close();
  }
}

interface Held {
  readonly buffer: Buffer;
  readonly ready: Promise<void>;
  /** Whether the reading has ended; until then the buffer is the kernel's. */
  settled: boolean;
  users: number;
}

/**
 * A golden image that any number of cards are made from at once. Each piece is read once for all cards that need it at about
 * the same time; a card that lags behind gets its pieces read again and never holds up the others.
 *
 * Memory: `keptPieces`, and as many pieces as the cards have transfers in flight; nothing grows with the image.
 */
export class GoldenImage {
  readonly path: string;
  readonly bytes: number;
  readonly index: PieceIndex;
  readonly #handle: FileHandle;
  readonly #queue = new IoQueue(readers);
  readonly #held = new Map<number, Held>();
  readonly #spare: Buffer[] = [];
  #newest = 0;
  #cards = 0;
  #reads = 0;
  #mostHeld = 0;

  private constructor(handle: FileHandle, path: string, bytes: number, index: PieceIndex) {
    this.#handle = handle;
    this.path = path;
    this.bytes = bytes;
    this.index = index;
  }

  /** @throws ImprintError image-unreadable */
  static async open(path: string, bytes: number, index: PieceIndex): Promise<GoldenImage> {
    return new GoldenImage(await openImage(path), path, bytes, index);
  }

  /** A card that is made from it from now on, until `leave`. */
  join(): void {
    this.#cards += 1;
  }

  leave(): void {
    this.#cards -= 1;
  }

  /** The piece at which a card that comes now begins: where the others are, so that they share what follows. */
  get newest(): number {
    return this.#newest;
  }

  /** How many pieces were read, and how many were in memory at most. */
  get statistics(): { readonly reads: number; readonly mostHeld: number } {
    return { reads: this.#reads, mostHeld: this.#mostHeld };
  }

  /**
   * A piece's bytes. They are shared: whoever wants to change them takes a copy. Each `take` needs its `release`.
   *
   * @throws ImprintError image-changed where they are not what was hashed at the import, image-unreadable
   */
  async take(index: number): Promise<Buffer> {
    let held = this.#held.get(index);
    if (held === undefined) {
      const buffer = this.#freeBuffer();
      const loading: Held = { buffer, ready: this.#load(index, buffer), settled: false, users: 0 };
      const settled = (): void => {
        loading.settled = true;
      };
      loading.ready.then(settled, settled);
      held = loading;
      this.#held.set(index, held);
      this.#mostHeld = Math.max(this.#mostHeld, this.#held.size);
      this.#newest = index;
    } else {
      // The order of a map is the order of use: what was used last is thrown away last.
      this.#held.delete(index);
      this.#held.set(index, held);
    }
    held.users += 1;
    try {
      await held.ready;
      return held.buffer.subarray(0, this.#piece(index).length);
    } catch (thrown) {
      held.users -= 1;
      if (held.users === 0 && this.#held.get(index) === held) this.#held.delete(index);
      throw thrown;
    }
  }

  release(index: number): void {
    const held = this.#held.get(index);
    if (held !== undefined && held.users > 0) held.users -= 1;
    this.#forgetOldest();
  }

  /** Some bytes from anywhere, for a caller that brings the memory. @throws ImprintError image-changed, image-unreadable */
  async read(into: Buffer, position: number): Promise<void> {
    if ((await readingImage(() => this.#queue.read(this.#handle.fd, into, position))) === into.length) return;
    throw shorter();
  }

  /** What a piece must digest to. */
  digestOf(index: number): Buffer {
    return this.index.digests.subarray(index * digestBytes, (index + 1) * digestBytes);
  }

  async close(): Promise<void> {
    this.#queue.close();
    await Promise.allSettled([...this.#held.values()].map((held) => held.ready));
    this.#held.clear();
    await this.#handle.close();
  }

  #piece(index: number): Extent {
    const piece = this.index.pieces[index];
    if (piece === undefined) throw new RangeError('no such piece');
    return piece;
  }

  async #load(index: number, buffer: Buffer): Promise<void> {
    const { offset, length } = this.#piece(index);
    const bytes = buffer.subarray(0, length);
    this.#reads += 1;
    let found: Buffer;
    try {
      found = await this.#queue.digest(this.#handle.fd, bytes, offset);
    } catch (thrown) {
      throw readingError(thrown);
    }
    if (!found.equals(this.digestOf(index))) throw imageChanged();
  }

  #freeBuffer(): Buffer {
    this.#forgetOldest();
    if (this.#spare.length === 0) this.#spare.push(...transferBuffers(2, chunkBytes));
    return this.#spare.pop() ?? alignedBuffer(chunkBytes);
  }

  #forgetOldest(): void {
    const kept = this.#cards === 1 ? keptPiecesOfOne : keptPieces;
    for (const [index, held] of this.#held) {
      if (this.#held.size <= kept) return;
      if (held.users > 0 || !held.settled) continue;
      this.#held.delete(index);
      if (this.#spare.length < kept) this.#spare.push(held.buffer);
    }
  }
}

export function openImage(path: string): Promise<FileHandle> {
  return readingImage(() => open(path, 'r'));
}

/** Whatever reading the image throws, as an error of the image. */
export async function readingImage<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (thrown) {
    throw readingError(thrown);
  }
}

function readingError(thrown: unknown): ImprintError {
  if (thrown instanceof ImprintError) return thrown;
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENODATA') return shorter();
  return new ImprintError('image-unreadable', 'The golden image cannot be read: check the disk of this computer.', { field: 'image.path', cause: thrown });
}

function shorter(): ImprintError {
  return new ImprintError('image-changed', 'The golden image became shorter while it was read: check the image file.', { field: 'image.path' });
}

export function imageChanged(): ImprintError {
  return new ImprintError('image-changed', 'The golden image changed after it was checked: the card was not finished; check the image file.', { field: 'image.sha256' });
}

