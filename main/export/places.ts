import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';

import { ImprintError } from '../domain/errors';
import type { ExportFile, ExportTarget } from '../ledger/export-files';

/**
 * A folder that grows beside the place of an export under another name, so that nothing at that place is ever half an
 * export. A process that is killed leaves it there; its name says what it is.
 */
export class UnfinishedFolder implements ExportTarget {
  readonly path: string;
  readonly #place: string;

  private constructor(path: string, place: string) {
    this.path = path;
    this.#place = place;
  }

  /** @throws ImprintError export-unwritable where the place is taken, or its folder cannot be written */
  static async beside(place: string): Promise<UnfinishedFolder> {
    const absolute = resolve(place);
    assertFree(absolute);
    try {
      const path = `${absolute}.unfinished-${randomBytes(4).toString('hex')}`;
      await mkdir(path);
      return new UnfinishedFolder(path, absolute);
    } catch (thrown) {
      throw unwritable(absolute, thrown);
    }
  }

  async create(name: string): Promise<ExportFile> {
    const path = join(this.path, name);
    try {
      if (name.includes('/')) await mkdir(dirname(path), { recursive: true });
      // The system's own buffer is enough: what comes is gathered already.
      const stream = createWriteStream(path, { flags: 'wx', flush: !name.includes('/') });
      return { write: (bytes) => this.#write(stream, bytes), close: () => this.#close(stream) };
    } catch (thrown) {
      throw unwritable(this.#place, thrown);
    }
  }

  /** The folder becomes the export. */
  async moveIntoPlace(): Promise<void> {
    await this.replaceBy(this.path);
  }

  /** A file or folder inside of this one becomes the export instead; the rest goes. */
  async replaceBy(path: string): Promise<void> {
    assertFree(this.#place);
    try {
      // CRASH: one rename, after everything in it was synced.
      await rename(path, this.#place);
      await syncFolder(dirname(this.#place));
    } catch (thrown) {
      throw unwritable(this.#place, thrown);
    }
    if (path !== this.path) await this.discard();
  }

  discard(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }

  /** @returns the error as the person needs it */
  failed(thrown: unknown): unknown {
    return isSystemError(thrown) ? unwritable(this.#place, thrown) : thrown;
  }

  async #write(stream: WriteStream, bytes: Uint8Array): Promise<void> {
    await new Promise<void>((done, failed) => {
      stream.write(bytes, (error) => {
        if (error) failed(unwritable(this.#place, error));
        else done();
      });
    });
  }

  async #close(stream: WriteStream): Promise<void> {
    stream.end();
    try {
      await finished(stream);
    } catch (thrown) {
      throw unwritable(this.#place, thrown);
    }
  }
}

/** SECURITY: an export never replaces anything: evidence that is there already stays. */
function assertFree(place: string): void {
  if (!existsSync(place)) return;
  throw new ImprintError('export-unwritable', `${place} is there already, and an export replaces nothing.`, { field: '--to', expected: 'a path that is not there yet' });
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    // Some filesystems of USB sticks and shares refuse it for folders; the files themselves are synced.
    await handle.sync().catch(() => undefined);
  } finally {
    await handle.close();
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'its disk is full'],
  ['EDQUOT', 'its disk is full'],
  ['EACCES', 'this user may not write there'],
  ['EPERM', 'this user may not write there'],
  ['EROFS', 'its disk is read-only'],
  ['ENOENT', 'the folder that it shall be in is not there'],
  ['ENOTDIR', 'what it shall be in is no folder'],
]);

function unwritable(place: string, cause: unknown): ImprintError {
  if (cause instanceof ImprintError) return cause;
  const code = isSystemError(cause) ? cause.code : 'an error';
  const reason = reasons.get(code) ?? `the system answers ${code}`;
  return new ImprintError('export-unwritable', `The export cannot be written to ${place}: ${reason}. Nothing of it was left there.`, { field: '--to', cause });
}

function isSystemError(thrown: unknown): thrown is Error & { readonly code: string } {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && /^E[A-Z0-9]+$/.test(thrown.code);
}
