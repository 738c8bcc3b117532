import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readCounter } from '../../main/domain/counter';
import { canonicalIdentity } from '../../main/domain/identity';
import type { Identity, IdentityAttribute } from '../../main/domain/identity';
import { leftOf, mostPlacedAtOnce, mostPlannedAtOnce, yieldOf } from '../../main/domain/work-orders';
import type { NewOrder, PlacedOrder, WorkOrder } from '../../main/domain/work-orders';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { action, at, foreignDevice, newKey, refusal, reservation } from '../support/reservations';

const scheme: readonly IdentityAttribute[] = [{ name: 'mac', normalise: ['trim', 'mac'], scan: true }];
const mac = (number: number): Identity => ({ mac: `02:00:00:${(number >> 16).toString(16).padStart(2, '0')}:${((number >> 8) & 255).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}` });

let folder: string;
let path: string;
let store: SqliteRecordStore;
let jobs: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-record-'));
  path = join(folder, 'record.sqlite');
  store = SqliteRecordStore.open(path, { station: 'line-a' });
  jobs = 0;
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function order(batch: string, change: Partial<NewOrder> = {}): NewOrder {
  return { orderId: `id of ${batch} ${String(Math.random())}`, batch, kind: 'open', profileName: 'gateway', by: 'Quinn', at: at(0), ...change };
}

async function openOrder(batch: string, change: Partial<NewOrder> = {}): Promise<WorkOrder> {
  const wanted = order(batch, change);
  await store.orders.beginOrder(wanted);
  return store.orders.finishOrder(wanted.orderId);
}

async function listOrder(batch: string, identities: readonly Identity[]): Promise<WorkOrder> {
  const wanted = order(batch, { kind: 'list', quantity: identities.length });
  await store.orders.beginOrder(wanted);
  for (let from = 0; from < identities.length; from += mostPlannedAtOnce) await store.orders.planIdentities(wanted.orderId, from, identities.slice(from, from + mostPlannedAtOnce));
  return store.orders.finishOrder(wanted.orderId);
}

const counterOrder = (batch: string, quantity: number, first = '000000'): Promise<WorkOrder> =>
  openOrder(batch, { kind: 'counter', quantity, counter: readCounter(scheme, [{ name: 'mac', prefix: '02:00:00', first, hexadecimal: true, step: 1 }], quantity) });

interface Job {
  readonly number: number;
  readonly identity: Identity;
}

async function reserve(batch: string | undefined, identity: Identity, counted = false, record = store): Promise<Job> {
  jobs += 1;
  const number = jobs;
  return { number, identity: await record.reserve(reservation(number, { batch, identity, counted })) };
}

const preview = (batch: string, without: readonly Identity[] = []): Promise<Identity> => store.orders.nextIdentity({ batch, profileName: 'gateway', without });
const handOut = async (batch: string): Promise<Job> => reserve(batch, await preview(batch), true);

async function end({ number }: Job, state: 'done' | 'failed' | 'cancelled'): Promise<void> {
  if (state === 'done') await store.recordPublicKey(`job-${String(number)}`, newKey(), at(number));
  await store.endJob(`job-${String(number)}`, state, state === 'done' ? 'preauthorized' : 'released', 'It ended.', at(number));
}

const tally = async (batch: string): Promise<WorkOrder['tally'] | undefined> => (await store.orders.order(batch))?.tally;

const none = { made: 0, making: 0, failures: 0, firstPasses: 0, firstFailures: 0 };

const loggedChanges = async (): Promise<unknown[]> => {
  const entries = await store.log.entries(0, 1000);
  return entries.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString('utf8')) as { event: string; by: string; data: unknown }).filter(({ event }) => event === 'batch-changed').map(({ by, data }) => ({ by, data }));
};

