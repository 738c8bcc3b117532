/**
 * The labels that were asked for, and what became of them. Its number among the migrations is given where they are listed.
 *
 * CRASH: the first label of a job is asked for by a trigger, in the transaction that ends the job as done, whoever ends it: the bench,
 * the outbox, or a recovery. So a finished device whose profile prints a label has it printed or waiting, and never neither.
 */

const moment = (column: string): string =>
  `${column} TEXT CHECK (${column} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z')`;

export const labelSchema = `
  CREATE TABLE label_prints (
    sequence INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL REFERENCES devices (device_id),
    job_id TEXT NOT NULL REFERENCES jobs (job_id),
    reprint INTEGER NOT NULL CHECK (reprint IN (0, 1)),
    reason TEXT CHECK (reason <> ''),
    asked_by TEXT NOT NULL,
    ${moment('asked_at')} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'doubtful', 'printed', 'failed')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    owner_pid INTEGER,
    owner_started TEXT,
    sentence TEXT,
    ${moment('changed_at')} NOT NULL,
    printer TEXT CHECK (printer IN ('zpl', 'cups', 'pdf')),
    copies INTEGER CHECK (copies > 0),
    scan_back INTEGER NOT NULL CHECK (scan_back IN (0, 1)),
    ${moment('scanned_at')},
    scanned_by TEXT,
    CHECK ((reason IS NULL) = (reprint = 0)),
    CHECK ((owner_pid IS NULL) = (state <> 'sending') AND (owner_pid IS NULL) = (owner_started IS NULL)),
    CHECK ((printer IS NULL) = (state <> 'printed') AND (printer IS NULL) = (copies IS NULL)),
    CHECK ((scanned_at IS NULL) = (scanned_by IS NULL) AND (scanned_at IS NULL OR (scan_back = 1 AND state = 'printed')))
  ) STRICT;
  CREATE UNIQUE INDEX label_prints_of_job ON label_prints (job_id) WHERE reprint = 0;
  CREATE INDEX label_prints_of_any_job ON label_prints (job_id);
  CREATE INDEX label_prints_of_device ON label_prints (device_id, sequence);
  CREATE INDEX label_prints_unfinished ON label_prints (sequence) WHERE state IN ('waiting', 'sending', 'doubtful');
  CREATE INDEX label_prints_to_scan ON label_prints (sequence) WHERE scan_back = 1 AND scanned_at IS NULL AND state = 'printed';

  CREATE TRIGGER label_prints_begin AFTER UPDATE OF state ON jobs
  WHEN NEW.state = 'done' AND OLD.state <> 'done'
  BEGIN
    INSERT INTO label_prints (device_id, job_id, reprint, asked_by, asked_at, state, attempts, changed_at, scan_back)
      SELECT NEW.device_id, NEW.job_id, 0, NEW.operator, NEW.ended_at, 'waiting', 0, NEW.ended_at, ifnull(json_extract(json, '$.label.scanBack'), 0)
      FROM profiles WHERE sha256 = NEW.profile_sha256 AND json_type(json, '$.label') = 'object';
  END;

  CREATE TRIGGER label_prints_are_kept BEFORE DELETE ON label_prints
  BEGIN SELECT RAISE(ABORT, 'a label is never deleted from the record'); END;

  CREATE TRIGGER label_prints_end_once BEFORE UPDATE OF state, attempts, printer, copies, sentence ON label_prints
  WHEN OLD.state IN ('printed', 'failed')
  BEGIN SELECT RAISE(ABORT, 'a label that has ended is never changed'); END;

  CREATE TRIGGER label_prints_keep_their_start BEFORE UPDATE OF sequence, device_id, job_id, reprint, reason, asked_by, asked_at, scan_back ON label_prints
  BEGIN SELECT RAISE(ABORT, 'who asked for a label, and for which device, is never changed'); END;

  CREATE TRIGGER label_prints_are_scanned_once BEFORE UPDATE OF scanned_at, scanned_by ON label_prints
  WHEN OLD.scanned_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a label was scanned once'); END;
`;
