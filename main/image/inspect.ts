import { cancelled, ImprintError } from '../domain/errors';
import type { ImageReport, PartitionReport } from '../domain/ports';
import type { CardFile } from '../domain/profile';
import { stat } from 'node:fs/promises';
import { openImage } from './block-device';
import type { BlockReader } from './block-device';
import { describeFilesystem } from './filesystems';
import { injectFiles } from './inject';
import { readPartitionTable } from './partitions';
import { prepareImage } from './prepare';
import type { PrepareRequest } from './prepare';

/** Where the Mender client looks for its key, seen from the data partition. */
const menderKeyPath = '/mender/mender-agent.pem';
const menderDataPartition = 4;
/** PKCS#8 PEM of an RSA-3072 key, the type that most clients have. */
const typicalKeyBytes = 2484;

export type InspectRequest = Omit<PrepareRequest, 'sha256'>;

/**
 * What is in an image, and where a key could go. A compressed image is decoded into the cache, where a later preparation
 * finds it.
 *
 * @throws ImprintError image-unreadable, image-truncated, image-no-partition-table, record-full-disk, cancelled
 */
export async function inspectImage(request: InspectRequest): Promise<ImageReport> {
  const prepared = await prepareImage(request);
  const image = await openImage(prepared.decodedPath);
  try {
    const { table, partitions } = await readPartitionTable(image);
    const reports: PartitionReport[] = [];
    const keyPlaces: ImageReport['keyPlaces'][number][] = [];
    for (const partition of partitions) {
      if (request.signal.aborted) throw cancelled();
      const { number, offset, bytes, type, name } = partition;
      const filesystem = await describeFilesystem(image, partition);
      reports.push({ number, offset, bytes, type, ...(name === undefined ? {} : { name }), filesystem });
      const place = await tryKeyPlace(image, number);
      // Where it is not possible, only the partition is of interest in which people expect it.
      if (place.possible || number === menderDataPartition || name === 'data' || filesystem.label === 'data') keyPlaces.push(place);
    }
    return {
      path: prepared.path,
      format: prepared.format,
      bytes: (await stat(prepared.path)).size,
      sha256: prepared.sha256,
      decodedBytes: prepared.decodedBytes,
      table,
      partitions: reports,
      keyPlaces,
    };
  } finally {
    await image.close();
  }
}

async function tryKeyPlace(image: BlockReader, partition: number): Promise<ImageReport['keyPlaces'][number]> {
  const file: CardFile = { content: 'private-key', partition: { number: partition }, path: menderKeyPath, mode: 0o600, uid: 0, gid: 0, createFolders: false };
  const place = { partition, path: menderKeyPath };
  try {
    await injectFiles(image, [{ file, bytes: typicalKeyBytes }], new Date());
    return { ...place, possible: true, sentence: `A key can be written to ${menderKeyPath} in partition ${String(partition)}.` };
  } catch (error) {
    if (!(error instanceof ImprintError)) throw error;
    return { ...place, possible: false, sentence: error.message };
  }
}
