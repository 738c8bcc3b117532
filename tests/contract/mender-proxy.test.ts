import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectSocket, createServer as createSocketServer } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ServerConnection } from '../../main/domain/ports';
import { createMenderServer } from '../../main/servers/mender/adapter';
import type { ProxyEnvironment } from '../../main/servers/http/http-route';
import { proxyOfEnvironment } from '../../main/servers/http/http-route';
import type { MenderUnderTest } from './mender-fixture';
import { newIdentity, newKey, practiceUnderTest, quickOptions } from './mender-fixture';

const never = new AbortController().signal;
const basic = `Basic ${Buffer.from('anna:proxy password').toString('base64')}`;

/** A proxy as companies have them: CONNECT, and perhaps a sign-in. `somewhere.test` is the practice server. */
async function startProxy(answer: (request: IncomingMessage) => number): Promise<{ url: string; tunnels: string[]; hangUp: () => void; close: () => Promise<void> }> {
  const tunnels: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((_, response) => response.writeHead(405).end());
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (request, socket) => {
    socket.on('error', () => undefined);
    const status = answer(request);
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${String(status)} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    tunnels.push(request.url ?? '');
    const port = Number((request.url ?? '').split(':')[1]);
    const onward = connectSocket(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    tunnels,
    hangUp,
    close: async () => {
      hangUp();
      await new Promise((done) => server.close(done));
    },
  };
}

describe('a Mender server behind a proxy', () => {
  let server: MenderUnderTest;
  /** The practice server under a name that only the proxy can reach. */
  let elsewhere: string;
  const ends: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    server = await practiceUnderTest({ certificate: { names: ['somewhere.test', '127.0.0.1'] } });
    elsewhere = server.settings.url.replace('127.0.0.1', 'somewhere.test');
  });
  afterAll(() => server.close());
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  async function proxy(answer: (request: IncomingMessage) => number = () => 200): Promise<Awaited<ReturnType<typeof startProxy>>> {
    const started = await startProxy(answer);
    ends.push(started.close);
    return started;
  }

  function connect(settings: { url?: string; proxy?: string; certificateAuthority?: undefined }, proxyEnvironment: ProxyEnvironment = {}): ServerConnection {
    const connection = createMenderServer({ ...quickOptions, proxyEnvironment }).connect({ ...server.settings, url: elsewhere, ...settings }, server.secrets);
    ends.unshift(() => connection.close());
    return connection;
  }

  it('is reached through the proxy of the profile, with the profile\'s authority', async () => {
    const { url, tunnels } = await proxy();
    const connection = connect({ proxy: url });
    await connection.signIn(never);
    await expect(connection.enrol({ identity: newIdentity(), publicKey: newKey().publicKey }, never)).resolves.toMatchObject({ already: false });
    expect(new Set(tunnels)).toEqual(new Set([elsewhere.replace('https://', '')]));
  });

  it('is not trusted through a proxy either where nobody vouches for it', async () => {
    const { url } = await proxy();
    const before = server.requests.length;
    await expect(connect({ proxy: url, certificateAuthority: undefined }).signIn(never)).rejects.toMatchObject({ code: 'server-untrusted', field: 'server.caFile' });
    expect(server.requests).toHaveLength(before);
  });

  it('is reached through the proxy of the environment, with its user and password', async () => {
    const { url } = await proxy((request) => (request.headers['proxy-authorization'] === basic ? 200 : 407));
    await connect({}, { httpsProxy: url.replace('http://', 'http://anna:proxy%20password@') }).signIn(never);
    // As curl takes it, without a scheme.
    await connect({}, { httpsProxy: url.replace('http://', 'anna:proxy%20password@') }).signIn(never);
  });

  it('is reached directly where NO_PROXY says so, or where it is this computer', async () => {
    const { url, tunnels } = await proxy();
    const direct = { ...server.settings };
    await connect({ url: direct.url }, { httpsProxy: url }).signIn(never);
    // Nobody but the proxy knows that name: that it is not found shows that it was looked up here.
    await expect(connect({}, { httpsProxy: url, noProxy: 'localhost, .test' }).signIn(never)).rejects.toMatchObject({ code: 'server-unreachable' });
    expect(tunnels).toEqual([]);
    await connect({ proxy: url }, { httpsProxy: 'http://127.0.0.1:1', noProxy: '*' }).signIn(never);
    expect(tunnels).not.toEqual([]);
  });

  it.each([
    [407, /wants a user and password/],
    [403, /does not allow connections to https:\/\/somewhere\.test/],
    [502, /cannot reach https:\/\/somewhere\.test/],
    [503, /for now/],
    [418, /refuses the connection/],
  ])('is unreachable where the proxy answers %i, in a sentence', async (status, words) => {
    const { url } = await proxy(() => status);
    const failure: unknown = await connect({}, { httpsProxy: url.replace('http://', 'http://anna:proxy%20password@') }).signIn(never).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'server-unreachable', field: 'server.proxy' });
    expect(String(failure)).toMatch(words);
    expect(String(failure)).toContain(url.replace('http://', ''));
    expect(inspect(failure, { depth: 20, showHidden: true })).not.toMatch(/proxy(%20| )password|YW5uYT/);
  });

  it('is unreachable where the proxy is not there, is silent, or hangs up', async () => {
    await expect(connect({ proxy: 'http://127.0.0.1:1' }).signIn(never)).rejects.toMatchObject({ code: 'server-unreachable', message: expect.stringMatching(/^The proxy 127\.0\.0\.1:1 cannot be reached: nothing answers there/) as string });
    await expect(connect({ proxy: 'http://no-such-proxy.invalid:3128' }).signIn(never)).rejects.toMatchObject({ message: expect.stringContaining('The proxy no-such-proxy.invalid:3128 cannot be reached') as string });
    const rude = createSocketServer((socket) => socket.once('data', () => socket.destroy()));
    const silent = createSocketServer((socket) => socket.on('error', () => undefined));
    for (const each of [rude, silent]) await new Promise<void>((done) => each.listen(0, '127.0.0.1', done));
    const address = (each: typeof rude): string => `http://127.0.0.1:${String((each.address() as AddressInfo).port)}`;
    ends.push(async () => { rude.close(); silent.close(); });
    await expect(connect({ proxy: address(rude) }).signIn(never)).rejects.toMatchObject({ code: 'server-unreachable', message: expect.stringContaining('closed the connection') as string });
    const hasty = createMenderServer({ ...quickOptions, timeouts: { connect: 1000, headers: 1000, body: 1000 } }).connect({ ...server.settings, url: elsewhere, proxy: address(silent) }, server.secrets);
    ends.unshift(() => hasty.close());
    await expect(hasty.signIn(never)).rejects.toMatchObject({ code: 'server-unreachable' });
  });

  it('sends nothing where the proxy refuses a preauthorization', async () => {
    let open = true;
    const { url, hangUp } = await proxy(() => (open ? 200 : 403));
    const connection = connect({ proxy: url });
    await connection.signIn(never);
    open = false;
    hangUp();
    const before = server.requests.length;
    await expect(connection.enrol({ identity: newIdentity(), publicKey: newKey().publicKey }, never)).rejects.toMatchObject({ code: 'server-unreachable' });
    expect(server.requests).toHaveLength(before);
  });

  it('says so where the address of the proxy is none, without repeating it', () => {
    for (const httpsProxy of ['socks5://anna:secret@proxy:1', 'http://', 'http://anna:secret@:x']) {
      const open = (): ServerConnection => connect({}, { httpsProxy });
      expect(open).toThrow(expect.objectContaining({ code: 'profile-invalid', field: 'HTTPS_PROXY', message: expect.not.stringContaining('secret') as string }) as Error);
    }
    expect(() => connect({ proxy: 'ftp://proxy' })).toThrow(expect.objectContaining({ code: 'profile-invalid', field: 'server.proxy' }) as Error);
  });

  it('reads the variables that other programs read', () => {
    expect(proxyOfEnvironment({ HTTPS_PROXY: 'http://a', NO_PROXY: 'b' })).toEqual({ httpsProxy: 'http://a', noProxy: 'b' });
    expect(proxyOfEnvironment({ HTTPS_PROXY: 'http://a', https_proxy: 'http://c' })).toMatchObject({ httpsProxy: 'http://c' });
    expect(proxyOfEnvironment({})).toEqual({ httpsProxy: undefined, noProxy: undefined });
  });
});
