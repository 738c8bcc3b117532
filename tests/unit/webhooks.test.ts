/** What receivers are told: real record, real HTTP on the loopback interface, signatures checked by another implementation. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewOrder } from '../../main/domain/work-orders';
import type { Webhook, WebhookEvent } from '../../main/domain/webhooks';
import { WebhookHttp } from '../../main/integration/webhook-http';
import { readWebhookSecret } from '../../main/integration/webhook-signature';
import { issueServerCertificate, openAuthority } from '../../main/servers/practice/practice-certificates';
import { pauseAfter, shownUrl, testWebhook, WebhookDelivery, webhookWarning } from '../../main/station/webhook-delivery';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { systemClock, systemRandomness } from '../contract/mender-fixture';
import { action, at, preauthorize, refusal, reservation, seen } from '../support/reservations';
import { startWebhookServer, webhookSecret, type WebhookServer } from '../support/webhook-server';

const all: readonly WebhookEvent[] = ['device.preauthorized', 'device.accepted', 'device.failed', 'device.decommissioned', 'batch.signed-off'];
const never = new AbortController().signal;

let folder: string;
let store: SqliteRecordStore;
let server: WebhookServer;
let now: number;
let delivery: WebhookDelivery;

const clock = { now: () => new Date(now) };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-webhooks-'));
  store = SqliteRecordStore.open(join(folder, 'record.sqlite'), { station: 'Line 3' });
  server = await startWebhookServer();
  now = Date.parse(at(60));
  delivery = newDelivery();
});

afterEach(async () => {
  await delivery.close();
  await server.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function newDelivery(): WebhookDelivery {
  return new WebhookDelivery({ journal: store.webhooks, clock, randomness: systemRandomness, faults: { reached: () => undefined } }, []);
}

function receiver(change: Partial<Webhook> = {}, secret = webhookSecret): WebhookHttp {
  const webhook: Webhook = { url: server.url, events: all, secret: { from: 'environment', name: 'S' }, timeout: 1000, ...change };
  return new WebhookHttp(webhook, { clock: systemClock, resolve: () => Promise.resolve(secret) });
}

/** Opens the receiver at the end of the log, and makes two devices afterwards. */
async function twoDevices(to = receiver()): Promise<WebhookHttp> {
  expect(await delivery.pass(to, never)).toMatchObject({ at: 'end' });
  await preauthorize(store, 1, { batch: 'WO-1' });
  await preauthorize(store, 2, { batch: 'WO-1' });
  return to;
}

const receiverOf = (events: readonly WebhookEvent[]) => () => receiver({ events });
const told = (): unknown[] => server.received.map(({ json }) => [json.event, json.data['deviceId'] ?? json.data['batch']]);
const passMinutes = (minutes: number): number => (now += minutes * 60_000);

describe('a message', () => {
  it('is signed so that another implementation takes it, and a changed one not', async () => {
    const to = await twoDevices();
    await delivery.pass(to, never);
    const verifier = new Verifier(webhookSecret);
    for (const { headers, body } of server.received) {
      expect(verifier.verify(body, headers)).toEqual(JSON.parse(body));
      expect(() => verifier.verify(body.replace('WO-1', 'WO-2'), headers)).toThrow();
      expect(() => new Verifier(`whsec_${Buffer.alloc(32, 8).toString('base64')}`).verify(body, headers)).toThrow();
    }
    expect(server.received).toHaveLength(2);
  });

  it('tells of every event once, in the order of the log, and of no person', async () => {
    const to = await twoDevices();
    const key = await store.device('device-1');
    await store.saveAcceptances([seen(1, 'accepted', 10)]);
    await store.signOff('WO-1', 'Quinn', at(11), 'one is late');
    await store.startAction(action(2));
    await store.endAction('action-2', 'done', 'Gone.', at(12));
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'end', progress: { attempts: 0 } });
    expect(told()).toEqual([['device.preauthorized', 'device-1'], ['device.preauthorized', 'device-2'], ['device.accepted', 'device-1'], ['batch.signed-off', 'WO-1'], ['device.decommissioned', 'device-2']]);
    expect(server.received[0]?.json).toEqual({
      v: 1,
      id: server.received[0]?.headers['webhook-id'],
      event: 'device.preauthorized',
      at: at(2),
      station: 'Line 3',
      data: { deviceId: 'device-1', identity: key?.identity, fingerprint: key?.fingerprint, state: 'preauthorized', serverKind: 'mender', profile: 'gateway', batch: 'WO-1', entry: expect.any(Number) as number },
    });
    const everything = server.received.map(({ body }) => body).join('');
    for (const word of ['Ana', 'Quinn', 'late', '/dev/sdx', 'PRIVATE']) expect(everything).not.toContain(word);
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'end' });
    expect(server.received).toHaveLength(5);
  });

  it('tells nothing of what was before its receiver was known, and nothing that was not asked for', async () => {
    await preauthorize(store, 1);
    const to = receiver({ events: ['batch.signed-off'] });
    await delivery.pass(to, never);
    await preauthorize(store, 2, { batch: 'WO-1' });
    await store.signOff('WO-1', 'Quinn', at(11), 'why');
    await delivery.pass(to, never);
    expect(told()).toEqual([['batch.signed-off', 'WO-1']]);
  });
});

