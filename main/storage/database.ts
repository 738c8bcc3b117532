import { closeSync, existsSync, fchmodSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import Database from 'better-sqlite3';

import { ImprintError } from '../domain/errors';
import { latestVersion, migrate, migrations as releasedMigrations } from './migrations';
import type { Migration } from './migrations';
import { codeOf, corruptRecord, fromTheFuture, recordError, unavailable } from './sqlite-errors';

/** "Impr" in ASCII: bytes 68 to 71 of the file (SQLite file format, 1.3.17). */
export const applicationId = 0x49_6d_70_72;

/** "SQLite format 3" with its final NUL (SQLite file format, 1.3.1). */
const magic = Buffer.from('SQLite format 3\0', 'latin1');
const headerBytes = 100;

export interface OpenDatabaseOptions {
  /** How long a call waits for another process, in milliseconds. */
  readonly busyTimeout?: number;
  /** Another schema, for the tests of the mechanism. */
  readonly migrations?: readonly Migration[];
}

/** An open record with the schema version that this process knows. */
export interface RecordDatabase {
  readonly path: string;
  readonly version: number;
  readonly connection: Database.Database;
}

/**
 * Opens or creates the local record and brings it to the newest schema. Missing folders are made 0700, the file 0600.
 * Several processes may hold it open at once.
 *
 * @throws ImprintError record-from-the-future, record-corrupt (both leave the file as it is), record-full-disk,
 *   record-unavailable
 */
export function openDatabase(path: string, options: OpenDatabaseOptions = {}): RecordDatabase {
  const file = resolve(path);
  const list = options.migrations ?? releasedMigrations;
  const version = latestVersion(list);
  const busyTimeout = options.busyTimeout ?? 10_000;
  // The driver trims names, and would then open another file than the one that is checked here.
  if (file.trim() !== file) throw unavailable(file, 'its name ends in a blank');
  let connection: Database.Database | undefined;
  try {
    createFile(file);
    checkHeader(file, version);
    connection = new Database(file, { timeout: busyTimeout });
    // SECURITY: functions with side effects are not for the schema of a file that somebody else may have written.
    connection.pragma('trusted_schema = OFF');
    checkContent(connection, file, version);
    useWriteAheadLog(connection, file, busyTimeout);
    // CRASH: FULL makes every commit durable by fsync; the library's own default under WAL loses the last ones.
    connection.pragma('synchronous = FULL');
    upgrade(connection, file, version, list);
    connection.pragma('foreign_keys = ON');
    return { path: file, version, connection };
  } catch (thrown) {
    const error = recordError(thrown, file);
    closeQuietly(connection);
    throw error;
  }
}

/**
 * Opens a record that is there, for nobody but readers: no statement of this connection can change it, and it is not
 * brought to a newer schema.
 *
 * @throws as `openDatabase`; record-unavailable where there is none, or an older Imprint made it
 */
export function openDatabaseForReading(path: string, options: OpenDatabaseOptions = {}): RecordDatabase {
  const file = resolve(path);
  const version = latestVersion(options.migrations ?? releasedMigrations);
  let connection: Database.Database | undefined;
  try {
    if (!existsSync(file)) throw unavailable(file, 'it is not there; this station has not made a device yet');
    checkHeader(file, version);
    connection = new Database(file, { readonly: true, fileMustExist: true, timeout: options.busyTimeout ?? 10_000 });
    connection.pragma('trusted_schema = OFF');
    connection.pragma('query_only = ON');
    checkContent(connection, file, version);
    if (numberPragma(connection, 'user_version') < version) throw unavailable(file, 'an older Imprint made it; open the station once, which brings it up to date');
    return { path: file, version, connection };
  } catch (thrown) {
    closeQuietly(connection);
    throw recordError(thrown, file);
  }
}

/** SECURITY: made before SQLite sees it, so that it is never readable by others; its log files inherit the mode. */
function createFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  let handle: number;
  try {
    handle = openSync(file, 'ax', 0o600);
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return;
    throw thrown;
  }
  try {
    fchmodSync(handle, 0o600);
  } finally {
    closeSync(handle);
  }
}

