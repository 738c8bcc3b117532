import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as yauzl from 'yauzl';
import { updateManifestSchema } from '../contract/update-file';
import { ImprintError } from '../domain/errors';
import type { UpdateFileFacts, UpdateManifest } from '../domain/update';
import { parseNote, parseVerifierKey, verifyNote } from '../ledger/note';
import { plainFiles } from './plain-files';

const { createWriteStream } = plainFiles;
const { mkdir, open } = plainFiles.promises;

const noteName = 'update.note';
const packageFolder = 'package/';
/** As large as a note may be that the ledger reads. */
const largestNote = 256 * 1024;
const mostEntries = 20_001;

/**
 * A signed update file that is open.
 *
 * SECURITY: nothing of it is used before a trusted key's signature over its manifest is verified, and no file of it is used whose
 * SHA-256 is not the manifest's. The file may be on a stick that changes: what is unpacked is hashed again while it is written.
 */
export class UpdateFile {
  readonly path: string;
  readonly manifest: UpdateManifest;
  /** Name of the key that signed it. */
  readonly signedBy: string;
  readonly #zip: yauzl.ZipFile;
  readonly #entries: ReadonlyMap<string, yauzl.Entry>;

  private constructor(path: string, zip: yauzl.ZipFile, entries: ReadonlyMap<string, yauzl.Entry>, manifest: UpdateManifest, signedBy: string) {
    this.path = path;
    this.manifest = manifest;
    this.signedBy = signedBy;
    this.#zip = zip;
    this.#entries = entries;
  }

  /** @param keys as in keys.ts. @throws ImprintError update-invalid */
  static async open(path: string, keys: readonly string[]): Promise<UpdateFile> {
    assertPublisherKnown(keys, 'FILE');
    const zip = await yauzl.openPromise(path, { strictFileNames: true, autoClose: false }).catch((thrown: unknown) => {
      throw invalid(path, 'it is no update file, is damaged, or cannot be read', thrown);
    });
    try {
      const entries = await entriesOf(zip, path);
      const note = await noteOf(zip, entries, path);
      const { manifest, signedBy } = readManifest(note, keys, path);
      const listed = new Set(manifest.files.map((file) => packageFolder + file.path));
      const strange = [...entries.keys()].find((name) => name !== noteName && !listed.has(name));
      if (strange !== undefined) throw invalid(path, `its manifest knows no file "${strange.slice(0, 80)}"`);
      for (const file of manifest.files) {
        const entry = entries.get(packageFolder + file.path);
        if (entry === undefined) throw invalid(path, `${file.path} is missing`);
        if (entry.uncompressedSize !== file.bytes) throw invalid(path, `${file.path} has another length than its manifest says`);
      }
      return new UpdateFile(path, zip, entries, manifest, signedBy);
    } catch (thrown) {
      zip.close();
      throw thrown;
    }
  }

  /** Reads everything once. @throws ImprintError update-invalid naming the first file that is damaged */
  async check(signal: AbortSignal): Promise<void> {
    for (const file of this.manifest.files) await this.#read(file, new Writable({ write: (_chunk, _encoding, done) => { done(); } }), signal);
  }

  /**
   * Writes the package into a folder that is not there yet, durable when it returns.
   *
   * @param each called after each file. @throws ImprintError update-invalid; what the filesystem throws
   */
  async unpack(folder: string, signal: AbortSignal, each: (done: number) => void = () => undefined): Promise<void> {
    await mkdir(folder, { mode: 0o755 });
    const folders = new Set([folder]);
    for (const [index, file] of this.manifest.files.entries()) {
      const target = join(folder, file.path);
      await mkdir(dirname(target), { recursive: true, mode: 0o755 });
      folders.add(dirname(target));
      await this.#read(file, createWriteStream(target, { flags: 'wx', mode: file.executable ? 0o755 : 0o644, flush: true }), signal).catch((thrown: unknown) => {
        throw isOfTheDisk(thrown) ? unwritable(folder, thrown) : thrown;
      });
      each(index + 1);
    }
    for (const one of folders) await syncFolder(one);
  }

  close(): void {
    this.#zip.close();
  }

  async #read(file: UpdateFileFacts, into: Writable, signal: AbortSignal): Promise<void> {
    const entry = this.#entries.get(packageFolder + file.path);
    if (entry === undefined) throw invalid(this.path, `${file.path} is missing`);
    const hash = createHash('sha256');
    const source = await this.#zip.openReadStreamPromise(entry).catch((thrown: unknown) => {
      throw invalid(this.path, `${file.path} is damaged`, thrown);
    });
    try {
      await pipeline(
        source,
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            yield chunk;
          }
        },
        into,
        { signal },
      );
    } catch (thrown) {
      signal.throwIfAborted();
      throw isOfTheDisk(thrown) ? thrown : invalid(this.path, `${file.path} is damaged`, thrown);
    }
    if (hash.digest('hex') !== file.sha256) throw invalid(this.path, `${file.path} is damaged: it is not what was signed`);
  }
}

