import { markAsUntransferable } from 'node:worker_threads';
import { addon } from './addon';

/** Overwrites the bytes with zeros in a way that no optimiser leaves out. */
export function zero(buffer: Uint8Array): void {
  addon().zero(buffer);
}

/** Whether both hold the same bytes, in a time that depends only on their lengths. */
export function equal(left: Uint8Array, right: Uint8Array): boolean {
  return addon().equal(left, right);
}

/** The address of the first byte. It stays valid as long as the memory behind the buffer is alive: it never moves. */
export function addressOf(buffer: Uint8Array): bigint {
  return addon().addressOf(buffer);
}

export function isAligned(buffer: Uint8Array, alignment: number): boolean {
  requireAlignment(alignment);
  return addressOf(buffer) % BigInt(alignment) === 0n;
}

/** The size of a page of memory in bytes. */
export function pageSize(): number {
  return addon().pageSize();
}

/**
 * A zero-filled buffer that starts at a multiple of `alignment`, as O_DIRECT asks for. Not locked: for images, not for keys.
 *
 * @param alignment bytes, a power of two
 * @throws TypeError for a length that is not a positive integer, or another alignment
 */
export function alignedBuffer(bytes: number, alignment = 4096): Buffer {
  requireLength(bytes);
  requireAlignment(alignment);
  const store = new ArrayBuffer(bytes + alignment - 1);
  // A transfer while the kernel writes into it would pull the memory away from under the kernel.
  markAsUntransferable(store);
  const past = Number(addressOf(new Uint8Array(store)) % BigInt(alignment));
  return Buffer.from(store, past === 0 ? 0 : alignment - past, bytes);
}

/** The size of a huge page on x86-64 and arm64. */
const hugePageBytes = 2 ** 21;

/**
 * Buffers for transfers, cut from memory in huge pages where the system has them: the kernel then looks up one page for each
 * transfer instead of hundreds. Not locked, and not zeroed by whoever used them before: for images, not for keys.
 *
 * @param bytes of each buffer, a multiple of 4096
 */
export function transferBuffers(count: number, bytes: number): Buffer[] {
  const slab = alignedBuffer(Math.ceil((count * bytes) / hugePageBytes) * hugePageBytes, hugePageBytes);
  addon().adviseHugePages(slab);
  return Array.from({ length: count }, (_, index) => slab.subarray(index * bytes, (index + 1) * bytes));
}

export function requireLength(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    throw new TypeError('bytes must be a positive integer');
  }
}

export function requireAlignment(alignment: number): void {
  if (!Number.isSafeInteger(alignment) || alignment <= 0 || alignment > 2 ** 30 || (alignment & (alignment - 1)) !== 0) {
    throw new TypeError('alignment must be a power of two');
  }
}
