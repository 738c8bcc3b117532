/**
 * What other systems of the factory were told and what they ordered. Its number among the migrations is given where they are
 * listed.
 *
 * `webhooks` has one place in the log for each receiver: what is to be told is the log itself (docs/decisions/0010). An order
 * is kept as the text that was taken, and never changed: it is what the MES has a receipt for.
 */

const moment = (column: string): string =>
  `${column} TEXT CHECK (${column} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z')`;

const never = (table: string, change: 'UPDATE' | 'DELETE', sentence: string): string =>
  `CREATE TRIGGER ${table}_refuse_${change.toLowerCase()} BEFORE ${change} ON ${table} BEGIN SELECT RAISE(ABORT, '${sentence}'); END;`;

export const integrationSchema = `
  CREATE TABLE webhooks (
    url TEXT NOT NULL PRIMARY KEY CHECK (url <> ''),
    state TEXT NOT NULL CHECK (state IN ('active', 'gone', 'dead')),
    next_entry INTEGER NOT NULL CHECK (next_entry >= 0),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    ${moment('next_try_at')},
    ${moment('failing_since')},
    sentence TEXT,
    ${moment('delivered_at')},
    ${moment('opened_at')} NOT NULL
  ) STRICT;

  CREATE TABLE webhook_attempts (
    sequence INTEGER PRIMARY KEY,
    url TEXT NOT NULL REFERENCES webhooks (url),
    entry INTEGER NOT NULL CHECK (entry >= 0),
    ${moment('begun_at')} NOT NULL,
    ${moment('ended_at')},
    outcome TEXT CHECK (outcome IN ('delivered', 'gone', 'failed', 'skipped', 'retried')),
    sentence TEXT,
    done_by TEXT,
    CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CHECK ((done_by IS NOT NULL) = (outcome IS NOT NULL AND outcome IN ('skipped', 'retried')))
  ) STRICT;
  CREATE INDEX webhook_attempts_of_url ON webhook_attempts (url, sequence);

  ${never('webhook_attempts', 'DELETE', 'an attempt at a delivery is never deleted from the record')}
  CREATE TRIGGER webhook_attempts_end_once BEFORE UPDATE ON webhook_attempts WHEN OLD.ended_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'an attempt that has ended is never changed'); END;

  CREATE TABLE mes_orders (
    sequence INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
    source TEXT NOT NULL CHECK (source IN ('folder', 'http')),
    content TEXT NOT NULL CHECK (json_valid(content)),
    ${moment('accepted_at')} NOT NULL
  ) STRICT;
  ${never('mes_orders', 'UPDATE', 'an order that was taken is never changed')}
  ${never('mes_orders', 'DELETE', 'an order that was taken is never deleted from the record')}

  CREATE INDEX profiles_of_name ON profiles (name, kept_at);
  CREATE INDEX devices_of_batch_state ON devices (batch, state) WHERE batch IS NOT NULL;
`;
