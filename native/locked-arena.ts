import { constants } from 'node:os';
import { markAsUntransferable } from 'node:worker_threads';
import { addon } from './addon';
import type { NativeError } from './addon';
import { FreeList } from './free-list';
import { pageSize, requireAlignment, requireLength, zero } from './memory';

/** Everything starts at a multiple of this, so that a released piece leaves no splinter that nobody can use. */
const granule = 16;

interface Piece {
  readonly offset: number;
  readonly reserved: number;
}

/**
 * One block of memory for secrets: never swapped out (mlock), not in core dumps (MADV_DONTDUMP), zeros in a forked child
 * (MADV_WIPEONFORK). Pieces are cut from it, so the process's lock limit is used once, in whole pages.
 *
 * Where the limit forbids locking, it works all the same with `locked` false, and the caller should say so to the person.
 * Locking does not keep memory out of a hibernation image.
 *
 * A buffer from here is a view: after `release` its bytes belong to somebody else, so no transfer may still be running on
 * it. Its `.buffer` is the whole arena. Copies (Buffer.from, structuredClone, postMessage) are ordinary memory.
 *
 * The memory lives until `dispose`, or until the process or worker ends in good order, which erases it too; garbage
 * collection never takes it, because it would give unerased pages back.
 */
export class LockedArena {
  readonly locked: boolean;
  /** Why it is not locked: one line with the errno's name. */
  readonly lockError?: string;
  /** Usable bytes: what was asked for, rounded up to whole pages. */
  readonly capacity: number;

  readonly #store: ArrayBuffer;
  readonly #start: number;
  readonly #free: FreeList;
  readonly #pieces = new Map<Buffer, Piece>();
  #disposed = false;

  /**
   * @param bytes size; the pages are taken and locked at once
   * @throws TypeError for a size that is not a positive integer, RangeError if there is no such amount of memory
   */
  constructor(bytes: number) {
    requireLength(bytes);
    const page = pageSize();
    // One page more: the allocation need not start at a page, and its first and last page may be shared with others.
    this.capacity = Math.ceil(bytes / page) * page;
    this.#store = new ArrayBuffer(this.capacity + page);
    markAsUntransferable(this.#store);
    const { offset, error } = addon().lockPages(this.#store, this.capacity);
    this.#start = offset;
    this.#free = new FreeList(this.capacity, granule);
    this.locked = error === undefined;
    if (error !== undefined) {
      this.lockError = error.message;
    }
  }

  /** Bytes in the hands of callers, as they asked for them. */
  get bytesInUse(): number {
    let total = 0;
    for (const buffer of this.#pieces.keys()) {
      total += buffer.length;
    }
    return total;
  }

  /**
   * A zero-filled piece.
   *
   * @param alignment bytes, a power of two up to the page size
   * @throws TypeError for a length that is not a positive integer, or another alignment
   * @throws NativeError ENOMEM if no free piece is large enough, EINVAL after `dispose`
   */
  allocate(bytes: number, alignment = granule): Buffer {
    requireLength(bytes);
    requireAlignment(alignment);
    if (alignment > pageSize()) {
      throw new TypeError('alignment must not be larger than a page');
    }
    if (this.#disposed) {
      throw allocationError('EINVAL', 'the locked memory was given back already');
    }
    const reserved = Math.ceil(bytes / granule) * granule;
    const offset = this.#free.take(reserved, alignment);
    if (offset === undefined) {
      throw allocationError('ENOMEM', `the locked memory has no ${bytes} bytes left in one piece`);
    }
    const buffer = Buffer.from(this.#store, this.#start + offset, bytes);
    this.#pieces.set(buffer, { offset, reserved });
    return buffer;
  }

  /**
   * Erases exactly this piece and takes it back. Also works after `dispose`, so that a `finally` never fails in a shutdown.
   *
   * @param buffer the very object that `allocate` returned
   * @throws TypeError for any other object, a part of a piece, or a piece released before
   */
  release(buffer: Buffer): void {
    const piece = this.#pieces.get(buffer);
    if (piece === undefined) {
      throw new TypeError('buffer must be one that this arena handed out and that was not released before');
    }
    zero(buffer);
    this.#pieces.delete(buffer);
    this.#free.give(piece.offset, piece.reserved);
  }

  /** Erases everything, also what is in use: for an emergency. The pieces stay with their holders, who still release them. */
  wipe(): void {
    zero(new Uint8Array(this.#store));
  }

  /** Erases everything, unlocks it and lets go of it. A second call does nothing. */
  dispose(): void {
    if (this.#disposed) {
      return;
    }
    this.#disposed = true;
    addon().unlockPages(this.#store);
  }
}

function allocationError(code: 'EINVAL' | 'ENOMEM', sentence: string): NativeError {
  return Object.assign(new Error(`${code}: ${sentence}`), {
    code,
    errno: constants.errno[code],
    syscall: 'allocate',
  });
}
