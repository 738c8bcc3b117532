import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as yauzl from 'yauzl';
import { ZipFile } from 'yazl';

import { ImprintError } from '../domain/errors';
import { isFileName } from '../ledger/export-files';

/**
 * Packs files of a folder into a zip, one after the other, in ZIP64 where it has to be.
 *
 * @param names as in `create` of an export
 * @throws the signal's reason; what the filesystem throws
 */
export async function pack(folder: string, names: readonly string[], path: string, signal?: AbortSignal): Promise<void> {
  const zip = new ZipFile();
  // Fast rather than small: a million rows have to go through it.
  for (const name of names) zip.addFile(join(folder, name), name, { compressionLevel: 1 });
  zip.end();
  const failed = new Promise<never>((_, reject) => {
    // A file that goes away meanwhile is no error of the stream.
    zip.on('error', reject);
  });
  await Promise.race([pipeline(zip.outputStream, createWriteStream(path, { flags: 'wx', flush: true }), signal === undefined ? {} : { signal }), failed]);
}

/** Files in an archive from elsewhere; a whole export has a dozen and, on request, two for each device. */
const mostFiles = 1_000_000;
/** An export packs about 4:1, and repeats itself ten times as much at most; beyond this it is a bomb. */
const mostInflation = 200;

/**
 * Unpacks an export into a folder of the system's temporary folder, and removes it afterwards.
 *
 * SECURITY: the archive comes from anybody. Names that lead out of the folder, links, and archives that grow beyond any
 * sense are refused; the library checks each file's length, the manifest its content.
 *
 * @throws ImprintError export-unreadable
 */
export async function withUnpacked<Result>(path: string, signal: AbortSignal | undefined, use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'imprint-verify-'));
  try {
    await unpack(path, folder, signal).catch((thrown: unknown) => {
      signal?.throwIfAborted();
      throw unreadable(path, thrown instanceof Error ? thrown.message : String(thrown), thrown);
    });
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function unpack(path: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  const zip = await yauzl.openPromise(path, { strictFileNames: true, autoClose: false });
  try {
    let [files, bytes] = [0, 0];
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted();
      if (entry.fileName.endsWith('/')) continue;
      files += 1;
      bytes += entry.uncompressedSize;
      if (!isFileName(entry.fileName)) throw new Error(`it has a file "${entry.fileName.slice(0, 80)}", which no export has`);
      if (files > mostFiles || bytes > zip.fileSize * mostInflation) throw new Error('it unpacks to more than an export can be');
      const target = join(folder, entry.fileName);
      await mkdir(dirname(target), { recursive: true });
      // A name that comes twice would be one file here and two for others.
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target, { flags: 'wx' }), signal === undefined ? {} : { signal });
    }
  } finally {
    zip.close();
  }
}

/** Whether a file begins as a zip does (APPNOTE 4.3.7, 4.3.16). */
export async function isZip(path: string): Promise<boolean> {
  const first: Buffer[] = [];
  for await (const chunk of createReadStream(path, { end: 3 })) first.push(chunk as Buffer);
  return ['504b0304', '504b0506'].includes(Buffer.concat(first).toString('hex'));
}

/** @param what why, as a clause without a full stop */
export function unreadable(path: string, what: string, cause?: unknown): ImprintError {
  return new ImprintError('export-unreadable', `${path} cannot be read as an export: ${what}.`, { field: 'PATH', expected: 'the folder or the zip of an export', cause });
}