describe('of a batch that was ordered', () => {
  const changes = receiverOf(['batch.changed', 'batch.signed-off']);
  const identity = (number: number) => ({ serial: String(1000 + number), mac: `02:00:00:00:00:0${String(number)}` });
  const order = (change: Partial<NewOrder> = {}): NewOrder => ({ orderId: `order ${String(Math.random())}`, batch: 'WO-1', kind: 'list', profileName: 'gateway', quantity: 2, customer: 'Dr. Who', workOrder: '4711', by: 'Quinn', at: at(0), ...change });

  it('every change is told with its counts, the last device too, and a later attempt has the same bytes', async () => {
    const to = changes();
    await delivery.pass(to, never);
    await store.orders.placeOrder(order({ mes: { source: 'folder', sha256: 'a'.repeat(64) }, by: 'MES' }), [identity(1), identity(2)]);
    await store.orders.changeOrder('WO-1', 'paused', 'Quinn', at(1));
    await store.orders.changeOrder('WO-1', 'resumed', 'Quinn', at(2));
    await store.reserve(reservation(1, { batch: 'WO-1', identity: identity(1) }));
    await store.endJob('job-1', 'failed', 'released', 'The card broke.', at(3));
    await preauthorize(store, 2, { batch: 'WO-1', identity: identity(2) });
    await preauthorize(store, 3, { batch: 'WO-1', identity: identity(1) });
    await store.signOff('WO-1', 'Quinn', at(11), 'one is late');
    await store.orders.changeOrder('WO-1', 'closed', 'Quinn', at(12));
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'end' });
    const ordered = { batch: 'WO-1', origin: 'mes', kind: 'list', profile: 'gateway', quantity: 2, workOrder: '4711', entry: expect.any(Number) as number };
    const begun = { ...ordered, made: 0, making: 0, failures: 0, left: 2 };
    const whole = { ...ordered, made: 2, making: 0, failures: 1, left: 0, yield: 0.5 };
    expect(server.received.map(({ json }) => json.event)).toEqual([...Array<string>(4).fill('batch.changed'), 'batch.signed-off', ...Array<string>(2).fill('batch.changed')]);
    expect(server.received.map(({ json }) => json.data).filter((data) => 'change' in data)).toEqual([
      { ...begun, change: 'created' },
      { ...begun, change: 'paused' },
      { ...begun, change: 'resumed' },
      { ...whole, change: 'completed' },
      { ...whole, change: 'signed-off' },
      { ...whole, change: 'closed' },
    ]);
    const everything = server.received.map(({ body }) => body).join('');
    for (const word of ['Quinn', 'Who', 'MES', 'late']) expect(everything).not.toContain(word);
    // As each was, however much has changed since.
    await store.webhooks.retryWebhook(server.url, 'Ana', at(61), server.received[0]?.json.data['entry'] as number);
    await delivery.pass(to, never);
    expect(server.received.slice(7).map(({ body }) => body)).toEqual(server.received.slice(0, 7).map(({ body }) => body));
  });

  it('a batch that nobody ordered is signed off and has no changes; an order without a number is never complete', async () => {
    const to = changes();
    await delivery.pass(to, never);
    await preauthorize(store, 1, { batch: 'typed' });
    await store.signOff('typed', 'Quinn', at(11), 'why');
    await store.orders.placeOrder(order({ kind: 'open', quantity: undefined }), []);
    await preauthorize(store, 2, { batch: 'WO-1' });
    await delivery.pass(to, never);
    expect(server.received.map(({ json }) => [json.event, json.data['change'], json.data['origin']])).toEqual([['batch.signed-off', undefined, undefined], ['batch.changed', 'created', 'station']]);
  });
});

