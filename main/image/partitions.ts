import { crc32 } from 'node:zlib';
import { getPartitions } from 'partitioninfo';
import type { GetPartitionsResult } from 'partitioninfo';
import { ImprintError } from '../domain/errors';
import { describePartition } from '../domain/profile';
import type { PartitionReference } from '../domain/profile';
import { readBytes } from './block-device';
import type { BlockReader } from './block-device';
import { probeFilesystem } from './filesystems';
import type { Partition, PartitionTable } from './partition';
import { WindowDisk } from './window-disk';

const sectorBytes = 512;
const extendedTypes: readonly number[] = [0x05, 0x0f, 0x85];
const gptTypeByte = 0xee;
/** A chain of logical partitions is read one sector each; more reads than this are a chain that bites its tail. */
const mostReads = 300;

/**
 * Reads an MBR (with its logical partitions) or a GPT.
 *
 * @throws ImprintError image-no-partition-table
 */
export async function readPartitionTable(reader: BlockReader): Promise<PartitionTable> {
  if (reader.bytes < 2 * sectorBytes) throw noTable('it is too short to hold one');
  const boot = await readBytes(reader, 0, sectorBytes);
  const slots = mbrSlots(boot);
  if (slots.some((slot) => slot.type === gptTypeByte)) {
    if (slots.find((slot) => slot.type !== 0)?.type !== gptTypeByte) throw noTable('its MBR and its GPT contradict each other');
    const numbers = await gptNumbers(reader);
    return gpt(await ask(reader), numbers);
  }
  return mbr(await ask(reader), slots);
}

/**
 * The partition that a reference means.
 *
 * @throws ImprintError image-no-such-partition (none, more than one of that label, or an extended one); image-truncated
 *   where the image ends before the partition does
 */
export async function resolvePartition(reader: BlockReader, { partitions }: PartitionTable, reference: PartitionReference): Promise<Partition> {
  const found = 'number' in reference ? partitions.filter((partition) => partition.number === reference.number) : await labelled(reader, partitions, reference.label);
  const [partition, ...others] = found;
  const field = 'files.partition';
  if (partition === undefined) {
    const numbers = partitions.map((candidate) => String(candidate.number)).join(', ');
    throw new ImprintError('image-no-such-partition', `The image has no ${describePartition(reference).replace(/^the /, '')}; it has ${numbers}.`, { field, expected: `one of ${numbers}` });
  }
  if (others.length > 0) {
    const numbers = found.map((candidate) => String(candidate.number)).join(' and ');
    throw new ImprintError('image-no-such-partition', `${capitalised(describePartition(reference))} is ambiguous: partitions ${numbers} have this label; name it by its number.`, { field, expected: 'a partition number' });
  }
  if (partition.extended) {
    throw new ImprintError('image-no-such-partition', `Partition ${String(partition.number)} is the extended partition, which only holds others; name a logical one (5 and up).`, { field });
  }
  if (partition.offset + partition.bytes > reader.bytes) {
    throw new ImprintError('image-truncated', `The image ends inside partition ${String(partition.number)}: it has ${String(reader.bytes)} bytes, the partition ends at ${String(partition.offset + partition.bytes)}.`, { field: 'image.path' });
  }
  return partition;
}

async function labelled(reader: BlockReader, partitions: readonly Partition[], label: string): Promise<Partition[]> {
  const named = partitions.filter((partition) => partition.name === label);
  if (named.length > 0) return named;
  const found: Partition[] = [];
  for (const partition of partitions) {
    if ((await probeFilesystem(reader, partition)).label === label) found.push(partition);
  }
  return found;
}

async function ask(reader: BlockReader): Promise<GetPartitionsResult> {
  let reads = 0;
  const counted: BlockReader = {
    bytes: reader.bytes,
    async read(buffer, bufferOffset, length, position) {
      reads += 1;
      if (reads > mostReads) throw new Error('the chain of logical partitions does not end');
      // The library reads the space of a whole GPT; a tiny image ends before that.
      const there = Math.max(0, Math.min(length, reader.bytes - position));
      if (there === 0) throw new Error('a partition table outside of the image');
      await reader.read(buffer, bufferOffset, there, position);
    },
  };
  try {
    return await getPartitions(new WindowDisk(counted, 0, Number.MAX_SAFE_INTEGER));
  } catch (cause) {
    throw noTable('its partition table is damaged', cause);
  }
}

