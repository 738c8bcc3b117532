/**
 * The tamper-evident log beside the record (main/ledger). Its number among the migrations is given where they are listed.
 *
 * An entry is kept as the very text that was hashed. What is searched by is computed from that text by SQLite itself, so an
 * index can never say anything that the entry does not. The hash of an entry is level 0 of the tree and stands with it;
 * log_nodes has the complete subtrees above (merkle.ts).
 *
 * Triggers stop mistakes; whoever can write the file is found out by the hashes. An INSERT OR REPLACE runs no trigger for
 * the row that it replaces, so a row that is there already is refused on its own.
 */

const never = (table: string, sentence: string, isThere: string): string => `
  CREATE TRIGGER ${table}_refuse_update BEFORE UPDATE ON ${table} BEGIN SELECT RAISE(ABORT, '${sentence}'); END;
  CREATE TRIGGER ${table}_refuse_delete BEFORE DELETE ON ${table} BEGIN SELECT RAISE(ABORT, '${sentence}'); END;
  CREATE TRIGGER ${table}_refuse_replace BEFORE INSERT ON ${table} WHEN EXISTS (SELECT 1 FROM ${table} WHERE ${isThere})
  BEGIN SELECT RAISE(ABORT, '${sentence}'); END;`;

export const logSchema = `
  CREATE TABLE log_entries (
    seq INTEGER PRIMARY KEY CHECK (seq >= 0),
    entry TEXT NOT NULL,
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
    event TEXT GENERATED ALWAYS AS (entry ->> '$.event') VIRTUAL,
    device TEXT GENERATED ALWAYS AS (entry ->> '$.data.device') VIRTUAL
  ) STRICT;
  CREATE INDEX log_entries_of_device ON log_entries (device, seq, event) WHERE device IS NOT NULL;
  CREATE INDEX log_entries_of_keys ON log_entries (seq) WHERE event = 'key-generated';
  CREATE INDEX log_entries_without_device ON log_entries (event, seq) WHERE device IS NULL;
  ${never('log_entries', 'an entry of the log is never changed', 'log_entries.seq = NEW.seq')}
  CREATE TRIGGER log_entries_have_no_gaps BEFORE INSERT ON log_entries
  WHEN NEW.seq <> (SELECT ifnull(max(seq) + 1, 0) FROM log_entries)
  BEGIN SELECT RAISE(ABORT, 'the log has no gaps'); END;

  CREATE TABLE log_nodes (
    level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 53),
    place INTEGER NOT NULL CHECK (place >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, place)
  ) STRICT, WITHOUT ROWID;
  ${never('log_nodes', 'a hash of the log is never changed', 'log_nodes.level = NEW.level AND log_nodes.place = NEW.place')}

  CREATE TABLE log_checkpoints (
    sequence INTEGER PRIMARY KEY,
    size INTEGER NOT NULL CHECK (size >= 0),
    note TEXT NOT NULL,
    kept_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX log_checkpoints_of_size ON log_checkpoints (size, sequence);
  ${never('log_checkpoints', 'a checkpoint is never changed', 'log_checkpoints.sequence = NEW.sequence')}

  CREATE TABLE log_anchors (
    sequence INTEGER PRIMARY KEY,
    size INTEGER NOT NULL CHECK (size >= 0),
    note TEXT NOT NULL,
    place TEXT NOT NULL CHECK (place <> ''),
    anchored_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX log_anchors_of_size ON log_anchors (size, sequence);
  ${never('log_anchors', 'an anchor is never changed', 'log_anchors.sequence = NEW.sequence')}
`;
