import type { ExtSuperblock } from '../ext/superblock';

/**
 * Where an ext filesystem keeps what; all places are block numbers of the filesystem.
 * Source: the kernel's Documentation/filesystems/ext4, "Super Block", "Block Group Descriptors", "Layout".
 */
export interface ExtGeometry {
  readonly blockSize: number;
  readonly blocks: number;
  /** Block with which group 0 begins: 1 in filesystems of 1 KiB blocks, since block 0 is for the boot loader. */
  readonly firstBlock: number;
  readonly groups: number;
  readonly blocksPerGroup: number;
  /** Blocks that one bit of a bitmap stands for: more than one with bigalloc. */
  readonly clusterBlocks: number;
  readonly clustersPerGroup: number;
  readonly inodeTableBlocks: number;
  readonly descriptorBytes: number;
  readonly descriptorsPerBlock: number;
  readonly descriptorBlocks: number;
  /** Descriptor blocks from this one on lie in their own meta group. */
  readonly firstMetaGroup: number;
  readonly reservedDescriptorBlocks: number;
  /** Whether the flags of a descriptor mean something. */
  readonly descriptorFlags: boolean;
  readonly superblockGroups: 'all' | 'sparse' | readonly number[];
}

/**
 * @param block the superblock's 1024 bytes
 * @returns undefined where the numbers make no sense together
 */
export function parseExtGeometry(block: Buffer, { blockSize, blocks, features }: ExtSuperblock): ExtGeometry | undefined {
  const has = (name: string): boolean => features.includes(name);
  const firstBlock = block.readUInt32LE(0x14);
  const blocksPerGroup = block.readUInt32LE(0x20);
  const clusterBlocks = has('bigalloc') ? 2 ** (block.readUInt32LE(0x1c) - block.readUInt32LE(0x18)) : 1;
  const clustersPerGroup = has('bigalloc') ? block.readUInt32LE(0x24) : blocksPerGroup;
  const inodesPerGroup = block.readUInt32LE(0x28);
  const inodeBytes = block.readUInt32LE(0x4c) >= 1 ? block.readUInt16LE(0x58) : 128;
  const descriptorBytes = has('64bit') ? block.readUInt16LE(0xfe) : 32;
  const descriptorsPerBlock = Math.floor(blockSize / descriptorBytes);
  const groups = Math.ceil((blocks - firstBlock) / blocksPerGroup);
  const sensible =
    (firstBlock === 0 || (firstBlock === 1 && blockSize === 1024)) &&
    (blockSize === 1024 || firstBlock === 0) &&
    Number.isInteger(clusterBlocks) &&
    clustersPerGroup > 0 &&
    clustersPerGroup % 8 === 0 &&
    clustersPerGroup <= blockSize * 8 &&
    blocksPerGroup === clustersPerGroup * clusterBlocks &&
    inodesPerGroup > 0 &&
    inodesPerGroup <= blockSize * 8 &&
    inodeBytes >= 128 &&
    inodeBytes <= blockSize &&
    (has('64bit') ? descriptorBytes >= 64 && descriptorBytes <= 1024 && Number.isInteger(blockSize / descriptorBytes) : true) &&
    Number.isSafeInteger(blocks * blockSize) &&
    groups > 0 &&
    groups * clustersPerGroup < 2 ** 31;
  if (!sensible) return undefined;
  const descriptorBlocks = Math.ceil(groups / descriptorsPerBlock);
  return {
    blockSize,
    blocks,
    firstBlock,
    groups,
    blocksPerGroup,
    clusterBlocks,
    clustersPerGroup,
    inodeTableBlocks: Math.ceil((inodesPerGroup * inodeBytes) / blockSize),
    descriptorBytes,
    descriptorsPerBlock,
    descriptorBlocks,
    firstMetaGroup: has('meta_bg') ? Math.min(block.readUInt32LE(0x104), descriptorBlocks) : descriptorBlocks,
    reservedDescriptorBlocks: block.readUInt16LE(0xce),
    descriptorFlags: has('uninit_bg') || has('metadata_csum'),
    superblockGroups: has('sparse_super2') ? [block.readUInt32LE(0x24c), block.readUInt32LE(0x250)] : has('sparse_super') ? 'sparse' : 'all',
  };
}

export function hasSuperblock({ superblockGroups }: ExtGeometry, group: number): boolean {
  if (group === 0 || superblockGroups === 'all') return true;
  if (superblockGroups !== 'sparse') return superblockGroups.includes(group);
  return group === 1 || [3, 5, 7].some((base) => isPower(group, base));
}

/** The block with which a group begins. */
export function groupStart({ firstBlock, blocksPerGroup }: ExtGeometry, group: number): number {
  return firstBlock + group * blocksPerGroup;
}

/**
 * How many blocks at a group's start may hold the superblock and descriptors. In group 0 of a filesystem of 1 KiB blocks
 * whose first block is 0, the boot block comes before them.
 */
export function leadingBlocks(geometry: ExtGeometry, group: number): number {
  const { descriptorBlocks, descriptorsPerBlock, firstMetaGroup, reservedDescriptorBlocks } = geometry;
  const own = hasSuperblock(geometry, group) ? 1 : 0;
  const boot = group === 0 ? superblockBlock(geometry) - geometry.firstBlock : 0;
  const metaGroup = Math.floor(group / descriptorsPerBlock);
  if (metaGroup < firstMetaGroup || firstMetaGroup === descriptorBlocks) {
    return own === 0 ? 0 : boot + own + firstMetaGroup + reservedDescriptorBlocks;
  }
  // A meta group keeps its block of descriptors in its first, its second and its last group.
  const position = group % descriptorsPerBlock;
  const copy = position <= 1 || position === descriptorsPerBlock - 1 ? 1 : 0;
  return own + copy === 0 ? 0 : boot + own + copy;
}

/** The block that holds the descriptors of one meta group. */
export function descriptorBlock(geometry: ExtGeometry, index: number): number {
  if (index < geometry.firstMetaGroup) return superblockBlock(geometry) + 1 + index;
  const group = index * geometry.descriptorsPerBlock;
  const boot = group === 0 ? superblockBlock(geometry) - geometry.firstBlock : 0;
  return groupStart(geometry, group) + boot + (hasSuperblock(geometry, group) ? 1 : 0);
}

function superblockBlock({ blockSize }: ExtGeometry): number {
  return Math.floor(1024 / blockSize);
}

function isPower(value: number, base: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}
