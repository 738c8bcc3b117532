import type Database from 'better-sqlite3';

import { ImprintError } from '../domain/errors';
import { healthSchema } from './health-schema';
import { integrationSchema } from './integration-schema';
import { labelSchema } from './label-schema';
import { logSchema } from './log-schema';
import { mesOrderSchema } from './mes-order-schema';
import { operatorSchema } from './operator-schema';
import { orderSchema } from './order-schema';
import { reportSchema } from './report-schema';
import { searchSchema } from './search-schema';

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

/** Triggers that refuse every change of a table's rows. */
const appendOnly = (table: string, sentence: string): string =>
  ['UPDATE', 'DELETE']
    .map((change) => `CREATE TRIGGER ${table}_refuse_${change.toLowerCase()} BEFORE ${change} ON ${table} BEGIN SELECT RAISE(ABORT, '${sentence}'); END;`)
    .join('\n  ');

const copiedColumns = 'sequence, device_id, identity, state, key_type, fingerprint, spki, server_kind, server_url, server_device_id, profile_name, created_at, updated_at';

/*
 * Acceptance, batches, devices of other tools, and what is done at the server afterwards.
 *
 * What is seen at the server has a table of its own, because it is written again and again, while a device with its
 * public key is not. It copies what a device never changes (server, profile, batch), so that each question of QA's page
 * and of the watch is answered from one index whose last part is `sequence`, the order of the page. Triggers keep both
 * tables in step.
 *
 * SQLite can rebuild a table only under another name (https://sqlite.org/lang_altertable.html, 7); its old triggers and
 * indexes go with it.
 */
