import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ImageFormat, PreparedImage } from '../domain/ports';
import { stampOf } from './stamp';

/** What is kept beside a prepared image, so that the next preparation need not read it. */
export interface CachedImage {
  readonly image: PreparedImage;
  /** Stamp of the original file; that of the decoded one is in the image. */
  readonly sourceStamp: string;
}

const version = 1;
const temporaryName = /^(\d+)-[0-9a-f-]{36}\.partial$/;
const formats: readonly ImageFormat[] = ['raw', 'gzip', 'xz', 'zstd'];
/** Temporary files that this process is writing. */
const own = new Set<string>();

/** The folder with decoded images (`<sha256>.img`), what is known of them (`<sha256>.json`) and their block maps (`<sha256>.map.json`). */
export class ImageCache {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  decodedPath(sha256: string): string {
    return join(this.folder, `${sha256}.img`);
  }

  /**
   * CRASH: a process that was killed leaves its temporary files; they carry its number, and whoever finds them after its
   * death removes them.
   */
  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    for (const name of await readdir(this.folder)) {
      const pid = temporaryName.exec(name)?.[1];
      if (pid === undefined) continue;
      const path = join(this.folder, name);
      const abandoned = Number(pid) === process.pid ? !own.has(path) : !processLives(Number(pid));
      if (abandoned) await rm(path, { force: true });
    }
  }

  /** Runs `use` with the path of a temporary file of this process, which is gone afterwards unless it was renamed. */
  async withTemporary<Result>(use: (path: string) => Promise<Result>): Promise<Result> {
    const path = join(this.folder, `${String(process.pid)}-${randomUUID()}.partial`);
    own.add(path);
    try {
      return await use(path);
    } finally {
      await rm(path, { force: true });
      own.delete(path);
    }
  }

  /** What is known of the image with this hash; undefined where nothing is, or nothing that can be read. */
  async read(sha256: string): Promise<CachedImage | undefined> {
    const text = await readFile(this.#sidecar(sha256), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      return parse(JSON.parse(text), sha256);
    } catch {
      return undefined;
    }
  }

  async write(cached: CachedImage): Promise<void> {
    await this.#keep(this.#sidecar(cached.image.sha256), JSON.stringify({ version, ...cached }, null, 2));
  }

  /** What was kept as the block map of the image with this hash, unchecked; undefined where there is none that is JSON. */
  async readMap(sha256: string): Promise<unknown> {
    try {
      return JSON.parse(await readFile(this.#map(sha256), 'utf8'));
    } catch {
      return undefined;
    }
  }

  async writeMap(sha256: string, map: object): Promise<void> {
    await this.#keep(this.#map(sha256), JSON.stringify(map));
  }

  /** Keeps it durably: afterwards a start after a power cut finds either this or what was there before. */
  async #keep(name: string, text: string): Promise<void> {
    await this.withTemporary(async (path) => {
      const handle = await open(path, 'wx', 0o644);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await this.rename(path, name);
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(from, to);
    const folder = await open(this.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  /** Whether the original at `path` and the decoded bytes are those that were hashed, by their stamps. */
  async stillHolds({ image, sourceStamp }: CachedImage, path: string): Promise<boolean> {
    return image.path === path && (await stampOf(path)) === sourceStamp && (await stampOf(image.decodedPath)) === image.stamp;
  }

  #sidecar(sha256: string): string {
    return join(this.folder, `${sha256}.json`);
  }

  #map(sha256: string): string {
    return join(this.folder, `${sha256}.map.json`);
  }
}

function parse(value: unknown, sha256: string): CachedImage | undefined {
  if (!isObject(value) || value['version'] !== version || !isObject(value['image'])) return undefined;
  const { path, format, decodedPath, decodedBytes, decodedSha256, stamp } = value['image'];
  const sourceStamp = value['sourceStamp'];
  const known = formats.find((candidate) => candidate === format);
  if (value['image']['sha256'] !== sha256 || known === undefined || typeof decodedBytes !== 'number' || !Number.isSafeInteger(decodedBytes)) return undefined;
  if (typeof path !== 'string' || typeof decodedPath !== 'string' || typeof decodedSha256 !== 'string' || typeof stamp !== 'string' || typeof sourceStamp !== 'string') return undefined;
  // A decoded image lies in this cache; a sidecar that points elsewhere was not written by it.
  if (known === 'raw' ? decodedPath !== path : basename(decodedPath) !== `${sha256}.img`) return undefined;
  return { image: { path, sha256, format: known, decodedPath, decodedBytes, decodedSha256, stamp }, sourceStamp };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
