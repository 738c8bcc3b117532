/** Webhooks and an MES's folder at the command line, the station killed in a delivery. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCommandLine, type CommandLine } from '../support/line-commands';
import { everyStep } from '../support/faults';
import { startWebhookServer, webhookSecret, type WebhookServer } from '../support/webhook-server';

let line: CommandLine;
let server: WebhookServer;
const secret = { HOOK: webhookSecret };
const settings = (value: unknown, station: 'station' | 'practice' = 'station'): void => {
  mkdirSync(join(line.folder, 'data', station), { recursive: true });
  writeFileSync(join(line.folder, 'data', station, 'settings.json'), JSON.stringify(value));
};
const usual = (): unknown => ({ version: 1, webhooks: [{ url: server.url, events: ['device.preauthorized'], secret: { environment: 'HOOK' } }], mes: { folder: join(line.folder, 'mes') } });
const macs = (): unknown[] => server.received.map(({ json }) => (json.data['identity'] as { mac: string }).mac);

beforeAll(async () => {
  [line, server] = await Promise.all([openCommandLine(), startWebhookServer()]);
});
afterAll(async () => {
  await server.close();
  await line.close();
});

it('names the member of the settings that is wrong', async () => {
  settings({ version: 1, webhooks: [{ url: 'http://example.com/', events: ['device.accepted'], secret: { environment: 'HOOK' } }] });
  const wrong = await line.run(['integrate', '--once', '--json']);
  expect([wrong.exitCode, wrong.events.at(-1)]).toMatchObject([3, { code: 'profile-invalid', field: 'webhooks.0.url' }]);
  settings({ version: 1 });
  expect((await line.run(['integrate', '--once'])).exitCode).toBe(2);
});

it('a killed station sends the same message again, and none is lost or overtakes another', async () => {
  settings(usual());
  expect((await line.run(['hooks', 'test', '--url', server.url], secret)).exitCode).toBe(0);
  server.received.length = 0;
  expect((await line.run(['integrate', '--once'], secret)).exitCode).toBe(0);
  await line.make('02:51:00:00:00:01', ['--batch', 'WO-1']);
  await line.make('02:51:00:00:00:02', ['--batch', 'WO-1']);
  const killed = await line.run(['integrate', '--once'], { ...secret, IMPRINT_KILL_AT: 'webhook:sent' });
  expect(killed.signal).toBe('SIGKILL');
  expect(macs()).toEqual(['02:51:00:00:00:01']);
  expect((await line.run(['hooks', 'list', '--json'])).events[0]).toMatchObject({ state: 'active', waiting: 2, attempts: 1 });
  await sleep(6000);
  expect((await line.run(['integrate', '--once'], secret)).exitCode).toBe(0);
  expect(macs()).toEqual(['02:51:00:00:00:01', '02:51:00:00:00:01', '02:51:00:00:00:02']);
  expect(server.received[0]?.body).toBe(server.received[1]?.body);
});

it.runIf(everyStep)('a receiver that wants nothing more is skipped and tried again by a person with the right to it', async () => {
  server.received.length = 0;
  server.replies.push(410);
  await line.make('02:51:00:00:00:03');
  const gone = await line.run(['integrate', '--once', '--json'], secret);
  expect(gone.exitCode).toBe(7);
  const first = (await line.run(['hooks', '--json'])).events[0];
  expect(first).toMatchObject({ state: 'gone', waiting: 1 });
  const skip = ['hooks', 'skip', '--url', server.url, '--entry'];
  expect((await line.run([...skip, '1'])).exitCode).toBe(2);
  expect((await line.run([...skip, String(first?.['nextMessage']), '--operator', 'Ana'])).exitCode).toBe(0);
  expect((await line.run(['hooks', 'retry', '--url', server.url, '--entry', String(first?.['nextMessage'])])).exitCode).toBe(0);
  expect((await line.run(['integrate', '--once'], secret)).exitCode).toBe(0);
  expect(macs()).toEqual(['02:51:00:00:00:03', '02:51:00:00:00:03']);
});

it('runs once for a folder, takes orders and answers until it is stopped', async () => {
  writeFileSync(join(line.folder, 'mes/in/a.csv'), 'name,profile,quantity,mac\nWO-2,line,1,02:51:00:00:00:09\n');
  const running = line.start(['integrate', '--json'], secret);
  expect(await running.waitFor((event) => event['event'] === 'result')).toMatchObject({ outcome: 'accepted' });
  expect(JSON.parse(readFileSync(join(line.folder, 'mes/done/a.csv.receipt.json'), 'utf8'))).toMatchObject({ name: 'WO-2', identities: 1 });
  expect((await line.run(['integrate', '--once', '--json'], secret)).events.at(-1)).toMatchObject({ code: 'integration-running', exitCode: 4 });
  running.child.kill('SIGTERM');
  expect((await running.done).exitCode).toBe(0);
});

const orderEvents = ['batch.changed', 'device.preauthorized', 'batch.signed-off'];
const fromMes = (name: string): Record<string, unknown> => JSON.parse(readFileSync(join(line.folder, name), 'utf8')) as Record<string, unknown>;
const toldChanges = (): unknown[] => server.received.filter(({ json }) => json.event === 'batch.changed').map(({ json }) => [json.data['change'], json.data['made'], json.data['left']]);

it('an order of the folder is a batch of the station: made like any other, told of, and its devices come back', async () => {
  // A receiver is told from its first start on: another address is another receiver.
  settings({ version: 1, webhooks: [{ url: `${server.url}?orders`, events: orderEvents, secret: { environment: 'HOOK' } }], mes: { folder: join(line.folder, 'mes') } });
  expect((await line.run(['integrate', '--once'], secret)).exitCode).toBe(0);
  server.received.length = 0;
  writeFileSync(join(line.folder, 'mes/in/b.csv'), 'name,profile,quantity,customer,mac\nWO-3,line,2,Example,02:51:00:00:00:11\n,,,,02:51:00:00:00:12\n');
  // Killed before the file is moved: the order is whole, and the file that comes again is the same one.
  expect((await line.run(['integrate', '--once'], { ...secret, IMPRINT_KILL_AT: 'mes:accepted' })).signal).toBe('SIGKILL');
  expect((await line.run(['batch', 'show', '--batch', 'WO-3', '--json'])).events).toMatchObject([{ left: 2 }, { identity: { mac: '02:51:00:00:00:11' } }, { identity: { mac: '02:51:00:00:00:12' } }]);
  expect((await line.run(['integrate', '--once'], secret)).exitCode).toBe(0);
  expect(fromMes('mes/done/b.csv.receipt.json')).toMatchObject({ accepted: true, already: true });
  const listed = (await line.run(['batch', 'list', '--json'])).events;
  expect(listed.find(({ batch }) => batch === 'WO-3')).toMatchObject({ kind: 'list', state: 'open', profileName: 'line', customer: 'Example', quantity: 2, left: 2, origin: 'mes', mes: { source: 'folder' }, createdBy: 'MES' });
  expect((await line.run(['batch', 'list'])).stdout).toMatch(/WO-3 .* MES /);
  await expect(line.make('02:51:00:00:00:13', ['--batch', 'WO-3'])).rejects.toThrow('put this board aside');
  await line.make('02:51:00:00:00:11', ['--batch', 'WO-3']);
  writeFileSync(join(line.folder, 'mes/in/c.json'), '{"v": 1, "results": "WO-3"}');
  expect((await line.run(['integrate', '--once'], secret)).exitCode).toBe(0);
  expect(fromMes('mes/out/WO-3.json')).toMatchObject({ complete: false, order: { made: 1, left: 1, yield: 1, source: 'folder' }, devices: [{ identity: { mac: '02:51:00:00:00:11' }, state: 'preauthorized', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string }] });
  expect((await line.run(['batch', 'pause', '--batch', 'WO-3'])).exitCode).toBe(0);
  expect((await line.run(['batch', 'resume', '--batch', 'WO-3'])).exitCode).toBe(0);
  await line.make('02:51:00:00:00:12', ['--batch', 'WO-3']);
  expect((await line.run(['sign-off', '--batch', 'WO-3', '--remark', 'not powered yet'])).exitCode).toBe(0);
  expect((await line.run(['integrate', '--once'], secret)).exitCode).toBe(0);
  expect(toldChanges()).toEqual([['created', 0, 2], ['paused', 1, 1], ['resumed', 1, 1], ['completed', 2, 0], ['signed-off', 2, 0]]);
  expect(server.received.some(({ json }) => 'practice' in json)).toBe(false);
  expect(fromMes('mes/out/WO-3.json')).toMatchObject({ complete: true, signedOffAt: expect.any(String) as string, devices: [{}, {}] });
});

it.runIf(everyStep)('on the practice bench the same, and everything says that it is practice', async () => {
  // So that the record knows the practice profile.
  const first = await line.run(['practice', '--json']);
  expect(first.exitCode).toBe(0);
  const mes = join(line.folder, 'practice-mes');
  settings({ version: 1, webhooks: [{ url: `${server.url}?practice`, events: orderEvents, secret: { environment: 'HOOK' } }], mes: { folder: mes } }, 'practice');
  expect((await line.run(['integrate', '--once', '--practice'], secret)).exitCode).toBe(0);
  server.received.length = 0;
  writeFileSync(join(mes, 'in/a.csv'), 'name,profile,quantity,mac\nWO-P,Practice bench,1,02:52:00:00:00:01\n');
  expect((await line.run(['integrate', '--once', '--practice'], secret)).exitCode).toBe(0);
  expect(fromMes('practice-mes/done/a.csv.receipt.json')).toMatchObject({ accepted: true, practice: true });
  expect((await line.run(['batch', 'list', '--practice', '--json'])).events).toMatchObject([{ batch: 'WO-P', origin: 'mes', left: 1 }]);
  expect((await line.run(['batch', 'list', '--json'])).events.some(({ batch }) => batch === 'WO-P')).toBe(false);
  expect((await line.run(['practice', '--identity', 'mac=02:52:00:00:00:01', '--batch', 'WO-P'])).exitCode).toBe(0);
  expect((await line.run(['integrate', '--once', '--practice'], secret)).exitCode).toBe(0);
  expect(toldChanges()).toEqual([['created', 0, 1], ['completed', 1, 0]]);
  expect(server.received.map(({ json }) => json.practice)).toEqual(server.received.map(() => true));
  expect(fromMes('practice-mes/out/WO-P.json')).toMatchObject({ practice: true, complete: true, order: { made: 1, yield: 1 }, devices: [{ identity: { mac: '02:52:00:00:00:01' }, state: 'accepted' }] });
});
