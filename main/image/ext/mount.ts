// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- any project that imports this needs the declaration
/// <reference path="./ext2fs.d.ts" />
import ext2fs from 'ext2fs';
import type { Files } from 'ext2fs';
import type { BlockDevice, BlockReader } from '../block-device';
import { Mutex } from '../mutex';
import type { Partition } from '../partition';
import { WindowDisk } from '../window-disk';

/** Open flags of the library, which are Linux's. */
export const openFlags = { readOnly: 0, writeOnly: 1, create: 64, exclusive: 128, noFollow: 131072 } as const;

/** The library is one WebAssembly instance with global state: two mounts at the same time would share its scratch memory. */
const oneMount = new Mutex();

export class NotMounted extends Error {}

/**
 * Mounts the ext filesystem of a partition while `use` runs. What the library writes goes to the device, or nowhere if
 * that can only be read.
 *
 * @throws NotMounted where the library does not know the filesystem; whatever `use` throws
 */
export function withExtFilesystem<Result>(device: BlockReader | BlockDevice, partition: Partition, use: (files: Files) => Promise<Result>): Promise<Result> {
  return oneMount.run(async () => {
    const filesystem = await ext2fs.mount(new WindowDisk(device, partition.offset, partition.bytes)).catch((cause: unknown) => {
      throw new NotMounted('the filesystem cannot be mounted', { cause });
    });
    let result: Result;
    try {
      result = await use(filesystem.promises);
    } catch (error) {
      // The first error tells the story; one of the unmount would be its consequence.
      await ext2fs.umount(filesystem).catch(() => undefined);
      throw error;
    }
    await ext2fs.umount(filesystem);
    return result;
  });
}

/** The name of an errno (`ENOENT`), `UNKNOWN` for the library's own codes, undefined for any other error. */
export function errorName(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** libext2fs's own codes for "no block left" and "no inode left" (ext2_err.et: EXT2_ET_BLOCK_ALLOC_FAIL and the next). */
const allocationErrors: readonly unknown[] = [2133571400, 2133571401];

/** Whether the filesystem ran out of blocks or inodes. */
export function isFull(error: unknown): boolean {
  return errorName(error) === 'ENOSPC' || (error instanceof Error && 'errno' in error && allocationErrors.includes(error.errno));
}
