import { readBytes } from '../block-device';
import type { BlockReader } from '../block-device';
import { superblockBytes, superblockOffset } from '../ext/superblock';
import type { ExtSuperblock } from '../ext/superblock';
import type { Extent } from '../extents';
import type { Partition } from '../partition';
import { descriptorBlock, groupStart, leadingBlocks, parseExtGeometry } from './ext-geometry';
import type { ExtGeometry } from './ext-geometry';
import type { UnusedSpace } from './unused-space';
import { UsedBits } from './used-bits';

/** Features that leave the block bitmaps what they are: the truth about every block of a clean filesystem. */
const understood: ReadonlySet<string> = new Set([
  ...['filetype', 'meta_bg', 'extent', '64bit', 'mmp', 'flex_bg', 'ea_inode', 'metadata_csum_seed', 'large_dir', 'inline_data', 'encrypt', 'casefold'],
  ...['sparse_super', 'large_file', 'huge_file', 'uninit_bg', 'dir_nlink', 'extra_isize', 'quota', 'bigalloc', 'metadata_csum', 'read-only', 'project', 'verity'],
  ...['dir_prealloc', 'imagic_inodes', 'has_journal', 'ext_attr', 'resize_inode', 'dir_index', 'sparse_super2', 'fast_commit', 'stable_inodes', 'orphan_file'],
]);

/** BG_BLOCK_UNINIT: the group's bitmap was never written, only the group's own structures are in use. */
const bitmapUnwritten = 2;

interface Group {
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
  readonly freeClusters: number;
  readonly bitmapWritten: boolean;
}

/**
 * The free blocks of an ext2, ext3 or ext4 filesystem by its own bitmaps. Structures of the filesystem are never among
 * them, whatever the bitmaps say; a journal is a file like any other.
 *
 * @returns undefined where there is any doubt: not clean, an unknown feature, numbers that contradict each other
 */
export async function unusedInExt(reader: BlockReader, partition: Partition, superblock: ExtSuperblock): Promise<UnusedSpace | undefined> {
  const { features, blocks, blockSize, cleanlyUnmounted, hasErrors } = superblock;
  const bytes = blocks * blockSize;
  if (!cleanlyUnmounted || hasErrors || features.some((feature) => !understood.has(feature))) return undefined;
  if (bytes > partition.bytes || partition.offset + bytes > reader.bytes) return undefined;
  const geometry = parseExtGeometry(await readBytes(reader, partition.offset + superblockOffset, superblockBytes), superblock);
  if (geometry === undefined) return undefined;
  const groups = await readGroups(reader, partition, geometry);
  if (groups.some((group) => !liesInside(group, geometry))) return undefined;
  const used = await readBitmaps(reader, partition, geometry, groups);
  if (used === undefined) return undefined;
  const extents: Extent[] = [];
  for (const [start, end] of used.unused()) {
    const from = geometry.firstBlock + start * geometry.clusterBlocks;
    const to = Math.min(geometry.firstBlock + end * geometry.clusterBlocks, blocks);
    extents.push({ offset: partition.offset + from * blockSize, length: (to - from) * blockSize });
  }
  return { extents, end: partition.offset + bytes };
}

async function readGroups(reader: BlockReader, partition: Partition, geometry: ExtGeometry): Promise<Group[]> {
  const { blockSize, descriptorBytes, descriptorsPerBlock, descriptorFlags } = geometry;
  const groups: Group[] = [];
  for (let index = 0; index < geometry.descriptorBlocks; index += 1) {
    const block = await readBytes(reader, partition.offset + descriptorBlock(geometry, index) * blockSize, blockSize);
    for (let position = 0; position < descriptorsPerBlock && groups.length < geometry.groups; position += 1) {
      const at = position * descriptorBytes;
      const number = (low: number, high: number): number => block.readUInt32LE(at + low) + (descriptorBytes >= 64 ? block.readUInt32LE(at + high) * 2 ** 32 : 0);
      groups.push({
        blockBitmap: number(0x0, 0x20),
        inodeBitmap: number(0x4, 0x24),
        inodeTable: number(0x8, 0x28),
        freeClusters: block.readUInt16LE(at + 0xc) + (descriptorBytes >= 64 ? block.readUInt16LE(at + 0x2c) * 2 ** 16 : 0),
        bitmapWritten: !descriptorFlags || (block.readUInt16LE(at + 0x12) & bitmapUnwritten) === 0,
      });
    }
  }
  return groups;
}

function liesInside({ blockBitmap, inodeBitmap, inodeTable }: Group, { firstBlock, blocks, inodeTableBlocks }: ExtGeometry): boolean {
  return Math.min(blockBitmap, inodeBitmap, inodeTable) > firstBlock && Math.max(blockBitmap + 1, inodeBitmap + 1, inodeTable + inodeTableBlocks) <= blocks;
}

/**
 * All bitmaps in one, with the structures marked. Each group also keeps the number of its free clusters: where one
 * differs, something is damaged, and nobody knows what is in use.
 */
async function readBitmaps(reader: BlockReader, partition: Partition, geometry: ExtGeometry, groups: readonly Group[]): Promise<UsedBits | undefined> {
  const { blockSize, firstBlock, clusterBlocks, clustersPerGroup, inodeTableBlocks } = geometry;
  const used = new UsedBits(Math.ceil((geometry.blocks - firstBlock) / clusterBlocks));
  const countsRight = (group: Group, index: number): boolean => {
    const start = index * clustersPerGroup;
    return used.countUnused(start, Math.min(start + clustersPerGroup, used.count)) === group.freeClusters;
  };
  for (const [index, group] of groups.entries()) {
    if (!group.bitmapWritten) continue;
    const start = (index * clustersPerGroup) / 8;
    await reader.read(used.bytes, start, Math.min(clustersPerGroup / 8, used.bytes.length - start), partition.offset + group.blockBitmap * blockSize);
    if (!countsRight(group, index)) return undefined;
  }
  const mark = (block: number, count: number): void => {
    used.mark(Math.floor((block - firstBlock) / clusterBlocks), Math.ceil((block + count - firstBlock) / clusterBlocks));
  };
  for (const [index, group] of groups.entries()) {
    const start = groupStart(geometry, index);
    mark(start, Math.min(leadingBlocks(geometry, index), geometry.blocks - start));
    mark(group.blockBitmap, 1);
    mark(group.inodeBitmap, 1);
    mark(group.inodeTable, inodeTableBlocks);
  }
  // A group whose bitmap was never written has nothing in it but what was marked just now.
  return groups.every((group, index) => group.bitmapWritten || countsRight(group, index)) ? used : undefined;
}
