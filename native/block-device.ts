import { addon } from './addon';

// All of these throw NativeError: EBADF for a descriptor that is not open, ENOTTY for one that is no block device; and
// TypeError for an argument of another type or outside its range. Offsets and lengths are bytes.

/** The size in bytes (BLKGETSIZE64). */
export function deviceSize(fd: number): number {
  return addon().deviceSize(fd);
}

/** The smallest addressable block in bytes: what O_DIRECT transfers are multiples of (BLKSSZGET). */
export function logicalBlockSize(fd: number): number {
  return addon().logicalBlockSize(fd);
}

/** The smallest block in bytes that the device writes without reading first (BLKPBSZGET). */
export function physicalBlockSize(fd: number): number {
  return addon().physicalBlockSize(fd);
}

/** Whether the device refuses writes, as a card with its slide on "lock" does (BLKROGET). */
export function isReadOnly(fd: number): boolean {
  return addon().isReadOnly(fd);
}

/**
 * Asks the kernel to read the partition table again (BLKRRPART).
 *
 * @returns false if it would not: a partition is in use, the device has no partitions, or this process is not root. In the
 * last case udev does it as soon as a descriptor that was open for writing is closed.
 */
export function rereadPartitionTable(fd: number): boolean {
  return addon().rereadPartitionTable(fd);
}

/**
 * Tells the kernel that the cached pages of this range are not needed (POSIX_FADV_DONTNEED). It drops whole pages that are
 * clean and that nobody else has mapped: fsync first, and do not take it for a proof that a later read comes from the device.
 *
 * @param length 0 means up to the end
 */
export function dropCache(fd: number, offset: number, length: number): void {
  addon().dropCache(fd, offset, length);
}

/**
 * Writes out and forgets every cached page of the device (BLKFLSBUF). Needs CAP_SYS_ADMIN: EACCES without root. Runs in
 * the background.
 */
export async function flushBuffers(fd: number): Promise<void> {
  await addon().flushBuffers(fd);
}

/**
 * Tells the device that the range holds nothing any more (BLKDISCARD). Runs in the background. What a later read gives is
 * the device's choice; only `zeroOutRange` promises zeros.
 *
 * @param offset multiple of the logical block size, like `length`, else EINVAL
 * @throws NativeError EOPNOTSUPP where the device has no discard
 */
export async function discardRange(fd: number, offset: number, length: number): Promise<void> {
  await addon().discardRange(fd, offset, length);
}

/**
 * Makes the range read as zeros: by unmapping where the device vouches for zeros afterwards, by its own command, else by
 * writing (fallocate(2) with a hole, then BLKZEROOUT). In a file it makes a hole. Runs in the background; it can take as long
 * as writing the range.
 *
 * @param offset multiple of the logical block size, like `length`, else EINVAL; what lies behind the end is left out
 * @returns whether it was done by unmapping
 */
export async function zeroOutRange(fd: number, offset: number, length: number): Promise<boolean> {
  return (await addon().zeroOutRange(fd, offset, length)) === 1;
}
