import { ImprintError } from '../../domain/errors';
import type { PreparedImage } from '../../domain/ports';
import { openImage } from '../block-device';
import { ImageCache } from '../cache';
import type { Extent } from '../extents';
import { stampOf } from '../stamp';
import { bmapCandidates } from './bmap-file';
import { mapImage } from './map-image';
import type { BlockMap } from './map-image';
import { blockBytes } from '../../domain/extent';
import { leastGapBytes } from './ranges';

const version = 1;

/** What a kept map belongs to: another value of any of these, and it is made anew. */
interface Origin {
  readonly decodedSha256: string;
  readonly stamp: string;
  /** Stamps of the `.bmap` files beside the image, `null` where there is none, so that one that comes later is noticed. */
  readonly bmaps: Readonly<Record<string, string | null>>;
}

/**
 * The block map of a prepared image, as the preparation kept it beside what is known of the image. Where that is missing,
 * damaged or belongs to something else, the map is made anew.
 *
 * @throws ImprintError image-changed where the decoded image is not the one that was hashed; those of mapImage and openImage
 */
export async function loadBlockMap(prepared: PreparedImage, cacheFolder: string, signal?: AbortSignal): Promise<BlockMap> {
  const cache = new ImageCache(cacheFolder);
  const origin = await originOf(prepared);
  const kept = await cache.readMap(prepared.sha256);
  const known = kept === undefined ? undefined : parse(kept, origin, prepared.decodedBytes);
  if (known !== undefined) return known;
  const map = await makeMap(prepared, signal);
  const { source, ranges, mappedBytes } = map;
  // The map can be made again at any time: a cache that cannot be written costs time, not the job.
  await cache
    .open()
    .then(() => cache.writeMap(prepared.sha256, { version, ...origin, source, mappedBytes, ranges: ranges.map(({ offset, length }) => [offset, length]) }))
    .catch(() => undefined);
  return map;
}

async function makeMap(prepared: PreparedImage, signal: AbortSignal | undefined): Promise<BlockMap> {
  const image = await openImage(prepared.decodedPath);
  try {
    const map = await mapImage(image, prepared.path, signal);
    // After the reading: only now is it known that what was read is what was hashed.
    if (image.bytes === prepared.decodedBytes && (await stampOf(prepared.decodedPath)) === prepared.stamp) return map;
  } finally {
    await image.close();
  }
  throw new ImprintError('image-changed', `The image ${prepared.path} changed since it was checked: it must be checked again before a card is made from it.`, { field: 'image.path', expected: 'the file as it was' });
}

/** The stamps are taken before the files are read: a change in between shows up at the next time. */
async function originOf({ path, decodedSha256, stamp }: PreparedImage): Promise<Origin> {
  const bmaps: Record<string, string | null> = {};
  for (const candidate of bmapCandidates(path)) bmaps[candidate] = (await stampOf(candidate)) ?? null;
  return { decodedSha256, stamp, bmaps };
}

function parse(value: unknown, origin: Origin, bytes: number): BlockMap | undefined {
  if (!isObject(value) || value['version'] !== version || value['decodedSha256'] !== origin.decodedSha256 || value['stamp'] !== origin.stamp) return undefined;
  if (JSON.stringify(value['bmaps']) !== JSON.stringify(origin.bmaps)) return undefined;
  const { source, ranges: pairs, mappedBytes } = value;
  if ((source !== 'bmap' && source !== 'filesystems') || !Array.isArray(pairs)) return undefined;
  const ranges: Extent[] = [];
  let sum = 0;
  let least = 0;
  for (const pair of pairs as readonly unknown[]) {
    const [offset, length, ...more] = Array.isArray(pair) ? (pair as readonly unknown[]) : [];
    if (!isWhole(offset) || !isWhole(length) || more.length > 0) return undefined;
    const end = offset + length;
    if (offset < least || length === 0 || end > bytes || offset % blockBytes !== 0 || (end % blockBytes !== 0 && end !== bytes)) return undefined;
    ranges.push({ offset, length });
    sum += length;
    least = end + leastGapBytes;
  }
  return sum > 0 && sum === mappedBytes ? { source, ranges, mappedBytes } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
