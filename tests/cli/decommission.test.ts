/** A device that gets a new card: taken off the server, made again, or its key replaced. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newKey } from '../contract/mender-fixture';
import { keyOnCard, openCommandLine, type CommandLine } from '../support/line-commands';

describe('decommissioning at the command line', () => {
  let line: CommandLine;

  beforeAll(async () => {
    line = await openCommandLine();
  });

  afterAll(async () => {
    await line.close();
  });

  const decommission = (mac: string, confirm: string, more: readonly string[] = [], env: NodeJS.ProcessEnv = {}) =>
    line.run(['decommission', '--profile', line.profile, '--identity', `mac=${mac}`, '--confirm', confirm, '--json', ...more], env);

  it('refuses wrong input and does nothing', async () => {
    const mac = '02:42:00:00:00:01';
    const key = await line.make(mac);
    expect((await decommission(mac, 'yes')).events.at(-1)).toMatchObject({ event: 'error', code: 'identity-invalid', field: 'confirmation', expected: mac, exitCode: 3 });
    expect((await decommission(mac, mac, ['--role', 'technician'])).events.at(-1)).toMatchObject({ code: 'not-allowed', exitCode: 3 });
    expect((await decommission('02:42:00:00:00:99', '02:42:00:00:00:99')).events.at(-1)).toMatchObject({ code: 'no-such-device', exitCode: 3 });
    expect((await line.run(['decommission', '--profile', line.profile, '--identity', `mac=${mac}`, '--json'])).events.at(-1)).toMatchObject({ code: 'usage', exitCode: 2 });
    expect((await line.run(['decommission', '--profile', line.profile, '--confirm', mac, '--json'])).events.at(-1)).toMatchObject({ code: 'usage', exitCode: 2 });
    expect(await line.boot({ mac }, key)).toBe(200);
  });

  it('frees the identity for a new card, and both are in the record', async () => {
    const mac = '02:42:00:00:00:02';
    const former = await line.make(mac);
    const done = await decommission(mac, mac);
    expect(done.exitCode).toBe(0);
    expect(done.events.at(-1)).toMatchObject({ event: 'result', action: 'decommission', state: 'done', identity: { mac } });
    const current = await line.make(mac);
    expect(await line.boot({ mac }, former)).toBe(401);
    expect(await line.boot({ mac }, current)).toBe(200);
    const list = await line.run(['list', '--identity', `mac=${mac}`, '--json']);
    expect(list.events.map((event) => event['state'])).toEqual(['preauthorized', 'decommissioned']);
    const status = await line.run(['status']);
    expect(status.stdout).toMatch(/^decommissioned +1$/m);
  });

  it('killed after the server was told is ended by the next start', async () => {
    const mac = '02:42:00:00:01:01';
    await line.make(mac);
    expect((await decommission(mac, mac, [], { IMPRINT_KILL_AT: 'decommission:acted' })).signal).toBe('SIGKILL');
    const recovered = await line.run(['recover', '--json']);
    expect(recovered.exitCode).toBe(0);
    expect(recovered.events.at(-1)).toMatchObject({ action: 'decommission', state: 'done' });
    expect((await line.run(['recover'])).stdout).toBe('No job was left open.\n');
  });

  it('replaces the key of a device that the server knows from elsewhere, by an admin alone', async () => {
    const mac = '02:42:00:00:02:01';
    const former = newKey();
    await line.raw.preauthorize({ mac }, former.pem);
    expect(await line.boot({ mac }, former)).toBe(200);
    const provision = (...more: string[]) => line.run(['provision', '--profile', line.profile, '--identity', `mac=${mac}`, '--target', line.card(mac), '--json', ...more]);
    expect((await provision('--replace', '--role', 'technician')).events.at(-1)).toMatchObject({ code: 'not-allowed' });
    expect((await provision()).events.at(-1)).toMatchObject({ code: 'identity-at-server' });
    const replaced = await provision('--replace', '--role', 'admin');
    expect(replaced.exitCode).toBe(0);
    const status = (await line.run(['status', '--identity', `mac=${mac}`, '--offline', '--json'])).events.at(-1);
    expect(status).toMatchObject({ state: 'preauthorized', actions: [{ action: 'replace', state: 'done' }] });
    expect(await line.boot({ mac }, await keyOnCard(line.card(mac)))).toBe(200);
    expect(await line.boot({ mac }, former)).toBe(401);
  });

  it('ends a replacement that was killed, with the key on the card', async () => {
    const mac = '02:42:00:00:02:02';
    await line.raw.preauthorize({ mac }, newKey().pem);
    const killed = await line.run(['provision', '--profile', line.profile, '--identity', `mac=${mac}`, '--target', line.card(mac), '--replace'], { IMPRINT_KILL_AT: 'replace:started' });
    expect(killed.signal).toBe('SIGKILL');
    expect((await line.run(['recover', '--json'])).events.at(-1)).toMatchObject({ state: 'done' });
    const status = (await line.run(['status', '--identity', `mac=${mac}`, '--offline', '--json'])).events.at(-1);
    expect(status).toMatchObject({ state: 'preauthorized', actions: [{ action: 'replace', state: 'done' }] });
    expect(await line.boot({ mac }, await keyOnCard(line.card(mac)))).toBe(200);
  });
});
