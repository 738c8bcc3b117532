import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readCounter } from '../../main/domain/counter';
import { openDatabase } from '../../main/storage/database';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { at, reservation } from '../support/reservations';

/*
 * How SQLite goes about the store's own queries. A record of a million devices answers quickly only where each question
 * is a range of an index; the plan does not depend on how many rows there are, because nothing here runs ANALYZE.
 */

let folder: string;
let connection: Database.Database;
let store: SqliteRecordStore;
let asked: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-record-'));
  const database = openDatabase(join(folder, 'record.sqlite'));
  connection = database.connection;
  store = new SqliteRecordStore(database);
  asked = [];
  const prepare = connection.prepare.bind(connection);
  connection.prepare = (sql: string) => {
    asked.push(sql);
    return prepare(sql);
  };
  explain = (sql) => {
    const parameters = new Array<null>(sql.split('?').length - 1).fill(null);
    return prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...parameters)
      .map((step) => (step as { detail: string }).detail);
  };
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

let explain: (sql: string) => string[];

/** Steps that read a whole table or index, or that sort: of all queries that `work` makes. */
async function costly(work: () => Promise<unknown>): Promise<string[]> {
  asked = [];
  await work();
  expect(asked.length).toBeGreaterThan(0);
  return asked.flatMap(explain).filter((detail) => /TEMP B-TREE|^SCAN (?:devices|acceptances|jobs|steps|actions|sign_offs|foreign_devices|certificates|label_prints|work_orders|planned_identities)\b/.test(detail));
}

const page = { limit: 100, offset: 5000 };