describe('a list', () => {
  it('admits its own identities once, and no others', async () => {
    await listOrder('WO-1', [mac(1), mac(2), mac(3)]);
    const first = await reserve('WO-1', mac(2));
    expect(first.identity).toEqual(mac(2));
    expect(await refusal(reserve('WO-1', mac(9)))).toMatchObject({ code: 'identity-foreign', message: 'mac 02:00:00:00:00:09 is not in batch "WO-1": put this board aside, it belongs somewhere else.' });
    expect(await refusal(store.orders.checkIdentity({ batch: 'WO-1', profileName: 'gateway', identity: mac(9) }))).toMatchObject({ code: 'identity-foreign' });
    await end(first, 'done');
    expect((await refusal(reserve('WO-1', mac(2)))).code).toBe('identity-recorded');
    // Nor does another batch, or none, take what it plans.
    expect(await refusal(reserve('another', mac(1)))).toMatchObject({ code: 'identity-planned' });
    expect(await refusal(reserve(undefined, mac(1)))).toMatchObject({ code: 'identity-planned' });
    expect((await store.orders.planned('WO-1', { state: 'planned', limit: 10, offset: 0 })).map(({ identity }) => identity)).toEqual([mac(1), mac(3)]);
  });

  it('counts what became of each, the first time and afterwards', async () => {
    await listOrder('WO-1', [mac(1), mac(2), mac(3)]);
    await end(await reserve('WO-1', mac(1)), 'done');
    await end(await reserve('WO-1', mac(2)), 'failed');
    await end(await reserve('WO-1', mac(3)), 'cancelled');
    expect(await tally('WO-1')).toEqual({ making: 0, made: 1, failures: 1, firstPasses: 1, firstFailures: 1 });
    await end(await reserve('WO-1', mac(2)), 'done');
    const third = await reserve('WO-1', mac(3));
    expect(await tally('WO-1')).toEqual({ making: 1, made: 2, failures: 1, firstPasses: 1, firstFailures: 1 });
    await end(third, 'done');
    const after = await store.orders.order('WO-1');
    // The cancelled card was none of the device's first ones.
    expect(after?.tally).toEqual({ making: 0, made: 3, failures: 1, firstPasses: 2, firstFailures: 1 });
    expect([after && leftOf(after), after && yieldOf(after.tally)]).toEqual([0, 2 / 3]);
  });

  it('is not ordered with what the record or another order has, and leaves its name free then', async () => {
    await end(await reserve(undefined, mac(1)), 'done');
    await store.importForeign([foreignDevice(1, { identity: mac(2) })]);
    await listOrder('WO-1', [mac(3)]);
    await counterOrder('WO-2', 10, '000010');
    expect(await store.orders.taken([mac(1), mac(2), mac(3), mac(0x15), mac(99)])).toEqual([
      { index: 0, why: 'recorded', how: expect.stringContaining('is in the record already: expected by the server') as string },
      { index: 1, why: 'recorded', how: expect.stringContaining('another tool made it') as string },
      { index: 2, why: 'planned', how: 'is planned in batch "WO-1"' },
      { index: 3, why: 'planned', how: 'is planned in batch "WO-2"' },
    ]);
    for (const [identity, code] of [[mac(1), 'identity-recorded'], [mac(2), 'identity-recorded'], [mac(3), 'identity-planned'], [mac(0x15), 'identity-planned']] as const) {
      expect((await refusal(listOrder('WO-9', [identity]))).code).toBe(code);
    }
    expect(await store.orders.order('WO-9')).toBeUndefined();
    await store.orders.changeOrder('WO-1', 'closed', 'Quinn', at(5));
    // A closed order plans nothing any more.
    expect((await listOrder('WO-9', [mac(3)])).quantity).toBe(1);
  });

  it('of 20,000 is ordered in seconds, and is in the log by the hash of its identities', async () => {
    const identities = Array.from({ length: 20_000 }, (_, number) => mac(number));
    const began = performance.now();
    const { identitiesSha256 } = await listOrder('WO-1', identities);
    expect(performance.now() - began).toBeLessThan(8000);
    expect(identitiesSha256).toBe(createHash('sha256').update(identities.map((identity) => `${canonicalIdentity(identity)}\n`).join('')).digest('hex'));
    expect(await loggedChanges()).toEqual([{ by: 'Quinn', data: { batch: 'WO-1', change: 'created', kind: 'list', quantity: 20_000, profile: 'gateway', identitiesSha256, ...none } }]);
  });
});

