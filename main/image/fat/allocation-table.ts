import { readBytes } from '../block-device';
import type { BlockDevice, BlockReader } from '../block-device';
import type { FatGeometry } from './geometry';

/** Entries from here on end a chain, by width. */
const endOfChain = { 12: 0xff8, 16: 0xfff8, 32: 0x0ffffff8 } as const;
const lastMark = { 12: 0xfff, 16: 0xffff, 32: 0x0fffffff } as const;
const windowBytes = 1 << 20;

export class FatDamaged extends Error {}

/** The free clusters, counted in the FAT itself: the count that FAT32 keeps beside it is only a hint. */
export async function countFreeClusters(reader: BlockReader, partitionOffset: number, geometry: FatGeometry): Promise<number> {
  return (await new AllocationTable(reader, partitionOffset, geometry).findFree(Infinity)).length;
}

/** The chains of clusters. Reads the FAT in pieces of 1 MiB; writes go to all kept copies at once. */
export class AllocationTable {
  readonly #reader: BlockReader | BlockDevice;
  readonly #geometry: FatGeometry;
  readonly #partitionOffset: number;
  readonly #windows = new Map<number, Buffer>();

  constructor(reader: BlockReader | BlockDevice, partitionOffset: number, geometry: FatGeometry) {
    this.#reader = reader;
    this.#partitionOffset = partitionOffset;
    this.#geometry = geometry;
  }

  /** The entry of a cluster: 0 is free. */
  async get(cluster: number): Promise<number> {
    const at = this.#at(cluster);
    return this.#decode(cluster, await this.#window(at), at);
  }

  /** Up to `most` free clusters, the lowest first. */
  async findFree(most: number): Promise<number[]> {
    const free: number[] = [];
    if (most <= 0) return free;
    await this.each((cluster, entry) => {
      if (entry === 0) free.push(cluster);
      return free.length < most;
    });
    return free;
  }

  /** All entries, the lowest cluster first, until `visit` says false. */
  async each(visit: (cluster: number, entry: number) => boolean): Promise<void> {
    let window: Buffer = Buffer.alloc(0);
    let loaded = -1;
    for (let cluster = 2; cluster < this.#geometry.clusters + 2; cluster += 1) {
      const at = this.#at(cluster);
      const number = Math.floor(at / windowBytes);
      if (number !== loaded) {
        window = await this.#window(at);
        loaded = number;
      }
      if (!visit(cluster, this.#decode(cluster, window, at))) return;
    }
  }

  async set(cluster: number, value: number): Promise<void> {
    const { bits } = this.#geometry;
    const at = this.#at(cluster);
    const bytes = bits === 32 ? 4 : 2;
    const before = (await this.#window(at)).readUIntLE(at % windowBytes, bytes);
    let raw = value;
    if (bits === 12) raw = cluster % 2 === 0 ? (before & 0xf000) | value : (before & 0x000f) | (value << 4);
    // The highest four bits of a FAT32 entry are reserved and stay.
    if (bits === 32) raw = ((before & 0xf0000000) | value) >>> 0;
    const entry = Buffer.alloc(bytes);
    entry.writeUIntLE(raw, 0, bytes);
    await this.#write(at, entry);
  }

  /** The clusters of a chain, at most `most` of them. @throws FatDamaged */
  async chain(first: number, most: number): Promise<number[]> {
    const clusters: number[] = [];
    for (let cluster = first; clusters.length < most; ) {
      if (cluster < 2 || cluster >= this.#geometry.clusters + 2) throw new FatDamaged('a chain leads outside of the filesystem');
      clusters.push(cluster);
      const next = await this.get(cluster);
      if (next >= endOfChain[this.#geometry.bits]) break;
      cluster = next;
    }
    return clusters;
  }

  /**
   * Takes free clusters, the lowest first, and chains them.
   * @returns undefined where there are not enough; then nothing is taken
   */
  async allocate(count: number): Promise<number[] | undefined> {
    const taken = await this.findFree(count);
    if (taken.length < count) return undefined;
    for (const [index, cluster] of taken.entries()) await this.set(cluster, taken[index + 1] ?? lastMark[this.#geometry.bits]);
    return taken;
  }

  async free(clusters: readonly number[]): Promise<void> {
    for (const cluster of clusters) await this.set(cluster, 0);
  }

  /** Where the entry of a cluster begins, in bytes from the start of the FAT. */
  #at(cluster: number): number {
    switch (this.#geometry.bits) {
      case 12:
        return Math.floor((cluster * 3) / 2);
      case 16:
        return cluster * 2;
      case 32:
        return cluster * 4;
    }
  }

  #decode(cluster: number, window: Buffer, at: number): number {
    const place = at % windowBytes;
    switch (this.#geometry.bits) {
      case 12:
        return cluster % 2 === 0 ? window.readUInt16LE(place) & 0xfff : window.readUInt16LE(place) >>> 4;
      case 16:
        return window.readUInt16LE(place);
      case 32:
        return window.readUInt32LE(place) & 0x0fffffff;
    }
  }

  /** The piece of the FAT with this byte in it. No entry lies across two pieces: a whole FAT12 fits into the first. */
  async #window(at: number): Promise<Buffer> {
    const number = Math.floor(at / windowBytes);
    const known = this.#windows.get(number);
    if (known !== undefined) return known;
    const start = number * windowBytes;
    const window = await readBytes(this.#reader, this.#copyOffset(this.#geometry.fatCopies[0] ?? 0) + start, Math.min(windowBytes, this.#geometry.fatBytes - start));
    this.#windows.set(number, window);
    return window;
  }

  async #write(at: number, entry: Buffer): Promise<void> {
    if (!('write' in this.#reader)) throw new Error('this filesystem is only read');
    for (const copy of this.#geometry.fatCopies) await this.#reader.write(entry, 0, entry.length, this.#copyOffset(copy) + at);
    entry.copy(await this.#window(at), at % windowBytes);
  }

  #copyOffset(copy: number): number {
    return this.#partitionOffset + this.#geometry.fatOffset + copy * this.#geometry.fatBytes;
  }
}