const acceptanceSchema = `
  CREATE TABLE new_devices (
    sequence INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL UNIQUE,
    identity TEXT NOT NULL CHECK (json_valid(identity) AND json_type(identity) = 'object'),
    state TEXT NOT NULL CHECK (state IN ('reserved', 'preauthorized', 'accepted', 'released', 'decommissioned')),
    key_type TEXT NOT NULL CHECK (key_type IN ('rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256', 'ed25519')),
    ${sha256('fingerprint')} UNIQUE,
    spki BLOB,
    server_kind TEXT NOT NULL,
    server_url TEXT NOT NULL,
    server_device_id TEXT,
    profile_name TEXT NOT NULL,
    batch TEXT CHECK (batch <> ''),
    ${timestamp('created_at')} NOT NULL,
    ${timestamp('updated_at')} NOT NULL,
    CHECK ((fingerprint IS NULL) = (spki IS NULL))
  ) STRICT;
  INSERT INTO new_devices (${copiedColumns}) SELECT ${copiedColumns} FROM devices;
  DROP TABLE devices;
  ALTER TABLE new_devices RENAME TO devices;
  CREATE UNIQUE INDEX devices_identity ON devices (identity) WHERE state NOT IN ('released', 'decommissioned');
  CREATE INDEX devices_identity_history ON devices (identity, sequence);
  CREATE INDEX devices_newest ON devices (created_at, sequence);
  CREATE INDEX devices_of_state ON devices (state, created_at, sequence);
  CREATE INDEX devices_of_batch ON devices (batch, created_at, sequence) WHERE batch IS NOT NULL;
  CREATE INDEX devices_in_making ON devices (batch, sequence) WHERE state = 'reserved' AND batch IS NOT NULL;

  CREATE TRIGGER devices_are_kept BEFORE DELETE ON devices
  BEGIN SELECT RAISE(ABORT, 'a device is never deleted from the record'); END;

  CREATE TRIGGER public_keys_are_kept BEFORE UPDATE OF fingerprint, spki ON devices
  WHEN OLD.fingerprint IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a recorded public key is never changed'); END;

  CREATE TRIGGER origins_are_kept BEFORE UPDATE OF sequence, server_url, profile_name, batch ON devices
  BEGIN SELECT RAISE(ABORT, 'the server, the profile and the batch of a device are never changed'); END;

  CREATE TABLE acceptances (
    sequence INTEGER PRIMARY KEY REFERENCES devices (sequence),
    server_url TEXT NOT NULL,
    profile_name TEXT NOT NULL,
    batch TEXT,
    watched INTEGER NOT NULL CHECK (watched IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('unchecked', 'waiting', 'accepted', 'stuck', 'missing')),
    diagnosis TEXT CHECK (diagnosis IN ('never-seen', 'another-key', 'key-of-another-device', 'near-identity', 'rejected', 'no-auth',
      'key-not-expected', 'decommissioning', 'limit-reached', 'not-at-server')),
    sentence TEXT,
    server_status TEXT,
    server_device_id TEXT,
    related_device_id TEXT REFERENCES devices (device_id),
    ${timestamp('checked_at')},
    ${timestamp('accepted_at')},
    CHECK ((checked_at IS NULL) = (sentence IS NULL))
  ) STRICT;
  INSERT INTO acceptances (sequence, server_url, profile_name, watched, state, accepted_at)
    SELECT sequence, server_url, profile_name, state IN ('preauthorized', 'accepted'),
      iif(state = 'accepted', 'accepted', 'unchecked'), iif(state = 'accepted', updated_at, NULL) FROM devices;
  CREATE INDEX acceptances_newest ON acceptances (sequence) WHERE watched = 1;
  CREATE INDEX acceptances_of_state ON acceptances (state) WHERE watched = 1;
  CREATE INDEX acceptances_of_diagnosis ON acceptances (diagnosis) WHERE watched = 1 AND diagnosis IS NOT NULL;
  CREATE INDEX acceptances_of_batch ON acceptances (batch) WHERE watched = 1 AND batch IS NOT NULL;
  CREATE INDEX acceptances_of_batch_state ON acceptances (batch, state) WHERE watched = 1 AND batch IS NOT NULL;
  CREATE INDEX acceptances_of_profile ON acceptances (profile_name) WHERE watched = 1;
  CREATE INDEX acceptances_of_profile_state ON acceptances (profile_name, state) WHERE watched = 1;
  CREATE INDEX acceptances_of_related ON acceptances (related_device_id) WHERE related_device_id IS NOT NULL;
  CREATE INDEX acceptances_to_check ON acceptances (server_url, state, ifnull(checked_at, '')) WHERE watched = 1;

  CREATE TRIGGER acceptances_begin AFTER INSERT ON devices
  BEGIN
    INSERT INTO acceptances (sequence, server_url, profile_name, batch, watched, state, accepted_at)
    VALUES (NEW.sequence, NEW.server_url, NEW.profile_name, NEW.batch, NEW.state IN ('preauthorized', 'accepted'),
      iif(NEW.state = 'accepted', 'accepted', 'unchecked'), iif(NEW.state = 'accepted', NEW.updated_at, NULL));
  END;

  CREATE TRIGGER acceptances_are_watched AFTER UPDATE OF state ON devices
  BEGIN UPDATE acceptances SET watched = NEW.state IN ('preauthorized', 'accepted') WHERE sequence = NEW.sequence; END;

  CREATE TRIGGER acceptances_succeed AFTER UPDATE OF state ON devices
  WHEN NEW.state = 'accepted' AND OLD.state <> 'accepted'
  BEGIN
    UPDATE acceptances SET state = 'accepted', diagnosis = NULL, sentence = NULL, server_status = NULL, related_device_id = NULL,
      checked_at = NULL, accepted_at = ifnull(accepted_at, NEW.updated_at)
    WHERE sequence = NEW.sequence;
  END;

  CREATE TABLE sign_offs (
    sequence INTEGER PRIMARY KEY,
    batch TEXT NOT NULL CHECK (batch <> ''),
    signed_by TEXT NOT NULL CHECK (signed_by <> ''),
    ${timestamp('signed_at')} NOT NULL,
    total INTEGER NOT NULL CHECK (total > 0),
    accepted INTEGER NOT NULL CHECK (accepted BETWEEN 0 AND total),
    remark TEXT
  ) STRICT;
  CREATE INDEX sign_offs_of_batch ON sign_offs (batch, sequence);
  ${appendOnly('sign_offs', 'a sign-off is never changed')}

  CREATE TABLE foreign_devices (
    sequence INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE CHECK (json_valid(identity) AND json_type(identity) = 'object'),
    ${sha256('fingerprint')} NOT NULL UNIQUE,
    spki BLOB NOT NULL,
    source TEXT NOT NULL,
    imported_by TEXT NOT NULL,
    ${timestamp('imported_at')} NOT NULL
  ) STRICT;
  ${appendOnly('foreign_devices', 'an imported device is never changed')}

  CREATE TABLE actions (
    sequence INTEGER PRIMARY KEY,
    action_id TEXT NOT NULL UNIQUE,
    action TEXT NOT NULL CHECK (action IN ('decommission', 'remove-auth-set', 'reject', 'replace')),
    device_id TEXT REFERENCES devices (device_id),
    server_url TEXT NOT NULL,
    server_device_id TEXT NOT NULL,
    auth_set_id TEXT,
    identity TEXT NOT NULL CHECK (json_valid(identity) AND json_type(identity) = 'object'),
    state TEXT NOT NULL CHECK (state IN ('started', 'done', 'failed')),
    started_by TEXT NOT NULL,
    ${timestamp('started_at')} NOT NULL,
    ${timestamp('ended_at')},
    sentence TEXT,
    CHECK ((ended_at IS NULL) = (state = 'started')),
    CHECK ((sentence IS NULL) = (state = 'started'))
  ) STRICT;
  CREATE INDEX actions_of_device ON actions (device_id, sequence) WHERE device_id IS NOT NULL;
  CREATE INDEX actions_of_identity ON actions (identity);
  CREATE INDEX actions_unfinished ON actions (sequence) WHERE state = 'started';

  CREATE TRIGGER actions_are_kept BEFORE DELETE ON actions
  BEGIN SELECT RAISE(ABORT, 'an action is never deleted from the record'); END;

  CREATE TRIGGER actions_end_once BEFORE UPDATE ON actions
  WHEN OLD.state <> 'started'
  BEGIN SELECT RAISE(ABORT, 'an action that has ended is never changed'); END;

  CREATE TRIGGER actions_keep_their_start
  BEFORE UPDATE OF sequence, action_id, action, device_id, server_url, server_device_id, auth_set_id, identity, started_by, started_at ON actions
  BEGIN SELECT RAISE(ABORT, 'what an action is about is never changed'); END;
`;

