import { ImprintError } from '../domain/errors';
import type { ErrorCode } from '../domain/errors';
import type { FilesystemReport } from '../domain/ports';
import { readBytes } from './block-device';
import type { BlockReader } from './block-device';
import { parseSuperblock, superblockBytes, superblockOffset, writableFeatures } from './ext/superblock';
import type { ExtSuperblock } from './ext/superblock';
import { countFreeClusters } from './fat/allocation-table';
import { parseFatGeometry } from './fat/geometry';
import type { FatGeometry } from './fat/geometry';
import type { Partition } from './partition';

/** What lies in a partition, by its first bytes; nothing is mounted. */
export type Filesystem =
  | { readonly family: 'ext'; readonly superblock: ExtSuperblock; readonly label: string | undefined }
  | { readonly family: 'fat'; readonly geometry: FatGeometry; readonly label: string | undefined }
  | { readonly family: 'other'; readonly label: undefined };

export interface Refusal {
  readonly code: ErrorCode;
  readonly sentence: string;
}

/** Looks at the first 2048 bytes of a partition. What is too short or outside of the image is `other`. */
export async function probeFilesystem(reader: BlockReader, partition: Partition): Promise<Filesystem> {
  const end = Math.min(partition.offset + partition.bytes, reader.bytes);
  if (partition.extended || partition.offset + superblockOffset + superblockBytes > end) return { family: 'other', label: undefined };
  const start = await readBytes(reader, partition.offset, superblockOffset + superblockBytes);
  const superblock = parseSuperblock(start.subarray(superblockOffset));
  const geometry = parseFatGeometry(start);
  // mke2fs and mkfs.vfat both wipe what the other one leaves; with the marks of both, nobody knows which one is alive.
  if (superblock !== undefined && geometry === undefined) return { family: 'ext', superblock, label: superblock.label };
  if (geometry !== undefined && superblock === undefined) return { family: 'fat', geometry, label: geometry.label };
  return { family: 'other', label: undefined };
}

/** Why nothing can be injected into this filesystem, or undefined where it can. */
export function refusalFor(filesystem: Filesystem, partition: Partition): Refusal | undefined {
  const name = `Partition ${String(partition.number)}`;
  const unsupported = (sentence: string): Refusal => ({ code: 'image-unsupported-filesystem', sentence });
  if (partition.extended) return unsupported(`${name} is the extended partition, which only holds others.`);
  switch (filesystem.family) {
    case 'other':
      return unsupported(`${name} holds no filesystem that Imprint writes; it writes ext2, ext3, ext4 and vfat.`);
    case 'fat':
      return filesystem.geometry.totalBytes > partition.bytes ? unsupported(`The vfat filesystem in partition ${String(partition.number)} is larger than its partition.`) : undefined;
    case 'ext':
      return extRefusal(filesystem.superblock, partition, name);
  }
}

function extRefusal({ kind, features, blocks, blockSize, cleanlyUnmounted, hasErrors }: ExtSuperblock, partition: Partition, name: string): Refusal | undefined {
  if (features.includes('needs_recovery') || features.includes('orphan_present') || !cleanlyUnmounted) {
    return {
      code: 'image-needs-recovery',
      sentence: `The ${kind} filesystem in partition ${String(partition.number)} was not cleanly unmounted, and the replay of its journal at the first boot could undo the key: mount the golden image once and unmount it cleanly.`,
    };
  }
  if (hasErrors) {
    return { code: 'image-needs-recovery', sentence: `The ${kind} filesystem in partition ${String(partition.number)} is marked as having errors: run e2fsck on the golden image.` };
  }
  if (features.includes('casefold')) {
    return { code: 'image-casefold', sentence: `${name} ignores the case of names (casefold), and the library that writes ext filesystems does not know how: make the filesystem without it.` };
  }
  const unknown = features.filter((feature) => !writableFeatures.has(feature) && !/^FEATURE_C/.test(feature));
  if (unknown.length > 0) {
    return { code: 'image-unsupported-filesystem', sentence: `${name} uses ${kind} features that Imprint cannot write safely: ${unknown.join(', ')}.` };
  }
  if (blocks * blockSize > partition.bytes) {
    return { code: 'image-unsupported-filesystem', sentence: `The ${kind} filesystem in partition ${String(partition.number)} is larger than its partition.` };
  }
  return undefined;
}

/** @throws ImprintError image-needs-recovery, image-casefold, image-unsupported-filesystem */
export function assertWritable(filesystem: Filesystem, partition: Partition): void {
  const refusal = refusalFor(filesystem, partition);
  if (refusal !== undefined) throw new ImprintError(refusal.code, refusal.sentence, { field: 'files.partition' });
}

/** The report that a person sees. Counts the free clusters of a vfat filesystem, which takes a read of its FAT. */
export async function describeFilesystem(reader: BlockReader, partition: Partition): Promise<FilesystemReport> {
  const filesystem = await probeFilesystem(reader, partition);
  const refusal = refusalFor(filesystem, partition)?.sentence;
  const why = refusal === undefined ? {} : { refusal };
  switch (filesystem.family) {
    case 'other':
      return { kind: 'other', features: [], ...why };
    case 'fat': {
      const { geometry, label } = filesystem;
      const freeBytes = refusal === undefined ? (await countFreeClusters(reader, partition.offset, geometry)) * geometry.clusterBytes : undefined;
      return { kind: 'vfat', label, uuid: geometry.serial, blockSize: geometry.clusterBytes, freeBytes, totalBytes: geometry.clusters * geometry.clusterBytes, features: [`FAT${String(geometry.bits)}`], ...why };
    }
    case 'ext': {
      const { kind, label, uuid, blockSize, blocks, freeBlocks, features } = filesystem.superblock;
      return { kind, label, uuid, blockSize, freeBytes: freeBlocks * blockSize, totalBytes: blocks * blockSize, features, ...why };
    }
  }
}