describe('a practice bench', () => {
  it('says in every message that nothing of it is real, and a real station in none', async () => {
    const to = await twoDevices();
    await delivery.pass(to, never);
    expect(server.received.map(({ json }) => 'practice' in json)).toEqual([false, false]);
    await store.close();
    store = SqliteRecordStore.open(join(folder, 'practice.sqlite'), { station: 'Line 3', practice: true });
    delivery = newDelivery();
    server.received.length = 0;
    await delivery.pass(await twoDevices(), never);
    expect(server.received.map(({ json }) => json.practice)).toEqual([true, true]);
    await testWebhook({ clock, randomness: systemRandomness }, to, { name: 'Line 3', practice: true }, never);
    await testWebhook({ clock, randomness: systemRandomness }, to, { name: 'Line 3', practice: false }, never);
    expect(server.received.slice(2).map(({ json }) => [json.event, json.practice])).toEqual([['test', true], ['test', undefined]]);
  });
});

describe('a receiver that does not take it', () => {
  it('gets the same message again after a pause, under the same id, and nothing before it', async () => {
    const to = await twoDevices();
    server.replies.push(500, 503);
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'waiting', progress: { attempts: 1, sentence: 'The receiver did not take it (HTTP 500).' } });
    // Not due yet: nothing is sent.
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'waiting' });
    expect(server.received).toHaveLength(1);
    passMinutes(1);
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'waiting', progress: { attempts: 2 } });
    passMinutes(1);
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'end', progress: { attempts: 0 } });
    expect(told()).toEqual([...Array<unknown>(3).fill(['device.preauthorized', 'device-1']), ['device.preauthorized', 'device-2']]);
    expect(new Set(server.received.slice(0, 3).map(({ headers, body }) => `${headers['webhook-id'] ?? ''} ${body}`)).size).toBe(1);
    expect((await store.webhooks.attempts(server.url, 10)).map(({ outcome }) => outcome)).toEqual(['delivered', 'delivered', 'failed', 'failed']);
  });

  it('by silence costs its time limit, by a redirect nothing is sent elsewhere, by a flood nothing is read', async () => {
    const elsewhere = await startWebhookServer();
    const to = await twoDevices(receiver({ timeout: 300 }));
    server.replies.push('silence', { status: 307, headers: { location: elsewhere.url } }, { status: 200, endless: true });
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'waiting', progress: { sentence: 'The receiver did not answer within 0.3 s.' } });
    passMinutes(1);
    expect(await delivery.pass(to, never)).toMatchObject({ progress: { sentence: expect.stringContaining('HTTP 307') as string } });
    passMinutes(1);
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'end' });
    expect(elsewhere.received).toEqual([]);
    await elsewhere.close();
  });

  it('by 410 is sent nothing more until a person says so', async () => {
    const to = await twoDevices();
    server.replies.push(410);
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'blocked', progress: { state: 'gone' } });
    passMinutes(60 * 24);
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'blocked' });
    expect(server.received).toHaveLength(1);
    const progress = await store.webhooks.retryWebhook(server.url, 'Ana', at(90));
    expect(progress).toMatchObject({ state: 'active', attempts: 0 });
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'end' });
    expect(server.received).toHaveLength(3);
  });

  it('for days is dead and said to be; one that is left out leaves the next one', async () => {
    const to = await twoDevices();
    server.replies.push(...Array<number>(24).fill(500));
    let last = await delivery.pass(to, never);
    expect(webhookWarning(last.progress)).toBeUndefined();
    for (let attempt = 2; attempt <= 24; attempt += 1) {
      passMinutes(8 * 60);
      last = await delivery.pass(to, never);
      if (attempt === 6) expect(webhookWarning(last.progress)).toContain('they are kept and tried again');
    }
    expect(last).toMatchObject({ at: 'blocked', progress: { state: 'dead', attempts: 24 } });
    expect(webhookWarning(last.progress)).toContain('Nothing is told to');
    expect(server.received).toHaveLength(24);
    const waiting = await store.webhooks.waitingDeliveries(server.url, all, 100);
    expect(waiting.count).toBe(2);
    expect((await refusal(store.webhooks.skipDelivery(server.url, 0, waiting.first ?? 0, 'Ana', at(99)))).code).toBe('no-such-webhook');
    await store.webhooks.skipDelivery(server.url, last.progress.nextEntry, waiting.first ?? 0, 'Ana', at(99));
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'end' });
    expect(told().at(-1)).toEqual(['device.preauthorized', 'device-2']);
    expect((await store.webhooks.attempts(server.url, 2)).map(({ outcome, by }) => [outcome, by])).toEqual([['delivered', undefined], ['skipped', 'Ana']]);
  });

  it('is not there: the message waits, and other receivers do not', async () => {
    const away = receiver({ url: 'http://127.0.0.1:1/hook' });
    await delivery.pass(away, never);
    const to = await twoDevices();
    expect(await delivery.pass(away, never)).toMatchObject({ at: 'waiting', progress: { sentence: 'The receiver cannot be reached (ECONNREFUSED).' } });
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'end' });
    expect(server.received).toHaveLength(2);
  });

  it('because its secret is none that can sign: nothing is sent', async () => {
    const to = await twoDevices(receiver({}, 'hunter2'));
    const { progress } = await delivery.pass(to, never);
    expect(progress.sentence).toBe('The secret of this webhook is none that can sign.');
    expect(server.received).toEqual([]);
    expect(() => readWebhookSecret(`whsec_${Buffer.alloc(8).toString('base64')}`, 'f')).toThrow();
  });
});