/** Allows another set of values in one column's check. SQLite can only make the table anew, so its guards are made anew too. */
function widen(database: Database.Database, table: string, before: string, after: string): void {
  const schema = database.prepare('SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND type = ? AND sql IS NOT NULL').pluck();
  const [sql] = schema.all(table, 'table') as string[];
  if (sql === undefined || !sql.includes(before)) throw new ImprintError('unexpected', `The table ${table} of the record is not as its version says.`);
  const guards = [...schema.all(table, 'index'), ...schema.all(table, 'trigger')] as string[];
  const columns = (database.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[]).join(', ');
  const fresh = `widened_${table}`;
  database.exec(sql.replace(/^CREATE TABLE\s+("?)\w+\1/, `CREATE TABLE ${fresh}`).replace(before, after));
  database.exec(`INSERT INTO ${fresh} (${columns}) SELECT ${columns} FROM ${table}; DROP TABLE ${table}; ALTER TABLE ${fresh} RENAME TO ${table};`);
  for (const guard of guards) database.exec(guard);
}

/** Servers whose reply is part of what is written onto the card: certificates, what is done in parts, what else they say. */
function certificateSchema(database: Database.Database): void {
  // Renaming must leave what other tables' triggers and keys say of this one as it is (https://sqlite.org/lang_altertable.html, 7).
  database.pragma('legacy_alter_table = ON');
  try {
    widen(database, 'devices', `'ec-p256', 'ed25519')`, `'ec-p256', 'ec-p384', 'ed25519')`);
    widen(database, 'steps', `'enrol', 'destroy', 'record')`, `'enrol', 'confirm', 'destroy', 'record')`);
    widen(database, 'acceptances', `'limit-reached', 'not-at-server')`, `'limit-reached', 'not-at-server', 'incomplete-at-server', 'certificate-expired', 'certificate-revoked', 'unpinned', 'pinned-to-another-key')`);
    widen(database, 'actions', `'reject', 'replace')`, `'reject', 'replace', 'renew')`);
  } finally {
    database.pragma('legacy_alter_table = OFF');
  }
  database.exec(certificateTables);
}

const certificateTables = `
  ALTER TABLE actions ADD COLUMN reason TEXT;

  CREATE TABLE action_steps (
    sequence INTEGER PRIMARY KEY,
    action_id TEXT NOT NULL REFERENCES actions (action_id),
    part TEXT NOT NULL CHECK (part <> ''),
    sentence TEXT NOT NULL,
    ${timestamp('done_at')} NOT NULL,
    UNIQUE (action_id, part)
  ) STRICT;
  ${appendOnly('action_steps', 'a part of an action that was done is never changed')}

  CREATE TABLE certificates (
    sequence INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL REFERENCES devices (device_id),
    serial TEXT NOT NULL CHECK (serial <> '' AND serial NOT GLOB '*[^0-9a-f]*'),
    issuer TEXT NOT NULL,
    ${timestamp('not_before')} NOT NULL,
    ${timestamp('not_after')} NOT NULL,
    ${sha256('sha256')} NOT NULL UNIQUE,
    certificate TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('issued', 'superseded', 'revoked', 'lost')),
    ${timestamp('recorded_at')} NOT NULL,
    ${timestamp('revoked_at')},
    revocation_reason TEXT,
    CHECK ((revoked_at IS NULL) = (state <> 'revoked'))
  ) STRICT;
  CREATE INDEX certificates_of_device ON certificates (device_id, sequence);
  CREATE INDEX certificates_by_end ON certificates (not_after, sequence);
  CREATE INDEX certificates_of_state ON certificates (state, not_after, sequence);
  CREATE INDEX certificates_by_serial ON certificates (serial);

  CREATE TRIGGER certificates_are_kept BEFORE DELETE ON certificates
  BEGIN SELECT RAISE(ABORT, 'a certificate is never deleted from the record'); END;

  CREATE TRIGGER certificates_keep_their_content BEFORE UPDATE OF sequence, device_id, serial, issuer, not_before, not_after, sha256, certificate, recorded_at ON certificates
  BEGIN SELECT RAISE(ABORT, 'what a certificate says is never changed'); END;

  CREATE TRIGGER certificates_stay_revoked BEFORE UPDATE OF state, revoked_at, revocation_reason ON certificates
  WHEN OLD.state = 'revoked'
  BEGIN SELECT RAISE(ABORT, 'a revoked certificate stays revoked'); END;
`;

export const migrations: readonly Migration[] = [
  { number: 1, up: firstSchema },
  { number: 2, up: acceptanceSchema },
  { number: 3, up: certificateSchema },
  { number: 4, up: logSchema },
  { number: 5, up: operatorSchema + searchSchema },
  { number: 6, up: orderSchema },
  { number: 7, up: integrationSchema },
  { number: 8, up: reportSchema },
  { number: 9, up: labelSchema },
  { number: 10, up: healthSchema },
  { number: 11, up: mesOrderSchema },
];

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