interface Slot {
  readonly number: number;
  readonly type: number;
}

/** The four slots of an MBR. What boots without a table (a lone filesystem) has code where the status bytes would be. */
function mbrSlots(boot: Buffer): Slot[] {
  if (boot.readUInt16LE(510) !== 0xaa55) throw noTable('its first sector has no boot signature');
  const entries = [0, 1, 2, 3].map((index) => ({ number: index + 1, status: boot.readUInt8(446 + 16 * index), type: boot.readUInt8(446 + 16 * index + 4) }));
  if (entries.some(({ status }) => status !== 0 && status !== 0x80)) throw noTable('its first sector belongs to a filesystem');
  if (entries.every(({ type }) => type === 0)) throw noTable('the table is empty');
  return entries;
}

/** The library counts the used slots; Linux counts all of them, and the logical partitions that have a size from 5. */
function mbr(result: GetPartitionsResult, slots: readonly Slot[]): PartitionTable {
  if (result.type !== 'mbr') throw noTable('its partition table is damaged');
  const used = slots.filter((slot) => slot.type !== 0);
  const primary = result.partitions.slice(0, used.length).map((partition, index) => ({ ...partition, number: used[index]?.number ?? 0 }));
  const logical = result.partitions
    .slice(used.length)
    .filter((partition) => partition.size > 0)
    .map((partition, index) => ({ ...partition, number: 5 + index }));
  const partitions = [...primary, ...logical]
    .filter((partition) => partition.size > 0)
    .map(({ number, offset, size, type }) => ({
      number,
      offset,
      bytes: size,
      type: `0x${type.toString(16).padStart(2, '0')}`,
      extended: extendedTypes.includes(type),
    }));
  return { table: 'mbr', partitions };
}

function gpt(result: GetPartitionsResult, numbers: readonly number[]): PartitionTable {
  if (result.type !== 'gpt' || result.partitions.length !== numbers.length) throw noTable('its GPT is damaged');
  const partitions = result.partitions.map(({ offset, size, type, name }, index) => {
    const clean = name.replace(/\0.*$/s, '');
    return { number: numbers[index] ?? 0, offset, bytes: size, type: type.toUpperCase(), ...(clean === '' ? {} : { name: clean }), extended: false };
  });
  return { table: 'gpt', partitions };
}

/** The numbers of the used entries of a GPT: the library drops the empty ones (UEFI 2.10, 5.3). */
async function gptNumbers(reader: BlockReader): Promise<number[]> {
  const header = await readBytes(reader, sectorBytes, sectorBytes);
  if (header.toString('latin1', 0, 8) !== 'EFI PART') throw noTable('its GPT is missing or made for sectors of 4096 bytes');
  const headerBytes = header.readUInt32LE(12);
  if (headerBytes < 92 || headerBytes > sectorBytes) throw noTable('its GPT is damaged');
  const unsigned = Buffer.from(header.subarray(0, headerBytes));
  unsigned.writeUInt32LE(0, 16);
  if (crc32(unsigned) !== header.readUInt32LE(16)) throw noTable('the checksum of its GPT is wrong');
  const start = Number(header.readBigUInt64LE(72)) * sectorBytes;
  const count = header.readUInt32LE(80);
  const size = header.readUInt32LE(84);
  if (size < 128 || size * count > 1 << 20 || start + size * count > reader.bytes) throw noTable('its GPT is damaged');
  const entries = await readBytes(reader, start, size * count);
  if (crc32(entries) !== header.readUInt32LE(88)) throw noTable('the checksum of its GPT is wrong');
  const numbers: number[] = [];
  for (let index = 0; index < count; index += 1) {
    if (entries.subarray(index * size, index * size + 16).some((byte) => byte !== 0)) numbers.push(index + 1);
  }
  return numbers;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function noTable(why: string, cause?: unknown): ImprintError {
  return new ImprintError('image-no-partition-table', `The image has no partition table that can be used: ${why}.`, { field: 'image.path', expected: 'a disk image with an MBR or a GPT', cause });
}
