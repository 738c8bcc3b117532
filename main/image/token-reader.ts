import { randomFillSync } from 'node:crypto';
import type { BlockReader } from './block-device';
import { mergeExtents } from './extents';
import type { Extent } from './extents';

const sectorBytes = 512;
/** So many bytes of a token are never found twice. */
const certainBytes = 16;

export class TokensNotFound extends Error {}

/**
 * A disk that finds out where a file lies without giving it away.
 *
 * SECURITY: a filesystem library copies what it reads into memory that nobody can lock or zero (this one into a
 * WebAssembly heap that lives as long as the process). So while a file's content is read, every sector that was not read
 * before as the filesystem's own data is answered with random bytes, and the wrapped reader is not asked at all. The
 * bytes that the library then hands out as the file's content name the sectors, in file order.
 */
export class TokenReader implements BlockReader {
  readonly bytes: number;
  readonly #reader: BlockReader;
  /** Sectors of the filesystem's own data: read while files were looked up. A file's content is not among them. */
  readonly #known = new Set<number>();
  #tokens: Map<number, Buffer> | undefined;
  #served = new Map<number, Buffer>();

  constructor(reader: BlockReader) {
    this.#reader = reader;
    this.bytes = reader.bytes;
  }

  serveTokens(): void {
    this.#tokens = new Map();
  }

  serveDisk(): void {
    this.#served = this.#tokens ?? new Map<number, Buffer>();
    this.#tokens = undefined;
  }

  async read(buffer: Buffer, bufferOffset: number, length: number, position: number): Promise<void> {
    if (this.#tokens === undefined) {
      for (let at = position - (position % sectorBytes); at < position + length; at += sectorBytes) this.#known.add(at);
      await this.#reader.read(buffer, bufferOffset, length, position);
      return;
    }
    if (position % sectorBytes !== 0 || length % sectorBytes !== 0) throw new RangeError('a read that is not made of sectors');
    for (let done = 0; done < length; done += sectorBytes) {
      const at = position + done;
      if (this.#known.has(at)) {
        await this.#reader.read(buffer, bufferOffset + done, sectorBytes, at);
        continue;
      }
      let token = this.#tokens.get(at);
      if (token === undefined) {
        token = randomFillSync(Buffer.alloc(sectorBytes));
        this.#tokens.set(at, token);
      }
      token.copy(buffer, bufferOffset + done);
    }
  }

  /**
   * Maps content that is made of served tokens to the disk.
   *
   * @returns the extents in file order; undefined where a last sector of a few bytes fits two tokens: serve new ones
   * @throws TokensNotFound where the content is no tokens: a hole, a block that is not written, the filesystem's own data
   */
  find(content: Buffer): Extent[] | undefined {
    const extents: Extent[] = [];
    for (let at = 0; at < content.length; at += sectorBytes) {
      const part = content.subarray(at, at + sectorBytes);
      const fitting = [...this.#served].filter(([, token]) => token.subarray(0, part.length).equals(part));
      const [first, second] = fitting;
      if (first === undefined) throw new TokensNotFound('the file has a part that lies in no block of its own');
      if (second !== undefined) {
        if (part.length >= certainBytes) throw new TokensNotFound('two sectors with the same token');
        return undefined;
      }
      extents.push({ offset: first[0], length: part.length });
    }
    return mergeExtents(extents);
  }
}
