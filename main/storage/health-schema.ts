/**
 * Which card was in a job, and the ways to count failures: by slot and by card along indexes, whatever the record holds.
 *
 * The card is written down before the first byte is written to it, so that a card that fails is known too.
 */
export const healthSchema = `
  CREATE TABLE job_cards (
    job_id TEXT NOT NULL PRIMARY KEY REFERENCES jobs (job_id),
    lot TEXT NOT NULL CHECK (lot <> ''),
    card TEXT CHECK (card <> ''),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z')
  ) STRICT;
  CREATE INDEX job_cards_of_lot ON job_cards (lot, recorded_at);
  CREATE INDEX job_cards_of_card ON job_cards (card, recorded_at) WHERE card IS NOT NULL;

  CREATE INDEX jobs_of_slot ON jobs (slot, started_at, state);
  CREATE INDEX jobs_failed_of_slot ON jobs (slot, started_at) WHERE state = 'failed';
  CREATE INDEX jobs_failed ON jobs (started_at) WHERE state = 'failed';
`;
