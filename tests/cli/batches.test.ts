/** Work orders at the command line: ordered, counted by several stations at once, killed in between, paused and closed. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imprint, startImprint, startServerProcess, temporaryFolder, type CommandResult, type ServerProcess } from '../support/station';
import { everyStep } from '../support/faults';
import { decodedPracticeImage } from '../support/practice-image';

describe('batches at the command line', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const profile = join(folder, 'profile.json');
  let server: ServerProcess;
  let cards = 0;

  beforeAll(async () => {
    const image = await decodedPracticeImage(folder);
    server = await startServerProcess(folder);
    writeFileSync(profile, JSON.stringify({ name: 'ordered', keyType: 'ec-p256', server: { url: server.url, caFile: server.caFile, credentials: { username: server.username, password: { environment: 'TEST_PASSWORD' } } }, image }));
  });

  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const environment = (env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ TEST_PASSWORD: server.password, ...env });
  const batch = (...args: string[]): Promise<CommandResult> => imprint(['batch', ...args, '--data', data, '--json'], environment());
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  /** The next device of a batch; its identity is counted unless it is given. */
  const provision = (name: string, mac?: string, env: NodeJS.ProcessEnv = {}) => {
    cards += 1;
    const identity = mac === undefined ? [] : ['--identity', `mac=${mac}`];
    return startImprint(['provision', '--profile', profile, '--batch', name, ...identity, '--target', join(folder, `card-${String(cards)}.img`), '--data', data, '--json'], environment(env));
  };
  const reserved = (result: CommandResult): unknown => result.events.find((event) => event['event'] === 'step' && event['step'] === 'reserve')?.['sentence'];
  const last = ({ exitCode, events }: CommandResult) => ({ exitCode, ...events.at(-1) });

  it('names every bad row of a list and orders nothing, until only the good ones are asked for', async () => {
    expect(last(await batch('create', '--batch', 'WO-0', '--profile', profile, '--count', 'mac=02:12:61+000050', '--quantity', '16'))).toMatchObject({ exitCode: 0, quantity: 16, first: { mac: '02:12:61:00:00:50' }, last: { mac: '02:12:61:00:00:5f' } });
    const list = file('list.csv', '\uFEFFNr;MAC address\r\n1;02-12-61-00-00-01\r\n2;02:12:61\r\n3;0212.6100.0001\r\n4;021261000051\r\n5;ff:ff:ff:ff:ff:ff\r\n6\r\n7;021261000002\r\n');
    const args = ['import', '--batch', 'WO-1', '--profile', profile, '--file', list];
    const refused = await batch(...args);
    expect(last(refused)).toMatchObject({ exitCode: 3, code: 'import-invalid', field: 'line 3, MAC address', expected: 'a MAC address such as 02:12:61:13:6c:42' });
    expect(refused.events.filter(({ event }) => event === 'warning').map(({ sentence }) => String(sentence))).toEqual([
      expect.stringMatching(/^Line 3, MAC address: "02:12:61" is not a MAC address.*Expected: a MAC address/),
      expect.stringMatching(/^Line 4: .*stands in line 2 already\. Expected: every identity once\.$/),
      expect.stringMatching(/^Line 5: .*is planned in batch "WO-0"\. Expected: an identity that no other batch plans\.$/),
      expect.stringMatching(/^Line 6, MAC address: ff:ff:ff:ff:ff:ff is the broadcast address/),
      expect.stringMatching(/^Line 7: It has 1 cell\. Expected: 2 cells/),
    ]);
    expect(last(await batch('show', '--batch', 'WO-1'))).toMatchObject({ exitCode: 3, code: 'no-such-batch' });
    expect(last(await batch(...args, '--only-good', '--customer', 'Acme', '--pallet', 'P-7'))).toMatchObject({ exitCode: 0, kind: 'list', quantity: 2, left: 2, customer: 'Acme', pallet: 'P-7', sentence: 'Batch WO-1 was ordered: 2 devices, 5 bad rows left out.' });
    expect(last(await batch(...args, '--only-good'))).toMatchObject({ exitCode: 3, code: 'import-invalid' });
  });

  it('makes the devices of a list, and no others', async () => {
    expect(last(await provision('WO-1', '02:12:61:00:00:77').done)).toMatchObject({ exitCode: 4, code: 'identity-foreign' });
    expect(last(await provision('WO-9', '02:12:61:00:00:01').done)).toMatchObject({ exitCode: 4, code: 'identity-planned' });
    expect(last(await provision('WO-1', '02:12:61:00:00:01').done)).toMatchObject({ exitCode: 0, state: 'done' });
    const shown = await batch('show', '--batch', 'WO-1');
    expect(shown.events[0]).toMatchObject({ left: 1, yield: 1, tally: { made: 1, making: 0, failures: 0 } });
    expect(shown.events.slice(1)).toMatchObject([{ identity: { mac: '02:12:61:00:00:02' }, state: 'planned' }]);
  });

  it('counts for several stations at once, and gives what a killed one had to the next', async () => {
    await batch('create', '--batch', 'WO-2', '--profile', profile, '--count', 'mac=02:12:61+0000fe', '--quantity', '4');
    const killed = await provision('WO-2', undefined, { IMPRINT_KILL_AT: 'reserve:done' }).done;
    expect(killed.signal).toBe('SIGKILL');
    // It is nobody else's before somebody has looked after the job.
    expect((await batch('show', '--batch', 'WO-2')).events[0]).toMatchObject({ left: 3, tally: { making: 1, made: 0 } });
    await imprint(['recover', '--data', data], environment());
    const both = await Promise.all([provision('WO-2').done, provision('WO-2').done]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(both.map(reserved).sort()).toEqual(['mac 02:12:61:00:00:fe is reserved.', 'mac 02:12:61:00:00:ff is reserved.']);
    expect((await batch('show', '--batch', 'WO-2')).events[0]).toMatchObject({ left: 2, tally: { making: 0, made: 2, failures: 1, firstFailures: 1, firstPasses: 1 } });
  });

  it.runIf(everyStep)('begins nothing while it is paused, when it is complete, and after it was closed', async () => {
    expect(last(await batch('pause', '--batch', 'WO-2'))).toMatchObject({ exitCode: 0, state: 'paused' });
    expect(last(await provision('WO-2').done)).toMatchObject({ exitCode: 4, code: 'batch-stopped', sentence: 'Batch "WO-2" is paused: nothing is begun until somebody resumes it.' });
    expect(last(await batch('resume', '--batch', 'WO-2'))).toMatchObject({ exitCode: 0, state: 'open' });
    await Promise.all([provision('WO-2').done, provision('WO-2').done]);
    expect(last(await provision('WO-2').done)).toMatchObject({ exitCode: 4, code: 'batch-stopped', sentence: 'Batch "WO-2" is complete: all 4 devices are made. Choose the next batch.' });
    expect(last(await batch('close', '--batch', 'WO-2'))).toMatchObject({ exitCode: 0, state: 'closed' });
    expect(last(await batch('resume', '--batch', 'WO-2'))).toMatchObject({ exitCode: 4, code: 'batch-stopped' });
    const listed = (await batch('list', '--state', 'open')).events.map((event) => event['batch']);
    expect(listed).toEqual(['WO-1', 'WO-0']);
  });

  it('takes a list of 20,000 in seconds', async () => {
    const list = file('many.txt', Array.from({ length: 20_000 }, (_, number) => `0600${number.toString(16).padStart(8, '0')}`).join('\n'));
    const began = performance.now();
    expect(last(await batch('import', '--batch', 'WO-3', '--profile', profile, '--file', list))).toMatchObject({ exitCode: 0, quantity: 20_000 });
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('refuses what cannot be a batch, and who may not order one', async () => {
    const create = (...args: string[]) => batch('create', '--batch', 'WO-4', '--profile', profile, ...args).then(last);
    expect(await create('--open', '--role', 'technician')).toMatchObject({ exitCode: 3, code: 'not-allowed' });
    expect(await create()).toMatchObject({ exitCode: 2, code: 'usage' });
    expect(await create('--count', 'mac=02:12:61+0000fe')).toMatchObject({ exitCode: 2, code: 'usage' });
    expect(await create('--count', 'mac=02:12:61+0000fe', '--quantity', 'many')).toMatchObject({ exitCode: 2, field: '--quantity' });
    expect(await create('--count', 'serial=A+1', '--quantity', '2')).toMatchObject({ exitCode: 3, code: 'batch-invalid', field: 'counter.serial' });
    expect(await create('--count', 'mac=02:12:61+fffffe', '--quantity', '3')).toMatchObject({ exitCode: 3, code: 'batch-invalid', field: 'counter.mac', expected: 'at most 2 devices, or a lower first number' });
    expect(await create('--count', 'mac=02:12:61+0000fe', '--quantity', '2')).toMatchObject({ exitCode: 4, code: 'identity-recorded', field: 'counter' });
    expect(await create('--open', '--quantity', '1', '--role', 'qa')).toMatchObject({ exitCode: 0, kind: 'open', quantity: 1 });
    expect(await create('--open')).toMatchObject({ exitCode: 4, code: 'batch-exists' });
  });
});
