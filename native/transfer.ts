import { addon } from './addon';

// Transfers run on libuv's threads (four for the whole process unless UV_THREADPOOL_SIZE says otherwise) and keep their
// buffers alive. Positions are bytes from the start of the file or device. All reject with NativeError, whose `position`
// says how far the transfer came, or with TypeError for an argument of another type or outside its range. With O_DIRECT the
// buffer's address, its length and the position must be multiples of the logical block size, else EINVAL.

/**
 * Fills the buffer from `position` on; short transfers and interruptions are continued.
 *
 * @returns the number of bytes read: less than the buffer's length only at the end of the file or device
 */
export async function readAt(fd: number, buffer: Uint8Array, position: number): Promise<number> {
  return addon().readAt(fd, fixed(buffer), position);
}

/**
 * Writes the whole buffer to `position`; short transfers and interruptions are continued. Durable only after fsync.
 *
 * @returns the buffer's length
 * @throws NativeError ENOSPC at the end of a device or on a full disk
 */
export async function writeAt(fd: number, buffer: Uint8Array, position: number): Promise<number> {
  return addon().writeAt(fd, fixed(buffer), position);
}

/**
 * Reads as much as `expected` holds into `scratch` and compares. It verifies the medium only if `fd` was opened with
 * O_DIRECT; else the page cache may answer.
 *
 * @param scratch at least as long as `expected`, not overlapping it; holds what was read afterwards
 * @returns -1 if they are the same, else the first offset within `expected` that differs (the end of the file counts)
 */
export async function compareAt(fd: number, expected: Uint8Array, scratch: Uint8Array, position: number): Promise<number> {
  return addon().compareAt(fd, fixed(expected), fixed(scratch), position);
}

/** Memory that could shrink under a running transfer would crash the process. */
export function fixed(buffer: Uint8Array): Uint8Array {
  if (buffer instanceof Uint8Array && 'resizable' in buffer.buffer && buffer.buffer.resizable) {
    throw new TypeError('a buffer over a resizable ArrayBuffer can not be transferred');
  }
  return buffer;
}
