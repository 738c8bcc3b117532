import type Database from 'better-sqlite3';

import { ImprintError } from '../domain/errors';

/** One step of the schema. A released migration is never edited: workstations have run it. */
export interface Migration {
  /** 1, 2, 3 … without gaps; the database's `user_version` afterwards. */
  readonly number: number;
  /** SQL text, or a function where rows must be rewritten. It runs inside a transaction that is not its own. */
  readonly up: string | ((database: Database.Database) => void);
}

/** Text as `Date.toISOString` makes it: of one width, so that its order is the order in time. */
const timestamp = (column: string): string =>
  `${column} TEXT CHECK (${column} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z')`;

const sha256 = (column: string): string => `${column} TEXT CHECK (length(${column}) = 64 AND ${column} NOT GLOB '*[^0-9a-f]*')`;

/*
 * SECURITY: no column holds a private key, and none may be added; a test reads the schema.
 * Jobs name their profile and image by hash without a foreign key, because a job may be refused before either is kept.
 */
const firstSchema = `
  CREATE TABLE operators (
    name TEXT NOT NULL PRIMARY KEY,
    ${timestamp('first_seen_at')} NOT NULL,
    ${timestamp('last_seen_at')} NOT NULL
  ) STRICT;

  CREATE TABLE profiles (
    ${sha256('sha256')} NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    json TEXT NOT NULL CHECK (json_valid(json)),
    ${timestamp('kept_at')} NOT NULL
  ) STRICT;

  CREATE TABLE images (
    ${sha256('sha256')} NOT NULL PRIMARY KEY,
    path TEXT NOT NULL,
    format TEXT NOT NULL CHECK (format IN ('raw', 'gzip', 'xz', 'zstd')),
    decoded_path TEXT NOT NULL,
    decoded_bytes INTEGER NOT NULL CHECK (decoded_bytes >= 0),
    ${sha256('decoded_sha256')} NOT NULL,
    stamp TEXT NOT NULL,
    ${timestamp('first_used_at')} NOT NULL,
    ${timestamp('last_used_at')} NOT NULL
  ) STRICT;

  CREATE TABLE devices (
    sequence INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL UNIQUE,
    identity TEXT NOT NULL CHECK (json_valid(identity) AND json_type(identity) = 'object'),
    state TEXT NOT NULL CHECK (state IN ('reserved', 'preauthorized', 'accepted', 'released')),
    key_type TEXT NOT NULL CHECK (key_type IN ('rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256', 'ed25519')),
    ${sha256('fingerprint')} UNIQUE,
    spki BLOB,
    server_kind TEXT NOT NULL,
    server_url TEXT NOT NULL,
    server_device_id TEXT,
    profile_name TEXT NOT NULL,
    ${timestamp('created_at')} NOT NULL,
    ${timestamp('updated_at')} NOT NULL,
    CHECK ((fingerprint IS NULL) = (spki IS NULL))
  ) STRICT;
  CREATE UNIQUE INDEX devices_identity ON devices (identity) WHERE state <> 'released';
  CREATE INDEX devices_identity_history ON devices (identity, sequence);
  CREATE INDEX devices_newest ON devices (created_at, sequence);

  CREATE TABLE jobs (
    sequence INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL UNIQUE,
    device_id TEXT NOT NULL REFERENCES devices (device_id),
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed', 'cancelled', 'compensated', 'waiting')),
    slot TEXT NOT NULL,
    target_path TEXT NOT NULL,
    operator TEXT NOT NULL REFERENCES operators (name),
    ${sha256('image_sha256')} NOT NULL,
    profile_name TEXT NOT NULL,
    ${sha256('profile_sha256')} NOT NULL,
    owner_pid INTEGER NOT NULL,
    owner_started TEXT NOT NULL,
    ${timestamp('started_at')} NOT NULL,
    ${timestamp('ended_at')},
    sentence TEXT,
    CHECK ((ended_at IS NULL) = (state IN ('open', 'waiting')))
  ) STRICT;
  CREATE INDEX jobs_of_device ON jobs (device_id);
  CREATE INDEX jobs_newest ON jobs (started_at, sequence);
  CREATE INDEX jobs_unfinished ON jobs (sequence) WHERE state IN ('open', 'waiting');

  CREATE TABLE steps (
    sequence INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (job_id),
    name TEXT NOT NULL CHECK (name IN ('reserve', 'check', 'generate', 'write', 'verify', 'enrol', 'destroy', 'record')),
    state TEXT NOT NULL CHECK (state IN ('started', 'done', 'failed')),
    ${timestamp('started_at')} NOT NULL,
    ${timestamp('ended_at')},
    sentence TEXT,
    UNIQUE (job_id, name),
    CHECK ((ended_at IS NULL) = (state = 'started'))
  ) STRICT;

  CREATE TRIGGER devices_are_kept BEFORE DELETE ON devices
  BEGIN SELECT RAISE(ABORT, 'a device is never deleted from the record'); END;

  CREATE TRIGGER public_keys_are_kept BEFORE UPDATE OF fingerprint, spki ON devices
  WHEN OLD.fingerprint IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a recorded public key is never changed'); END;
`;

export const migrations: readonly Migration[] = [{ number: 1, up: firstSchema }];

/** The schema version that these migrations lead to. @throws ImprintError unexpected where the numbers have gaps */
export function latestVersion(list: readonly Migration[]): number {
  list.forEach((migration, index) => {
    if (migration.number !== index + 1) {
      throw new ImprintError('unexpected', `Migration ${migration.number} of the record stands at place ${index + 1}.`);
    }
  });
  return list.length;
}

/**
 * Runs the migrations after `from` and sets `user_version`. The caller holds the write transaction and has switched
 * foreign keys off (SQLite ignores the switch inside a transaction), so that a migration may rebuild a table.
 *
 * @throws whatever a migration throws, ImprintError unexpected where one leaves a row without its parent
 */
export function migrate(database: Database.Database, from: number, list: readonly Migration[]): void {
  for (const migration of list.slice(from)) {
    if (typeof migration.up === 'string') database.exec(migration.up);
    else migration.up(database);
    database.pragma(`user_version = ${migration.number}`);
  }
  const orphans = database.pragma('foreign_key_check');
  if (Array.isArray(orphans) && orphans.length > 0) {
    throw new ImprintError('unexpected', 'The record could not be brought to its new schema: rows would lose what they belong to; it stays as it was.');
  }
}
