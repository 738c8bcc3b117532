import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

import { ImprintError } from '../domain/errors';

/** Below this the folder counts as full: less than SQLite needs for the pages and the log frames of one transaction. */
const fewBytes = 256 * 1024;

/**
 * What SQLite or the filesystem under it threw, as the person at the bench needs it.
 *
 * @param path the database file, for the sentence
 * @returns ImprintError record-full-disk, record-corrupt, record-unavailable, or unexpected for a bug of ours; an
 *   ImprintError comes back as it is
 */
export function recordError(thrown: unknown, path: string): ImprintError {
  if (thrown instanceof ImprintError) return thrown;
  const code = codeOf(thrown);
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') return fullDisk(path, thrown);
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return corruptRecord(path, 'its file is damaged or is no database', thrown);
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return unavailable(path, 'another Imprint holds it for too long; close the other one or try again', thrown);
  }
  if (code.startsWith('SQLITE_IOERR')) {
    // The shared-memory file of the log has no code of its own for a full disk.
    return isFull(path) ? fullDisk(path, thrown) : unavailable(path, 'its disk reports an error; check the disk before any further device', thrown);
  }
  if (code.startsWith('SQLITE_READONLY') || code === 'EROFS') return unavailable(path, 'its disk or file is read-only', thrown);
  if (code === 'SQLITE_PERM' || code === 'EACCES' || code === 'EPERM') return unavailable(path, 'this user may not write there', thrown);
  if (code.startsWith('SQLITE_CANTOPEN')) {
    return isFull(path) ? fullDisk(path, thrown) : unavailable(path, 'it cannot be opened; check that this user may write to its folder', thrown);
  }
  if (code.startsWith('SQLITE_NOMEM') || code === 'ENOMEM') return unavailable(path, 'the workstation has no memory left', thrown);
  if (code === 'ENOTDIR' || code === 'EISDIR' || code === 'EEXIST') return unavailable(path, 'a file or folder stands in its way', thrown);
  if (/^E[A-Z0-9]+$/.test(code)) return unavailable(path, `the system answers ${code}`, thrown);
  if (thrown instanceof TypeError && thrown.message.includes('connection is not open')) return unavailable(path, 'it is closed already', thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ImprintError('unexpected', `The record at ${path} refused a step that Imprint should not have asked for: ${message}`, { cause: thrown });
}

/** @param what why it cannot be trusted, as a clause without a full stop */
export function corruptRecord(path: string, what: string, cause?: unknown): ImprintError {
  return new ImprintError('record-corrupt', `The record at ${path} cannot be trusted: ${what}; nothing was changed, so keep the file and restore a backup.`, { cause });
}

/** @param what why it cannot be used, as a clause without a full stop */
export function unavailable(path: string, what: string, cause?: unknown): ImprintError {
  return new ImprintError('record-unavailable', `The record at ${path} cannot be used: ${what}.`, { cause });
}

export function fromTheFuture(path: string, found: number, known: number): ImprintError {
  return new ImprintError(
    'record-from-the-future',
    `The record at ${path} was made by a newer Imprint (version ${found} of its schema, this one knows ${known}): update Imprint on this workstation.`,
  );
}

function fullDisk(path: string, cause: unknown): ImprintError {
  return new ImprintError('record-full-disk', `The disk under the record at ${path} is full: make room before any further device; what was recorded is safe.`, { cause });
}

function isFull(path: string): boolean {
  try {
    const facts = statfsSync(dirname(path));
    return facts.bavail * facts.bsize < fewBytes;
  } catch {
    return false;
  }
}

/** The code of an SqliteError or of a Node system error; by shape, because a bundle may hold the class twice. */
export function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error) || !('code' in thrown)) return '';
  return typeof thrown.code === 'string' ? thrown.code : '';
}
