/** Orders of an MES that lay in a table of their own become work orders, with what the bench has made of them meanwhile. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { canonicalIdentity } from '../../main/domain/identity';
import type { Identity } from '../../main/domain/identity';
import type { WorkOrder } from '../../main/domain/work-orders';
import { openDatabase } from '../../main/storage/database';
import { mesOrderSchema } from '../../main/storage/mes-order-schema';
import { migrations } from '../../main/storage/migrations';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { at, newKey, refusal, reservation } from '../support/reservations';

const before = migrations.findIndex(({ up }) => up === mesOrderSchema);
const mac = (number: number): Identity => ({ mac: `02:00:00:00:00:0${String(number)}` });
const hash = (letter: string): string => letter.repeat(64);

let folder: string;
let path: string;
let connection: Database.Database;
let rows: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-record-'));
  path = join(folder, 'record.sqlite');
  ({ connection } = openDatabase(path, { migrations: migrations.slice(0, before) }));
  connection.prepare('INSERT INTO operators (name, first_seen_at, last_seen_at) VALUES (?, ?, ?)').run('Ana', at(0), at(0));
  rows = 0;
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A row of the record before: a later version can only be told of it in SQL. */
function mesOrder(name: string, sha256: string, content: Readonly<Record<string, unknown>>, source = 'folder'): void {
  connection.prepare('INSERT INTO mes_orders (name, sha256, source, content, accepted_at) VALUES (?, ?, ?, ?, ?)').run(name, sha256, source, JSON.stringify({ name, profile: 'gateway', identities: [], ...content }), at(1));
}

function device(batch: string | undefined, identity: Identity, state: 'reserved' | 'preauthorized' | 'released', job: 'open' | 'done' | 'failed' | 'cancelled'): void {
  rows += 1;
  const id = String(rows);
  connection
    .prepare(`INSERT INTO devices (device_id, identity, state, key_type, server_kind, server_url, profile_name, batch, created_at, updated_at) VALUES (?, ?, ?, 'ed25519', 'mender', 'https://mender.example', 'gateway', ?, ?, ?)`)
    .run(`device-${id}`, canonicalIdentity(identity), state, batch ?? null, at(rows), at(rows));
  connection
    .prepare(
      `INSERT INTO jobs (job_id, device_id, state, slot, target_path, operator, image_sha256, profile_name, profile_sha256, owner_pid, owner_started, started_at, ended_at)
       VALUES (?, ?, ?, 'A', '/dev/sdx', 'Ana', ?, 'gateway', ?, 1, 'x', ?, ?)`,
    )
    .run(`job-${id}`, `device-${id}`, job, hash('b'), hash('a'), at(rows), job === 'open' ? null : at(rows));
}

async function brought(use: (store: SqliteRecordStore) => Promise<void>): Promise<void> {
  connection.close();
  const store = SqliteRecordStore.open(path, { station: 'line-a' });
  try {
    await use(store);
  } finally {
    await store.close();
  }
}

const states = async (store: SqliteRecordStore, batch: string): Promise<unknown> =>
  Object.fromEntries(
    await Promise.all((['planned', 'making', 'made', 'failed'] as const).map(async (state) => [state, (await store.orders.planned(batch, { state, limit: 10, offset: 0 })).map(({ identity, attempts }) => [identity['mac']?.slice(-1), attempts])] as const)),
  );

