import { closeSync, fchmodSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ImprintError } from '../domain/errors';

/**
 * Puts a file for this user alone in its place, durable when it returns.
 *
 * CRASH: whole or not at all; what was there stays until the new one is on the disk.
 *
 * @param replace whether it may take the place of another one; else the one that is there stays, and nothing is said
 * @throws what the system says
 */
export function putFile(path: string, content: string | Uint8Array, replace: boolean): void {
  const next = `${path}.${String(process.pid)}.new`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    // SECURITY: readable by nobody else from the first moment, whatever the umask.
    const file = openSync(next, 'w', 0o600);
    try {
      fchmodSync(file, 0o600);
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (replace) renameSync(next, path);
    else linkSync(next, path);
    syncFolder(dirname(path));
  } catch (thrown) {
    if (!hasCode(thrown, 'EEXIST')) throw thrown;
  } finally {
    rmSync(next, { force: true });
  }
}

/** putFile() of what belongs to the record. @throws ImprintError record-full-disk, record-unavailable */
export function writeDurably(path: string, text: string): void {
  try {
    putFile(path, text, true);
  } catch (thrown) {
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
    if (hasCode(thrown, 'ENOENT')) return undefined;
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

/** What another one wrote into a file, durable. */
export const syncFile = syncFolder;

function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
