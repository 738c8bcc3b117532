import { readBytes } from '../block-device';
import type { BlockReader } from '../block-device';
import type { Extent } from '../extents';
import { longNamePart, readableShortName, shortNameChecksum } from './names';

export const entryBytes = 32;
export const attributes = { readOnly: 0x01, volume: 0x08, directory: 0x10, archive: 0x20, longName: 0x0f } as const;

export interface DirectoryEntry {
  readonly name: string;
  /** The 11 bytes as they stand there. */
  readonly shortName: string;
  readonly isDirectory: boolean;
  readonly firstCluster: number;
  readonly bytes: number;
  /** Its slots, the long-name ones before its own. */
  readonly firstSlot: number;
  readonly slots: number;
}

/** A folder as the list of its 32-byte slots, wherever on the disk they lie. */
export interface Directory {
  readonly entries: readonly DirectoryEntry[];
  /** For each slot whether it is free. */
  readonly free: readonly boolean[];
  /** Absolute disk offset of each slot. */
  readonly offsets: readonly number[];
  /** The first slot that says that no others follow; the number of slots where none says so. */
  readonly end: number;
}

export async function readDirectory(reader: BlockReader, extents: readonly Extent[]): Promise<Directory> {
  const entries: DirectoryEntry[] = [];
  const free: boolean[] = [];
  const offsets: number[] = [];
  let end: number | undefined;
  let long: { name: string; checksum: number; firstSlot: number } | undefined;
  for (const { offset, length } of extents) {
    const bytes = await readBytes(reader, offset, length);
    for (let at = 0; at + entryBytes <= length; at += entryBytes) {
      const slot = offsets.length;
      const entry = bytes.subarray(at, at + entryBytes);
      const mark = entry.readUInt8(0);
      offsets.push(offset + at);
      if (end === undefined && mark === 0) end = slot;
      const isFree = end !== undefined || mark === 0xe5;
      free.push(isFree);
      if (isFree) {
        long = undefined;
        continue;
      }
      const kind = entry.readUInt8(11);
      if ((kind & 0x3f) === attributes.longName) {
        const checksum = entry.readUInt8(13);
        if (mark & 0x40) long = { name: longNamePart(entry), checksum, firstSlot: slot };
        else if (long !== undefined) long = { ...long, name: longNamePart(entry) + long.name };
        continue;
      }
      const named = long?.checksum === shortNameChecksum(entry.subarray(0, 11)) ? long : undefined;
      long = undefined;
      if (kind & attributes.volume) continue;
      const firstSlot = named?.firstSlot ?? slot;
      entries.push({
        name: named?.name ?? readableShortName(entry),
        shortName: entry.toString('latin1', 0, 11),
        isDirectory: (kind & attributes.directory) !== 0,
        firstCluster: entry.readUInt16LE(26) + (entry.readUInt16LE(20) & 0x0fff) * 65536,
        bytes: entry.readUInt32LE(28),
        firstSlot,
        slots: slot - firstSlot + 1,
      });
    }
  }
  return { entries, free, offsets, end: end ?? offsets.length };
}

/** The entry of this name; vfat ignores the case of letters. */
export function findEntry(directory: Directory, name: string): DirectoryEntry | undefined {
  const wanted = name.toUpperCase();
  return directory.entries.find((entry) => entry.name.toUpperCase() === wanted);
}

/** The first run of `count` free slots, or undefined where the folder must grow. */
export function findFreeSlots(directory: Directory, count: number): number | undefined {
  let run = 0;
  for (const [slot, isFree] of directory.free.entries()) {
    run = isFree ? run + 1 : 0;
    if (run === count) return slot - count + 1;
  }
  return undefined;
}

/** A short entry (FAT32 specification 1.03, "FAT Directory Structure"). Times are written in UTC. */
export function shortEntry(shortName: string, kind: number, firstCluster: number, bytes: number, now: Date): Buffer {
  const entry = Buffer.alloc(entryBytes);
  const year = Math.min(Math.max(now.getUTCFullYear(), 1980), 2107);
  const date = ((year - 1980) << 9) | ((now.getUTCMonth() + 1) << 5) | now.getUTCDate();
  const time = (now.getUTCHours() << 11) | (now.getUTCMinutes() << 5) | (now.getUTCSeconds() >> 1);
  entry.write(shortName, 0, 11, 'latin1');
  entry.writeUInt8(kind, 11);
  entry.writeUInt8((now.getUTCSeconds() % 2) * 100, 13);
  entry.writeUInt16LE(time, 14);
  entry.writeUInt16LE(date, 16);
  entry.writeUInt16LE(date, 18);
  entry.writeUInt16LE(firstCluster >>> 16, 20);
  entry.writeUInt16LE(time, 22);
  entry.writeUInt16LE(date, 24);
  entry.writeUInt16LE(firstCluster & 0xffff, 26);
  entry.writeUInt32LE(bytes, 28);
  return entry;
}
