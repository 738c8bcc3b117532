/**
 * Who may sign in at this station. The table `operators` of the first schema has the names that stood at a job; an account
 * here is a person with a role and a PIN. Its number among the migrations is given where they are listed.
 *
 * SECURITY: a PIN and a badge are kept as scrypt hashes only (operators-hash.ts). Whoever can read the file can try PINs
 * against them, so a PIN is a fence for people at the window, not for whoever has the disk.
 */

const moment = (column: string): string =>
  `${column} TEXT CHECK (${column} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z')`;

export const operatorSchema = `
  CREATE TABLE station_settings (
    name TEXT NOT NULL PRIMARY KEY CHECK (name IN ('access-mode', 'idle-minutes', 'badge-salt')),
    value TEXT NOT NULL
  ) STRICT;

  CREATE TABLE operator_accounts (
    sequence INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    folded_name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('technician', 'qa', 'auditor', 'admin')),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    pin_hash TEXT NOT NULL CHECK (pin_hash GLOB '$scrypt$*'),
    badge_hash TEXT UNIQUE CHECK (badge_hash GLOB '$scrypt$*'),
    failures INTEGER NOT NULL CHECK (failures >= 0),
    ${moment('paused_until')},
    created_by TEXT NOT NULL,
    ${moment('created_at')} NOT NULL
  ) STRICT;

  CREATE TRIGGER operator_accounts_are_kept BEFORE DELETE ON operator_accounts
  BEGIN SELECT RAISE(ABORT, 'an operator is never deleted from the record'); END;

  CREATE TRIGGER operator_accounts_keep_their_names BEFORE UPDATE OF sequence, name, folded_name, created_by, created_at ON operator_accounts
  BEGIN SELECT RAISE(ABORT, 'the name of an operator is never changed'); END;

  CREATE TABLE operator_changes (
    sequence INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('added', 'role', 'pin', 'badge', 'enabled', 'single-person', 'idle-minutes')),
    value TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    ${moment('changed_at')} NOT NULL
  ) STRICT;
  CREATE TRIGGER operator_changes_refuse_update BEFORE UPDATE ON operator_changes
  BEGIN SELECT RAISE(ABORT, 'who changed an operator is never changed'); END;
  CREATE TRIGGER operator_changes_refuse_delete BEFORE DELETE ON operator_changes
  BEGIN SELECT RAISE(ABORT, 'who changed an operator is never changed'); END;
`;
