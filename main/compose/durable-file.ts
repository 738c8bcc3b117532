import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ImprintError } from '../domain/errors';

/**
 * Writes a file for this user alone, durable when it returns.
 *
 * CRASH: the old file stays until the new one is whole and on the disk.
 *
 * @throws ImprintError record-full-disk, record-unavailable
 */
export function writeDurably(path: string, text: string): void {
  const next = `${path}.${String(process.pid)}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(next, 'w', 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, path);
    syncFolder(dirname(path));
  } catch (thrown) {
    rmSync(next, { force: true });
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'it is not known why';
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    throw new ImprintError(full ? 'record-full-disk' : 'record-unavailable', `The file ${path} cannot be written (${code}); what was there before is still there.`, { cause: thrown });
  }
}

/** @returns undefined where there is none */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** A name in a folder is durable only after the folder was synced (fsync(2)). */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
