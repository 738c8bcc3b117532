/** A stream of bytes that is pulled; undefined at its end. */
export interface ByteSource {
  next(): Promise<Buffer | undefined>;
}

/** Looks at the first bytes of a source without taking them. */
export class PeekableSource implements ByteSource {
  readonly #source: ByteSource;
  #waiting: Buffer | undefined;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The next bytes, one or more of them; undefined at the end. */
  async peek(): Promise<Buffer | undefined> {
    while (this.#waiting === undefined || this.#waiting.length === 0) {
      this.#waiting = await this.#source.next();
      if (this.#waiting === undefined) return undefined;
    }
    return this.#waiting;
  }

  /** Takes the first `count` bytes of what `peek` showed. */
  take(count: number): void {
    this.#waiting = this.#waiting?.subarray(count);
  }

  async next(): Promise<Buffer | undefined> {
    const bytes = await this.peek();
    this.#waiting = undefined;
    return bytes;
  }
}
