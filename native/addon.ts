import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';

/** What the compiled addon exports; see the C files beside this one. */
export interface Addon {
  lockPages(arrayBuffer: ArrayBuffer, length: number): { offset: number; error?: NativeError };
  unlockPages(arrayBuffer: ArrayBuffer): boolean;
  zero(buffer: Uint8Array): void;
  equal(left: Uint8Array, right: Uint8Array): boolean;
  addressOf(buffer: Uint8Array): bigint;
  pageSize(): number;
  adviseHugePages(buffer: Uint8Array): void;
  disableCoreDumps(): void;
  memoryLockLimit(): { soft: number; hard: number };
  deviceSize(fd: number): number;
  logicalBlockSize(fd: number): number;
  physicalBlockSize(fd: number): number;
  isReadOnly(fd: number): boolean;
  rereadPartitionTable(fd: number): boolean;
  dropCache(fd: number, offset: number, length: number): void;
  readAt(fd: number, buffer: Uint8Array, position: number, queue?: object): Promise<number>;
  writeAt(fd: number, buffer: Uint8Array, position: number, queue?: object): Promise<number>;
  compareAt(fd: number, expected: Uint8Array, scratch: Uint8Array, position: number, queue?: object): Promise<number>;
  digestAt(fd: number, buffer: Uint8Array, position: number, queue?: object): Promise<Buffer>;
  digest(buffer: Uint8Array): Buffer;
  createQueue(threads: number): object;
  closeQueue(queue: object): void;
  discardRange(fd: number, offset: number, length: number, queue?: object): Promise<void>;
  zeroOutRange(fd: number, offset: number, length: number, queue?: object): Promise<number>;
  flushBuffers(fd: number): Promise<void>;
  watchBlockEvents(listener: (event: { action: string; name: string; type: string }) => void): () => void;
}

/** A failed system call. */
export interface NativeError extends Error {
  /** The errno's name, such as `EBUSY`. */
  readonly code: string;
  /** The errno's number, positive. */
  readonly errno: number;
  /** The call, with its request where it has one: `pwrite`, `ioctl BLKGETSIZE64`. */
  readonly syscall: string;
  /** Byte offset in the file or device at which a transfer failed; what lies before it was transferred. */
  readonly position?: number;
}

export function isNativeError(value: unknown): value is NativeError {
  return value instanceof Error && 'code' in value && 'syscall' in value && typeof value.code === 'string';
}

// A record, so that the compiler asks for a line here when the interface grows.
const exportedNames: Readonly<Record<keyof Addon, true>> = {
  lockPages: true,
  unlockPages: true,
  zero: true,
  equal: true,
  addressOf: true,
  pageSize: true,
  adviseHugePages: true,
  disableCoreDumps: true,
  memoryLockLimit: true,
  deviceSize: true,
  logicalBlockSize: true,
  physicalBlockSize: true,
  isReadOnly: true,
  rereadPartitionTable: true,
  dropCache: true,
  readAt: true,
  writeAt: true,
  compareAt: true,
  digest: true,
  digestAt: true,
  createQueue: true,
  closeQueue: true,
  discardRange: true,
  zeroOutRange: true,
  flushBuffers: true,
  watchBlockEvents: true,
};

const builtPath = join('native', 'build', 'imprint.node');

let loaded: Addon | undefined;

/**
 * The addon, loaded at the first use: this module's folder and those above it are searched for native/build/imprint.node,
 * which finds it from the sources and from the bundles alike.
 *
 * @throws Error that says what to run, if it is missing or was built from other sources
 */
export function addon(): Addon {
  return loaded ?? loadNative(findBuilt());
}

/**
 * Loads the addon from this very file, for a layout in which the search can not find it. Call it before anything else here.
 *
 * @throws Error that says what to run, if the file is missing, can not be loaded, or was built from other sources
 */
export function loadNative(path: string): Addon {
  if (!existsSync(path)) {
    throw missing(path);
  }
  const holder: { exports: Partial<Addon> } = { exports: {} };
  try {
    // Not require(): this file is an ES module under test and a CommonJS bundle in the app; dlopen is the same in both.
    process.dlopen(holder, path, constants.dlopen.RTLD_NOW);
  } catch (cause) {
    throw new Error(`The native addon ${path} can not be loaded: run "npm run setup" to build it on this machine.`, { cause });
  }
  const absent = Object.keys(exportedNames).filter((name) => !(name in holder.exports));
  if (absent.length > 0) {
    throw new Error(`The native addon ${path} is older than the app (no ${absent.join(', ')}): run "npm run setup" to build it again.`);
  }
  loaded = holder.exports as Addon;
  return loaded;
}

function findBuilt(): string {
  // SECURITY: only from the module's own folder upward; never from the working folder, where anybody may have put a file.
  // import.meta would do under test but is empty in a CommonJS bundle; vitest defines __dirname for modules too.
  if (typeof __dirname !== 'string') {
    throw new Error('The native addon can not be searched for from an ES module: call loadNative(path) first.');
  }
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const candidate = join(folder, builtPath);
    if (existsSync(candidate)) {
      return candidate;
    }
    if (folder === dirname(folder)) {
      throw missing(builtPath);
    }
  }
}

function missing(path: string): Error {
  return new Error(`The native addon ${path} is missing: run "npm run setup" to build it.`);
}
