/** The folder and the endpoint of an MES: real files, real HTTP, real record. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { request as send } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readKeptProfile } from '../../main/compose/load-profile';
import { servers } from '../../main/compose/servers';
import type { Profile } from '../../main/domain/profile';
import { readBatchText } from '../../main/integration/batch-text';
import { MesEndpoint } from '../../main/integration/mes-endpoint';
import { fileName, MesFolder } from '../../main/integration/mes-folder';
import { MesFolderReceiver } from '../../main/integration/mes-folder-receiver';
import { MesInbox, MesResults } from '../../main/station/mes-inbox';
import { WebhookDelivery } from '../../main/station/webhook-delivery';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { systemRandomness } from '../contract/mender-fixture';
import { at, preauthorize, refusal, reservation } from '../support/reservations';

const token = 'c0ffee'.repeat(8);
const profile = { name: 'gateway', identity: [{ name: 'mac', normalise: ['trim', 'mac'], scan: true }, { name: 'serial', normalise: ['trim'], pattern: '[0-9]{4}', scan: false }], server: { kind: 'mender', url: 'https://mender.example' } } as unknown as Profile;

let root: string;
let store: SqliteRecordStore;
let inbox: MesInbox;
let results: MesResults;
let folder: MesFolder;
let now: number;
let endpoint: MesEndpoint | undefined;
let port: number;

const path = (...names: string[]): string => join(root, 'mes', ...names);
const list = (name: string): string[] => readdirSync(path(name)).sort();
const clock = { now: () => new Date(now) };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'imprint-mes-'));
  store = SqliteRecordStore.open(join(root, 'record.sqlite'));
  now = Date.parse(at(60));
  inbox = newInbox();
  results = new MesResults(store.mes, store, store.search);
  folder = newFolder();
  mkdirSync(path('in'), { recursive: true });
});

afterEach(async () => {
  await endpoint?.close();
  endpoint = undefined;
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

function newInbox(practice = false, openProfile = profile): MesInbox {
  const station = { record: store, clock, randomness: systemRandomness, servers, readKeptProfile };
  return new MesInbox({ station, mes: store.mes, digest: (text) => createHash('sha256').update(text).digest('hex'), openProfile, practice });
}

function newFolder(): MesFolder {
  return new MesFolder({ folder: path(), inbox, results, clock, faults: { reached: () => undefined } });
}

const planned = async (batch: string): Promise<unknown[]> => (await store.orders.planned(batch, { state: 'planned', limit: 100, offset: 0 })).map(({ identity }) => identity);

/** Two looks at the folder with time between them, so that whole files are taken. */
async function look(): Promise<readonly string[]> {
  await folder.pass();
  now += 3000;
  return (await folder.pass()).map(({ outcome, sentence }) => `${outcome}: ${sentence}`);
}

const order = (change: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ v: 1, name: 'WO-1', profile: 'gateway', quantity: 2, customer: 'Example', workOrder: '4711', pallet: 'P 7', identities: [{ mac: '02-00-00-00-00-A1', serial: '0001' }, { mac: '02:00:00:00:00:a2', serial: '0002' }], ...change }, undefined, 2);
const ordered = [{ mac: '02:00:00:00:00:a1', serial: '0001' }, { mac: '02:00:00:00:00:a2', serial: '0002' }] as const;
const csv = 'name,profile,quantity,mac,serial\nWO-1,gateway,2,02:00:00:00:00:a1,0001\n,,,02:00:00:00:00:a2,0002\n';

