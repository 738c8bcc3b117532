import { cancelled, ImprintError } from '../../domain/errors';
import { readBytes } from '../block-device';
import type { BlockReader } from '../block-device';
import type { Extent } from '../extents';
import { probeFilesystem } from '../filesystems';
import type { Partition, PartitionTable } from '../partition';
import { readPartitionTable } from '../partitions';
import { unusedInExt } from './ext-unused';
import { unusedInFat } from './fat-unused';
import type { UnusedSpace } from './unused-space';

/** The second copy of a GPT lies in the last 33 sectors of a disk. */
const backupTableBytes = 1 << 20;
const scanBytes = 1 << 20;
const zeros = Buffer.alloc(scanBytes);

/** Types whose content is swap, LVM, RAID or LUKS: a filesystem that seems to be in there is a leftover. */
const opaqueTypes: ReadonlySet<string> = new Set([
  ...['0x82', '0x8e', '0xe8', '0xfd'],
  '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F',
  'E6D6D379-F507-44C2-A23C-238F2A3DF928',
  'A19D880F-05FC-4D3B-A006-743F0F84911E',
  'CA7D7CCB-63ED-4C53-861C-1742536059CC',
  '7FFEC5C9-2D00-49B7-8941-3EA10A5586B7',
]);

/** Marks of other things that may have been put over an old filesystem without wiping it. */
const foreignMarks: readonly (readonly [number, string])[] = [
  [0, 'LUKS\xba\xbe'],
  [0, 'XFSB'],
  [0, 'hsqs'],
  [0, '\xfc\x4e\x2b\xa9'],
  [512, 'LABELONE'],
  [4086, 'SWAPSPACE2'],
  [4096, '\xfc\x4e\x2b\xa9'],
  [32769, 'CD001'],
  [65600, '_BHRfS_M'],
];

/**
 * The stretches of an image that no reader of the card needs: blocks that a clean filesystem calls free, and gaps
 * between and behind partitions that are all zero. Whatever is not understood is needed, up to the whole image.
 */
export async function unusedAreas(reader: BlockReader, signal?: AbortSignal): Promise<Extent[]> {
  const table = await readTable(reader);
  const partitions = (table?.partitions ?? [])
    .filter((partition) => !partition.extended && partition.bytes > 0)
    .toSorted((one, other) => one.offset - other.offset);
  const [first] = partitions;
  if (table === undefined || first === undefined) return [];
  const unused: Extent[] = [];
  let position = first.offset;
  for (const partition of partitions) {
    // Two tables' worth of truth about the same blocks: needed is what either needs, so everything.
    if (partition.offset < position) return [];
    unused.push(...(await zeroGap(reader, position, partition.offset, signal)));
    position = partition.offset + partition.bytes;
    const space = await unusedInPartition(reader, partition);
    if (space === undefined) continue;
    unused.push(...space.extents, ...(await zeroGap(reader, space.end, position, signal)));
  }
  unused.push(...(await zeroGap(reader, position, table.table === 'gpt' ? reader.bytes - backupTableBytes : reader.bytes, signal)));
  return unused;
}

async function readTable(reader: BlockReader): Promise<PartitionTable | undefined> {
  try {
    return await readPartitionTable(reader);
  } catch (error) {
    if (error instanceof ImprintError && error.code === 'image-no-partition-table') return undefined;
    throw error;
  }
}

async function unusedInPartition(reader: BlockReader, partition: Partition): Promise<UnusedSpace | undefined> {
  if (opaqueTypes.has(partition.type)) return undefined;
  const filesystem = await probeFilesystem(reader, partition);
  if (filesystem.family === 'other' || (await hasForeignMark(reader, partition))) return undefined;
  return filesystem.family === 'ext' ? unusedInExt(reader, partition, filesystem.superblock) : unusedInFat(reader, partition, filesystem.geometry);
}

async function hasForeignMark(reader: BlockReader, { offset, bytes }: Partition): Promise<boolean> {
  const start = await readBytes(reader, offset, Math.max(0, Math.min(128 * 1024, bytes, reader.bytes - offset)));
  return foreignMarks.some(([at, mark]) => start.toString('latin1', at, at + mark.length) === mark);
}

/** The gap from `start` to `end`, where it is inside of the image and all zero; else nothing. */
async function zeroGap(reader: BlockReader, start: number, end: number, signal: AbortSignal | undefined): Promise<Extent[]> {
  const to = Math.min(end, reader.bytes);
  if (to <= start) return [];
  const buffer = Buffer.allocUnsafe(Math.min(scanBytes, to - start));
  for (let at = start; at < to; at += buffer.length) {
    if (signal?.aborted === true) throw cancelled();
    const length = Math.min(buffer.length, to - at);
    await reader.read(buffer, 0, length, at);
    if (buffer.compare(zeros, 0, length, 0, length) !== 0) return [];
  }
  return [{ offset: start, length: to - start }];
}