describe('an import that was killed', () => {
  it('is seen by nobody, and its name is free', async () => {
    const lost = order('WO-1', { kind: 'list', quantity: 2 });
    await store.orders.beginOrder(lost);
    await store.orders.planIdentities(lost.orderId, 0, [mac(1)]);
    expect([await store.orders.order('WO-1'), await store.orders.orders({ limit: 10, offset: 0 })]).toEqual([undefined, { orders: [], total: 0 }]);
    await end(await reserve('WO-1', mac(7)), 'cancelled');
    await listOrder('WO-2', [mac(1)]);
    expect((await refusal(store.orders.finishOrder(lost.orderId))).code).toBe('unexpected');
    expect((await refusal(store.orders.beginOrder(order('WO-2')))).code).toBe('batch-exists');
  });
});

describe('an order that is placed as a whole', () => {
  const mes = { source: 'http', sha256: 'a'.repeat(64) } as const;
  const place = (batch: string, identities: readonly Identity[], change: Partial<NewOrder> = {}): Promise<PlacedOrder> =>
    store.orders.placeOrder(order(batch, { kind: 'list', quantity: identities.length, mes, by: 'MES', ...change }), identities);

  it('is there with all of its identities, and once', async () => {
    const placed = await place('WO-1', [mac(2), mac(1)]);
    expect(placed).toMatchObject({ kind: 'placed', order: { batch: 'WO-1', kind: 'list', state: 'open', quantity: 2, mes, createdBy: 'MES' } });
    expect(await place('WO-1', [mac(2), mac(1)])).toMatchObject({ kind: 'already', order: { batch: 'WO-1' } });
    expect(await loggedChanges()).toEqual([{ by: 'MES', data: { batch: 'WO-1', change: 'created', kind: 'list', quantity: 2, profile: 'gateway', source: 'http', identitiesSha256: placed.kind === 'placed' ? placed.order.identitiesSha256 : '', ...none } }]);
    expect((await store.orders.planned('WO-1', { state: 'planned', limit: 10, offset: 0 })).map(({ identity }) => identity)).toEqual([mac(2), mac(1)]);
    await end(await reserve('WO-1', mac(1)), 'done');
    expect(await tally('WO-1')).toMatchObject({ made: 1 });
  });

  it('is not made where something is in its way, and leaves nothing', async () => {
    await listOrder('WO-0', [mac(1)]);
    await end(await reserve('typed', mac(2)), 'done');
    expect(await place('WO-1', [mac(3), mac(1), mac(2)])).toMatchObject({ kind: 'taken', taken: [{ index: 1, why: 'planned' }, { index: 2, why: 'recorded' }] });
    expect(await place('WO-0', [mac(3)])).toMatchObject({ kind: 'other', order: { batch: 'WO-0' } });
    expect(await place('typed', [mac(3)])).toEqual({ kind: 'other' });
    expect(await place('WO-1', [mac(3)])).toMatchObject({ kind: 'placed' });
    // Another content under the name, of which the hash tells.
    expect(await place('WO-1', [mac(3)], { mes: { ...mes, sha256: 'b'.repeat(64) } })).toMatchObject({ kind: 'other', order: { mes } });
    expect((await store.orders.orders({ limit: 10, offset: 0 })).orders.map(({ batch }) => batch)).toEqual(['WO-1', 'WO-0']);
  });

  it('of the most identities that there may be takes no longer than a bench can wait', async () => {
    const identities = Array.from({ length: mostPlacedAtOnce }, (_, number) => mac(number));
    const began = performance.now();
    expect(await place('WO-1', identities)).toMatchObject({ kind: 'placed', order: { quantity: mostPlacedAtOnce } });
    expect(performance.now() - began).toBeLessThan(3000);
  });
});

