/**
 * Work orders and their identities. An order is the batch of the same name: its devices carry that name and nothing else.
 *
 * What became of an identity is kept by triggers on the devices, and counted in the order's own row, so that neither can say
 * anything that the devices do not, and a bench asks for the progress of a million devices by reading one row. Its number
 * among the migrations is given where they are listed.
 */

const moment = (column: string): string =>
  `${column} TEXT CHECK (${column} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z')`;

const cancelled = `EXISTS (SELECT 1 FROM jobs WHERE jobs.device_id = NEW.device_id AND jobs.state = 'cancelled')`;

export const orderSchema = `
  CREATE TABLE work_orders (
    sequence INTEGER PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    batch TEXT NOT NULL UNIQUE CHECK (batch <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('list', 'counter', 'open')),
    state TEXT NOT NULL CHECK (state IN ('begun', 'open', 'paused', 'closed')),
    profile_name TEXT NOT NULL CHECK (profile_name <> ''),
    quantity INTEGER CHECK (quantity > 0),
    counter TEXT CHECK (json_valid(counter)),
    next_position INTEGER NOT NULL DEFAULT 0 CHECK (next_position >= 0),
    identities_sha256 TEXT CHECK (length(identities_sha256) = 64 AND identities_sha256 NOT GLOB '*[^0-9a-f]*'),
    customer TEXT CHECK (customer <> ''),
    work_order TEXT CHECK (work_order <> ''),
    pallet TEXT CHECK (pallet <> ''),
    created_by TEXT NOT NULL,
    ${moment('created_at')} NOT NULL,
    making INTEGER NOT NULL DEFAULT 0 CHECK (making >= 0),
    made INTEGER NOT NULL DEFAULT 0 CHECK (made >= 0),
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    first_passes INTEGER NOT NULL DEFAULT 0 CHECK (first_passes >= 0),
    first_failures INTEGER NOT NULL DEFAULT 0 CHECK (first_failures >= 0),
    CHECK ((kind = 'counter') = (counter IS NOT NULL)),
    CHECK (kind = 'open' OR quantity IS NOT NULL)
  ) STRICT;
  CREATE INDEX work_orders_of_state ON work_orders (state, sequence);

  CREATE TABLE planned_identities (
    order_sequence INTEGER NOT NULL REFERENCES work_orders (sequence),
    identity TEXT NOT NULL CHECK (json_valid(identity) AND json_type(identity) = 'object'),
    position INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'making', 'made', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    PRIMARY KEY (order_sequence, identity)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX planned_identities_of_state ON planned_identities (order_sequence, state, position);

  CREATE TRIGGER work_orders_are_kept BEFORE DELETE ON work_orders
  WHEN OLD.state <> 'begun'
  BEGIN SELECT RAISE(ABORT, 'a work order is never deleted from the record'); END;

  CREATE TRIGGER work_orders_keep_what_was_ordered
  BEFORE UPDATE OF sequence, order_id, batch, kind, profile_name, quantity, counter, identities_sha256, customer, work_order, pallet, created_by, created_at ON work_orders
  WHEN OLD.state <> 'begun'
  BEGIN SELECT RAISE(ABORT, 'what was ordered is never changed'); END;

  CREATE TRIGGER work_orders_stay_closed BEFORE UPDATE OF state ON work_orders
  WHEN OLD.state = 'closed' AND NEW.state <> 'closed'
  BEGIN SELECT RAISE(ABORT, 'a closed work order stays closed'); END;

  CREATE TRIGGER planned_identities_are_kept BEFORE DELETE ON planned_identities
  WHEN (SELECT state FROM work_orders WHERE sequence = OLD.order_sequence) <> 'begun'
  BEGIN SELECT RAISE(ABORT, 'an identity that was ordered is never deleted from the record'); END;

  CREATE TRIGGER planned_identities_begin AFTER INSERT ON devices
  WHEN NEW.batch IS NOT NULL
  BEGIN
    INSERT INTO planned_identities (order_sequence, identity, position, state, attempts)
      SELECT work_orders.sequence, NEW.identity, NEW.sequence, 'making', 1 FROM work_orders WHERE work_orders.batch = NEW.batch AND work_orders.state <> 'begun'
      ON CONFLICT (order_sequence, identity) DO UPDATE SET state = 'making', attempts = attempts + 1;
  END;

  CREATE TRIGGER planned_identities_end AFTER UPDATE OF state ON devices
  WHEN OLD.state = 'reserved' AND NEW.state <> 'reserved' AND NEW.batch IS NOT NULL
  BEGIN
    UPDATE planned_identities SET
      state = CASE WHEN NEW.state <> 'released' THEN 'made' WHEN ${cancelled} THEN 'planned' ELSE 'failed' END,
      attempts = attempts - (NEW.state = 'released' AND ${cancelled})
    WHERE order_sequence = (SELECT sequence FROM work_orders WHERE batch = NEW.batch) AND identity = NEW.identity AND state = 'making';
  END;

  CREATE TRIGGER work_orders_count_begun AFTER INSERT ON planned_identities
  WHEN NEW.state = 'making'
  BEGIN UPDATE work_orders SET making = making + 1 WHERE sequence = NEW.order_sequence; END;

  CREATE TRIGGER work_orders_count AFTER UPDATE OF state ON planned_identities
  WHEN NEW.state <> OLD.state
  BEGIN
    UPDATE work_orders SET
      making = making + (NEW.state = 'making') - (OLD.state = 'making'),
      made = made + (NEW.state = 'made') - (OLD.state = 'made'),
      failures = failures + (NEW.state = 'failed'),
      first_passes = first_passes + (NEW.state = 'made' AND NEW.attempts = 1),
      first_failures = first_failures + (NEW.state = 'failed' AND NEW.attempts = 1)
    WHERE sequence = NEW.order_sequence;
  END;
`;
