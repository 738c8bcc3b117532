import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

const blockBytes = 64 * 1024;
const bufferBytes = 4 << 20;
const zeros = Buffer.alloc(blockBytes);

/** Writes a file from front to back and leaves holes for blocks of 64 KiB that are all zero. */
export class SparseFile {
  readonly #handle: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(bufferBytes);
  #filled = 0;
  #written = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** @throws EEXIST where the file is there already */
  static async create(path: string): Promise<SparseFile> {
    return new SparseFile(await open(path, 'wx', 0o644));
  }

  async append(chunk: Buffer): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const count = chunk.copy(this.#buffer, this.#filled, done);
      this.#filled += count;
      done += count;
      if (this.#filled === bufferBytes) await this.#flush();
    }
  }

  /** Makes the file durable and closes it. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#handle.truncate(this.#written);
    await this.#handle.sync();
    await this.#handle.close();
  }

  /** Closes the file as it is; it may be closed already. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }

  async #flush(): Promise<void> {
    const end = this.#filled;
    for (let from = 0; from < end; ) {
      let to = from;
      while (to < end && !this.#isHole(to, end)) to = Math.min(to + blockBytes, end);
      if (to > from) await this.#write(from, to);
      while (to < end && this.#isHole(to, end)) to = Math.min(to + blockBytes, end);
      from = to;
    }
    this.#written += end;
    this.#filled = 0;
  }

  #isHole(from: number, end: number): boolean {
    const length = Math.min(blockBytes, end - from);
    return this.#buffer.compare(zeros, 0, length, from, from + length) === 0;
  }

  async #write(from: number, to: number): Promise<void> {
    for (let at = from; at < to; ) {
      const { bytesWritten } = await this.#handle.write(this.#buffer, at, to - at, this.#written + at);
      at += bytesWritten;
    }
  }
}