describe('after a message that nobody knows to have arrived', () => {
  it('it is sent again first, as it was', async () => {
    const to = await twoDevices();
    // As a killed station leaves it: begun, and not ended.
    const next = await store.webhooks.nextDelivery(server.url, all);
    if (next.kind !== 'message') throw new Error('no message');
    expect(await store.webhooks.beginDelivery(server.url, next.progress.nextEntry, next.message.entry, at(60), at(61))).toBe(true);
    // Another process that looked before is too late.
    expect(await store.webhooks.beginDelivery(server.url, next.progress.nextEntry, next.message.entry, at(60), at(61))).toBe(false);
    await to.send(next.message, never);
    passMinutes(2);
    expect(await delivery.pass(to, never)).toMatchObject({ at: 'end' });
    expect(told().map((one) => (one as string[])[1])).toEqual(['device-1', 'device-1', 'device-2']);
    expect(server.received[0]?.body).toBe(server.received[1]?.body);
  });

  it('it can be sent from an earlier entry on', async () => {
    const to = await twoDevices();
    const { first } = await store.webhooks.waitingDeliveries(server.url, all, 10);
    await delivery.pass(to, never);
    await store.webhooks.retryWebhook(server.url, 'Ana', at(61), first);
    await delivery.pass(to, never);
    expect(server.received).toHaveLength(4);
    expect((await refusal(store.webhooks.retryWebhook(server.url, 'Ana', at(61), 10_000))).code).toBe('usage');
  });
});

describe('TLS', () => {
  it('is checked against the authority of the settings, and without one against the system’s', async () => {
    const authority = await openAuthority(undefined, systemClock, systemRandomness);
    const { key, pem } = await issueServerCertificate(authority, systemClock, systemRandomness);
    const secure = await startWebhookServer({ key, cert: pem });
    const trusted = await twoDevices(receiver({ url: secure.url, certificateAuthority: authority.pem }));
    expect(await delivery.pass(trusted, never)).toMatchObject({ at: 'end' });
    expect(secure.received).toHaveLength(2);
    const message = { id: 'x', body: '{}' };
    expect(await receiver({ url: secure.url }).send(message, never)).toMatchObject({ kind: 'failed', sentence: expect.stringContaining('not trusted') as string });
    expect(await receiver({ url: secure.url.replace('127.0.0.1', '127.0.0.2'), certificateAuthority: authority.pem }).send(message, never)).toMatchObject({ kind: 'failed' });
    expect(secure.received).toHaveLength(2);
    await secure.close();
  });
});

describe('pauses', () => {
  it('double to six hours, a tenth by chance, and are about three days in all', () => {
    const pauses = Array.from({ length: 23 }, (_, index) => pauseAfter(index + 1, systemRandomness));
    expect(pauses[0]).toBeGreaterThanOrEqual(4500);
    expect(pauses[0]).toBeLessThanOrEqual(5500);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(6 * 3600_000 * 1.1);
    const days = pauses.reduce((sum, pause) => sum + pause, 0) / 86_400_000;
    expect(days).toBeGreaterThan(2.5);
    expect(days).toBeLessThan(4);
  });

  it('an address is shown without what may be a secret of its receiver', () => {
    expect(shownUrl('https://example.com/hook?sig=abc')).toBe('https://example.com/hook?…');
  });
});
