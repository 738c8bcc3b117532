/** The real Mender client of Debian with cards that Imprint wrote, at the practice server over HTTPS. */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyType } from '../../main/domain/keys';
import { startPracticeServer, type PracticeServer } from '../../main/servers/mender/practice-server';
import { RawApi } from '../contract/mender-fixture';
import { debugfs, e2fsck } from '../support/images';
import { decodedPracticeImage } from '../support/practice-image';
import { imprint } from '../support/station';
import { Board, Card, clientVersion, runFolder } from './board';
import { ObservedRequests } from './observed-requests';

interface ShownDevice {
  readonly id: string;
  readonly status: string;
  readonly identity_data: Readonly<Record<string, unknown>>;
  readonly auth_sets: readonly { readonly id: string; readonly status: string; readonly pubkey: string }[];
}

interface Status {
  readonly deviceId: string;
  readonly state: string;
  readonly acceptance: { readonly state: string; readonly diagnosis?: string; readonly sentence: string; readonly relatedDeviceId?: string };
}

const serverFolder = join(runFolder, 'server');
const data = join(runFolder, 'data');
const profilePath = join(runFolder, 'profile.json');
const environment = { TEST_PASSWORD: '' };
let server: PracticeServer;
let raw: RawApi;
let requests: ObservedRequests;
let image: { path: string; sha256: string };
let cardNumber = 0;

beforeAll(async () => {
  requests = new ObservedRequests();
  server = await startPracticeServer({ port: 0, folder: serverFolder, clock: { now: () => new Date() }, randomness: { uuid: () => randomUUID() }, tls: true });
  raw = new RawApi(server.url, server.certificateAuthorityPem);
  raw.token = (await raw.logIn(server.username, server.password)).text;
  environment.TEST_PASSWORD = server.password;
  image = await decodedPracticeImage(runFolder);
  writeFileSync(join(runFolder, 'ca.pem'), server.certificateAuthorityPem ?? '');
  writeProfile(profilePath);
  process.stdout.write(`Client: ${clientVersion}\n`);
});

afterAll(async () => {
  requests.close();
  await raw.close();
  await server.close();
});

function writeProfile(path: string, more: object = {}): void {
  const credentials = { username: server.username, password: { environment: 'TEST_PASSWORD' } };
  writeFileSync(path, JSON.stringify({ name: 'device client', server: { url: server.url, caFile: join(runFolder, 'ca.pem'), credentials, clientVersion: '3.4' }, image, ...more }));
}

/** Makes a card with the station's own command. */
async function makeCard(identity: readonly string[], profile = profilePath): Promise<Card> {
  cardNumber += 1;
  const path = join(runFolder, `card-${cardNumber}.img`);
  const result = await imprint(['provision', '--profile', profile, ...identity.flatMap((pair) => ['--identity', pair]), '--target', path, '--data', data, '--json'], environment);
  expect(result.events.at(-1)).toMatchObject({ event: 'result', state: 'done' });
  return new Card(path);
}

function boardWith(card: Card, identity: readonly string[]): Board {
  requests.forget();
  return new Board(card, { serverUrl: server.url, certificateAuthority: server.certificateAuthorityPem ?? '', identity });
}

async function devicesAtServer(): Promise<readonly ShownDevice[]> {
  return (await raw.send('GET', '/api/management/v2/devauth/devices?per_page=500')).json() as ShownDevice[];
}

async function deviceAtServer(mac: string): Promise<ShownDevice> {
  const found = (await devicesAtServer()).filter(({ identity_data: identity }) => identity['mac'] === mac);
  expect(found).toHaveLength(1);
  return found[0] as ShownDevice;
}

const fingerprintOfPem = (pem: string): string => createHash('sha256').update(Buffer.from(pem.replace(/-----[^\n]+-----|\s/g, ''), 'base64')).digest('hex');

/** What the watch says about a device after one round. */
async function watched(mac: string): Promise<Status> {
  const round = await imprint(['watch', '--once', '--profile', profilePath, '--data', data, '--json'], environment);
  expect(round.events.at(-1)).toMatchObject({ event: 'result' });
  const status = await imprint(['status', '--identity', `mac=${mac}`, '--data', data, '--json'], environment);
  return status.events.at(-1) as unknown as Status;
}

