import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { XMLParser } from 'fast-xml-parser';
import { cancelled, ImprintError } from '../../domain/errors';
import type { BlockReader } from '../block-device';
import type { Extent } from '../extents';
import { stampOf } from '../stamp';

/** A range of a `.bmap` file, in bytes of the image. */
export interface BmapRange extends Extent {
  readonly firstBlock: number;
  readonly lastBlock: number;
  /** Lower-case hexadecimal. */
  readonly checksum: string | undefined;
}

export interface Bmap {
  readonly path: string;
  readonly imageBytes: number;
  readonly checksumType: ChecksumType;
  readonly ranges: readonly BmapRange[];
}

const checksumTypes = ['sha1', 'sha256', 'sha384', 'sha512'] as const;
type ChecksumType = (typeof checksumTypes)[number];
const compressionEnding = /\.(gz|xz|zst|zstd)$/i;
/** A million ranges; a file of this name that is larger is something else. */
const mostBytes = 128 << 20;
const hashedBytes = 1 << 20;
const field = 'image.path';

/** Where a `.bmap` file may lie, the most particular name first: for `a.img.xz` that is `a.img.xz.bmap`, then `a.img.bmap`. */
export function bmapCandidates(imagePath: string): string[] {
  return [...new Set([imagePath, imagePath.replace(compressionEnding, '')])].map((path) => `${path}.bmap`);
}

export async function findBmap(imagePath: string): Promise<string | undefined> {
  for (const path of bmapCandidates(imagePath)) {
    if ((await stampOf(path)) !== undefined) return path;
  }
  return undefined;
}

/**
 * Reads a block map of bmap-tools, format 1.x or 2.x, and checks it against itself.
 * Source: the comments in the files that `bmaptool create` writes, and the changelog of the format in bmap-tools'
 * BmapCreate.py: 1.3 brought SHA-1 checksums, 2.0 (once called 1.4) a choice of them.
 *
 * @throws ImprintError image-unreadable where it is malformed or of an unknown version, image-hash-differs where its own
 *   checksum is wrong
 */
export async function readBmap(path: string): Promise<Bmap> {
  const file = await readSmallFile(path);
  const root = parseXml(file, path);
  const version = /^(\d+)\.(\d+)$/.exec(root.attribute('version') ?? '');
  const [major, minor] = [Number(version?.[1]), Number(version?.[2])];
  if (major !== 1 && major !== 2) throw malformed(path, 'its version is not one of 1.x and 2.x');
  const chosen = major === 2 || minor >= 4;
  const checksumType = chosen ? knownChecksum(root.text('ChecksumType'), path) : 'sha1';
  checkOwnChecksum(file, root.text(chosen ? 'BmapFileChecksum' : 'BmapFileSHA1'), checksumType, path, chosen || minor === 3);
  const imageBytes = root.number('ImageSize');
  const blockSize = root.number('BlockSize');
  const blocks = root.number('BlocksCount');
  if (blockSize < 512 || blockSize > 1 << 30 || (blockSize & (blockSize - 1)) !== 0) throw malformed(path, 'its block size is no power of two from 512 on');
  if (blocks !== Math.ceil(imageBytes / blockSize)) throw malformed(path, 'its image size and its number of blocks contradict each other');
  const ranges: BmapRange[] = [];
  let mapped = 0;
  for (const { text, attribute } of root.ranges()) {
    const [, first, last = first] = /^(\d+)(?:\s*-\s*(\d+))?$/.exec(text) ?? [];
    const [firstBlock, lastBlock] = [Number(first), Number(last)];
    if (!(firstBlock > (ranges.at(-1)?.lastBlock ?? -1) && lastBlock >= firstBlock && lastBlock < blocks)) throw malformed(path, `its range "${text.slice(0, 40)}" is none, lies outside of the image or is out of order`);
    const checksum = attribute(chosen ? 'chksum' : 'sha1');
    if (checksum !== undefined && !isChecksum(checksum, checksumType)) throw malformed(path, `the checksum of its range ${text} is no ${checksumType}`);
    const offset = firstBlock * blockSize;
    ranges.push({ firstBlock, lastBlock, checksum: checksum?.toLowerCase(), offset, length: Math.min((lastBlock + 1) * blockSize, imageBytes) - offset });
    mapped += lastBlock + 1 - firstBlock;
  }
  if (mapped === 0 || mapped !== root.number('MappedBlocksCount')) throw malformed(path, 'its ranges and its number of mapped blocks contradict each other');
  return { path, imageBytes, checksumType, ranges };
}

