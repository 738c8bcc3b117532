import { join } from 'node:path';
import type { ProgressListener } from '../../domain/job';
import type { PreparedImage } from '../../domain/ports';
import type { Erasure } from '../../domain/profile';
import { cutPieces, GoldenImage, indexPieces, type PieceIndex } from '../../flash/golden-image';
import { readIndexFile, writeIndexFile } from '../../flash/piece-index-file';
import { assertUnchanged, loadBlockMap } from '../../image/index';

interface Shared {
  readonly golden: Promise<GoldenImage>;
  users: number;
}

/** The golden images that cards are made from right now, one for all cards that write the same pieces of it. */
export class GoldenImages {
  readonly #cacheFolder: string;
  readonly #indexes = new Map<string, PieceIndex>();
  readonly #open = new Map<string, Shared>();

  constructor(cacheFolder: string) {
    this.#cacheFolder = cacheFolder;
  }

  /**
   * The index of an image; made once and kept beside the image's cache.
   *
   * @throws ImprintError image-changed, image-unreadable, cancelled
   */
  async index(image: PreparedImage, erasure: Erasure, onProgress: ProgressListener, signal: AbortSignal): Promise<PieceIndex> {
    const name = nameOf(image, erasure);
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    const ranges = erasure === 'full' ? [{ offset: 0, length: image.decodedBytes }] : (await loadBlockMap(image, this.#cacheFolder, signal)).ranges;
    const binding = { decodedSha256: image.decodedSha256, stamp: image.stamp, pieces: cutPieces(ranges, image.decodedBytes) };
    const path = join(this.#cacheFolder, `${image.sha256}.${erasure === 'full' ? 'full' : 'mapped'}.json`);
    let index = await readIndexFile(path, binding);
    if (index === undefined) {
      index = await indexPieces(image.decodedPath, binding.pieces, onProgress, signal);
      // The bytes that were digested are those that were hashed only if nobody has written the file since.
      await assertUnchanged(image);
      await writeIndexFile(path, binding, index);
    }
    this.#indexes.set(name, index);
    return index;
  }

  /** For the time of `use`; the last user closes the image. */
  async with<T>(image: PreparedImage, erasure: Erasure, signal: AbortSignal, use: (golden: GoldenImage) => Promise<T>): Promise<T> {
    const name = nameOf(image, erasure);
    let shared = this.#open.get(name);
    if (shared === undefined) {
      const golden = this.index(image, erasure, () => undefined, signal).then((index) => GoldenImage.open(image.decodedPath, image.decodedBytes, index));
      shared = { golden, users: 0 };
      this.#open.set(name, shared);
    }
    shared.users += 1;
    try {
      const golden = await shared.golden;
      golden.join();
      try {
        return await use(golden);
      } finally {
        golden.leave();
      }
    } finally {
      shared.users -= 1;
      if (shared.users === 0) {
        this.#open.delete(name);
        await shared.golden.then((golden) => golden.close()).catch(() => undefined);
      }
    }
  }
}

function nameOf({ sha256, stamp }: PreparedImage, erasure: Erasure): string {
  return `${sha256} ${stamp} ${erasure === 'full' ? 'full' : 'mapped'}`;
}