/** The claims of a token that this practice server signed (RFC 7519). */
function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const [head = '', body = '', signature] = token.split('.');
  const secret = Buffer.from(readFileSync(join(serverFolder, 'practice-signing-secret'), 'utf8'), 'hex');
  expect(createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url')).toBe(signature);
  return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Readonly<Record<string, unknown>>;
}

const bearerOf = (header: string | undefined): string => header?.replace(/^Bearer /, '') ?? '';
/** What the client does once it was let in. */
const callsAfterSignIn = () => requests.ofDevices.filter(({ path }) => !path.endsWith('/auth_requests'));

describe('a card in its own board', () => {
  const mac = '02:00:00:00:01:01';
  let card: Card;
  let board: Board;

  beforeAll(async () => {
    card = await makeCard([`mac=${mac}`]);
    board = boardWith(card, [`mac=${mac}`]);
  });
  afterAll(() => board.remove());

  it('bootstraps with the key that Imprint wrote, leaves it byte for byte, and is accepted', async () => {
    const before = await card.keyFileHash();
    const { exitCode, said } = await board.run('mender', '--no-syslog', 'bootstrap');
    expect(exitCode, said).toBe(0);
    expect(await card.keyFileHash()).toBe(before);
    expect(requests.authRequests).toHaveLength(1);
    const device = await deviceAtServer(mac);
    expect(device).toMatchObject({ status: 'accepted', auth_sets: [{ status: 'accepted' }] });
    expect(fingerprintOfPem(device.auth_sets[0]?.pubkey ?? '')).toBe(await card.fingerprint());
  });

  it('was asked for in the form that the facts page and the practice device have', async () => {
    const [request] = requests.authRequests;
    expect(request).toMatchObject({ method: 'POST', path: '/api/devices/v1/authentication/auth_requests' });
    expect(request?.headers['content-type']).toBe('application/json');
    expect(request?.headers['x-men-signature']).toMatch(/^[A-Za-z0-9+/]+=*$/);
    const body = JSON.parse(request?.body() ?? '') as Record<string, string>;
    process.stdout.write(`It sends: ${JSON.stringify({ ...body, pubkey: '…' })} with the headers ${Object.keys(request?.headers ?? {}).join(', ')}\n`);
    expect(Object.keys(body)).toEqual(['id_data', 'tenant_token', 'pubkey']);
    expect(body['id_data']).toBe(`{"mac":"${mac}"}`);
    expect(fingerprintOfPem(body['pubkey'] ?? '')).toBe(await card.fingerprint());
  });

  it('carries the token of this device in its next call', async () => {
    await board.runUntil(() => callsAfterSignIn().length > 0, 'mender', '--no-syslog', 'daemon');
    const device = await deviceAtServer(mac);
    const [next] = callsAfterSignIn();
    process.stdout.write(`Its next call: ${next?.method ?? ''} ${next?.path ?? ''}\n`);
    expect(claimsOf(bearerOf(next?.headers.authorization))).toMatchObject({ 'sub': device.id, 'jti': device.auth_sets[0]?.id, 'mender.device': true });
    const { code, output } = await e2fsck(card.path, card.partition(4).offset);
    expect(code, output).toBe(0);
  });

  it('is seen as accepted by the watch', async () => {
    expect(await watched(mac)).toMatchObject({ state: 'accepted', acceptance: { state: 'accepted' } });
  });
});

describe('a board without its key', () => {
  it.each([
    ['missing', '02:00:00:00:02:01', 'rm /mender/mender-agent.pem'],
    ['cut short', '02:00:00:00:02:02', 'set_inode_field /mender/mender-agent.pem size 1000'],
  ])('makes its own where the file is %s, stays pending, and the watch says: another key', async (_, mac, request) => {
    const card = await makeCard([`mac=${mac}`]);
    const recorded = await card.fingerprint();
    await debugfs(card.path, card.partition(4).offset, request, { write: true });
    const board = boardWith(card, [`mac=${mac}`]);
    const { said } = await board.run('mender', '--no-syslog', 'bootstrap');
    board.remove();
    expect(requests.authRequests.length, said).toBeGreaterThan(0);
    const own = await card.fingerprint();
    expect(own).not.toBe(recorded);
    const device = await deviceAtServer(mac);
    expect(device.status).toBe('preauthorized');
    expect(device.auth_sets.map(({ status, pubkey }) => [status, fingerprintOfPem(pubkey)])).toEqual([['preauthorized', recorded], ['pending', own]]);
    expect(await watched(mac)).toMatchObject({ state: 'preauthorized', acceptance: { state: 'stuck', diagnosis: 'another-key' } });
  });
});