/** @throws ImprintError image-hash-differs, naming the first range whose checksum is another one in the image; cancelled */
export async function checkBmap(reader: BlockReader, bmap: Bmap, imagePath: string, signal?: AbortSignal): Promise<void> {
  if (bmap.imageBytes !== reader.bytes) {
    throw differs(`The block map ${bmap.path} is for an image of ${String(bmap.imageBytes)} bytes, ${imagePath} has ${String(reader.bytes)}.`);
  }
  const buffer = Buffer.allocUnsafe(hashedBytes);
  for (const { offset, length, checksum, firstBlock, lastBlock } of bmap.ranges) {
    if (checksum === undefined) continue;
    const hash = createHash(bmap.checksumType);
    for (let done = 0; done < length; ) {
      if (signal?.aborted === true) throw cancelled();
      const count = Math.min(buffer.length, length - done);
      await reader.read(buffer, 0, count, offset + done);
      hash.update(buffer.subarray(0, count));
      done += count;
    }
    if (hash.digest('hex') !== checksum) {
      throw differs(`Blocks ${String(firstBlock)} to ${String(lastBlock)} of the image ${imagePath} (${String(length)} bytes from byte ${String(offset)}) are not those of its block map ${bmap.path}.`);
    }
  }
}

async function readSmallFile(path: string): Promise<Buffer> {
  try {
    if ((await stat(path)).size > mostBytes) throw malformed(path, 'it is too large');
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof ImprintError) throw cause;
    throw new ImprintError('image-unreadable', `The block map ${path} cannot be read.`, { field, cause });
  }
}

/** The file holds its own checksum, which was counted with zeros in its place. */
function checkOwnChecksum(file: Buffer, expected: string | undefined, type: ChecksumType, path: string, required: boolean): void {
  if (expected === undefined && !required) return;
  if (expected === undefined || !isChecksum(expected, type)) throw malformed(path, `it has no ${type} of itself`);
  const at = file.indexOf(expected, 0, 'latin1');
  if (at < 0) throw malformed(path, `it has no ${type} of itself`);
  const blanked = Buffer.from(file).fill('0', at, at + expected.length, 'latin1');
  if (createHash(type).update(blanked).digest('hex') !== expected.toLowerCase()) {
    throw differs(`The block map ${path} is damaged: it has another ${type} than it says.`);
  }
}

function knownChecksum(name: string | undefined, path: string): ChecksumType {
  const known = checksumTypes.find((type) => type === name);
  if (known === undefined) throw malformed(path, `its checksums are none of ${checksumTypes.join(', ')}`);
  return known;
}

function isChecksum(text: string, type: ChecksumType): boolean {
  return /^[0-9a-f]+$/i.test(text) && text.length === createHash(type).digest('hex').length;
}

/** What the parser makes of the text. It is lenient with what is no XML: so whoever reads this misses nothing silently. */
interface Root {
  readonly attribute: (name: string) => string | undefined;
  /** The text of the one child of this name. */
  readonly text: (name: string) => string | undefined;
  /** @throws ImprintError image-unreadable */
  readonly number: (name: string) => number;
  readonly ranges: () => { readonly text: string; readonly attribute: (name: string) => string | undefined }[];
}

const attributePrefix = '@';
const textName = '#';

function parseXml(file: Buffer, path: string): Root {
  const text = file.toString('utf8');
  // A declaration of entities has no use here.
  if (text.includes('<!DOCTYPE')) throw malformed(path, 'it declares a type of document');
  let document: unknown;
  try {
    document = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: attributePrefix,
      textNodeName: textName,
      parseTagValue: false,
      parseAttributeValue: false,
      processEntities: false,
      isArray: (name) => name === 'Range',
    }).parse(text);
  } catch (cause) {
    throw malformed(path, 'it is no XML', cause);
  }
  const root = member(document, 'bmap');
  const content = (name: string): string | undefined => textOf(member(root, name));
  return {
    attribute: (name) => textOf(member(root, attributePrefix + name)),
    text: content,
    number: (name) => {
      const digits = content(name) ?? '';
      const value = Number(digits);
      if (!/^\d+$/.test(digits) || !Number.isSafeInteger(value)) throw malformed(path, `its ${name} is no number`);
      return value;
    },
    ranges: () => {
      const found = member(member(root, 'BlockMap'), 'Range');
      return (Array.isArray(found) ? (found as readonly unknown[]) : []).map((range) => ({ text: textOf(range) ?? '', attribute: (name) => textOf(member(range, attributePrefix + name)) }));
    },
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** An element's text: itself, or among its attributes. */
function textOf(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : member(value, textName);
  return typeof text === 'string' ? text.trim() : undefined;
}

function malformed(path: string, why: string, cause?: unknown): ImprintError {
  return new ImprintError('image-unreadable', `The block map ${path} cannot be used: ${why}.`, { field, expected: 'the .bmap file that was made with this image, or none beside it', cause });
}

function differs(sentence: string): ImprintError {
  return new ImprintError('image-hash-differs', sentence, { field, expected: 'the .bmap file that was made with this image, or none beside it' });
}
