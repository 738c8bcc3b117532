import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import Database from 'better-sqlite3';

import { ImprintError } from '../domain/errors';
import type { BackupReceipt } from '../domain/record-log';
import { equal } from '../ledger/merkle-verify';
import type { RecordDatabase } from './database';
import { checkLog } from './log-check';
import { checkDevices } from './log-devices';
import { LogStore } from './log-store';
import { RecordSession } from './session';
import { recordError } from './sqlite-errors';

/** Pages of one step: others write between two of them. */
const pages = 2000;

/**
 * Copies the record while it is in use (https://sqlite.org/backup.html), and reads the copy once more: its pages, its log,
 * its devices, and that its head is one of this record. Only then it gets its name.
 *
 * CRASH: a copy that was not finished keeps the name with `.new`, and no other one is changed.
 *
 * @throws ImprintError record-full-disk, record-unavailable; log-broken, record-corrupt where the copy is not sound
 */
export async function backUp(database: RecordDatabase, path: string, onProgress: (done: number, total: number) => void, signal: AbortSignal): Promise<BackupReceipt> {
  const draft = `${path}.new`;
  try {
    await rm(draft, { force: true });
    // SECURITY: made before SQLite writes into it, so that it is readable by nobody else at any time.
    await (await open(draft, 'wx', 0o600)).close();
    await chmod(draft, 0o600);
    await database.connection.backup(draft, {
      progress: ({ totalPages, remainingPages }) => {
        signal.throwIfAborted();
        onProgress(totalPages - remainingPages, totalPages);
        return pages;
      },
    });
    const { size, root } = await verified(database, draft, signal);
    await synced(draft);
    const sha256 = await hashOf(draft);
    const { size: bytes } = await stat(draft);
    await rename(draft, path);
    await synced(dirname(path));
    return { size, root, sha256, bytes };
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => undefined);
    signal.throwIfAborted();
    throw recordError(thrown, path);
  }
}

async function verified(database: RecordDatabase, draft: string, signal: AbortSignal): Promise<{ readonly size: number; readonly root: Uint8Array }> {
  const copy = new Database(draft);
  const session = new RecordSession({ path: draft, version: database.version, connection: copy });
  try {
    // One file that needs no other beside it.
    copy.pragma('journal_mode = DELETE');
    const answer = copy.pragma('integrity_check(1)', { simple: true });
    if (answer !== 'ok') throw unsound(`SQLite reports "${String(answer)}"`);
    const log = new LogStore(session);
    const [hashes, devices] = [await checkLog(session, log, { signal }), await checkDevices(session, log, signal)];
    if (!hashes.sound) throw unsound(hashes.sentence);
    if (!devices.sound) throw unsound(devices.sentence);
    const own = new LogStore(new RecordSession(database)).head(hashes.size);
    if (!equal(own.root, hashes.root)) throw unsound('its head is not one of this record');
    return hashes;
  } finally {
    await session.close();
  }
}

function unsound(what: string): ImprintError {
  return new ImprintError('log-broken', `No backup was made, because the copy is not sound: ${what}`);
}

async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