describe('the folder', () => {
  it('takes a batch with a receipt, once, in either form', async () => {
    writeFileSync(path('in', 'a.json'), order({ customer: undefined, workOrder: undefined, pallet: undefined }));
    expect(await look()).toEqual(['accepted: Batch WO-1 is ordered: 2 identities.']);
    expect(list('in')).toEqual([]);
    expect(list('done')).toEqual(['a.json', 'a.json.receipt.json']);
    const receipt = JSON.parse(readFileSync(path('done', 'a.json.receipt.json'), 'utf8')) as Record<string, unknown>;
    expect(receipt).toMatchObject({ v: 1, accepted: true, already: false, name: 'WO-1', identities: 2 });
    expect(await planned('WO-1')).toEqual([{ mac: '02:00:00:00:00:a1', serial: '0001' }, { mac: '02:00:00:00:00:a2', serial: '0002' }]);
    // The same order as CSV, under the same file name: nothing is new, nothing is overwritten.
    writeFileSync(path('in', 'a.csv'), csv);
    expect(await look()).toEqual(['accepted: Batch WO-1 was ordered before, the same as now.']);
    writeFileSync(path('in', 'a.json'), order({ quantity: undefined }));
    expect(await look()).toEqual([expect.stringContaining('rejected: line 3, name: Batch WO-1 was ordered already')]);
    expect(list('rejected')).toEqual(['a.json', 'a.json.txt']);
    writeFileSync(path('in', 'a.json'), '{');
    await look();
    expect(list('rejected')).toEqual(['a (2).json', 'a (2).json.txt', 'a.json', 'a.json.txt']);
  });

  it('names the line and the field of whatever is wrong, and orders nothing of it', async () => {
    writeFileSync(path('in', 'a.json'), order({ identities: [{ mac: '02:00:00:00:00:a1', serial: '0001' }, { mac: 'zz', serial: '0002' }] }));
    writeFileSync(path('in', 'b.csv'), 'name,profile,quantity,mac,serial\nWO-2,gateway,3,02:00:00:00:00:a1,0001\n,,,02:00:00:00:00:A1,0001\nWO-3,,,02:00:00:00:00:a3,12\n');
    writeFileSync(path('in', 'c.csv'), 'name,profile,mac\nWO-2,gateway,02:00:00:00:00:a1\n');
    writeFileSync(path('in', 'd.json'), order({ profile: 'unknown', price: 3 }));
    await look();
    const why = (name: string): string[] => readFileSync(path('rejected', `${name}.txt`), 'utf8').trim().split('\n').slice(2);
    expect(why('a.json')).toEqual([expect.stringMatching(/^line 15, identities\.1\.mac: "zz" is not a MAC address/)]);
    expect(why('b.csv')).toEqual([expect.stringMatching(/^line 4, name: One file is one batch/)]);
    expect(why('c.csv')).toEqual(['line 1, quantity: The file needs this column.']);
    expect(why('d.json')[0]).toContain('price');
    for (const name of ['WO-1', 'WO-2']) expect(await store.orders.order(name)).toBeUndefined();
    writeFileSync(path('in', 'e.csv'), 'name,profile,quantity,mac,serial\nWO-2,gateway,2,02:00:00:00:00:a1,0001\n,,,02:00:00:00:00:A1,0001\n');
    await look();
    expect(why('e.csv')).toEqual([expect.stringMatching(/^line 3, identities\.1: .*stands there twice/)]);
  });

  it('refuses an identity that a device has or another order plans, by its line, and orders nothing', async () => {
    await preauthorize(store, 1, { identity: { mac: '02:00:00:00:00:a1', serial: '0001' } });
    writeFileSync(path('in', 'a.json'), order());
    writeFileSync(path('in', 'b.csv'), 'name,profile,quantity,mac,serial\nWO-2,gateway,1,02:00:00:00:00:a2,0002\n');
    writeFileSync(path('in', 'c.csv'), 'name,profile,quantity,mac,serial\nWO-3,gateway,2,02:00:00:00:00:a3,0003\n,,,02:00:00:00:00:a2,0002\n');
    expect(await look()).toEqual([
      expect.stringMatching(/^rejected: line 10, identities\.0: mac 02:00:00:00:00:a1, serial 0001 is in the record already/),
      'accepted: Batch WO-2 is ordered: 1 identity.',
      'rejected: line 3, identities.1: mac 02:00:00:00:00:a2, serial 0002 is planned in batch "WO-2".',
    ]);
    expect((await store.orders.orders({ limit: 10, offset: 0 })).orders.map(({ batch }) => batch)).toEqual(['WO-2']);
  });

  it('makes a work order like any other: of a list, or of a number, made at the bench and nowhere else', async () => {
    writeFileSync(path('in', 'a.json'), order());
    writeFileSync(path('in', 'b.json'), order({ name: 'WO-2', quantity: 7, identities: undefined }));
    expect(await look()).toEqual(['accepted: Batch WO-1 is ordered: 2 identities.', 'accepted: Batch WO-2 is ordered: whatever is scanned.']);
    const { orders } = await store.orders.orders({ limit: 10, offset: 0 });
    expect(orders).toMatchObject([
      { batch: 'WO-2', kind: 'open', quantity: 7, mes: { source: 'folder' }, createdBy: 'MES' },
      { batch: 'WO-1', kind: 'list', quantity: 2, customer: 'Example', workOrder: '4711', pallet: 'P 7', profileName: 'gateway', state: 'open', mes: { source: 'folder' } },
    ]);
    expect((await refusal(store.reserve(reservation(1, { batch: 'WO-1', identity: { mac: '02:00:00:00:00:a3', serial: '0003' } })))).code).toBe('identity-foreign');
    expect((await refusal(store.reserve(reservation(1, { batch: 'WO-2', identity: { mac: '02:00:00:00:00:a1', serial: '0001' } })))).code).toBe('identity-planned');
    await store.orders.changeOrder('WO-1', 'closed', 'Quinn', at(61));
    // Handed in again it is the same order still, and stays closed.
    writeFileSync(path('in', 'a.json'), order());
    expect(await look()).toEqual(['accepted: Batch WO-1 was ordered before, the same as now.']);
    expect((await store.orders.order('WO-1'))?.state).toBe('closed');
  });

  it('refuses the name of an order of the station, and of a batch that was typed at the bench', async () => {
    await store.orders.placeOrder({ orderId: 'order-1', batch: 'WO-1', kind: 'open', profileName: 'gateway', by: 'Quinn', at: at(1) }, []);
    await preauthorize(store, 1, { batch: 'WO-2' });
    writeFileSync(path('in', 'a.json'), order());
    writeFileSync(path('in', 'b.json'), order({ name: 'WO-2' }));
    expect(await look()).toEqual([
      `rejected: line 3, name: Batch WO-1 was ordered at the station already, at ${at(1)}: give this one another name.`,
      'rejected: line 3, name: Batch WO-2 has devices already that nobody ordered: give this one another name.',
    ]);
  });

  it('asks the server’s own rule of every identity', async () => {
    inbox = newInbox(false, { ...profile, server: { kind: 'openmdm', url: 'https://mdm.example', settings: {} } } as unknown as Profile);
    folder = newFolder();
    writeFileSync(path('in', 'a.json'), order({ identities: [{ mac: '02:00:00:00:00:a1', serial: '0001' }], quantity: 1 }));
    expect(await look()).toEqual(['rejected: line 11, identities.0.mac: OpenMDM has no identity attribute mac; rename or remove it in the profile.']);
  });

  it('says in receipts and results of a practice bench that nothing of it is real', async () => {
    inbox = newInbox(true);
    results = new MesResults(store.mes, store, store.search, true);
    folder = newFolder();
    writeFileSync(path('in', 'a.json'), order());
    writeFileSync(path('in', 'b.json'), '{"v": 1, "results": "WO-1"}');
    await look();
    for (const file of [path('done', 'a.json.receipt.json'), path('out', 'WO-1.json')]) expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ practice: true });
    await open();
    for (const target of ['/v1/health', '/v1/batches/WO-1', '/v1/batches/WO-1/devices', '/v1/devices?identity=serial=0001']) expect(await call('GET', target)).toMatchObject({ status: 200, json: { practice: true } });
    expect(await call('POST', '/v1/batches', { body: order() })).toMatchObject({ status: 200, json: { practice: true } });
  });

  it('reads no file that still grows, is hidden, is a link or too large', async () => {
    writeFileSync(path('in', 'grows.csv'), csv.slice(0, 60));
    writeFileSync(path('in', '.hidden.json'), order());
    writeFileSync(path('in', 'note.tmp'), order());
    await folder.pass();
    now += 3000;
    writeFileSync(path('in', 'grows.csv'), csv.slice(0, 80));
    expect(await folder.pass()).toEqual([]);
    now += 3000;
    // Stable now, and cut off: its quantity gives it away.
    expect((await folder.pass()).map(({ outcome }) => outcome)).toEqual(['rejected']);
    expect(await store.orders.order('WO-1')).toBeUndefined();
    writeFileSync(join(root, 'elsewhere.json'), order());
    symlinkSync(join(root, 'elsewhere.json'), path('in', 'link.json'));
    writeFileSync(path('in', 'large.json'), Buffer.alloc(9 * 1024 * 1024, 0x20));
    expect(await look()).toEqual(['rejected: line 1: The file is larger than 8 MiB.', 'rejected: line 1: This is a link: put the file itself here.']);
    expect(list('in')).toEqual(['.hidden.json', 'note.tmp']);
    expect(existsSync(join(root, 'elsewhere.json'))).toBe(true);
  });

  it('takes a file again that a killed station had taken and not moved', async () => {
    writeFileSync(path('in', 'a.json'), order());
    await look();
    renameSync(path('done', 'a.json'), path('in', 'a.json'));
    folder = newFolder();
    expect(await look()).toEqual(['accepted: Batch WO-1 was ordered before, the same as now.']);
    expect(list('done')).toEqual(['a.json', 'a.json.receipt.json']);
  });

  it('gets the devices of a batch when it is complete, when it is signed off, and when it is asked for', async () => {
    const receiver = new MesFolderReceiver(path(), folder);
    const delivery = new WebhookDelivery({ journal: store.webhooks, clock, randomness: systemRandomness, faults: { reached: () => undefined } }, []);
    const never = new AbortController().signal;
    await delivery.pass(receiver, never);
    writeFileSync(path('in', 'a.json'), order());
    await look();
    const key = await preauthorize(store, 1, { batch: 'WO-1', identity: { mac: '02:00:00:00:00:a1', serial: '0001' } });
    await delivery.pass(receiver, never);
    expect(list('out')).toEqual([]);
    await preauthorize(store, 2, { batch: 'WO-1', identity: { mac: '02:00:00:00:00:a2', serial: '0002' } });
    await delivery.pass(receiver, never);
    const result = JSON.parse(readFileSync(path('out', 'WO-1.json'), 'utf8')) as { complete: boolean; devices: Record<string, unknown>[]; order: Record<string, unknown> };
    expect(result).toMatchObject({ v: 1, batch: 'WO-1', complete: true, order: { customer: 'Example', workOrder: '4711' } });
    expect(result.devices).toHaveLength(2);
    expect(result.devices[0]).toMatchObject({ identity: { mac: '02:00:00:00:00:a1', serial: '0001' }, fingerprint: key.fingerprint, state: 'preauthorized', publicKeyPem: expect.stringContaining('BEGIN PUBLIC KEY') as string });
    expect(JSON.stringify(result)).not.toContain('PRIVATE');
    await store.signOff('WO-1', 'Quinn', at(50), 'late');
    await delivery.pass(receiver, never);
    expect(readFileSync(path('out', 'WO-1.json'), 'utf8')).toContain(`"signedOffAt":"${at(50)}"`);
    rmSync(path('out', 'WO-1.json'));
    writeFileSync(path('in', 'want.json'), '{"v": 1, "results": "WO-1"}');
    writeFileSync(path('in', 'want-not.json'), '{"v": 1, "results": "WO-9"}');
    expect((await look()).map((line) => line.split(':')[0])).toEqual(['rejected', 'results']);
    expect(list('out')).toEqual(['WO-1.json']);
  });

  it('gives each batch a file of its own that lies in it', () => {
    for (const name of ['..', '../../x', '.hidden', 'a/b', 'ü'.repeat(200)]) expect(fileName(name)).toMatch(/^[^./][^/]{0,200}$/);
    expect(fileName('ü'.repeat(199) + 'a')).not.toBe(fileName('ü'.repeat(199) + 'b'));
  });
});

