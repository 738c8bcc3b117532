/**
 * What the superblock of an ext2, ext3 or ext4 filesystem says, read without any library.
 * Source: the kernel's Documentation/filesystems/ext4, "Super Block"; names as e2fsprogs prints them.
 */
export interface ExtSuperblock {
  readonly kind: 'ext2' | 'ext3' | 'ext4';
  readonly label: string | undefined;
  readonly uuid: string;
  readonly blockSize: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly reservedBlocks: number;
  readonly freeInodes: number;
  readonly cleanlyUnmounted: boolean;
  readonly hasErrors: boolean;
  readonly features: readonly string[];
}

/** Where the superblock lies in its partition, and how long it is. */
export const superblockOffset = 1024;
export const superblockBytes = 1024;

const compatible = ['dir_prealloc', 'imagic_inodes', 'has_journal', 'ext_attr', 'resize_inode', 'dir_index', 'lazy_bg', 'exclude_inode', 'exclude_bitmap', 'sparse_super2', 'fast_commit', 'stable_inodes', 'orphan_file'];
const incompatible = ['compression', 'filetype', 'needs_recovery', 'journal_dev', 'meta_bg', undefined, 'extent', '64bit', 'mmp', 'flex_bg', 'ea_inode', undefined, 'dirdata', 'metadata_csum_seed', 'large_dir', 'inline_data', 'encrypt', 'casefold'];
const readOnlyCompatible = ['sparse_super', 'large_file', undefined, 'huge_file', 'uninit_bg', 'dir_nlink', 'extra_isize', 'snapshot', 'quota', 'bigalloc', 'metadata_csum', 'replica', 'read-only', 'project', 'shared_blocks', 'verity', 'orphan_present'];

/** What ext3 knows as well; any other incompatible or read-only compatible feature makes it an ext4 (as libblkid decides). */
const olderFeatures: readonly string[] = ['filetype', 'needs_recovery', 'meta_bg', 'sparse_super', 'large_file'];

/**
 * Features with which the library may write a file and leave a filesystem that e2fsck finds clean; tried with all of
 * them. Quotas are missing because their counts would be off, bigalloc, mmp and verity because the library does not mount them.
 */
export const writableFeatures: ReadonlySet<string> = new Set([
  ...['filetype', 'meta_bg', 'extent', '64bit', 'flex_bg', 'ea_inode', 'metadata_csum_seed', 'large_dir', 'inline_data', 'encrypt'],
  ...['sparse_super', 'large_file', 'huge_file', 'uninit_bg', 'dir_nlink', 'extra_isize', 'metadata_csum'],
  // A compatible feature never forbids writing.
  ...compatible,
]);

/**
 * @param block the 1024 bytes at offset 1024 of a partition
 * @returns undefined where this is no ext filesystem
 */
export function parseSuperblock(block: Buffer): ExtSuperblock | undefined {
  if (block.length < superblockBytes || block.readUInt16LE(0x38) !== 0xef53) return undefined;
  const logBlockSize = block.readUInt32LE(0x18);
  if (logBlockSize > 6) return undefined;
  const dynamic = block.readUInt32LE(0x4c) >= 1;
  const masks = dynamic ? { compatible: block.readUInt32LE(0x5c), incompatible: block.readUInt32LE(0x60), readOnly: block.readUInt32LE(0x64) } : { compatible: 0, incompatible: 0, readOnly: 0 };
  const critical = [...names(masks.incompatible, incompatible, 'I'), ...names(masks.readOnly, readOnlyCompatible, 'R')];
  const features = [...names(masks.compatible, compatible, 'C'), ...critical];
  const wide = features.includes('64bit');
  const count = (low: number, high: number): number => block.readUInt32LE(low) + (wide ? block.readUInt32LE(high) * 2 ** 32 : 0);
  const state = block.readUInt16LE(0x3a);
  const label = block.toString('utf8', 0x78, 0x88).replace(/\0.*$/s, '');
  const uuid = block.toString('hex', 0x68, 0x78).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return {
    kind: critical.some((name) => !olderFeatures.includes(name)) ? 'ext4' : features.includes('has_journal') ? 'ext3' : 'ext2',
    label: label === '' ? undefined : label,
    uuid,
    blockSize: 1024 << logBlockSize,
    blocks: count(0x4, 0x150),
    freeBlocks: count(0xc, 0x158),
    reservedBlocks: count(0x8, 0x154),
    freeInodes: block.readUInt32LE(0x10),
    cleanlyUnmounted: (state & 1) === 1,
    hasErrors: (state & 2) === 2,
    features,
  };
}

function names(mask: number, table: readonly (string | undefined)[], letter: string): string[] {
  const found: string[] = [];
  for (let bit = 0; bit < 32; bit += 1) {
    if ((mask >>> bit) & 1) found.push(table[bit] ?? `FEATURE_${letter}${String(bit)}`);
  }
  return found;
}
