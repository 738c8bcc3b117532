import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ImprintError } from '../../domain/errors';

/** Keeps lines of JSON so that they survive the process: append, fsync, and only then the promise resolves. */
export interface Journal {
  append(entry: unknown): void;
  /** Resolves when everything appended so far is on the disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export const noJournal: Journal = { append: () => undefined, flush: () => Promise.resolve(), close: () => Promise.resolve() };

/**
 * The entries of a journal, oldest first.
 *
 * CRASH: a last line without its end was being written when the process died; nobody was told that it is there.
 *
 * @throws ImprintError record-corrupt
 */
export async function readJournal(path: string): Promise<unknown[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw thrown;
  }
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line, at): unknown => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new ImprintError('record-corrupt', `Line ${String(at + 1)} of ${path} cannot be read; remove that file to start the practice server empty.`, { cause });
    }
  });
}

/** Replaces a file as a whole, durably, readable by its owner only. */
export async function replaceFile(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Writes `entries` as the whole of the journal (which compacts it) and opens it for more. */
export async function openJournal(folder: string, name: string, entries: readonly unknown[]): Promise<Journal> {
  const path = join(folder, name);
  await replaceFile(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  return new FileJournal(await open(path, 'a', 0o600));
}

class FileJournal implements Journal {
  #pending = '';
  #written: Promise<void> = Promise.resolve();
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  append(entry: unknown): void {
    this.#pending += `${JSON.stringify(entry)}\n`;
  }

  flush(): Promise<void> {
    // A failed write stays failed for every later caller: memory would be ahead of the disk.
    this.#written = this.#written.then(async () => {
      const lines = this.#pending;
      if (lines === '') return;
      this.#pending = '';
      await this.#file.appendFile(lines);
      await this.#file.datasync();
    });
    return this.#written;
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }
}
