import { createHash } from 'node:crypto';

import { ImprintError } from '../domain/errors';

/** Where an export goes: a folder, of which an archive may be made afterwards. Two files are open at a time. */
export interface ExportTarget {
  /** @param name relative, with `/` between folders */
  create(name: string): Promise<ExportFile>;
}

export interface ExportFile {
  /** `bytes` may be used again once it has resolved. */
  write(bytes: Uint8Array): Promise<void>;
  /** Durable afterwards where the target can do that. */
  close(): Promise<void>;
}

/** A file as the manifest names it. */
export interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Text is gathered to this many bytes: a million rows must not be a million writes. */
const portion = 256 * 1024;

/** Writes files into a target and keeps what the manifest must say about each. */
export class ExportFiles {
  readonly #target: ExportTarget;
  readonly #signal: AbortSignal | undefined;
  readonly #files: ManifestFile[] = [];
  /** Taken names: an export may have many thousands of small files. */
  readonly #names = new Set<string>();

  constructor(target: ExportTarget, signal?: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
  }

  /** Those that are complete, in the order in which they were written. */
  get files(): readonly ManifestFile[] {
    return this.#files;
  }

  /** @throws whatever the target throws, the signal's reason where it was cancelled, ImprintError unexpected for a name that is taken or leads elsewhere */
  async add(name: string, content: string | Uint8Array): Promise<void> {
    await this.stream(name, async (write) => write(content));
  }

  /** The same for content that is too much for the memory; `fill` hands over any number of pieces. */
  async stream(name: string, fill: (write: (piece: string | Uint8Array) => Promise<void>) => Promise<void>): Promise<void> {
    if (!isFileName(name)) throw new ImprintError('unexpected', `"${name}" cannot be a file of an export.`);
    if (this.#names.has(name)) throw new ImprintError('unexpected', `The export has a file "${name}" already.`);
    this.#names.add(name);
    const file = await this.#target.create(name);
    const hash = createHash('sha256');
    let bytes = 0;
    let pieces: Uint8Array[] = [];
    let gathered = 0;
    const flush = async (): Promise<void> => {
      this.#signal?.throwIfAborted();
      const content = Buffer.concat(pieces);
      pieces = [];
      gathered = 0;
      bytes += content.length;
      hash.update(content);
      await file.write(content);
    };
    try {
      await fill(async (piece) => {
        const content = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece;
        pieces.push(content);
        gathered += content.length;
        if (gathered >= portion) await flush();
      });
      await flush();
    } finally {
      await file.close();
    }
    this.#files.push({ name, bytes, sha256: hash.digest('hex') });
  }
}

/** Names that mean the same on every system, and never a place outside of the export. */
export function isFileName(name: string): boolean {
  return name.length <= 200 && /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/.test(name);
}
