import { addon } from './addon';
import { fixed } from './transfer';

/**
 * Transfers on threads of their own, otherwise like those of transfer.ts: one queue for each card, so that a slow or stuck
 * card takes no thread from anybody else. As many transfers run at once as the queue has threads.
 */
export class IoQueue {
  readonly #handle: object;

  /** @param threads 1 to 16 @throws NativeError EAGAIN where the system has no more threads */
  constructor(threads: number) {
    this.#handle = addon().createQueue(threads);
  }

  /** As `readAt`. */
  async read(fd: number, buffer: Uint8Array, position: number): Promise<number> {
    return addon().readAt(fd, fixed(buffer), position, this.#handle);
  }

  /** As `writeAt`. */
  async write(fd: number, buffer: Uint8Array, position: number): Promise<number> {
    return addon().writeAt(fd, fixed(buffer), position, this.#handle);
  }

  /** As `compareAt`. */
  async compare(fd: number, expected: Uint8Array, scratch: Uint8Array, position: number): Promise<number> {
    return addon().compareAt(fd, fixed(expected), fixed(scratch), position, this.#handle);
  }

  /**
   * Fills the buffer from `position` on and returns the digest of what was read.
   *
   * @throws NativeError ENODATA where the file or device ends before the buffer does
   */
  async digest(fd: number, buffer: Uint8Array, position: number): Promise<Buffer> {
    return addon().digestAt(fd, fixed(buffer), position, this.#handle);
  }

  /** As `zeroOutRange`. */
  async zeroOut(fd: number, offset: number, length: number): Promise<boolean> {
    return (await addon().zeroOutRange(fd, offset, length, this.#handle)) === 1;
  }

  /** As `discardRange`. */
  async discard(fd: number, offset: number, length: number): Promise<void> {
    return addon().discardRange(fd, offset, length, this.#handle);
  }

  /**
   * Transfers that have not begun end with ECANCELED, those that run end in their own time; later ones end with ECANCELED.
   * Never waits, not even for a device that has stopped to answer.
   */
  close(): void {
    addon().closeQueue(this.#handle);
  }
}

/** Bytes of a digest. */
export const digestBytes = 16;

/**
 * XXH3 with 128 bits in canonical byte order: tells pieces of an image apart at memory speed. It finds every fault of a
 * medium or a cable; it is no defence against somebody who makes two pieces with one digest, SHA-256 is there for that.
 */
export function digest(buffer: Uint8Array): Buffer {
  return addon().digest(buffer);
}