/** Looks at the first 100 bytes without SQLite, which would write log files beside a database that is not ours. */
function checkHeader(file: string, version: number): void {
  const header = Buffer.alloc(headerBytes);
  const handle = openSync(file, 'r');
  let length: number;
  try {
    length = readSync(handle, header, 0, headerBytes, 0);
  } finally {
    closeSync(handle);
  }
  if (length === 0) return;
  if (length < headerBytes || !header.subarray(0, magic.length).equals(magic)) {
    throw corruptRecord(file, 'its file is no SQLite database');
  }
  const application = header.readUInt32BE(68);
  // Zero: the header that counts may still be in the log. SQLite is asked next.
  if (application === 0) return;
  checkApplication(application, file);
  checkVersion(header.readUInt32BE(60), file, version);
}

function checkApplication(found: number, file: string): void {
  if (found !== applicationId) throw corruptRecord(file, 'its file is a database of another program');
}

function checkVersion(found: number, file: string, version: number): void {
  if (found > version) throw fromTheFuture(file, found, version);
}

const largestCheckedAtOpen = 8 * 1024 * 1024;

/** The same questions through SQLite, which sees the log too, and whether the pages hold together. */
function checkContent(connection: Database.Database, file: string, version: number): void {
  if (isEmpty(connection)) return;
  checkApplication(numberPragma(connection, 'application_id'), file);
  checkVersion(numberPragma(connection, 'user_version'), file, version);
  // Page by page it takes seconds for a large record, and a technician waits; a damaged page of those is found when it is read.
  const bytes = numberPragma(connection, 'page_count') * numberPragma(connection, 'page_size');
  if (bytes > largestCheckedAtOpen) return;
  const answer = connection.pragma('quick_check(1)', { simple: true });
  if (answer !== 'ok') throw corruptRecord(file, `SQLite reports "${String(answer)}"`);
}

function isEmpty(connection: Database.Database): boolean {
  return connection.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0 && numberPragma(connection, 'user_version') === 0;
}

/** SQLite answers "busy" at once, without its time-out, where two processes make the switch together. */
function useWriteAheadLog(connection: Database.Database, file: string, busyTimeout: number): void {
  const pause = 20;
  for (let waited = 0; ; waited += pause) {
    try {
      const mode = connection.pragma('journal_mode = WAL', { simple: true });
      if (mode === 'wal') return;
      throw unavailable(file, 'its filesystem offers no write-ahead log; it must lie on a local disk');
    } catch (thrown) {
      if (!codeOf(thrown).startsWith('SQLITE_BUSY') || waited >= busyTimeout) throw thrown;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
    }
  }
}

/** CRASH: all missing migrations are one transaction: a station that is killed finds the old schema or the new one. */
function upgrade(connection: Database.Database, file: string, version: number, list: readonly Migration[]): void {
  if (numberPragma(connection, 'user_version') === version) return;
  connection.pragma('foreign_keys = OFF');
  connection
    .transaction(() => {
      // Asked again under the lock: another process may have been faster.
      const found = numberPragma(connection, 'user_version');
      checkVersion(found, file, version);
      if (found === version) return;
      connection.pragma(`application_id = ${applicationId}`);
      migrate(connection, found, list);
    })
    .immediate();
}

/**
 * Runs `work` in one BEGIN IMMEDIATE transaction; what it throws undoes it.
 *
 * @throws ImprintError record-from-the-future where another, newer process has changed the schema meanwhile; else as
 *   recordError says
 */
export function writeTransaction<Result>(database: RecordDatabase, work: () => Result): Result {
  try {
    return database.connection
      .transaction(() => {
        checkVersion(numberPragma(database.connection, 'user_version'), database.path, database.version);
        return work();
      })
      .immediate();
  } catch (thrown) {
    throw recordError(thrown, database.path);
  }
}

/** Runs `work` on one snapshot of the record. @throws ImprintError as recordError says */
export function readTransaction<Result>(database: RecordDatabase, work: () => Result): Result {
  try {
    return database.connection.transaction(work).deferred();
  } catch (thrown) {
    throw recordError(thrown, database.path);
  }
}

function numberPragma(connection: Database.Database, name: 'application_id' | 'user_version' | 'page_count' | 'page_size'): number {
  const value = connection.pragma(name, { simple: true });
  if (typeof value !== 'number') throw new ImprintError('unexpected', `SQLite has no number for ${name}.`);
  return value;
}

function closeQuietly(connection: Database.Database | undefined): void {
  try {
    connection?.close();
  } catch {
    // The first error is the one to tell.
  }
}