/** @throws ImprintError update-invalid where no update could be trusted, whatever is in it */
export function assertPublisherKnown(keys: readonly string[], field: string): void {
  if (keys.length > 0) return;
  throw new ImprintError('update-invalid', 'This build of Imprint knows no publisher of updates, so it takes none.', { field, expected: 'a release of Imprint' });
}

async function entriesOf(zip: yauzl.ZipFile, path: string): Promise<ReadonlyMap<string, yauzl.Entry>> {
  const entries = new Map<string, yauzl.Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (entries.has(entry.fileName)) throw new Error(`it has "${entry.fileName.slice(0, 80)}" twice`);
      entries.set(entry.fileName, entry);
      if (entries.size > mostEntries) throw new Error('it has more files than an update can have');
    }
  } catch (thrown) {
    throw invalid(path, thrown instanceof Error ? thrown.message : 'it cannot be read', thrown);
  }
  return entries;
}

async function noteOf(zip: yauzl.ZipFile, entries: ReadonlyMap<string, yauzl.Entry>, path: string): Promise<string> {
  const entry = entries.get(noteName);
  if (entry === undefined || entry.uncompressedSize > largestNote) throw invalid(path, 'it has no signed manifest');
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
  } catch (thrown) {
    throw invalid(path, 'its signed manifest is damaged', thrown);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readManifest(note: string, keys: readonly string[], path: string): { manifest: UpdateManifest; signedBy: string } {
  let text: string;
  let signedBy: string;
  try {
    const signed = parseNote(note);
    text = signed.text;
    signedBy = verifyNote(signed, keys.map(parseVerifierKey))[0]?.key.name ?? '';
  } catch (thrown) {
    throw new ImprintError('update-invalid', `The update ${path} is not signed by a publisher that this station trusts, or was changed afterwards; nothing of it was used.`, { field: 'FILE', expected: 'an update file as its publisher made it', cause: thrown });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw invalid(path, 'its manifest is no JSON', thrown);
  }
  const parsed = updateManifestSchema.safeParse(json);
  if (!parsed.success) throw invalid(path, `its manifest is not as agreed at ${parsed.error.issues[0]?.path.join('.') ?? '?'}; it may be for a newer Imprint`, parsed.error);
  return { manifest: parsed.data, signedBy };
}

/** A name in a folder is durable only after the folder was synced (fsync(2)). */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What the system says of the place where it is written; what it says of reading concerns the file. */
function isOfTheDisk(thrown: unknown): thrown is NodeJS.ErrnoException {
  const { syscall } = thrown as NodeJS.ErrnoException;
  return syscall !== undefined && syscall !== 'read';
}

function unwritable(folder: string, cause: NodeJS.ErrnoException): ImprintError {
  return new ImprintError('update-refused', `The version cannot be written into ${folder} (${cause.code ?? cause.message}); nothing was changed.`, { field: 'installation', expected: 'a disk with room for one version more', cause });
}

/** @param what as a clause without a full stop */
function invalid(path: string, what: string, cause?: unknown): ImprintError {
  return new ImprintError('update-invalid', `The update ${path} cannot be used: ${what}.`, { field: 'FILE', expected: 'an update file as its publisher made it', cause });
}