describe('a counter', () => {
  it('gives one after another, and what failed or was cancelled again', async () => {
    await counterOrder('WO-1', 5);
    const given = [await handOut('WO-1'), await handOut('WO-1'), await handOut('WO-1')];
    expect(given.map(({ identity }) => identity)).toEqual([mac(0), mac(1), mac(2)]);
    const [first, second] = given as [Job, Job];
    await end(first, 'failed');
    await end(second, 'cancelled');
    expect([(await handOut('WO-1')).identity, (await handOut('WO-1')).identity, (await handOut('WO-1')).identity]).toEqual([mac(0), mac(1), mac(3)]);
  });

  it('shows each slot another one, and keeps to what it showed', async () => {
    await counterOrder('WO-1', 6);
    const shown: Identity[] = [];
    for (let slot = 0; slot < 4; slot += 1) shown.push(await preview('WO-1', shown));
    expect(shown).toEqual([mac(0), mac(1), mac(2), mac(3)]);
    expect((await reserve('WO-1', mac(3), true)).identity).toEqual(mac(3));
    // Another station was faster with the second: its slot gets the next one.
    await reserve('WO-1', mac(1), true);
    expect((await reserve('WO-1', mac(1), true)).identity).toEqual(mac(0));
    expect((await reserve('WO-1', mac(2), true)).identity).toEqual(mac(2));
    expect((await handOut('WO-1')).identity).toEqual(mac(4));
    expect((await handOut('WO-1')).identity).toEqual(mac(5));
    expect(await refusal(handOut('WO-1'))).toMatchObject({ code: 'batch-stopped', message: 'Batch "WO-1" is complete: all 6 devices are made, or will be with the 6 at work. Choose the next batch.' });
  });

  it('leaves out what somebody has, plans, or had', async () => {
    await end(await reserve(undefined, mac(0)), 'done');
    await store.startAction(action(1, { identity: mac(0) }));
    await store.endAction('action-1', 'done', 'It is gone.', at(11));
    await end(await reserve(undefined, mac(1)), 'done');
    await store.importForeign([foreignDevice(1, { identity: mac(2) })]);
    await listOrder('WO-0', [mac(3)]);
    await counterOrder('WO-1', 6);
    expect([(await handOut('WO-1')).identity, (await handOut('WO-1')).identity]).toEqual([mac(4), mac(5)]);
    expect(await refusal(handOut('WO-1'))).toMatchObject({ code: 'batch-stopped', message: 'The counter of batch "WO-1" has no free identity left.' });
  });

  it('takes a scanned identity of its range, and gives it to nobody else', async () => {
    await counterOrder('WO-1', 3);
    await reserve('WO-1', mac(1));
    expect((await refusal(reserve('WO-1', mac(3)))).code).toBe('identity-foreign');
    expect([(await handOut('WO-1')).identity, (await handOut('WO-1')).identity]).toEqual([mac(0), mac(2)]);
  });

  it('never gives one twice, on two connections to one record', async () => {
    await counterOrder('WO-1', 40);
    const other = SqliteRecordStore.open(path);
    const given: Identity[] = [];
    // Both were shown the same.
    for (let round = 0; round < 20; round += 1) {
      const shown = await preview('WO-1');
      given.push(...(await Promise.all([reserve('WO-1', shown, true), reserve('WO-1', shown, true, other)])).map(({ identity }) => identity));
    }
    await other.close();
    expect(new Set(given.map(canonicalIdentity)).size).toBe(40);
    expect((await refusal(handOut('WO-1'))).code).toBe('batch-stopped');
  });

  it('of a million is ordered and gives out in a moment', async () => {
    await counterOrder('WO-1', 1_000_000);
    const began = performance.now();
    for (let device = 0; device < 100; device += 1) await handOut('WO-1');
    expect(performance.now() - began).toBeLessThan(5000);
  }, 60_000);
});

