/** OpenMDM at the command line: cards whose key, token and ids are written and read back by e2fsprogs, and every way in which the server says no. */
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debugfs, e2fsck, readFileInImage } from '../support/images';
import { MdmApi, type MdmReply } from '../support/openmdm';
import { decodedPracticeImage } from '../support/practice-image';
import { startImprint, startMdmProcess, temporaryFolder, type CommandResult, type MdmServerProcess } from '../support/station';

interface Card {
  readonly deviceId: string;
  readonly token: string;
  readonly keyPem: string;
  readonly fingerprint: string;
}

describe('OpenMDM at the command line', () => {
  const folder = temporaryFolder();
  let server: MdmServerProcess;
  let api: MdmApi;
  let image: { path: string; sha256: string };
  let pinned: string;
  let blind: string;

  const profileFile = (name: string, options: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}): string => {
    const path = join(folder, `${name}.json`);
    const identity = [
      { name: 'serialNumber', scan: true },
      { name: 'model', constant: 'Board A' },
      { name: 'manufacturer', constant: 'Works' },
      { name: 'osVersion', constant: '14' },
    ];
    writeFileSync(path, JSON.stringify({ name, server: { kind: 'openmdm', url: server.url, caFile: server.caFile, options }, identity, image, ...more }));
    return path;
  };

  beforeAll(async () => {
    mkdirSync(join(folder, 'cards'));
    image = await decodedPracticeImage(folder);
    server = await startMdmProcess(folder);
    api = new MdmApi(server.url, readFileSync(server.caFile, 'utf8'));
    const adminToken = { environment: 'TEST_ADMIN' };
    pinned = profileFile('pinned', { adminToken, deviceRequests: '/device-request' });
    blind = profileFile('blind', {});
  });

  afterAll(async () => {
    await api.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (words: readonly string[], { data = 'data', env = {} }: { readonly data?: string; readonly env?: NodeJS.ProcessEnv } = {}): Promise<CommandResult> =>
    startImprint([...words, '--data', join(folder, data)], { TEST_ADMIN: server.adminToken, TEST_SECRET: server.deviceSecret, ...env }).done;
  const cardPath = (serial: string): string => join(folder, 'cards', `${serial}.img`);
  const provision = (profile: string, serial: string, more: readonly string[] = [], how: Parameters<typeof run>[1] = {}): Promise<CommandResult> =>
    run(['provision', '--profile', profile, '--identity', `serialNumber=${serial}`, '--target', cardPath(serial), '--json', ...more], how);
  const lastOf = ({ events }: CommandResult): Readonly<Record<string, unknown>> => events.at(-1) ?? {};
  const stepOf = ({ events }: CommandResult, step: string): string => String(events.find((event) => event['step'] === step && event['state'] !== 'started')?.['sentence']);
  const asAdmin = (method: 'GET' | 'PATCH', path: string, body?: unknown): Promise<MdmReply> => api.send(method, path, body, { authorization: `Bearer ${server.adminToken}` });

  const partitionOf = (path: string): number => {
    const { partitiontable } = JSON.parse(execFileSync('sfdisk', ['--json', path], { encoding: 'utf8' })) as { partitiontable: { partitions: { start: number }[] } };
    return (partitiontable.partitions[3]?.start ?? 0) * 512;
  };
  const onCard = async (serial: string, name: string): Promise<string> => (await readFileInImage(cardPath(serial), partitionOf(cardPath(serial)), `/openmdm/${name}`)).toString('utf8');
  const readCard = async (serial: string): Promise<Card> => {
    const keyPem = await onCard(serial, 'device-key.pem');
    const spki = createPublicKey(createPrivateKey(keyPem)).export({ format: 'der', type: 'spki' });
    return { deviceId: await onCard(serial, 'device-id'), token: await onCard(serial, 'token'), keyPem, fingerprint: createHash('sha256').update(spki).digest('hex') };
  };

  it('writes key, token, ids and settings onto the card, each with its mode, and the token nowhere else', async () => {
    const made = await provision(pinned, 'SN-1');
    expect(made.exitCode).toBe(0);
    expect(lastOf(made)).toMatchObject({ state: 'done', sentence: expect.stringMatching(/^Enrolled: /) as string });
    expect(stepOf(made, 'confirm')).toMatch(/verified against the pinned key/);
    const card = await readCard('SN-1');
    const row = (await asAdmin('GET', `/devices/${card.deviceId}`)).json() as { publicKey: string; enrollmentId: string };
    expect(row.enrollmentId).toBe('SN-1');
    expect(createHash('sha256').update(Buffer.from(row.publicKey, 'base64')).digest('hex')).toBe(card.fingerprint);
    expect(lastOf(made)['fingerprint']).toBe(card.fingerprint);
    expect(await onCard('SN-1', 'enrollment-id')).toBe('SN-1');
    expect(await onCard('SN-1', 'server-url')).toBe(server.url);
    expect(JSON.parse(await onCard('SN-1', 'push-config.json'))).toMatchObject({ provider: 'polling' });
    expect((await api.send('GET', '/agent/config', undefined, { authorization: `Bearer ${card.token}` })).status).toBe(200);
    const offset = partitionOf(cardPath('SN-1'));
    for (const [name, mode] of [['device-key.pem', '0600'], ['token', '0600'], ['device-id', '0644'], ['policy.json', '0644']] as const) {
      expect(await debugfs(cardPath('SN-1'), offset, `stat /openmdm/${name}`)).toMatch(new RegExp(`Mode: +${mode}[\\s\\S]*User: +0 +Group: +0`));
    }
    expect((await e2fsck(cardPath('SN-1'), offset)).code).toBe(0);
    expect(`${made.stdout}${made.stderr}`).not.toContain(card.token);
    for (const file of filesBelow(join(folder, 'data'))) expect(readFileSync(file).includes(card.token)).toBe(false);
  });

  it('verifies the card, signs as its device, and sees it come', async () => {
    const card = await readCard('SN-1');
    expect((await run(['verify-card', '--profile', pinned, '--target', cardPath('SN-1')])).exitCode).toBe(0);
    const body = '{"hello":"world"}';
    const signed = lastOf(await run(['sign-request', '--profile', pinned, '--target', cardPath('SN-1'), '--body', body, '--nonce', 'n-1', '--json']));
    const headers = signed['headers'] as Record<string, string>;
    expect(headers).toMatchObject({ 'x-device-id': card.deviceId, 'x-device-nonce': 'n-1' });
    const before = lastOf(await run(['watch', '--once', '--profile', pinned, '--json']));
    expect(before).toMatchObject({ waiting: 1, accepted: 0 });
    expect((await api.send('POST', '/device-request', body, headers)).status).toBe(200);
    expect((await api.send('POST', '/device-request', `${body} `, headers)).status).toBe(401);
    expect(lastOf(await run(['watch', '--once', '--profile', pinned, '--json']))).toMatchObject({ accepted: 1 });
    expect((await run(['audit', '--profile', pinned])).exitCode).toBe(0);
  });

  it('signs what a file holds for a card of another station, and refuses what cannot be signed', async () => {
    const file = join(folder, 'body.json');
    writeFileSync(file, '{"a":1}\n');
    const about = ['sign-request', '--profile', pinned, '--target', cardPath('SN-1'), '--json'];
    expect(lastOf(await run([...about, '--file', file], { data: 'other' }))).toMatchObject({ code: 'no-such-device', field: '--device-id' });
    const { deviceId } = await readCard('SN-1');
    const signed = lastOf(await run([...about, '--file', file, '--device-id', deviceId], { data: 'other' }));
    expect((await api.send('POST', '/device-request', '{"a":1}\n', signed['headers'] as Record<string, string>)).status).toBe(200);
    writeFileSync(file, Buffer.from([0xff, 0xfe]));
    expect(lastOf(await run([...about, '--file', file]))).toMatchObject({ code: 'usage' });
    expect(lastOf(await run([...about, '--timestamp', 'yesterday']))).toMatchObject({ code: 'usage' });
    expect(lastOf(await run([...about, '--nonce', 'a|b']))).toMatchObject({ code: 'unexpected', field: 'nonce' });
    expect(lastOf(await run([...about, '--role', 'auditor']))).toMatchObject({ code: 'not-allowed' });
  });

  it('gives a card another token with the key that is on it', async () => {
    const before = await readCard('SN-1');
    // A token has its time in seconds, and the same second would give the same token.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const renewed = await run(['renew', '--profile', pinned, '--target', cardPath('SN-1'), '--json']);
    expect(lastOf(renewed)).toMatchObject({ action: 'renew', state: 'done', serverDeviceId: before.deviceId });
    const after = await readCard('SN-1');
    expect(after).toMatchObject({ deviceId: before.deviceId, keyPem: before.keyPem });
    expect(after.token).not.toBe(before.token);
    expect((await api.send('GET', '/agent/config', undefined, { authorization: `Bearer ${after.token}` })).status).toBe(200);
    expect(await debugfs(cardPath('SN-1'), partitionOf(cardPath('SN-1')), 'stat /openmdm/token')).toMatch(/Mode: +0600/);
    expect((await e2fsck(cardPath('SN-1'), partitionOf(cardPath('SN-1')))).code).toBe(0);
    expect((await run(['verify-card', '--profile', pinned, '--target', cardPath('SN-1')])).exitCode).toBe(0);
  });

  it('stops where another station comes with the same board, with and without an admin token', async () => {
    const { deviceId, fingerprint } = await readCard('SN-1');
    const other = { data: 'other' };
    const seen = await run(['provision', '--profile', pinned, '--identity', 'serialNumber=SN-1', '--target', cardPath('SN-1b'), '--json'], other);
    expect(lastOf(seen)).toMatchObject({ code: 'identity-at-server', exitCode: 4 });
    const unseen = await run(['provision', '--profile', blind, '--identity', 'serialNumber=SN-1', '--target', cardPath('SN-1b'), '--json'], other);
    expect(stepOf(unseen, 'check')).toMatch(/cannot be known here/);
    expect(lastOf(unseen)).toMatchObject({ code: 'identity-at-server', exitCode: 4, sentence: expect.stringMatching(/storage was wiped.*somebody else uses its identity.*unpins/) as string });
    const row = (await asAdmin('GET', `/devices/${deviceId}`)).json() as { publicKey: string };
    expect(createHash('sha256').update(Buffer.from(row.publicKey, 'base64')).digest('hex')).toBe(fingerprint);
    const record = lastOf(await run(['status', '--identity', 'serialNumber=SN-1', 'model=Board A', 'manufacturer=Works', 'osVersion=14', '--offline', '--json'], other));
    expect(JSON.stringify(record)).toMatch(/storage was wiped/);
  });

  it('lets an admin alone unpin a key for a new card', async () => {
    const how = { data: 'other' };
    const words = ['provision', '--profile', pinned, '--identity', 'serialNumber=SN-2', '--target', cardPath('SN-2'), '--json'];
    expect((await run(words)).exitCode).toBe(0);
    const before = await readCard('SN-2');
    expect(lastOf(await run([...words, '--replace', '--role', 'technician'], how))).toMatchObject({ code: 'not-allowed' });
    expect((await run([...words, '--replace', '--role', 'admin'], how)).exitCode).toBe(0);
    const after = await readCard('SN-2');
    expect(after.deviceId).toBe(before.deviceId);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(lastOf(await run(['watch', '--once', '--profile', pinned, '--everything', '--json']))).toMatchObject({ stuck: 1 });
  });

  // A profile takes that secret from the keyring alone, which a session without a desktop has not; the practice bench brings its own.
  it('enrols by the secret of the fleet as legacy, on the practice bench', async () => {
    const made = await run(['practice', '--server', 'openmdm-hmac', '--json'], { data: 'practice' });
    expect(made.exitCode, made.stderr).toBe(0);
    expect(made.events.some((event) => event['event'] === 'warning' && String(event['sentence']).startsWith('LEGACY'))).toBe(true);
    expect(stepOf(made, 'enrol')).toMatch(/^LEGACY: .*pinned no key/);
    expect(made.stdout.includes('Enrolled by the secret of the fleet (LEGACY)')).toBe(true);
  });

  it.each([
    ['the secret of the fleet is in the environment', {}, () => profileFile('fleet', { enrolment: 'hmac', deviceSecret: { environment: 'TEST_SECRET' } }), { code: 'profile-invalid', field: expect.stringMatching(/^server\.options\.deviceSecret/) as string }],
    ['the secret of the fleet cannot be had without a keyring', {}, () => profileFile('keyring', { enrolment: 'hmac', deviceSecret: { keyring: 'fleet' } }), { code: 'credential-missing' }],
    ['the admin token is another one', { TEST_ADMIN: 'wrong' }, () => pinned, { code: 'server-sign-in-refused', field: 'server.options.adminToken' }],
    ['a secret is not there', { TEST_ADMIN: '' }, () => pinned, { code: 'credential-missing' }],
    ['the address is not that of OpenMDM', {}, () => profileFile('elsewhere', {}, { server: { kind: 'openmdm', url: new URL(server.url).origin, caFile: server.caFile } }), { code: 'server-refused', field: 'server.url' }],
    ['both ways contradict each other', {}, () => profileFile('both', { enrolment: 'hmac', pinnedKeyRequired: true, deviceSecret: { keyring: 'fleet' } }), { code: 'profile-invalid', field: 'server.options.enrolment' }],
    ['a secret stands in the profile', {}, () => profileFile('plain', { adminToken: 'secret' }), { code: 'profile-invalid', field: 'server.options.adminToken' }],
    ['the key is of another type', {}, () => profileFile('rsa', {}, { keyType: 'rsa-2048' }), { code: 'profile-invalid', field: 'keyType' }],
    ['the token would be readable by everybody', {}, () => profileFile('open', {}, { files: [{}, { content: 'device-id' }, { content: 'token', mode: '0644' }] }), { code: 'profile-invalid', field: 'files.2.mode' }],
  ] as const)('says in one sentence that %s', async (_, env, profile, expected) => {
    const refused = lastOf(await provision(profile(), 'SN-9', [], { env }));
    expect(refused).toMatchObject(expected);
    expect(String(refused['sentence'])).not.toMatch(/\n|wrong\b/);
  });

  it('retires a device, and says that its identity stays taken', async () => {
    const identity = ['serialNumber=SN-5', 'model=Board A', 'manufacturer=Works', 'osVersion=14'];
    expect((await provision(pinned, 'SN-5')).exitCode).toBe(0);
    const done = await run(['decommission', '--profile', pinned, '--identity', ...identity, '--confirm', 'SN-5', '--json']);
    expect(lastOf(done)).toMatchObject({ state: 'done', sentence: expect.stringMatching(/only retires.*delete that row/) as string });
    expect(lastOf(await provision(pinned, 'SN-5'))).toMatchObject({ code: 'identity-at-server', sentence: expect.stringMatching(/retired/) as string });
  });

  it('refuses an identity before a key is made', async () => {
    const byImei = profileFile('imei', {}, { identity: [{ name: 'imei', scan: true }, { name: 'model', constant: 'M' }, { name: 'manufacturer', constant: 'F' }, { name: 'osVersion', constant: '1' }] });
    const refused = await run(['provision', '--profile', byImei, '--identity', 'imei=490154203237519', '--target', cardPath('imei'), '--json']);
    expect(lastOf(refused)).toMatchObject({ code: 'identity-invalid', field: 'identity.imei' });
    expect(refused.events.some((event) => event['step'] === 'generate')).toBe(false);
  });

  it.each(['openmdm', 'openmdm-hmac'])('goes the whole way on the practice bench (%s), which is remembered', async (kind) => {
    const first = await run(['practice', '--server', kind, '--json'], { data: 'practice' });
    expect(first.exitCode).toBe(0);
    expect(lastOf(first)).toMatchObject({ state: 'accepted' });
    expect(first.events.some((event) => String(event['sentence']).startsWith('LEGACY'))).toBe(kind === 'openmdm-hmac');
    const second = await run(['practice', '--json'], { data: 'practice' });
    expect(lastOf(second)).toMatchObject({ state: 'accepted', identity: { model: 'Practice board' } });
  });

  it('knows no other practice server', async () => {
    expect(lastOf(await run(['practice', '--server', 'nothing', '--json']))).toMatchObject({ code: 'usage', field: '--server', expected: 'mender, iot-bridge, openmdm, openmdm-hmac' });
  });
});

/** Of the record, the image cache and the rest, without the cards. */
function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}
