import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { digestBytes } from '../../native/index';
import type { Extent } from './card-plan';
import type { PieceIndex } from './golden-image';

/** What an index file is bound to: the bytes that were hashed, the file that holds them, and how they were cut. */
export interface IndexBinding {
  readonly decodedSha256: string;
  readonly stamp: string;
  readonly pieces: readonly Extent[];
}

interface IndexFile {
  readonly decodedSha256: string;
  readonly stamp: string;
  /** offset, length, offset, length … */
  readonly pieces: readonly number[];
  readonly digests: string;
}

const flat = (pieces: readonly Extent[]): number[] => pieces.flatMap(({ offset, length }) => [offset, length]);

/** An index that was kept for exactly this image and these pieces; undefined where there is none. */
export async function readIndexFile(path: string, { decodedSha256, stamp, pieces }: IndexBinding): Promise<PieceIndex | undefined> {
  let kept: Partial<IndexFile> | null;
  try {
    kept = JSON.parse(await readFile(path, 'utf8')) as Partial<IndexFile> | null;
  } catch {
    return undefined;
  }
  if (kept?.decodedSha256 !== decodedSha256 || kept.stamp !== stamp || typeof kept.digests !== 'string') return undefined;
  if (JSON.stringify(kept.pieces) !== JSON.stringify(flat(pieces))) return undefined;
  const digests = Buffer.from(kept.digests, 'base64');
  return digests.length === pieces.length * digestBytes ? { pieces, digests } : undefined;
}

/**
 * Two cards may make the same index at the same time: each writes a file of its own, and the last one stays.
 * CRASH: written beside and renamed; an index that is not there is made again.
 */
export async function writeIndexFile(path: string, { decodedSha256, stamp, pieces }: IndexBinding, { digests }: PieceIndex): Promise<void> {
  const file: IndexFile = { decodedSha256, stamp, pieces: flat(pieces), digests: digests.toString('base64') };
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, JSON.stringify(file), { mode: 0o600 });
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
}
