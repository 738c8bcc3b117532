/**
 * Layout of a FAT filesystem, from its BIOS parameter block.
 * Source: Microsoft Extensible Firmware Initiative FAT32 File System Specification 1.03. Which width of FAT it is
 * follows Linux (and fsck.fat): FAT32 where the 16-bit FAT size is zero, else by the number of clusters.
 */
export interface FatGeometry {
  readonly bits: 12 | 16 | 32;
  readonly sectorBytes: number;
  readonly clusterBytes: number;
  readonly clusters: number;
  /** Offsets are bytes from the start of the partition. */
  readonly fatOffset: number;
  readonly fatBytes: number;
  /** Which copies of the FAT are kept, the one that counts first. */
  readonly fatCopies: readonly number[];
  readonly dataOffset: number;
  /** FAT12 and FAT16: the root folder's fixed place. */
  readonly rootOffset: number;
  readonly rootBytes: number;
  /** FAT32: the root folder's first cluster. */
  readonly rootCluster: number;
  /** FAT32: the sector with the count of free clusters. */
  readonly informationOffset: number | undefined;
  readonly totalBytes: number;
  readonly label: string | undefined;
  /** As blkid prints it: `1A2B-3C4D`. */
  readonly serial: string | undefined;
}

/**
 * @param boot the first 512 bytes of a partition
 * @returns undefined where this is no FAT filesystem
 */
export function parseFatGeometry(boot: Buffer): FatGeometry | undefined {
  if (boot.length < 512 || boot.readUInt16LE(510) !== 0xaa55) return undefined;
  if (boot.readUInt8(0) !== 0xeb && boot.readUInt8(0) !== 0xe9) return undefined;
  const sectorBytes = boot.readUInt16LE(11);
  const sectorsPerCluster = boot.readUInt8(13);
  const reserved = boot.readUInt16LE(14);
  const copies = boot.readUInt8(16);
  const rootEntries = boot.readUInt16LE(17);
  const fatSectors16 = boot.readUInt16LE(22);
  const wide = fatSectors16 === 0;
  const fatSectors = wide ? boot.readUInt32LE(36) : fatSectors16;
  const totalSectors = boot.readUInt16LE(19) === 0 ? boot.readUInt32LE(32) : boot.readUInt16LE(19);
  if (![512, 1024, 2048, 4096].includes(sectorBytes) || !powerOfTwo(sectorsPerCluster) || reserved === 0 || copies === 0 || copies > 2 || boot.readUInt8(21) < 0xf0) return undefined;
  const rootBytes = Math.ceil((rootEntries * 32) / sectorBytes) * sectorBytes;
  const fatOffset = reserved * sectorBytes;
  const fatBytes = fatSectors * sectorBytes;
  const rootOffset = fatOffset + copies * fatBytes;
  const dataOffset = rootOffset + rootBytes;
  const clusterBytes = sectorsPerCluster * sectorBytes;
  const totalBytes = totalSectors * sectorBytes;
  const clusters = Math.floor((totalBytes - dataOffset) / clusterBytes);
  const bits = wide ? 32 : clusters > 4084 ? 16 : 12;
  if (fatSectors === 0 || clusters < 1 || fatBytes * 8 < (clusters + 2) * bits || (wide ? rootEntries !== 0 : rootEntries === 0)) return undefined;
  const flags = wide ? boot.readUInt16LE(40) : 0;
  const all = Array.from({ length: copies }, (_, index) => index);
  const extended = wide ? 66 : 38;
  const signed = boot.readUInt8(extended) === 0x29;
  const label = signed ? boot.toString('latin1', extended + 5, extended + 16).trimEnd() : '';
  const serial = boot.readUInt32LE(extended + 1).toString(16).toUpperCase().padStart(8, '0');
  const information = wide ? boot.readUInt16LE(48) : 0;
  return {
    bits,
    sectorBytes,
    clusterBytes,
    clusters,
    fatOffset,
    fatBytes,
    // Bit 7: only the FAT that the low bits name is active.
    fatCopies: (flags & 0x80) === 0 ? all : [Math.min(flags & 0xf, copies - 1)],
    dataOffset,
    rootOffset,
    rootBytes,
    rootCluster: wide ? boot.readUInt32LE(44) : 0,
    informationOffset: information === 0 || information === 0xffff ? undefined : information * sectorBytes,
    totalBytes,
    label: label === '' || label === 'NO NAME' ? undefined : label,
    serial: signed ? `${serial.slice(0, 4)}-${serial.slice(4)}` : undefined,
  };
}

function powerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}
