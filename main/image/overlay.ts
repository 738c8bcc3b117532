import { blockBytes } from '../domain/extent';
import type { BlockDevice, BlockReader } from './block-device';

/** A run of changed blocks. */
export interface OverlayRun {
  /** From the start of the disk, a multiple of 4096. */
  readonly offset: number;
  /** Whole blocks, filled up from the golden image; only at the image's end the last one may be shorter. */
  readonly bytes: Buffer;
}

/** A disk of two layers: the golden image below, which is only read, and the changed blocks above, in memory. */
export class OverlayDevice implements BlockDevice {
  readonly bytes: number;
  readonly #base: BlockReader;
  readonly #blocks = new Map<number, Buffer>();

  constructor(base: BlockReader) {
    this.#base = base;
    this.bytes = base.bytes;
  }

  async read(buffer: Buffer, bufferOffset: number, length: number, position: number): Promise<void> {
    await this.#base.read(buffer, bufferOffset, length, position);
    this.#forEachPart(length, position, (index, from, done, count) => {
      this.#blocks.get(index)?.copy(buffer, bufferOffset + done, from, from + count);
    });
  }

  async write(buffer: Buffer, bufferOffset: number, length: number, position: number): Promise<void> {
    if (position < 0 || position + length > this.bytes) throw new RangeError('write outside of the image');
    const parts: { index: number; from: number; done: number; count: number }[] = [];
    this.#forEachPart(length, position, (index, from, done, count) => parts.push({ index, from, done, count }));
    for (const { index, from, done, count } of parts) {
      const block = await this.#own(index);
      buffer.copy(block, from, bufferOffset + done, bufferOffset + done + count);
    }
  }

  /** The changed blocks in disk order, neighbours merged. */
  runs(): OverlayRun[] {
    const runs: { offset: number; parts: Buffer[]; end: number }[] = [];
    for (const [index, block] of [...this.#blocks].sort(([a], [b]) => a - b)) {
      const offset = index * blockBytes;
      const last = runs.at(-1);
      if (last?.end === offset) {
        last.parts.push(block);
        last.end += block.length;
      } else {
        runs.push({ offset, parts: [block], end: offset + block.length });
      }
    }
    return runs.map(({ offset, parts }) => ({ offset, bytes: Buffer.concat(parts) }));
  }

  async #own(index: number): Promise<Buffer> {
    const known = this.#blocks.get(index);
    if (known !== undefined) return known;
    const offset = index * blockBytes;
    const block = Buffer.alloc(Math.min(blockBytes, this.bytes - offset));
    await this.#base.read(block, 0, block.length, offset);
    this.#blocks.set(index, block);
    return block;
  }

  #forEachPart(length: number, position: number, use: (index: number, from: number, done: number, count: number) => void): void {
    for (let done = 0; done < length; ) {
      const index = Math.floor((position + done) / blockBytes);
      const from = position + done - index * blockBytes;
      const count = Math.min(blockBytes - from, length - done);
      use(index, from, done, count);
      done += count;
    }
  }
}