it('a list is as far as its devices are, and goes on from there', async () => {
  mesOrder('WO-1', hash('1'), { quantity: 5, customer: 'Example', workOrder: '4711', pallet: 'P 7', identities: [mac(1), mac(2), mac(3), mac(4), mac(5)] }, 'http');
  device('WO-1', mac(1), 'released', 'failed');
  device('WO-1', mac(2), 'released', 'cancelled');
  device('WO-1', mac(1), 'preauthorized', 'done');
  device('WO-1', mac(3), 'reserved', 'open');
  device('WO-1', mac(4), 'released', 'failed');
  // Typed at the bench under this name, which nothing forbade: it is none of the order's.
  device('WO-1', mac(9), 'preauthorized', 'done');
  await brought(async (store) => {
    const order = await store.orders.order('WO-1');
    expect(order).toMatchObject({
      kind: 'list', state: 'open', profileName: 'gateway', quantity: 5, customer: 'Example', workOrder: '4711', pallet: 'P 7', createdBy: 'MES', createdAt: at(1), mes: { source: 'http', sha256: hash('1') },
      identitiesSha256: createHash('sha256').update([1, 2, 3, 4, 5].map((number) => `${canonicalIdentity(mac(number))}\n`).join('')).digest('hex'),
      tally: { making: 1, made: 1, failures: 2, firstPasses: 0, firstFailures: 2 },
    } satisfies Partial<WorkOrder>);
    expect(await states(store, 'WO-1')).toEqual({ planned: [['2', 0], ['5', 0]], making: [['3', 1]], made: [['1', 2]], failed: [['4', 1]] });
    // The MES offers it again: it is the same.
    const again = { orderId: 'order-9', batch: 'WO-1', kind: 'list', profileName: 'gateway', quantity: 5, by: 'MES', at: at(9) } as const;
    expect((await store.orders.placeOrder({ ...again, mes: { source: 'folder', sha256: hash('1') } }, [1, 2, 3, 4, 5].map(mac))).kind).toBe('already');
    await store.recordPublicKey('job-4', newKey(), at(20));
    await store.endJob('job-4', 'done', 'preauthorized', 'It ended.', at(20));
    await store.reserve(reservation(11, { batch: 'WO-1', identity: mac(5) }));
    expect((await refusal(store.reserve(reservation(12, { batch: 'WO-1', identity: mac(8) })))).code).toBe('identity-foreign');
    expect((await store.orders.order('WO-1'))?.tally).toEqual({ making: 1, made: 2, failures: 2, firstPasses: 1, firstFailures: 2 });
  });
});

it('a number of devices counts whatever was made of it', async () => {
  mesOrder('WO-1', hash('1'), { quantity: 3 });
  mesOrder('WO-2', hash('2'), {});
  device('WO-1', mac(1), 'preauthorized', 'done');
  await brought(async (store) => {
    expect((await store.orders.orders({ limit: 10, offset: 0 })).orders).toMatchObject([
      { batch: 'WO-2', kind: 'open', state: 'open' },
      { batch: 'WO-1', kind: 'open', state: 'open', quantity: 3, tally: { made: 1, firstPasses: 1 } },
    ]);
  });
});

it('what would keep another order from its devices comes closed, and nothing is lost', async () => {
  const insert = `INSERT INTO work_orders (order_id, batch, kind, state, profile_name, quantity, created_by, created_at) VALUES (?, ?, 'list', ?, 'gateway', 1, 'Quinn', ?)`;
  connection.prepare(insert).run('order-1', 'WO-1', 'open', at(0));
  connection.prepare(insert).run('order-2', 'WO-9', 'begun', at(0));
  connection.prepare(`INSERT INTO planned_identities (order_sequence, identity, position, state) VALUES (1, ?, 0, 'planned')`).run(canonicalIdentity(mac(1)));
  device('elsewhere', mac(4), 'preauthorized', 'done');
  mesOrder('WO-1', hash('1'), { identities: [mac(1)] });
  mesOrder('WO-2', hash('2'), { identities: [mac(2)] });
  mesOrder('WO-3', hash('3'), { identities: [mac(3), mac(2)] });
  mesOrder('WO-4', hash('4'), { identities: [mac(4)] });
  mesOrder('WO-9', hash('9'), { identities: [mac(5)] });
  await brought(async (store) => {
    expect((await store.orders.orders({ limit: 10, offset: 0 })).orders.map(({ batch, state, mes }) => [batch, state, mes?.sha256[0]])).toEqual([
      ['WO-9', 'open', '9'],
      ['WO-4', 'closed', '4'],
      ['WO-3', 'closed', '3'],
      ['WO-2', 'open', '2'],
      ['WO-1 (MES)', 'closed', '1'],
      ['WO-1', 'open', undefined],
    ]);
    await store.reserve(reservation(11, { batch: 'WO-1', identity: mac(1) }));
    await store.reserve(reservation(12, { batch: 'WO-2', identity: mac(2) }));
  });
});
