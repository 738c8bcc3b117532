/** Certificates by the command line: what expires when, renewal with the card, a decommission with its reason. Against practice services over TLS. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPracticeBridge, type PracticeBridge } from '../../main/servers/iot-bridge/practice-server';
import { systemClock, systemRandomness } from '../contract/mender-fixture';
import { writeBridgeProfile } from '../support/bridge-profile';
import { imprint, temporaryFolder, type CommandResult } from '../support/station';

describe('certificates by the command line', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const profile = join(folder, 'profile.json');
  const ownWord = join(folder, 'own-word.json');
  const card = (id: string): string => join(folder, `${id}.img`);
  let servers: PracticeBridge;
  let environment: NodeJS.ProcessEnv;

  const run = (...words: string[]): Promise<CommandResult> => imprint([...words, '--data', data, '--json'], environment);
  const results = ({ events }: CommandResult) => events.filter((event) => event['event'] === 'result');
  const listed = async (...words: string[]) => results(await run('certificates', ...words)).map((row) => [(row['identity'] as { id: string }).id, row['state']]);
  const make = async (id: string): Promise<void> => {
    const made = await run('provision', '--profile', profile, '--identity', `id=${id}`, '--target', card(id));
    expect(made.exitCode, made.stderr).toBe(0);
  };

  beforeAll(async () => {
    servers = await startPracticeBridge({ clock: systemClock, randomness: systemRandomness, folder: join(folder, 'servers') });
    ({ environment } = await writeBridgeProfile(folder, servers, [{ name: 'Tray 1', path: card('gw-1') }]));
    for (const id of ['gw-1', 'gw-2']) await make(id);
  });

  afterAll(async () => {
    await servers.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are listed with what the record has of them, for people, for programs and for a table', async () => {
    const all = await run('certificates');
    expect(results(all)).toHaveLength(2);
    expect(results(all)[0]).toMatchObject({ identity: { id: 'gw-1' }, state: 'issued', expired: false, pem: expect.stringContaining('BEGIN CERTIFICATE') as string });
    const text = await imprint(['certificates', '--data', data]);
    expect(text.stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(text.stdout).toMatch(/^\d{4}-\d\d-\d\dT\S+Z {2}issued {5}id gw-1 {2}[0-9a-f]+ {2}\S.*CN=/);
    const csv = await imprint(['certificates', '--csv', '--data', data]);
    expect(csv.stdout.split('\n')[0]).toBe('"not_after","state","identity","serial","issuer","not_before","sha256","device","batch","revoked","reason"');
    expect(csv.stdout.trimEnd().split('\n')).toHaveLength(3);
  });

  it('are found by device, issuer, state and end', async () => {
    const issuer = String(results(await run('certificates'))[0]?.['issuer']);
    expect(await listed('--issuer', issuer.toLowerCase())).toHaveLength(2);
    expect(await listed('--issuer', 'CN=Nobody')).toEqual([]);
    expect(await listed('--identity', 'id=gw-2')).toEqual([['gw-2', 'issued']]);
    expect(await listed('--state', 'revoked')).toEqual([]);
    expect(await listed('--expiring-within', '9999w')).toHaveLength(2);
    expect(await listed('--expiring-within', '1h')).toEqual([]);
    expect((await imprint(['certificates', '--state', 'lost', '--data', data])).stdout).toBe('No certificate fits.\n');
  });

  it('are renewed with the card in a drive or in a slot; a renewal tells what it does', async () => {
    const renewed = await run('renew', '--profile', profile, '--target', card('gw-2'));
    expect(renewed.exitCode, renewed.stderr).toBe(0);
    expect(renewed.events.filter((event) => event['event'] === 'notice').map((event) => event['sentence'])).toEqual([
      'The card is read.',
      expect.stringContaining('server is asked') as string,
      expect.stringContaining('is written to the card') as string,
    ]);
    expect(results(renewed)[0]).toMatchObject({ action: 'renew', state: 'done', identity: { id: 'gw-2' } });
    expect(await listed('--identity', 'id=gw-2')).toEqual([['gw-2', 'superseded'], ['gw-2', 'issued']]);
    expect((await run('renew', '--profile', profile, '--slot', 'Tray 1')).exitCode).toBe(0);
    expect(await listed('--state', 'issued')).toEqual([['gw-2', 'issued'], ['gw-1', 'issued']]);
    // The card is still one that its record and its key stand for.
    expect(results(await run('verify-card', '--profile', profile, '--target', card('gw-2')))[0]).toMatchObject({ identity: { id: 'gw-2' } });
  });

  it('are revoked for the reason that was given, part by part, and stay in the record', async () => {
    const gone = await run('decommission', '--profile', profile, '--identity', 'id=gw-2', '--confirm', 'gw-2', '--reason', 'key-compromise');
    expect(gone.exitCode, gone.stderr).toBe(0);
    const [result] = results(gone);
    const steps = result?.['steps'] as { part: string; sentence: string }[];
    expect(result).toMatchObject({ reason: 'key-compromise', state: 'done' });
    expect(steps.length).toBeGreaterThan(1);
    for (const { sentence } of steps) expect(gone.events).toContainEqual({ event: 'notice', sentence });
    expect(results(await run('certificates', '--identity', 'id=gw-2')).map((row) => [row['state'], row['revocationReason']])).toEqual([['revoked', 'key-compromise'], ['revoked', 'key-compromise']]);
    const status = await imprint(['status', '--identity', 'id=gw-2', '--offline', '--data', data]);
    expect(status.stdout).toMatch(/^Certificate [0-9a-f]+, revoked, until /m);
    expect(status.stdout).toContain(steps[0]?.sentence);
  });

  it('are revoked by the card itself where nobody else can', async () => {
    await make('gw-3');
    const words = ['decommission', '--profile', ownWord, '--identity', 'id=gw-3', '--confirm', 'gw-3'];
    expect((await run(...words)).events.at(-1)).toMatchObject({ code: 'credential-missing', exitCode: 3 });
    expect((await run(...words, '--card', card('gw-1'))).events.at(-1)).toMatchObject({ code: 'no-such-device', field: 'card', exitCode: 3 });
    const own = await run(...words, '--card', card('gw-3'), '--reason', 'superseded');
    expect(own.exitCode, JSON.stringify(own.events)).toBe(0);
    expect(await listed('--identity', 'id=gw-3')).toEqual([['gw-3', 'revoked']]);
  });

  it.each([
    [['certificates', '--state', 'expired'], 'usage', 2, '--state', /issued, superseded, revoked, lost/],
    [['certificates', '--state', 'issued', '--state', 'lost'], 'usage', 2, '--state', /issued, superseded, revoked, lost/],
    [['certificates', '--expiring-within', 'soon'], 'usage', 2, '--expiring-within', /30d/],
    [['certificates', '--expiring-within', '0d'], 'usage', 2, '--expiring-within', /30d/],
    [['certificates', '--issuer', ' '], 'usage', 2, '--issuer', /part of its name/],
    [['certificates', '--csv'], 'usage', 2, undefined, /--json or --csv/],
    [['certificates', '--identity', 'id=nobody'], 'no-such-device', 3, 'identity', undefined],
    [['certificates', '--identity', 'nobody'], 'usage', 2, undefined, /NAME=VALUE/],
    [['renew', '--profile', profile], 'usage', 2, undefined, /--target PATH or --slot NAME/],
    [['renew', '--profile', profile, '--target', card('gw-1'), '--slot', 'Tray 1'], 'usage', 2, undefined, /--target PATH or --slot NAME/],
    [['renew', '--profile', profile, '--slot', 'Tray 9'], 'no-such-slot', 3, '--slot', /Tray 1/],
    [['renew', '--profile', profile, '--target', card('nothing')], 'target-not-found', 6, 'target', undefined],
    [['renew', '--profile', profile, '--target', card('gw-1'), '--role', 'qa'], 'not-allowed', 3, 'role', /technician/],
    [['decommission', '--profile', profile, '--identity', 'id=gw-1', '--confirm', 'gw-1', '--reason', 'broken'], 'usage', 2, '--reason', /key-compromise/],
    [['decommission', '--profile', profile, '--identity', 'id=gw-1', '--confirm', 'gw-1', '--card', ''], 'usage', 2, '--card', /path of the card/],
    [['decommission', '--profile', profile, '--identity', 'id=gw-1', '--confirm', 'gw-1', '--role', 'technician'], 'not-allowed', 3, 'role', /admin/],
  ] as const)('%j is refused with the field and what is expected there', async (words, code, exitCode, field, expected) => {
    const before = await listed();
    const refused = await run(...words);
    expect(refused.exitCode).toBe(exitCode);
    const error = refused.events.at(-1);
    expect(error).toMatchObject({ event: 'error', code, exitCode, ...(field === undefined ? {} : { field }) });
    if (expected !== undefined) expect(error?.['expected']).toMatch(expected);
    expect(await listed()).toEqual(before);
  });
});
