import type { ByteSource, PeekableSource } from './byte-source';

/** The input ends inside a frame. */
export class ZstdTruncated extends Error {}
/** The input has something that is no frame. */
export class ZstdGarbage extends Error {}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/**
 * Cuts a zstd file into its frames (RFC 8878, 3). Node's decoder stops after the first frame and takes a truncated one
 * for complete, so where frames begin and end is found here, and each is given to a decoder of its own.
 */
export class ZstdFrame implements ByteSource {
  readonly #source: PeekableSource;
  #header = Buffer.alloc(0);
  /** Bytes of the header in hand that are still to come, then what to do with them. */
  #needed = 4;
  #stage: 'magic' | 'skippable' | 'descriptor' | 'parameters' | 'block' | 'body' | 'done' = 'magic';
  #afterBody: 'block' | 'done' = 'done';
  #skip = 0;
  #checksum = 0;

  constructor(source: PeekableSource) {
    this.#source = source;
  }

  /** The next bytes of this frame; undefined at its end. @throws ZstdTruncated, ZstdGarbage */
  async next(): Promise<Buffer | undefined> {
    if (this.#stage === 'done') return undefined;
    const bytes = await this.#source.peek();
    if (bytes === undefined) throw new ZstdTruncated('the input ends inside a frame');
    let at = 0;
    while (at < bytes.length && !this.#ended()) at += this.#consume(bytes.subarray(at));
    this.#source.take(at);
    return bytes.subarray(0, at);
  }

  #ended(): boolean {
    return this.#stage === 'done';
  }

  /** How many of these bytes belong to the part of the frame that is read now. */
  #consume(bytes: Buffer): number {
    if (this.#stage === 'body') {
      const count = Math.min(this.#skip, bytes.length);
      this.#skip -= count;
      if (this.#skip === 0) this.#begin(this.#afterBody, 3);
      return count;
    }
    const count = Math.min(this.#needed - this.#header.length, bytes.length);
    this.#header = Buffer.concat([this.#header, bytes.subarray(0, count)]);
    if (this.#header.length === this.#needed) this.#understand(this.#header);
    return count;
  }

  #understand(header: Buffer): void {
    switch (this.#stage) {
      case 'magic': {
        const magic = header.readUInt32LE(0);
        if (magic === frameMagic) this.#begin('descriptor', 1);
        else if ((magic & 0xfffffff0) >>> 0 === skippableMagic) this.#begin('skippable', 4);
        else throw new ZstdGarbage('what follows is no frame');
        break;
      }
      case 'skippable':
        this.#body(header.readUInt32LE(0), 'done');
        break;
      case 'descriptor': {
        const descriptor = header.readUInt8(0);
        const singleSegment = (descriptor & 0x20) !== 0;
        const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
        const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
        this.#checksum = descriptor & 4 ? 4 : 0;
        const parameters = (singleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
        this.#begin('parameters', parameters);
        break;
      }
      case 'parameters':
        this.#begin('block', 3);
        break;
      case 'block': {
        const block = header.readUIntLE(0, 3);
        const last = (block & 1) === 1;
        const runLength = ((block >> 1) & 3) === 1;
        const size = (runLength ? 1 : block >> 3) + (last ? this.#checksum : 0);
        this.#body(size, last ? 'done' : 'block');
        break;
      }
      case 'body':
      case 'done':
        break;
    }
  }

  #begin(stage: 'skippable' | 'descriptor' | 'parameters' | 'block' | 'done', needed: number): void {
    this.#stage = stage;
    this.#header = Buffer.alloc(0);
    this.#needed = needed;
  }

  #body(bytes: number, after: 'block' | 'done'): void {
    this.#skip = bytes;
    this.#afterBody = after;
    if (bytes === 0) this.#begin(after, 3);
    else this.#stage = 'body';
  }
}