describe('a range of an index answers', () => {
  it.each([
    [{ state: 'stuck' }, 'SCAN acceptances USING COVERING INDEX acceptances_of_state'],
    [{ diagnosis: 'another-key' }, 'SCAN acceptances USING COVERING INDEX acceptances_of_state'],
    [{ state: 'stuck', diagnosis: 'another-key' }, 'SCAN acceptances USING COVERING INDEX acceptances_of_state'],
    [{ batch: 'order-7' }, undefined],
    [{ batch: 'order-7', state: 'stuck' }, undefined],
    [{ batch: 'order-7', diagnosis: 'another-key' }, undefined],
    [{ profileName: 'gateway' }, undefined],
    [{ profileName: 'gateway', state: 'accepted' }, undefined],
    [{ profileName: 'gateway', batch: 'order-7', state: 'accepted' }, undefined],
  ] as const)('a page of %j', async (filters, counts) => {
    // Without a batch or a profile the counts are those of all devices: one small index is read for them.
    expect(await costly(() => store.acceptancePage({ ...filters, ...page }))).toEqual(counts === undefined ? [] : [counts]);
  });

  it('a page of all, which goes along the index from its newest end', async () => {
    expect(await costly(() => store.acceptancePage(page))).toEqual([
      'SCAN acceptances USING COVERING INDEX acceptances_of_state',
      'SCAN acceptances USING COVERING INDEX acceptances_newest',
    ]);
  });

  it('a search for a part of an identity', async () => {
    const found = await costly(() => store.acceptancePage({ batch: 'order-7', text: 'abc', ...page }));
    expect(found.filter((detail) => !detail.startsWith('USE TEMP B-TREE'))).toEqual([]);
  });

  it('a search for one or two characters, which reads the identities and nothing else of the devices', async () => {
    const found = await costly(() => store.acceptancePage({ batch: 'order-7', text: 'ab', ...page }));
    expect(found.filter((detail) => !detail.startsWith('USE TEMP B-TREE'))).toEqual(Array(2).fill('SCAN devices USING COVERING INDEX devices_identity_history'));
  });

  it('the devices to watch, the batches, and what a batch counts', async () => {
    const states = ['unchecked', 'waiting', 'stuck', 'missing', 'accepted'] as const;
    expect(await costly(() => store.devicesToWatch({ serverUrl: 'https://mender.example', states, checkedBefore: at(1), limit: 500 }))).toEqual([]);
    await store.reserve(reservation(1, { batch: 'order-7' }));
    expect(await costly(() => store.signOff('order-7', 'Quinn', at(2)))).toEqual([]);
    // The names of batches are sorted, and no devices.
    expect(new Set(await costly(() => store.batches(50)))).toEqual(new Set(['USE TEMP B-TREE FOR ORDER BY']));
  });

  it.each([
    // Counted along the smallest index; the page is at the newest end of the other one.
    ['all', {}, ['SCAN devices USING COVERING INDEX sqlite_autoindex_devices_2', 'SCAN devices USING INDEX devices_newest']],
    ['a state', { state: 'released' }, []],
    ['a batch', { batch: 'order-7' }, []],
    ['a batch and a state', { batch: 'order-7', state: 'released' }, []],
  ] as const)('a list of %s', async (_, filters, expected) => {
    expect(await costly(() => store.list({ ...filters, ...page }))).toEqual(expected);
  });

  it.each([
    // Its counts are read from one small index; a page is at the near end of the other.
    ['all', {}, ['SCAN certificates USING COVERING INDEX certificates_of_state', 'SCAN certificates USING INDEX certificates_by_end']],
    ['a state', { state: 'issued' }, ['SCAN certificates USING COVERING INDEX certificates_of_state']],
    ['a state and an end', { state: 'issued', endBefore: at(1) }, ['SCAN certificates USING COVERING INDEX certificates_of_state']],
    ['an end', { endBefore: at(1) }, ['SCAN certificates USING COVERING INDEX certificates_of_state']],
    // Those of one device are few: they may be sorted.
    ['a device', { deviceId: 'device-1' }, ['USE TEMP B-TREE FOR GROUP BY', 'USE TEMP B-TREE FOR ORDER BY']],
  ] as const)('certificates of %s', async (_, filters, expected) => {
    expect(await costly(() => store.certificates({ ...filters, ...page }))).toEqual(expected);
  });

  it('certificates of an issuer or with a text, whose pages are in order without being sorted', async () => {
    for (const filters of [{ issuer: 'Sub-CA' }, { text: '0a1b' }]) {
      expect(await costly(() => store.certificates({ state: 'issued', ...filters, ...page }))).not.toContain('USE TEMP B-TREE FOR ORDER BY');
    }
  });

  it('a certificate by its serial number, and those of a device that loses its card', async () => {
    expect(await costly(() => store.revokeCertificate('device-1', 'ff', 'superseded', at(1)).catch(() => undefined))).toEqual([]);
    expect(await costly(() => store.addCertificates('device-1', [], true, at(1)).catch(() => undefined))).toEqual([]);
  });

  it.each([
    ['nothing, along the newest', {}, ['SCAN devices USING COVERING INDEX sqlite_autoindex_devices_2', 'SCAN devices USING INDEX devices_newest']],
    ['a batch', { batch: 'order-7' }, []],
    ['an operator', { operator: 'Ana' }, []],
    ['an operator in a week', { operator: 'Ana', from: at(1), before: at(9) }, []],
    ['a week', { from: at(1), before: at(9) }, []],
    ['a batch in a week by an operator', { batch: 'order-7', operator: 'Ana', from: at(1), before: at(9) }, []],
    // At most mostHits rows are sorted.
    ['a text', { text: 'abc' }, ['USE TEMP B-TREE FOR ORDER BY']],
    ['a text in all', { text: 'abc', batch: 'order-7', operator: 'Ana', from: at(1) }, ['USE TEMP B-TREE FOR ORDER BY']],
  ] as const)('the auditor’s search for %s', async (_, search, expected) => {
    expect(await costly(() => store.search.searchDevices({ ...search, ...page }))).toEqual(expected);
  });

  it('what receivers are told, and what an MES orders and asks for', async () => {
    await store.reserve(reservation(1, { batch: 'order-7' }));
    await store.webhooks.openWebhook('https://mes.example/hook', at(1));
    expect(await costly(() => store.webhooks.nextDelivery('https://mes.example/hook', ['device.accepted']))).toEqual([]);
    expect(await costly(() => store.webhooks.attempts('https://mes.example/hook', 10))).toEqual([]);
    expect(await costly(() => store.mes.devicesOfBatch('order-7', `${at(0)}~1`, 100))).toEqual([]);
    expect(await costly(() => store.mes.batchCounts('order-7'))).toEqual([]);
    expect(await costly(() => store.mes.newestProfile('gateway'))).toEqual([]);
    expect(await costly(() => store.mes.signedOffAt('order-7'))).toEqual([]);
  });

  it('an order of a million identities: its progress, what is left, whose an identity is, and what a counter gives next', async () => {
    const counter = readCounter([{ name: 'mac', normalise: ['mac'], scan: true }], [{ name: 'mac', prefix: '06:00:00', first: '000000', hexadecimal: true, step: 1 }], 3);
    const order = { orderId: 'order-1', batch: 'order-7', profileName: 'gateway', quantity: 3, by: 'Quinn', at: at(0) };
    const request = { batch: 'order-7', profileName: 'gateway' };
    // Each text is prepared once, so all of them are looked at together.
    const found = await costly(async () => {
      await store.orders.beginOrder({ ...order, kind: 'counter', counter });
      await store.orders.finishOrder('order-1');
      await store.orders.order('order-7');
      await store.orders.planned('order-7', { state: 'planned', limit: 100, offset: 0 });
      await store.orders.taken([{ mac: 'x' }]);
      await store.orders.checkIdentity({ ...request, identity: { mac: '06:00:00:00:00:01' } });
      await store.orders.nextIdentity({ ...request, without: [] });
      await store.reserve(reservation(1, { batch: 'order-7', counted: true }));
      await store.orders.beginOrder({ ...order, orderId: 'order-2', batch: 'order-8', kind: 'list' });
      await store.orders.planIdentities('order-2', 0, [{ mac: 'x' }, { mac: 'y' }, { mac: 'z' }]);
      await store.orders.finishOrder('order-2');
      await store.orders.placeOrder({ ...order, orderId: 'order-3', batch: 'order-9', kind: 'list', quantity: 1, mes: { source: 'http', sha256: 'a'.repeat(64) } }, [{ mac: 'w' }]);
    });
    expect(found).toEqual([]);
  });

  it('the labels that are not printed or not scanned, and those of a device or of the day', async () => {
    expect(await costly(() => store.labels.unfinishedLabels())).toEqual(['SCAN label_prints USING INDEX label_prints_unfinished']);
    expect(await costly(() => store.labels.labelsToScan(50))).toEqual(['SCAN label_prints USING INDEX label_prints_to_scan']);
    expect(await costly(() => store.labels.labelsOfDevice('device-1'))).toEqual([]);
    expect(await costly(() => store.labels.labelsOfJobs(['job-1']))).toEqual([]);
    expect(await costly(() => store.labels.startLabel(1, { pid: 1, started: 'x' }, at(1)))).toEqual([]);
    expect(await costly(() => store.labels.scanLabel(1, 'Ana', at(1)).catch(() => undefined))).toEqual([]);
    expect(await costly(() => store.labels.askLabel({ deviceId: 'device-1', reason: 'x', by: 'Ana', at: at(1) }).catch(() => undefined))).toEqual([]);
  });

  it('everything about one device, one key or one identity', async () => {
    expect(await costly(() => store.reserve(reservation(1)))).toEqual([]);
    expect(await costly(() => store.keyHolders(['0'.repeat(64)]))).toEqual([]);
    expect(await costly(() => store.findByFingerprint('0'.repeat(64)))).toEqual([]);
    // Sorted are the steps of one job, and the devices that ever had one identity.
    expect(await costly(() => store.device('device-1'))).toEqual(['USE TEMP B-TREE FOR ORDER BY']);
    expect(await costly(() => store.findByIdentity({ mac: 'x' }))).toEqual(['USE TEMP B-TREE FOR ORDER BY']);
    expect(await costly(() => store.unfinishedActions())).toEqual(['SCAN actions USING INDEX actions_unfinished']);
  });

  it('the report of a shift goes along the ends of its jobs, a dashboard along its counts', async () => {
    const span = { from: at(0), until: at(480) };
    // Of those that wait or are at work there are few.
    const few = 'SCAN jobs USING INDEX jobs_unfinished';
    expect(await costly(() => store.reports.shiftReport(span))).toEqual([few, few]);
    expect(await costly(() => store.reports.shiftReport({ ...span, batch: 'order-7', operator: 'Ana' }))).toEqual([few, few]);
    asked = [];
    await store.reports.dashboard({ now: at(0), days: [{ ...span, day: '2026-11-22' }], hours: [span] });
    const plans = asked.flatMap(explain);
    expect(plans).toContain('SEARCH work_counts USING PRIMARY KEY (width=? AND number>? AND number<?)');
    expect(plans.filter((detail) => /^SCAN (?:devices|steps|acceptances|work_counts)\b/.test(detail))).toEqual([]);
    expect(plans.filter((detail) => detail.startsWith('SCAN jobs'))).toEqual([few]);
  });
});
