/** Webhooks and an MES's folder at the command line, the station killed in a delivery. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCommandLine, type CommandLine } from '../support/line-commands';
import { startWebhookServer, webhookSecret, type WebhookServer } from '../support/webhook-server';

let line: CommandLine;
let server: WebhookServer;
const secret = { HOOK: webhookSecret };
const settings = (value: unknown): void => {
  mkdirSync(join(line.folder, 'data/station'), { recursive: true });
  writeFileSync(join(line.folder, 'data/station/settings.json'), JSON.stringify(value));
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

it('a receiver that wants nothing more is skipped and tried again by a person with the right to it', async () => {
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