describe('the text of a batch', () => {
  it.each(['[', '{"v":1,"v":1}', '{"v":1}//', '[['.repeat(50_000), '"x"', '', 'null'])('%s is wrong and no crash', (text) => {
    expect(readBatchText(text, 'json').kind).toBe('wrong');
    expect(readBatchText(text, 'csv').kind).toBe('wrong');
  });
});

interface Reply {
  readonly status: number;
  readonly json: Record<string, unknown>;
  readonly headers: Readonly<Record<string, unknown>>;
}

async function open(access: 'orders' | 'read' = 'orders'): Promise<void> {
  port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => { resolve(free); });
    });
  });
  endpoint = new MesEndpoint({ port, token, access, inbox, results, clock, health: () => Promise.resolve({ webhooks: [] }) });
  await endpoint.open();
}

function call(method: string, target: string, { headers = {}, body }: { headers?: Record<string, string>; body?: string | Buffer } = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = send({ host: '127.0.0.1', port, method, path: target, agent: false, headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => { resolve({ status: response.statusCode ?? 0, headers: response.headers, json: JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown> }); });
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('the endpoint', () => {
  it('takes batches, once, and gives their devices by pages', async () => {
    await open();
    expect(await call('POST', '/v1/batches', { body: order() })).toMatchObject({ status: 201, json: { already: false, name: 'WO-1', identities: 2 } });
    expect(await call('POST', '/v1/batches', { body: order() })).toMatchObject({ status: 200, json: { already: true } });
    expect(await call('POST', '/v1/batches', { body: order({ quantity: undefined }) })).toMatchObject({ status: 409, json: { code: 'order-exists' } });
    expect(await call('POST', '/v1/batches', { body: 'name\n', headers: { 'content-type': 'text/csv' } })).toMatchObject({ status: 422 });
    expect(await call('POST', '/v1/batches', { body: order({ name: 'WO-2', identities: [{ mac: 'x' }] }) })).toMatchObject({ status: 422, json: { code: 'order-invalid', problems: [{ field: 'quantity' }, { field: 'identities.0.mac', line: 11 }] } });
    const none = await call('GET', '/v1/batches/WO-1');
    expect(none).toMatchObject({ status: 200, json: { complete: false, order: { state: 'open', made: 0, left: 2, source: 'http' } } });
    expect(['practice', 'by', 'yield'].filter((member) => JSON.stringify(none.json).includes(member))).toEqual([]);
    await store.reserve(reservation(7, { batch: 'WO-1', identity: ordered[0] }));
    await store.endJob('job-7', 'failed', 'released', 'The card broke.', at(8));
    await preauthorize(store, 1, { batch: 'WO-1', identity: ordered[0] });
    await preauthorize(store, 2, { batch: 'WO-1', identity: ordered[1] });
    expect(await call('GET', '/v1/batches/WO-1')).toMatchObject({
      status: 200,
      json: { name: 'WO-1', complete: true, counts: { preauthorized: 2, released: 1 }, order: { workOrder: '4711', identities: 2, made: 2, making: 0, failures: 1, left: 0, yield: 0.5 } },
    });
    const first = await call('GET', '/v1/batches/WO-1/devices?limit=2');
    expect((first.json['devices'] as { deviceId: string }[]).map(({ deviceId }) => deviceId)).toEqual(['device-1', 'device-2']);
    expect(first.json['devices']).toMatchObject([{ state: 'preauthorized', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string }, {}]);
    const second = await call('GET', `/v1/batches/WO-1/devices?limit=2&after=${encodeURIComponent(String(first.json['next']))}`);
    expect(second.json).toMatchObject({ devices: [{ deviceId: 'device-7', state: 'released' }] });
    expect(second.json['next']).toBeUndefined();
    expect(await call('GET', '/v1/devices?identity=serial%3D0002')).toMatchObject({ status: 200, json: { devices: [{ deviceId: 'device-2' }] } });
    expect(await call('GET', '/v1/devices?identity=mac=02-00-00-00-00-A2')).toMatchObject({ json: { devices: [{ deviceId: 'device-2' }] } });
    expect(await call('GET', '/v1/health')).toMatchObject({ status: 200, json: { status: 'ok' } });
  });

  it.each([
    ['a wrong token', 'GET', '/v1/health', { authorization: `Bearer ${token}x` }, 401],
    ['no bearer', 'GET', '/v1/health', { authorization: `Basic ${token}` }, 401],
    ['another host', 'GET', '/v1/health', { host: 'evil.example' }, 421],
    ['another port', 'GET', '/v1/health', { host: '127.0.0.1:1' }, 421],
    ['a web page', 'GET', '/v1/health', { origin: 'http://127.0.0.1' }, 403],
    ['a browser', 'GET', '/v1/health', { 'sec-fetch-site': 'none' }, 403],
    ['another method', 'DELETE', '/v1/batches/WO-1', {}, 405],
    ['another path', 'GET', '/v2/health', {}, 404],
    ['a path that is no text', 'GET', '/v1/batches/%ff', {}, 404],
    ['a batch that is none', 'GET', '/v1/batches/WO-9', {}, 404],
    ['a page that is none', 'GET', '/v1/batches/WO-1/devices?limit=0', {}, 404],
    ['a parameter that is none', 'GET', '/v1/devices?name=x', {}, 400],
    ['no device', 'GET', '/v1/devices', {}, 400],
  ] as const)('refuses %s', async (_, method, target, headers, status) => {
    await open();
    const reply = await call(method, target, { headers });
    expect([reply.status, typeof reply.json['sentence']]).toEqual([status, 'string']);
    expect(JSON.stringify(reply)).not.toContain(token);
  });

  it('refuses bodies that are too large, compressed, no text or of another kind, and a token that may only read', async () => {
    await open();
    const large = Buffer.alloc(9 * 1024 * 1024, 0x20);
    // The refusal comes while the body is still under way: some systems lose it with the connection.
    const reply = await call('POST', '/v1/batches', { body: large }).catch(() => ({ status: 413 }));
    expect(reply.status).toBe(413);
    expect(await call('POST', '/v1/batches', { body: large, headers: { 'transfer-encoding': 'chunked' } }).catch(() => ({ status: 413 }))).toMatchObject({ status: 413 });
    expect(await call('POST', '/v1/batches', { body: order(), headers: { 'content-encoding': 'gzip' } })).toMatchObject({ status: 415 });
    expect(await call('POST', '/v1/batches', { body: order(), headers: { 'content-type': 'text/plain' } })).toMatchObject({ status: 415 });
    expect(await call('POST', '/v1/batches', { body: Buffer.from([0xff, 0xfe]) })).toMatchObject({ status: 400 });
    expect(await store.orders.order('WO-1')).toBeUndefined();
    await endpoint?.close();
    await open('read');
    expect(await call('POST', '/v1/batches', { body: order() })).toMatchObject({ status: 403 });
    expect(await call('GET', '/v1/health')).toMatchObject({ status: 200 });
  });

  it('answers no flood', async () => {
    await open();
    const statuses = (await Promise.all(Array.from({ length: 10 }, async () => {
      const found: number[] = [];
      for (let number = 0; number < 8; number += 1) found.push((await call('GET', '/v1/health')).status);
      return found;
    }))).flat();
    expect(statuses.filter((status) => status === 200)).toHaveLength(60);
    expect(statuses.filter((status) => status === 429)).toHaveLength(20);
    now += 1000;
    expect((await call('GET', '/v1/health')).status).toBe(200);
  });

  it('has no token that can be guessed', () => {
    expect(() => new MesEndpoint({ port: 1, token: 'short', access: 'read', inbox, results, clock, health: () => Promise.resolve({}) })).toThrow(/too short/);
  });

  it('is described as it is', async () => {
    const file = join(import.meta.dirname, '../../docs/integration-openapi.yaml');
    const result = await new Validator().validate(file);
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    const text = readFileSync(file, 'utf8');
    expect([...text.matchAll(/^ {2}(\/v1\S*):$/gm)].map((match) => match[1])).toEqual(['/v1/batches', '/v1/batches/{name}', '/v1/batches/{name}/devices', '/v1/devices', '/v1/health']);
  });
});
