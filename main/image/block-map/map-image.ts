import type { BlockReader } from '../block-device';
import type { Extent } from '../extents';
import { checkBmap, findBmap, readBmap } from './bmap-file';
import { complement, normaliseRanges } from './ranges';
import { unusedAreas } from './unused-areas';

/**
 * Which blocks of a golden image matter.
 *
 * The map knows the image, not a device's files: an overlay may lie in blocks that it leaves out, since that is where the
 * filesystem had room. So whoever writes or compares a card takes the overlay's runs as well.
 * A block that is left out may hold anything in the image, not only zeros.
 */
export interface BlockMap {
  /** Who says so: a `.bmap` file beside the image, or the filesystems' own allocation data. */
  readonly source: 'bmap' | 'filesystems';
  /**
   * Absolute, sorted, not overlapping, in whole blocks of 4096 bytes except at the image's very end; at least 64 KiB lie
   * between two of them.
   */
  readonly ranges: readonly Extent[];
  readonly mappedBytes: number;
}

/**
 * Maps a decoded image. Where a `.bmap` file lies beside the original, that one is checked and taken; without one, every
 * block is mapped that a reader of the card could ever need, and in doubt all of them.
 *
 * @param imagePath the original file, decoded or not: its name tells the name of the `.bmap` file
 * @throws ImprintError image-hash-differs where a `.bmap` file and the image do not belong together, image-unreadable
 *   where one is malformed, cancelled; whatever the reader throws
 */
export async function mapImage(reader: BlockReader, imagePath: string, signal?: AbortSignal): Promise<BlockMap> {
  const path = await findBmap(imagePath);
  if (path === undefined) return blockMap('filesystems', complement(await unusedAreas(reader, signal), reader.bytes), reader.bytes);
  const bmap = await readBmap(path);
  await checkBmap(reader, bmap, imagePath, signal);
  return blockMap('bmap', bmap.ranges, reader.bytes);
}

function blockMap(source: BlockMap['source'], needed: readonly Extent[], bytes: number): BlockMap {
  const ranges = normaliseRanges(needed, bytes);
  return { source, ranges, mappedBytes: ranges.reduce((sum, { length }) => sum + length, 0) };
}
