import type { BlockReader } from '../block-device';
import { readBytes } from '../block-device';
import type { Extent } from '../extents';
import { AllocationTable } from '../fat/allocation-table';
import type { FatGeometry } from '../fat/geometry';
import type { Partition } from '../partition';
import type { UnusedSpace } from './unused-space';
import { UsedBits } from './used-bits';

/** Entry 1 of the table: the volume was unmounted, and no error was seen (FAT32 specification 1.03, "FAT Volume Initialization"). */
const cleanMarks = { 12: 0, 16: 0xc000, 32: 0x0c000000 } as const;
/** Where Linux notes in the boot sector that the volume is mounted, by width. */
const stateOffsets = { 12: 0x25, 16: 0x25, 32: 0x41 } as const;

/**
 * The free clusters of a FAT filesystem: those that every copy of the FAT calls free and that no chain leads to.
 *
 * @returns undefined where there is any doubt: not cleanly unmounted, larger than its partition
 */
export async function unusedInFat(reader: BlockReader, partition: Partition, geometry: FatGeometry): Promise<UnusedSpace | undefined> {
  const { bits, clusters, clusterBytes, fatOffset, fatBytes, rootOffset, dataOffset, rootCluster, totalBytes } = geometry;
  if (totalBytes > partition.bytes || partition.offset + totalBytes > reader.bytes) return undefined;
  const state = await readBytes(reader, partition.offset + stateOffsets[bits], 1);
  if (state.readUInt8(0) !== 0) return undefined;
  const used = new UsedBits(clusters);
  if (rootCluster >= 2 && rootCluster < clusters + 2) used.mark(rootCluster - 2, rootCluster - 1);
  // Also the copies that are not kept: what reads them must find what they name.
  for (let copy = 0; copy < Math.round((rootOffset - fatOffset) / fatBytes); copy += 1) {
    const table = new AllocationTable(reader, partition.offset, { ...geometry, fatCopies: [copy] });
    if (((await table.get(1)) & cleanMarks[bits]) !== cleanMarks[bits]) return undefined;
    await table.each((cluster, entry) => {
      if (entry === 0) return true;
      used.mark(cluster - 2, cluster - 1);
      if (entry >= 2 && entry < clusters + 2) used.mark(entry - 2, entry - 1);
      return true;
    });
  }
  const extents: Extent[] = [];
  for (const [start, end] of used.unused()) extents.push({ offset: partition.offset + dataOffset + start * clusterBytes, length: (end - start) * clusterBytes });
  return { extents, end: partition.offset + totalBytes };
}