describe('an order', () => {
  it('begins nothing while it is paused, after it was closed, with another profile, or when it is complete', async () => {
    await openOrder('WO-1', { quantity: 2 });
    await store.orders.changeOrder('WO-1', 'paused', 'Quinn', at(1));
    expect((await refusal(reserve('WO-1', mac(1)))).message).toBe('Batch "WO-1" is paused: nothing is begun until somebody resumes it.');
    await store.orders.changeOrder('WO-1', 'resumed', 'Quinn', at(2));
    // A second time is the same as once, and no second entry.
    await store.orders.changeOrder('WO-1', 'resumed', 'Quinn', at(3));
    jobs += 1;
    expect((await refusal(store.reserve(reservation(jobs, { batch: 'WO-1', identity: mac(1), profileName: 'sensor' })))).message).toContain('is made with the profile "gateway"');
    const [first, second] = [await reserve('WO-1', mac(1)), await reserve('WO-1', mac(2))];
    expect((await refusal(reserve('WO-1', mac(3)))).message).toBe('Batch "WO-1" is complete: all 2 devices are made, or will be with the 2 at work. Choose the next batch.');
    await end(first, 'failed');
    await end(second, 'done');
    await end(await reserve('WO-1', mac(3)), 'done');
    expect((await refusal(reserve('WO-1', mac(4)))).message).toBe('Batch "WO-1" is complete: all 2 devices are made. Choose the next batch.');
    await store.orders.changeOrder('WO-1', 'closed', 'Quinn', at(4));
    expect((await refusal(reserve('WO-1', mac(5)))).message).toBe('Batch "WO-1" is closed: choose another batch.');
    expect((await refusal(store.orders.changeOrder('WO-1', 'resumed', 'Quinn', at(5)))).code).toBe('batch-stopped');
    expect((await loggedChanges()).map((each) => (each as { data: { change: string } }).data.change)).toEqual(['created', 'paused', 'resumed', 'completed', 'closed']);
    // By itself, in the transaction that made the last device.
    expect((await loggedChanges())[3]).toEqual({ by: 'station', data: { batch: 'WO-1', change: 'completed', made: 2, making: 0, failures: 1, firstPasses: 2, firstFailures: 1 } });
  });

  it('has a name that no batch had before', async () => {
    await openOrder('WO-1');
    expect((await refusal(openOrder('WO-1'))).code).toBe('batch-exists');
    await reserve('typed at the bench', mac(1));
    expect((await refusal(openOrder('typed at the bench'))).message).toBe('Batch "typed at the bench" has devices already: give this one another name.');
    expect((await refusal(store.orders.changeOrder('WO-9', 'paused', 'Quinn', at(1)))).code).toBe('no-such-batch');
  });

  it('is listed with the newest first, by its state', async () => {
    for (const batch of ['WO-1', 'WO-2', 'WO-3']) await openOrder(batch);
    await store.orders.changeOrder('WO-2', 'closed', 'Quinn', at(1));
    const names = async (states?: readonly ('open' | 'paused' | 'closed')[]): Promise<unknown> => (await store.orders.orders({ states, limit: 10, offset: 0 })).orders.map(({ batch }) => batch);
    expect([await names(), await names(['open', 'paused']), await names(['closed'])]).toEqual([['WO-3', 'WO-2', 'WO-1'], ['WO-3', 'WO-1'], ['WO-2']]);
    expect((await store.orders.orders({ limit: 1, offset: 1 }))).toMatchObject({ orders: [{ batch: 'WO-2' }], total: 3 });
  });
});
