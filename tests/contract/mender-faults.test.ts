import { createServer } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerConnection } from '../../main/domain/ports';
import type { ServerSettings } from '../../main/domain/profile';
import type { FaultAction } from '../../main/servers/practice/practice-faults';
import { createMenderServer } from '../../main/servers/mender/adapter';
import type { MenderUnderTest } from './mender-fixture';
import { devices, newIdentity, newKey, practiceUnderTest, quickMender, quickOptions, secretsOf } from './mender-fixture';
import { plainRemoval } from './server-contract';

const never = new AbortController().signal;
const onList = { method: 'GET', path: /\/devauth\/devices$/ };
const onPreauthorize = { method: 'POST', path: /\/devauth\/devices$/ };
const onLogin = { method: 'POST', path: /\/auth\/login$/ };
const busy: FaultAction = { kind: 'reply', status: 503 };
const tooMany = (seconds: string): FaultAction => ({ kind: 'reply', status: 429, headers: { 'Retry-After': seconds } });

describe('the Mender adapter when things go wrong', () => {
  let server: MenderUnderTest;
  let connection: ServerConnection;

  beforeEach(async () => {
    server = await practiceUnderTest();
    connection = quickMender.connect(server.settings, server.secrets);
    await connection.signIn(never);
    server.requests.length = 0;
  });

  afterEach(async () => {
    await connection.close();
    await server.close();
  });

  const fail = (fault: { method: string; path: RegExp }, action: FaultAction, times = 1): void => {
    server.practice?.faults.add({ ...fault, action, times });
  };
  const request = () => ({ identity: newIdentity(), publicKey: newKey().publicKey });
  const preauthorizations = () => server.requests.filter((line) => line.startsWith(`POST ${devices} `));

  describe('busy', () => {
    it('waits as long as Retry-After says', async () => {
      fail(onPreauthorize, tooMany('0'));
      await expect(connection.enrol(request(), never)).resolves.toMatchObject({ already: false });
      expect(preauthorizations()).toEqual([`POST ${devices} 429`, `POST ${devices} 201`]);
    });

    it('waits until the date that Retry-After says, by the server\'s own clock', async () => {
      const date = (seconds: number): string => new Date(Date.now() + 3_600_000 + seconds * 1000).toUTCString();
      fail(onList, { kind: 'reply', status: 429, headers: { 'Date': date(0), 'Retry-After': date(1) } });
      const started = performance.now();
      await expect(connection.findDevice(newIdentity(), never)).resolves.toBeUndefined();
      expect(performance.now() - started).toBeGreaterThan(900);
    });

    it('does not wait for longer than its bound, and says how long', async () => {
      fail(onList, tooMany('3600'));
      await expect(connection.findDevice(newIdentity(), never)).rejects.toMatchObject({ code: 'server-busy', message: expect.stringContaining('3600') as string });
    });

    it('gives up when the server goes on', async () => {
      fail(onList, tooMany('0'), 50);
      await expect(connection.findDevice(newIdentity(), never)).rejects.toMatchObject({ code: 'server-busy', message: 'The server takes no more requests for now, although it was given 0 seconds; try again in 1 second.' });
      expect(server.requests.filter((line) => line.endsWith(' 429'))).toHaveLength(3);
    });

    it('can be cancelled while it waits', async () => {
      const patient = createMenderServer({ patience: { delays: [], longestWaitSeconds: 3600, waits: 3 } }).connect(server.settings, server.secrets);
      const stop = new AbortController();
      await patient.signIn(never);
      fail(onList, tooMany('3000'));
      const search = patient.findDevice(newIdentity(), stop.signal);
      await expect.poll(() => server.requests.some((line) => line.endsWith(' 429'))).toBe(true);
      stop.abort();
      await expect(search).rejects.toMatchObject({ code: 'cancelled' });
      await patient.close();
    });

    it('can be cancelled while the server is silent', async () => {
      const stop = new AbortController();
      fail(onList, { kind: 'silence' });
      const search = connection.findDevice(newIdentity(), stop.signal);
      await expect.poll(() => server.requests.includes(`GET ${devices} 0`)).toBe(true);
      stop.abort();
      await expect(search).rejects.toMatchObject({ code: 'cancelled' });
    });

    it('reads again after a 5xx and after a reset, and gives up in the end', async () => {
      fail(onList, busy, 2);
      fail(onList, { kind: 'reset' });
      await expect(connection.findDevice(newIdentity(), never)).resolves.toBeUndefined();
      fail(onList, busy, 50);
      await expect(connection.findDevice(newIdentity(), never)).rejects.toMatchObject({ code: 'server-busy' });
    });
  });

  describe('a preauthorization whose fate is unknown', () => {
    it.each<[string, FaultAction, boolean, number]>([
      ['the reply is lost', { kind: 'lost-reply' }, true, 1],
      ['the reply breaks off in the middle', { kind: 'half-reply' }, true, 1],
      ['a proxy answers 502 for it, processed', { kind: 'replaced-reply', status: 502 }, true, 1],
      ['the connection breaks before it is processed', { kind: 'reset' }, false, 2],
      ['the server answers 500, not processed', { kind: 'reply', status: 500 }, false, 2],
      ['it is created without a Location', { kind: 'replaced-reply', status: 201 }, true, 1],
    ])('%s: reads the server before anything is sent again', async (_case, action, already, posts) => {
      fail(onPreauthorize, action);
      const wanted = request();
      const receipt = await connection.enrol(wanted, never);
      expect(receipt.already).toBe(already);
      expect(preauthorizations()).toHaveLength(posts);
      const lines = server.requests.slice(server.requests.findIndex((line) => line.startsWith(`POST ${devices} `)) + 1);
      expect(lines.filter((line) => !line.includes('/inventory/'))[0]).toMatch(/^GET /);
      expect((await connection.findDevice(wanted.identity, never))?.id).toBe(receipt.serverDeviceId);
    });

    it('reads the server again where the 409 breaks off in the middle', async () => {
      const wanted = request();
      const first = await connection.enrol(wanted, never);
      fail(onPreauthorize, { kind: 'half-reply' });
      await expect(connection.enrol(wanted, never)).resolves.toMatchObject({ already: true, serverDeviceId: first.serverDeviceId });
    });

    it('recognises its own key after the time-out of a request that was processed', async () => {
      const hasty = createMenderServer({ timeouts: { connect: 5000, headers: 1500, body: 1500 }, settle: 1 }).connect(server.settings, server.secrets);
      await hasty.signIn(never);
      fail(onPreauthorize, { kind: 'slow', milliseconds: 60_000 });
      await expect(hasty.enrol(request(), never)).resolves.toMatchObject({ already: true });
      await hasty.close();
    });

    it('never takes over a device of somebody else that appeared meanwhile', async () => {
      const wanted = request();
      await server.raw.preauthorize(wanted.identity, newKey().pem);
      fail(onPreauthorize, { kind: 'lost-reply' });
      await expect(connection.enrol(wanted, never)).rejects.toMatchObject({ code: 'identity-at-server' });
    });

    it('gives up after a few attempts with the last failure', async () => {
      fail(onPreauthorize, { kind: 'reset' }, 50);
      await expect(connection.enrol(request(), never)).rejects.toMatchObject({ code: 'server-unreachable' });
      expect(preauthorizations()).toHaveLength(3);
    });
  });

  describe('a preauthorization that is refused', () => {
    it.each([
      [400, /identity attributes and the key type/],
      [413, /larger than it allows/],
      [415, /proxy on the way changes requests/],
      [422, /limit of accepted devices/],
    ])('with %i: says what to do, and sends it once', async (status, words) => {
      fail(onPreauthorize, { kind: 'reply', status, text: '{"error":"its own words","request_id":"1"}' }, 5);
      const failure: unknown = await connection.enrol(request(), never).catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({ code: 'server-refused' });
      expect(String(failure)).toMatch(words);
      expect(String(failure)).toContain(`${String(status)}: its own words`);
      expect(preauthorizations()).toHaveLength(1);
    });
  });

  describe('a key that replaces another one', () => {
    async function there(): Promise<{ identity: ReturnType<typeof newIdentity>; id: string }> {
      const wanted = request();
      return { identity: wanted.identity, id: (await connection.enrol(wanted, never)).serverDeviceId };
    }
    const setsOf = async (id: string): Promise<number> => (await connection.device(id, never))?.authSets.length ?? 0;

    it('comes to the device that is there, whatever id the server names for it', async () => {
      const { identity, id } = await there();
      const receipt = await connection.enrol({ identity, publicKey: newKey().publicKey, replace: true }, never);
      expect(receipt).toMatchObject({ serverDeviceId: id, already: false, sentence: expect.stringContaining('remove that one') as string });
      expect(await setsOf(id)).toBe(2);
    });

    it.each<[string, FaultAction]>([
      ['the reply is lost', { kind: 'lost-reply' }],
      ['a proxy answers 502', { kind: 'replaced-reply', status: 502 }],
      ['the connection breaks before', { kind: 'reset' }],
      ['the server answers 500', { kind: 'reply', status: 500 }],
    ])('comes once where %s', async (_case, action) => {
      const { identity, id } = await there();
      // The first request is the one without force, which names the device.
      server.practice?.faults.add({ ...onPreauthorize, after: 1, action });
      await expect(connection.enrol({ identity, publicKey: newKey().publicKey, replace: true }, never)).resolves.toMatchObject({ serverDeviceId: id });
      expect(await setsOf(id)).toBe(2);
    });

    it('comes to a new device where the old one went away meanwhile', async () => {
      const { identity, id } = await there();
      const key = newKey();
      server.practice?.faults.add({ ...onPreauthorize, after: 1, action: tooMany('1') });
      const replacing = connection.enrol({ identity, publicKey: key.publicKey, replace: true }, never);
      // The device was read; the request with force waits.
      await expect.poll(() => preauthorizations().at(-1)).toBe(`POST ${devices} 429`);
      const set = (await server.raw.send('GET', `${devices}/${id}`)).json() as { auth_sets: { id: string }[] };
      await server.raw.send('DELETE', `${devices}/${id}/auth/${set.auth_sets[0]?.id ?? ''}`);
      const receipt = await replacing;
      expect(receipt.serverDeviceId).not.toBe(id);
      expect((await connection.device(receipt.serverDeviceId, never))?.authSets.map(({ fingerprint }) => fingerprint)).toEqual([key.publicKey.fingerprint]);
    });

    it('does not come to a device that is being decommissioned', async () => {
      const { identity, id } = await there();
      await server.raw.send('DELETE', `${devices}/${id}`);
      await expect(connection.enrol({ identity, publicKey: newKey().publicKey, replace: true }, never)).rejects.toMatchObject({ code: 'identity-at-server', message: expect.stringContaining('wait a moment') as string });
      expect(await setsOf(id)).toBe(1);
    });

    it('makes our own key expected again where it was pending', async () => {
      const key = newKey();
      const identity = newIdentity();
      await server.raw.authRequest(JSON.stringify(identity), key);
      await expect(connection.enrol({ identity, publicKey: key.publicKey }, never)).rejects.toMatchObject({ code: 'identity-at-server' });
      const { serverDeviceId } = await connection.enrol({ identity, publicKey: key.publicKey, replace: true }, never);
      expect((await connection.device(serverDeviceId, never))?.authSets.map(({ status }) => status)).toEqual(['preauthorized']);
    });
  });

  describe('what an admin does', () => {
    const administration = () => {
      if (connection.administration === undefined) throw new Error('This server has an administration.');
      return connection.administration;
    };

    it.each<[string, FaultAction]>([
      ['the reply is lost', { kind: 'lost-reply' }],
      ['the connection breaks before', { kind: 'reset' }],
      ['the server answers 503', busy],
    ])('is done once where %s', async (_case, action) => {
      const identity = newIdentity();
      await server.raw.authRequest(JSON.stringify(identity), newKey());
      const found = await connection.findDevice(identity, never);
      const [id, set] = [found?.id ?? '', found?.authSets[0]?.id ?? ''];
      fail({ method: 'PUT', path: /\/status$/ }, action);
      await administration().reject?.(id, set, never);
      expect((await connection.device(id, never))?.status).toBe('rejected');
      fail({ method: 'DELETE', path: /\/auth\// }, action);
      await administration().removeAuthSet?.(id, set, never);
      expect((await connection.device(id, never))?.authSets).toEqual([]);
      fail({ method: 'DELETE', path: /\/devices\// }, action);
      const gone = administration().decommission(id, never, plainRemoval);
      await expect.poll(async () => (await connection.device(id, never))?.decommissioning).toBe(true);
      server.passTime(3_600_001);
      await gone;
      await expect(connection.device(id, never)).resolves.toBeUndefined();
    });

    it('is busy where a decommissioning does not end, and can be cancelled', async () => {
      const hasty = createMenderServer({ ...quickOptions, removal: { firstDelay: 1, longestDelay: 10, longest: 100 } }).connect(server.settings, server.secrets);
      const { serverDeviceId } = await hasty.enrol(request(), never);
      await expect(hasty.administration?.decommission(serverDeviceId, never, plainRemoval)).rejects.toMatchObject({ code: 'server-busy' });
      const stop = new AbortController();
      const again = administration().decommission(serverDeviceId, stop.signal, plainRemoval);
      await expect.poll(() => server.requests.filter((line) => line.startsWith('DELETE')).length).toBe(2);
      stop.abort();
      await expect(again).rejects.toMatchObject({ code: 'cancelled' });
      await hasty.close();
    });

    it('is refused where the account lacks the right', async () => {
      const { serverDeviceId } = await connection.enrol(request(), never);
      fail({ method: 'DELETE', path: /./ }, { kind: 'reply', status: 403 });
      await expect(administration().decommission(serverDeviceId, never, plainRemoval)).rejects.toMatchObject({ code: 'server-refused', field: 'server.credentials' });
    });
  });

  describe('an identity that is there', () => {
    async function conflict(prepare: (wanted: ReturnType<typeof request>, id: string) => Promise<void>, enrolled = true): Promise<string> {
      const wanted = request();
      const id = enrolled ? (await connection.enrol(wanted, never)).serverDeviceId : '';
      await prepare(wanted, id);
      const failure: unknown = await connection.enrol(wanted, never).catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({ code: 'identity-at-server' });
      return String(failure);
    }

    it('and is being decommissioned: says to wait', async () => {
      expect(await conflict(async (_wanted, id) => { await server.raw.send('DELETE', `${devices}/${id}`); })).toContain('wait a moment');
    });

    it('and came by itself with another key: names device and status', async () => {
      const sentence = await conflict(async ({ identity }) => { await server.raw.authRequest(JSON.stringify(identity), newKey()); }, false);
      expect(sentence).toContain('pending');
      expect(sentence).toContain('decommission');
    });

    it('and was accepted with our key: is enrolled already', async () => {
      const key = newKey();
      const wanted = { identity: newIdentity(), publicKey: key.publicKey };
      await connection.enrol(wanted, never);
      await server.raw.authRequest(JSON.stringify(wanted.identity), key);
      await expect(connection.enrol(wanted, never)).resolves.toMatchObject({ already: true });
    });

    it('is found in the auth sets too, beside a pending one', async () => {
      const wanted = request();
      await connection.enrol(wanted, never);
      await server.raw.authRequest(JSON.stringify(wanted.identity), newKey());
      const found = await connection.findDevice(wanted.identity, never);
      expect(found?.status).toBe('preauthorized');
      expect(found?.authSets.map((set) => set.status).sort()).toEqual(['pending', 'preauthorized']);
    });

    it('as a number is another identity', async () => {
      const { mac = '' } = newIdentity();
      await server.raw.preauthorize({ mac, serial: 7 }, newKey().pem);
      await expect(connection.findDevice({ mac, serial: '7' }, never)).resolves.toBeUndefined();
    });
  });

  describe('the sign-in', () => {
    it('is renewed once when the server no longer takes it', async () => {
      fail(onList, { kind: 'reply', status: 401 });
      await expect(connection.findDevice(newIdentity(), never)).resolves.toBeUndefined();
      expect(server.requests.filter((line) => line.includes('/auth/login'))).toHaveLength(1);
    });

    it('is given up when the server still does not take it', async () => {
      fail(onList, { kind: 'reply', status: 401 }, 50);
      await expect(connection.findDevice(newIdentity(), never)).rejects.toMatchObject({ code: 'server-sign-in-refused' });
      expect(server.requests.filter((line) => line.includes('/auth/login'))).toHaveLength(1);
    });

    it('that lacks the right says so', async () => {
      fail(onPreauthorize, { kind: 'reply', status: 403, text: '{"error":"Access denied (RBAC).","request_id":"1"}' }, 50);
      await expect(connection.enrol(request(), never)).rejects.toMatchObject({ code: 'server-refused', message: expect.stringContaining('Access denied (RBAC).') as string });
    });

    it('is renewed before its token ends', async () => {
      let offset = 0;
      const clock = { now: () => new Date(Date.now() + offset) };
      const other = createMenderServer({ clock }).connect(server.settings, server.secrets);
      await other.signIn(never);
      server.requests.length = 0;
      await other.findDevice(newIdentity(), never);
      expect(server.requests.some((line) => line.includes('/auth/login'))).toBe(false);
      offset = 6.9 * 24 * 3600 * 1000;
      await other.findDevice(newIdentity(), never);
      expect(server.requests.filter((line) => line.includes('/auth/login'))).toHaveLength(1);
      await other.close();
    });

    it('works with a personal access token, and says when it was revoked', async () => {
      const tokens = '/api/management/v1/useradm/settings/tokens';
      const token = (await server.raw.send('POST', tokens, { name: 'station', expires_in: 0 })).text;
      const settings: ServerSettings = { ...server.settings, credentials: { type: 'token', token: { from: 'environment', name: 'TOKEN' } } };
      const other = quickMender.connect(settings, secretsOf({ TOKEN: `${token}\n` }));
      await other.signIn(never);
      await expect(other.enrol(request(), never)).resolves.toMatchObject({ already: false });
      const [issued] = (await server.raw.send('GET', tokens)).json() as { id: string }[];
      await server.raw.send('DELETE', `${tokens}/${issued?.id ?? ''}`);
      const failure: unknown = await other.findDevice(newIdentity(), never).catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({ code: 'server-sign-in-refused' });
      expect(inspect([failure, other], { depth: 20, showHidden: true })).not.toContain(token.slice(0, 40));
      await other.close();
    });

    it('passes on that a secret is missing', async () => {
      const other = quickMender.connect(server.settings, secretsOf({}));
      await expect(other.signIn(never)).rejects.toMatchObject({ code: 'credential-missing' });
      await other.close();
    });

    it('puts the password into no failure', async () => {
      const password = server.practice?.password ?? '';
      const base64 = Buffer.from(`${server.practice?.username ?? ''}:${password}`).toString('base64');
      for (const action of [busy, { kind: 'reset' }, { kind: 'reply', status: 418 }, { kind: 'reply', status: 200, text: 'hello' }] as const) {
        fail(onLogin, action, 50);
        const failure: unknown = await connection.signIn(never).catch((thrown: unknown) => thrown);
        expect(failure).toBeInstanceOf(Error);
        const everything = inspect([failure, connection], { depth: 20, showHidden: true });
        expect(everything).not.toContain(password);
        expect(everything).not.toContain(base64);
        server.practice?.faults.clear();
      }
    });
  });

  describe('replies that make no sense', () => {
    it.each<[string, FaultAction, string]>([
      ['no JSON', { kind: 'reply', status: 200, text: '<html>', contentType: 'text/html' }, 'server-reply-invalid'],
      ['JSON of another form', { kind: 'reply', status: 200, text: '[{"id":5}]' }, 'server-reply-invalid'],
      ['a redirect', { kind: 'reply', status: 302, headers: { Location: 'https://elsewhere.invalid/' } }, 'server-refused'],
      ['a refusal with its words', { kind: 'reply', status: 400, text: '{"error":"no \\u0007 way","request_id":"1"}' }, 'server-refused'],
      ['an end of the page before its announced length', { kind: 'reply', status: 200, headers: { 'Content-Length': '100', 'Connection': 'close' }, text: '[]' }, 'server-unreachable'],
    ])('%s', async (_case, action, code) => {
      fail(onList, action, 50);
      const failure: unknown = await connection.findDevice(newIdentity(), never).catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({ code });
      // eslint-disable-next-line no-control-regex -- finding them is the point
      expect(String(failure)).not.toMatch(/[\u0000-\u001f]/);
    });

    it('the same full page for ever', async () => {
      const page = Array.from({ length: 500 }, (_, at) => ({ id: `device-${String(at)}`, identity_data: { mac: String(at) }, status: 'pending', decommissioning: false, auth_sets: [] }));
      fail(onList, { kind: 'reply', status: 200, text: JSON.stringify(page) }, 5000);
      await expect(connection.findDevice(newIdentity(), never)).rejects.toMatchObject({ code: 'server-reply-invalid' });
    });

    it('a web server that is no Mender server', async () => {
      const other = createServer((_, response) => response.writeHead(404).end('not here'));
      const port = await new Promise<number>((resolve) => other.listen(0, '127.0.0.1', () => { resolve((other.address() as { port: number }).port); }));
      const stranger = quickMender.connect({ ...server.settings, url: `http://127.0.0.1:${String(port)}` }, server.secrets);
      await expect(stranger.signIn(never)).rejects.toMatchObject({ code: 'server-reply-invalid', field: 'server.url' });
      await stranger.close();
      other.close();
      other.closeAllConnections();
    });
  });
});
