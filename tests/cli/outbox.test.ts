/** The bench goes on while the server is away: verified cards wait, up to a limit, and are sent in order. */
import { existsSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newKey } from '../contract/mender-fixture';
import { keyOnCard, openCommandLine, type CommandLine } from '../support/line-commands';

describe('a server that is away', () => {
  let line: CommandLine;
  let limited: string;

  beforeAll(async () => {
    line = await openCommandLine();
    limited = line.profileFile('limited', { outboxLimit: 2 });
  });

  afterAll(async () => {
    await line.close();
  });

  const provision = (mac: string, profile = limited, more: readonly string[] = [], env: NodeJS.ProcessEnv = {}) =>
    line.run(['provision', '--profile', profile, '--identity', `mac=${mac}`, '--target', line.card(mac), '--json', ...more], env);

  it('does not stop the bench before its limit; then nothing is reserved', async () => {
    await line.stopServer();
    for (const mac of ['02:41:00:00:00:01', '02:41:00:00:00:02']) {
      const { exitCode, events } = await provision(mac);
      expect(exitCode).toBe(7);
      expect(events.find((event) => event['step'] === 'check' && event['state'] === 'done')?.['sentence']).toMatch(/server was NOT asked/);
      expect(events.find((event) => event['event'] === 'result')).toMatchObject({ state: 'waiting' });
      // The card is whole.
      expect((await keyOnCard(line.card(mac))).pem).toContain('PUBLIC KEY');
    }
    const refused = await provision('02:41:00:00:00:03');
    expect(refused.events.at(-1)).toMatchObject({ event: 'error', code: 'outbox-full', exitCode: 4 });
    expect(refused.events.filter((event) => event['event'] === 'step')).toEqual([]);
    expect(existsSync(line.card('02:41:00:00:00:03'))).toBe(false);
    const outbox = await line.run(['outbox', '--json']);
    expect(outbox.exitCode).toBe(0);
    expect(outbox.events.map((event) => event['identity'])).toEqual([{ mac: '02:41:00:00:00:01' }, { mac: '02:41:00:00:00:02' }]);
    expect((await line.run(['outbox', '--profile', limited, '--json'])).exitCode).toBe(7);
  });

  it('stops the bench before a card is touched where the profile wants it so', async () => {
    const strict = line.profileFile('strict', { outboxLimit: 0 });
    const { exitCode, events } = await provision('02:41:00:00:00:04', strict);
    expect(exitCode).toBe(7);
    expect(events.find((event) => event['event'] === 'result')).toMatchObject({ state: 'failed', error: { code: 'server-unreachable' } });
    expect(existsSync(line.card('02:41:00:00:00:04'))).toBe(false);
  });

  it('is told in the order of the jobs when it is back', async () => {
    await line.startServer();
    const sent = await line.run(['outbox', '--profile', limited, '--json']);
    expect(sent.exitCode).toBe(0);
    expect(sent.events.filter((event) => event['event'] === 'result').map((event) => [event['identity'], event['state']])).toEqual([
      [{ mac: '02:41:00:00:00:01' }, 'done'],
      [{ mac: '02:41:00:00:00:02' }, 'done'],
    ]);
    for (const mac of ['02:41:00:00:00:01', '02:41:00:00:00:02']) expect(await line.boot({ mac }, await keyOnCard(line.card(mac)))).toBe(200);
    expect((await line.run(['outbox'])).stdout).toBe('No card waits for its server.\n');
  });

  it('never hides wrong credentials or a false certificate', async () => {
    const wrong = await provision('02:41:00:00:00:05', limited, [], { TEST_PASSWORD: 'wrong' });
    expect(wrong.events.find((event) => event['event'] === 'result')).toMatchObject({ state: 'failed', error: { code: 'server-sign-in-refused' } });
    const untrusted = line.profileFile('untrusted', { server: { url: line.server.url, credentials: { username: line.server.username, password: { environment: 'TEST_PASSWORD' } } } });
    const result = await provision('02:41:00:00:00:05', untrusted);
    expect(result.events.find((event) => event['event'] === 'result')).toMatchObject({ state: 'failed', error: { code: 'server-untrusted' } });
    expect(existsSync(line.card('02:41:00:00:00:05'))).toBe(false);
  });

  it('that gave the identity to somebody else meanwhile makes the card one to destroy', async () => {
    const mac = '02:41:00:00:00:06';
    await line.stopServer();
    expect((await provision(mac)).events.find((event) => event['event'] === 'result')).toMatchObject({ state: 'waiting' });
    await line.startServer();
    await line.raw.preauthorize({ mac }, newKey().pem);
    const sent = await line.run(['outbox', '--profile', limited, '--json']);
    expect(sent.exitCode).toBe(4);
    expect(sent.events.at(-1)).toMatchObject({ state: 'failed', sentence: expect.stringMatching(/Destroy the card/) as string });
    expect((await line.run(['status', '--identity', `mac=${mac}`, '--offline', '--json'])).events.at(-1)).toMatchObject({ state: 'released' });
  });

  it('is asked for one that was killed while it waited for it', async () => {
    const mac = '02:41:00:00:00:07';
    await line.stopServer();
    const killed = await provision(mac, limited, [], { IMPRINT_KILL_AT: 'verify:done' });
    expect(killed.signal).toBe('SIGKILL');
    await line.startServer();
    expect((await line.run(['recover', '--json'])).events.at(-1)).toMatchObject({ state: 'done' });
    expect(await line.boot({ mac }, await keyOnCard(line.card(mac)))).toBe(200);
    rmSync(line.card(mac));
  });
});
