import { createHash, randomUUID } from 'node:crypto';

import type Database from 'better-sqlite3';

import { canonicalIdentity } from '../domain/identity';

/**
 * Orders of an MES are work orders like any other, with how they came and what the MES has a receipt for. Its number among
 * the migrations is given where they are listed.
 *
 * Until then they lay in a table of their own that nothing at the bench knew. What lies there becomes work orders, as if it
 * had been one from its beginning: the devices that were made meanwhile are counted as the triggers would have counted them.
 */

const columns = `
  ALTER TABLE work_orders ADD COLUMN mes_source TEXT CHECK (mes_source IN ('folder', 'http'));
  ALTER TABLE work_orders ADD COLUMN mes_sha256 TEXT
    CHECK ((mes_sha256 IS NULL) = (mes_source IS NULL) AND length(mes_sha256) = 64 AND mes_sha256 NOT GLOB '*[^0-9a-f]*');

  CREATE TRIGGER work_orders_keep_their_origin BEFORE UPDATE OF mes_source, mes_sha256 ON work_orders
  WHEN OLD.state <> 'begun'
  BEGIN SELECT RAISE(ABORT, 'where an order came from is never changed'); END;
`;

interface KeptOrder {
  readonly name: string;
  readonly sha256: string;
  readonly source: string;
  readonly content: string;
  readonly accepted_at: string;
}

interface Content {
  readonly profile: string;
  readonly quantity?: number;
  readonly customer?: string;
  readonly workOrder?: string;
  readonly pallet?: string;
  readonly identities: readonly Readonly<Record<string, string>>[];
}

export function mesOrderSchema(database: Database.Database): void {
  database.exec(columns);
  // Imports that a killed station left hold names, and are nobody's.
  database.exec(`DELETE FROM planned_identities WHERE order_sequence IN (SELECT sequence FROM work_orders WHERE state = 'begun'); DELETE FROM work_orders WHERE state = 'begun'`);
  for (const order of database.prepare('SELECT name, sha256, source, content, accepted_at FROM mes_orders ORDER BY sequence').all() as KeptOrder[]) adopt(database, order);
  database.exec('DROP TABLE mes_orders');
}

function adopt(database: Database.Database, { name, sha256, source, content, accepted_at: acceptedAt }: KeptOrder): void {
  const { profile, quantity, customer, workOrder, pallet, identities } = JSON.parse(content) as Content;
  const list = identities.length > 0;
  const texts = identities.map(canonicalIdentity);
  const sequence = database
    .prepare(
      `INSERT INTO work_orders (order_id, batch, kind, state, profile_name, quantity, identities_sha256, customer, work_order, pallet, created_by, created_at, mes_source, mes_sha256)
       VALUES (?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, 'MES', ?, ?, ?)`,
    )
    .run(
      randomUUID(),
      freeName(database, name),
      list ? 'list' : 'open',
      profile,
      (list ? identities.length : quantity) ?? null,
      list ? createHash('sha256').update(texts.map((text) => `${text}\n`).join('')).digest('hex') : null,
      customer ?? null,
      workOrder ?? null,
      pallet ?? null,
      acceptedAt,
      source,
      sha256,
    ).lastInsertRowid;
  const plan = database.prepare(`INSERT INTO planned_identities (order_sequence, identity, position, state) VALUES (?, ?, ?, 'planned')`);
  texts.forEach((text, position) => plan.run(sequence, text, position));
  count(database, sequence, list);
  // Two orders that wait for the same device would keep both benches from it: the older one has it.
  const disputed = database.prepare(
    `SELECT 1 FROM planned_identities AS own WHERE own.order_sequence = ? AND own.state IN ('planned', 'failed') AND (
       EXISTS (SELECT 1 FROM devices WHERE devices.identity = own.identity AND devices.state NOT IN ('released', 'decommissioned'))
       OR EXISTS (SELECT 1 FROM work_orders CROSS JOIN planned_identities AS other ON other.order_sequence = work_orders.sequence AND other.identity = own.identity
         WHERE work_orders.state IN ('open', 'paused') AND work_orders.sequence <> own.order_sequence)) LIMIT 1`,
  );
  const renamed = database.prepare('SELECT 1 FROM work_orders WHERE sequence = ? AND batch <> ?').get(sequence, name) !== undefined;
  if (renamed || disputed.get(sequence) !== undefined) database.prepare(`UPDATE work_orders SET state = 'closed' WHERE sequence = ?`).run(sequence);
}

/** Somebody may have ordered it at the station too: that order is the one that is made, and the other one is kept beside it. */
function freeName(database: Database.Database, name: string): string {
  const taken = database.prepare('SELECT 1 FROM work_orders WHERE batch = ?');
  let free = name;
  for (let number = 1; taken.get(free) !== undefined; number += 1) free = `${name.slice(0, 180)} (MES${number === 1 ? '' : ` ${String(number)}`})`;
  return free;
}

/** Devices of the batch as its order would have seen them come and end; the triggers on its identities count. */
function count(database: Database.Database, sequence: number | bigint, list: boolean): void {
  const devices = database
    .prepare(
      `SELECT devices.identity, devices.sequence AS place, devices.state, EXISTS (SELECT 1 FROM jobs WHERE jobs.device_id = devices.device_id AND jobs.state = 'cancelled') AS cancelled
       FROM work_orders CROSS JOIN devices ON devices.batch = work_orders.batch
       WHERE work_orders.sequence = ? AND (? = 0 OR EXISTS (SELECT 1 FROM planned_identities WHERE order_sequence = work_orders.sequence AND identity = devices.identity))
       ORDER BY devices.sequence`,
    )
    .all(sequence, list ? 1 : 0) as { readonly identity: string; readonly place: number; readonly state: string; readonly cancelled: number }[];
  const begin = database.prepare(
    `INSERT INTO planned_identities (order_sequence, identity, position, state, attempts) VALUES (?, ?, ?, 'making', 1)
     ON CONFLICT (order_sequence, identity) DO UPDATE SET state = 'making', attempts = attempts + 1`,
  );
  const end = database.prepare('UPDATE planned_identities SET state = ?, attempts = attempts - ? WHERE order_sequence = ? AND identity = ?');
  for (const { identity, place, state, cancelled } of devices) {
    begin.run(sequence, identity, place);
    if (state === 'reserved') continue;
    const released = state === 'released';
    end.run(!released ? 'made' : cancelled === 1 ? 'planned' : 'failed', released ? cancelled : 0, sequence, identity);
  }
}
