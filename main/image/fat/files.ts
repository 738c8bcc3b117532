import type { CardFile } from '../../domain/profile';
import { ImprintError } from '../../domain/errors';
import { readBytes } from '../block-device';
import type { BlockDevice, BlockReader } from '../block-device';
import { pathSegments } from '../card-paths';
import { mergeExtents } from '../extents';
import type { Extent } from '../extents';
import type { Partition } from '../partition';
import { damagedFilesystem, fileMissing, fileUnreadable, missingFolder, notAFolder, partitionFull, pathOccupied } from '../refusals';
import { AllocationTable, FatDamaged } from './allocation-table';
import { attributes, entryBytes, findEntry, findFreeSlots, readDirectory, shortEntry } from './directory';
import type { Directory, DirectoryEntry } from './directory';
import type { FatGeometry } from './geometry';
import { isPossibleName, longNameEntries, numberedShortName, plainShortName } from './names';

/*
 * Files in FAT12, FAT16 and FAT32. Not by the library that balena-image-fs brings (fatfs 0.10): it leaves the second
 * FAT and the free count behind, turns freed clusters into broken ones, cannot delete, and writes an empty file's first
 * bytes in front of the data region. fsck.fat finds nothing wrong with what this leaves; the tests ask it.
 */

const mostFolderClusters = 65536;
const informationSignatures = [
  [0, 0x41615252],
  [484, 0x61417272],
] as const;

interface Place {
  /** 0 is the root folder. */
  readonly firstCluster: number;
  readonly directory: Directory;
}

class FatVolume<Device extends BlockReader = BlockDevice> {
  readonly table: AllocationTable;

  constructor(
    readonly device: Device,
    readonly partition: Partition,
    readonly geometry: FatGeometry,
  ) {
    this.table = new AllocationTable(device, partition.offset, geometry);
  }

  clusterExtents(clusters: readonly number[]): Extent[] {
    const { clusterBytes, dataOffset } = this.geometry;
    return mergeExtents(clusters.map((cluster) => ({ offset: this.partition.offset + dataOffset + (cluster - 2) * clusterBytes, length: clusterBytes })));
  }

  async root(): Promise<Place> {
    const { bits, rootOffset, rootBytes, rootCluster } = this.geometry;
    if (bits === 32) return this.folder(rootCluster, 0);
    return { firstCluster: 0, directory: await readDirectory(this.device, [{ offset: this.partition.offset + rootOffset, length: rootBytes }]) };
  }

  /** @param shownAs the number by which `..` entries name this folder: 0 for the root, whatever its cluster */
  async folder(firstCluster: number, shownAs = firstCluster): Promise<Place> {
    return { firstCluster: shownAs, directory: await readDirectory(this.device, this.clusterExtents(await this.table.chain(firstCluster, mostFolderClusters))) };
  }
}

/**
 * Writes a file, in place of a regular one that is there. Mode and owner of the file cannot be kept by vfat.
 *
 * @throws ImprintError image-missing-folder, image-path-occupied, image-partition-full, profile-invalid
 */
export async function createFatFile(device: BlockDevice, partition: Partition, geometry: FatGeometry, file: CardFile, content: Buffer, now: Date): Promise<void> {
  const { folders, name } = pathSegments(file.path);
  for (const segment of [...folders, name]) {
    if (!isPossibleName(segment)) {
      throw new ImprintError('profile-invalid', `vfat cannot hold a file with the name "${segment}".`, { field: 'files.path', expected: 'a name in ASCII without " * : < > ? \\ |' });
    }
  }
  const volume = new FatVolume(device, partition, geometry);
  const full = partitionFull(file.path, partition.number);
  try {
    let place = await volume.root();
    let path = '';
    for (const segment of folders) {
      path += `/${segment}`;
      const found = findEntry(place.directory, segment);
      if (found === undefined && !file.createFolders) throw missingFolder(path, partition.number);
      if (found !== undefined && !found.isDirectory) throw notAFolder(path, partition.number, 'a file');
      place = await volume.folder(found?.firstCluster ?? (await createFolder(volume, place, segment, now, full)));
    }
    const existing = findEntry(place.directory, name);
    if (existing?.isDirectory === true) throw pathOccupied(file.path, partition.number, 'a folder');
    if (existing !== undefined) place = await removeFile(volume, place, existing);
    const clusters = await volume.table.allocate(Math.ceil(content.length / geometry.clusterBytes));
    if (clusters === undefined) throw full;
    await writeContent(volume, clusters, content);
    await addEntry(volume, place, name, attributes.archive, clusters[0] ?? 0, content.length, now, full);
    await updateInformation(volume);
  } catch (error) {
    if (error instanceof FatDamaged) throw damagedFilesystem(partition.number, error);
    throw error;
  }
}

/**
 * Where on the disk a file lies. Only the FAT and folders are read, never the file.
 *
 * @throws ImprintError verify-file-missing, verify-key-unreadable
 */
