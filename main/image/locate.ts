import type { CardFileFacts } from '../domain/ports';
import type { CardFile } from '../domain/profile';
import { ImprintError } from '../domain/errors';
import type { BlockReader } from './block-device';
import { locateExtFile } from './ext/files';
import type { Extent } from './extents';
import { locateFatFile } from './fat/files';
import { probeFilesystem } from './filesystems';
import { readPartitionTable, resolvePartition } from './partitions';
import { fileUnreadable } from './refusals';

/** The longest file that is taken for a key: in every filesystem its blocks stand in the inode itself. */
export const mostFileBytes = 12 * 1024;

export interface LocatedFile {
  readonly facts: CardFileFacts;
  /** Whether the filesystem keeps mode and owner at all; vfat does not. */
  readonly attributed: boolean;
  /** Absolute disk offsets in file order; their lengths add up to the file's size. */
  readonly extents: readonly Extent[];
}

/**
 * Finds out where on a disk a file lies. vfat keeps neither mode nor owner: its facts say 0777 and 0:0.
 *
 * SECURITY: the reader is never asked for the file's content; whoever wants it reads the extents into locked memory.
 *
 * @throws ImprintError verify-file-missing, verify-key-unreadable (damaged, empty, larger than 12 KiB, sparse, inline,
 *   no such partition or filesystem); whatever the reader throws
 */
export async function locateFile(reader: BlockReader, file: CardFile): Promise<LocatedFile> {
  const partition = await readPartitionTable(reader)
    .then((table) => resolvePartition(reader, table, file.partition))
    .catch((error: unknown) => {
      if (error instanceof ImprintError && error.code.startsWith('image-')) throw new ImprintError('verify-file-missing', `The card has no ${file.path}: its partition is not there.`, { cause: error });
      throw error;
    });
  const filesystem = await probeFilesystem(reader, partition);
  const identity = { path: file.path, partition: partition.number };
  switch (filesystem.family) {
    case 'ext': {
      const { facts, extents } = await locateExtFile(reader, partition, file.path, mostFileBytes);
      return { facts: { ...identity, ...facts }, attributed: true, extents };
    }
    case 'fat': {
      const { bytes, extents } = await locateFatFile(reader, partition, filesystem.geometry, file.path, mostFileBytes);
      return { facts: { ...identity, bytes, mode: 0o777, uid: 0, gid: 0 }, attributed: false, extents };
    }
    case 'other':
      throw fileUnreadable(file.path, partition.number, 'there is no filesystem that can be read');
  }
}