describe('two cards that were swapped', () => {
  const [first, second] = ['02:00:00:00:03:01', '02:00:00:00:03:02'] as const;

  it('leave both boards pending, and the watch names the other device', async () => {
    const cards = { [first]: await makeCard([`mac=${first}`]), [second]: await makeCard([`mac=${second}`]) };
    for (const [mac, other] of [[first, second], [second, first]] as const) {
      const before = await cards[other].keyFileHash();
      const board = boardWith(cards[other], [`mac=${mac}`]);
      await board.run('mender', '--no-syslog', 'bootstrap');
      board.remove();
      expect(await cards[other].keyFileHash()).toBe(before);
      const device = await deviceAtServer(mac);
      expect(device.status).toBe('preauthorized');
      expect(device.auth_sets.map(({ status, pubkey }) => [status, fingerprintOfPem(pubkey)])).toEqual([
        ['preauthorized', await cards[mac].fingerprint()],
        ['pending', await cards[other].fingerprint()],
      ]);
    }
    const [one, two] = [await watched(first), await watched(second)];
    expect(one.acceptance).toMatchObject({ state: 'stuck', diagnosis: 'key-of-another-device', relatedDeviceId: two.deviceId });
    expect(two.acceptance).toMatchObject({ state: 'stuck', diagnosis: 'key-of-another-device', relatedDeviceId: one.deviceId });
    expect(one.acceptance.sentence).toContain(second);
  });
});

describe('a board that writes its identity in another way', () => {
  const mac = '02:00:00:00:04:ab';

  it('comes as a second device, and the watch says: near identity', async () => {
    const card = await makeCard([`mac=${mac}`]);
    const board = boardWith(card, [`mac=${mac.toUpperCase()}`]);
    await board.run('mender', '--no-syslog', 'bootstrap');
    board.remove();
    expect((await deviceAtServer(mac)).auth_sets).toMatchObject([{ status: 'preauthorized' }]);
    expect((await deviceAtServer(mac.toUpperCase())).auth_sets).toMatchObject([{ status: 'pending' }]);
    expect((await watched(mac)).acceptance).toMatchObject({ state: 'stuck', diagnosis: 'near-identity' });
  });
});

describe('what a profile may ask for', () => {
  it.each<KeyType>(['rsa-2048', 'rsa-4096', 'ec-p256', 'ed25519'])('a key of type %s is read and signed with', async (keyType) => {
    const mac = `02:00:00:00:05:0${['rsa-2048', 'rsa-4096', 'ec-p256', 'ed25519'].indexOf(keyType)}`;
    const profile = join(runFolder, `profile-${keyType}.json`);
    writeProfile(profile, { keyType });
    const card = await makeCard([`mac=${mac}`], profile);
    const before = await card.keyFileHash();
    const board = boardWith(card, [`mac=${mac}`]);
    const { exitCode, said } = await board.run('mender', '--no-syslog', 'bootstrap');
    board.remove();
    expect(exitCode, said).toBe(0);
    expect(await card.keyFileHash()).toBe(before);
    expect(await deviceAtServer(mac)).toMatchObject({ status: 'accepted', auth_sets: [{ status: 'accepted' }] });
  });

  it('an identity of several attributes, whatever order the board names them in', async () => {
    const profile = join(runFolder, 'profile-several.json');
    writeProfile(profile, { identity: [{ name: 'mac', kind: 'mac', scan: true }, { name: 'serial' }, { name: 'product', constant: 'board a' }] });
    const mac = '02:00:00:00:06:01';
    const card = await makeCard([`mac=${mac}`, 'serial=00012'], profile);
    const board = boardWith(card, ['serial=00012', `mac=${mac}`, 'product=board a']);
    const { exitCode, said } = await board.run('mender', '--no-syslog', 'bootstrap');
    board.remove();
    expect(exitCode, said).toBe(0);
    const body = JSON.parse(requests.authRequests[0]?.body() ?? '') as Record<string, string>;
    // Compact and sorted by name: what the server sorts again.
    expect(body['id_data']).toBe(`{"mac":"${mac}","product":"board a","serial":"00012"}`);
    expect(await deviceAtServer(mac)).toMatchObject({ status: 'accepted' });
  });
});