export async function locateFatFile(reader: BlockReader, partition: Partition, geometry: FatGeometry, path: string, mostBytes: number): Promise<{ bytes: number; extents: Extent[] }> {
  const { folders, name } = pathSegments(path);
  const volume = new FatVolume(reader, partition, geometry);
  try {
    let place = await volume.root();
    for (const segment of folders) {
      const found = findEntry(place.directory, segment);
      if (found?.isDirectory !== true) throw fileMissing(path, partition.number);
      place = await volume.folder(found.firstCluster);
    }
    const entry = findEntry(place.directory, name);
    if (entry === undefined || entry.isDirectory) throw fileMissing(path, partition.number);
    if (entry.bytes === 0) throw fileUnreadable(path, partition.number, 'it is empty');
    if (entry.bytes > mostBytes) throw fileUnreadable(path, partition.number, `it has ${String(entry.bytes)} bytes, too many for a key`);
    const needed = Math.ceil(entry.bytes / geometry.clusterBytes);
    const clusters = await volume.table.chain(entry.firstCluster, needed);
    if (clusters.length < needed) throw fileUnreadable(path, partition.number, 'its chain of clusters is too short');
    return { bytes: entry.bytes, extents: clip(volume.clusterExtents(clusters), entry.bytes) };
  } catch (error) {
    if (error instanceof FatDamaged) throw fileUnreadable(path, partition.number, 'the filesystem is damaged', error);
    throw error;
  }
}

function clip(extents: readonly Extent[], bytes: number): Extent[] {
  let left = bytes;
  const clipped: Extent[] = [];
  for (const { offset, length } of extents) {
    const taken = Math.min(length, left);
    left -= taken;
    if (taken > 0) clipped.push({ offset, length: taken });
  }
  return clipped;
}

async function writeContent(volume: FatVolume, clusters: readonly number[], content: Buffer): Promise<void> {
  const { sectorBytes } = volume.geometry;
  const padded = Buffer.concat([content, Buffer.alloc((sectorBytes - (content.length % sectorBytes)) % sectorBytes)]);
  let done = 0;
  for (const { offset, length } of clip(volume.clusterExtents(clusters), padded.length)) {
    await volume.device.write(padded, done, length, offset);
    done += length;
  }
}

async function createFolder(volume: FatVolume, parent: Place, name: string, now: Date, full: ImprintError): Promise<number> {
  const [cluster] = (await volume.table.allocate(1)) ?? [];
  if (cluster === undefined) throw full;
  const content = Buffer.alloc(volume.geometry.clusterBytes);
  shortEntry('.'.padEnd(11), attributes.directory, cluster, 0, now).copy(content, 0);
  shortEntry('..'.padEnd(11), attributes.directory, parent.firstCluster, 0, now).copy(content, entryBytes);
  await writeContent(volume, [cluster], content);
  await addEntry(volume, parent, name, attributes.directory, cluster, 0, now, full);
  return cluster;
}

async function removeFile(volume: FatVolume, place: Place, entry: DirectoryEntry): Promise<Place> {
  // An empty file has no cluster at all.
  if (entry.firstCluster !== 0) await volume.table.free(await volume.table.chain(entry.firstCluster, volume.geometry.clusters));
  const deleted = Buffer.from([0xe5]);
  for (let slot = entry.firstSlot; slot < entry.firstSlot + entry.slots; slot += 1) {
    await volume.device.write(deleted, 0, 1, place.directory.offsets[slot] ?? 0);
  }
  return readAgain(volume, place);
}

function readAgain(volume: FatVolume, place: Place): Promise<Place> {
  return place.firstCluster === 0 ? volume.root() : volume.folder(place.firstCluster);
}

async function addEntry(volume: FatVolume, place: Place, name: string, kind: number, firstCluster: number, bytes: number, now: Date, full: ImprintError): Promise<void> {
  const taken = new Set(place.directory.entries.map((entry) => entry.shortName));
  const plain = plainShortName(name);
  const shortName = plain ?? numberedShortName(name, taken);
  const long = plain === undefined ? longNameEntries(name, Buffer.from(shortName, 'latin1')) : [];
  const entries = [...long, shortEntry(shortName, kind, firstCluster, bytes, now)];
  let current = place;
  let slot = findFreeSlots(current.directory, entries.length);
  while (slot === undefined) {
    await grow(volume, current, full);
    current = await readAgain(volume, current);
    slot = findFreeSlots(current.directory, entries.length);
  }
  const { offsets, end } = current.directory;
  for (const [index, entry] of entries.entries()) await volume.device.write(entry, 0, entryBytes, offsets[slot + index] ?? 0);
  // What follows the end mark may be anything; where the entries went over it, a new one follows them.
  const next = offsets[slot + entries.length];
  if (slot + entries.length > end && next !== undefined) await volume.device.write(Buffer.alloc(entryBytes), 0, entryBytes, next);
}

async function grow(volume: FatVolume, place: Place, full: ImprintError): Promise<void> {
  const first = place.firstCluster === 0 ? volume.geometry.rootCluster : place.firstCluster;
  // The root folder of FAT12 and FAT16 has a fixed size.
  if (first === 0) throw full;
  const last = (await volume.table.chain(first, mostFolderClusters)).at(-1);
  const [added] = (await volume.table.allocate(1)) ?? [];
  if (last === undefined || added === undefined) throw full;
  await writeContent(volume, [added], Buffer.alloc(volume.geometry.clusterBytes));
  await volume.table.set(last, added);
}

/** FAT32 keeps the number of free clusters in a sector of its own. */
async function updateInformation({ device, partition, geometry, table }: FatVolume): Promise<void> {
  if (geometry.informationOffset === undefined) return;
  const offset = partition.offset + geometry.informationOffset;
  const sector = await readBytes(device, offset, 512);
  if (informationSignatures.some(([at, signature]) => sector.readUInt32LE(at) !== signature)) return;
  sector.writeUInt32LE((await table.findFree(Infinity)).length, 488);
  await device.write(sector, 0, sector.length, offset);
}
