/** A feed of updates over real TLS: what is asked, what is believed, and what is not. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { getCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asImprintError } from '../../main/domain/errors';
import { issueServerCertificate, openAuthority } from '../../main/servers/practice/practice-certificates';
import type { FeedPlace } from '../../main/domain/update';
import { askFeed } from '../../main/update/feed';
import { systemClock, systemRandomness } from '../contract/mender-fixture';
import { changedList, startFeedServer, startProxy, type FeedServer } from '../support/feed-server';
import { writePackage } from '../support/update-files';

const never = new AbortController().signal;
const file = 'imprint-0.2.0-linux-x64.update';

let folder: string;
let server: FeedServer;
let place: FeedPlace;
const at = (...names: string[]): string => join(folder, ...names);
const ask = async (installed = '0.1.0', from = place) => {
  const feed = await askFeed(from, installed, never);
  feed.close();
  return feed.offer;
};
const refusal = async (work: Promise<unknown>): Promise<unknown> => {
  const { code, field, message } = asImprintError(await work.then(() => undefined, (thrown: unknown) => thrown));
  return { code, field, message };
};
const fetchIt = async (signal = never, counted: (bytes: number) => void = () => undefined): Promise<void> => {
  const feed = await askFeed(place, '0.1.0', never);
  try {
    await feed.fetch(at('fetched'), signal, counted);
  } finally {
    feed.close();
  }
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-feed-'));
  mkdirSync(at('feed'));
  writePackage(at('package'), '0.2.0');
  // Large enough to be cut and cancelled in the middle.
  writeFileSync(at('package/large.bin'), randomBytes(3 * 2 ** 20));
  execFileSync('node', ['scripts/update/make-update.mjs', '--development', '--version', '0.2.0', '--package', at('package'), '--from', '0.1.0', '--feed', '--architecture', 'x64', '--out', at('feed', file)], { cwd: resolve(import.meta.dirname, '../..') });
  const authority = await openAuthority(undefined, systemClock, systemRandomness);
  const { key, pem } = await issueServerCertificate(authority, systemClock, systemRandomness);
  server = await startFeedServer(at('feed'), { key, cert: pem });
  place = { url: server.url, authorities: [authority.pem] };
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  server.interfere = undefined;
  rmSync(at('fetched'), { force: true });
});

const answer = (text: string, status = 200, headers: Record<string, string> = {}) => (name: string, response: ServerResponse): boolean => {
  if (!name.endsWith('.yml')) return false;
  response.writeHead(status, headers).end(text);
  return true;
};

describe('a feed that is asked', () => {
  it('says what it has and whether that is newer, and learns nothing of who asks', async () => {
    expect(await ask()).toEqual({ version: '0.2.0', newer: true, file, bytes: statSync(at('feed', file)).size });
    expect(await ask('0.2.0')).toMatchObject({ newer: false });
    expect(await ask('0.10.0')).toMatchObject({ newer: false });
    expect(new Set(server.asked)).toEqual(new Set(['GET /updates/latest-linux.yml']));
    expect(Object.keys(server.headers()).sort()).toEqual(['accept', 'cache-control', 'connection', 'host', 'user-agent']);
    expect(server.headers()['user-agent']).toBe('imprint');
    expect(existsSync('.updaterId')).toBe(false);
  });

  it('may lie behind the session\'s proxy', async () => {
    const proxy = await startProxy(Number(new URL(server.url).port));
    try {
      const { port } = new URL(server.url);
      const away = { ...place, url: `https://localhost:${port}/updates`, httpsProxy: proxy.url, noProxy: '' };
      expect(await ask('0.1.0', away)).toMatchObject({ version: '0.2.0' });
      expect(proxy.connected).toEqual([`localhost:${port}`]);
      expect(await ask('0.1.0', { ...away, noProxy: 'localhost' })).toMatchObject({ version: '0.2.0' });
      expect(proxy.connected).toHaveLength(1);
    } finally {
      await proxy.close();
    }
  });

  it.each([
    ['no list', (name: string, response: ServerResponse) => Boolean(name && response.writeHead(404).end()), { code: 'server-reply-invalid', message: expect.stringContaining('HTTP 404 for /updates/latest-linux.yml') as string }],
    ['an error', answer('', 503), { code: 'server-reply-invalid', message: expect.stringContaining('HTTP 503') as string }],
    ['a way elsewhere', answer('', 302, { location: 'https://127.0.0.1:9/latest-linux.yml' }), { code: 'server-reply-invalid', message: expect.stringContaining('wants to redirect') as string }],
    ['something endless', answer('a'.repeat(2 ** 20)), { code: 'server-reply-invalid', message: expect.stringContaining('more than it may') as string }],
    ['nothing', answer(''), { code: 'server-reply-invalid' }],
    ['no YAML', answer('version: [0.2'), { code: 'server-reply-invalid' }],
    ['a page', answer('<html><title>Sign in</title></html>'), { code: 'server-reply-invalid', message: expect.stringContaining('not as agreed') as string }],
  ])('is not believed where it has %s', async (_what, interfere, expected) => {
    server.interfere = interfere;
    expect(await refusal(ask())).toMatchObject({ field: 'updates.feed', ...expected });
  });

  it.each<[string, (list: Record<string, unknown>) => unknown]>([
    ['a file elsewhere', (list) => ({ ...list, files: [{ ...(list['files'] as object[])[0], url: 'https://127.0.0.1:9/x.update' }] })],
    ['a file above', (list) => ({ ...list, files: [{ ...(list['files'] as object[])[0], url: '../x.update' }] })],
    ['a file without a digest', (list) => ({ ...list, files: [{ url: file, size: 5 }] })],
    ['two update files', (list) => ({ ...list, files: [(list['files'] as object[])[0], (list['files'] as object[])[0]] })],
    ['no update file', (list) => ({ ...list, files: [{ url: 'imprint.AppImage', sha512: 'x', size: 5 }] })],
    ['no version', (list) => ({ ...list, version: 'newest' })],
    ['a version with a tail', (list) => ({ ...list, version: '0.2.0-beta.1' })],
  ])('is not believed where its list has %s', async (_what, change) => {
    server.interfere = answer(changedList(at('feed'), change));
    expect(await refusal(ask())).toMatchObject({ code: 'server-reply-invalid', field: 'updates.feed', message: expect.stringContaining('not as agreed') as string });
  });

  it('is not believed with a certificate that nobody here trusts', async () => {
    expect(await refusal(ask('0.1.0', { url: server.url, authorities: getCACertificates('default') }))).toMatchObject({ code: 'server-untrusted', field: 'updates.caFile' });
  });

  it('that is away is no disaster', async () => {
    expect(await refusal(ask('0.1.0', { ...place, url: 'https://127.0.0.1:1/' }))).toMatchObject({ code: 'server-unreachable', field: 'updates.feed', message: expect.stringContaining('ECONNREFUSED') as string });
  });

  it('that is silent can be left', async () => {
    server.interfere = () => true;
    expect(await refusal(askFeed(place, '0.1.0', AbortSignal.timeout(300)))).toMatchObject({ code: 'cancelled' });
  });
});

describe('what a feed offers', () => {
  it('is fetched whole, with its bytes counted', async () => {
    const seen: number[] = [];
    await fetchIt(never, (bytes) => seen.push(bytes));
    expect(readFileSync(at('fetched')).equals(readFileSync(at('feed', file)))).toBe(true);
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.at(-1)).toBe(statSync(at('fetched')).size);
  });

  const withFile = (reply: (response: ServerResponse, content: Buffer) => void) => (name: string, response: ServerResponse): boolean => {
    if (name !== file) return false;
    reply(response, readFileSync(at('feed', file)));
    return true;
  };
  it.each<[string, (response: ServerResponse, content: Buffer) => void, object]>([
    ['one bit is turned', (response, content) => { content[content.length >> 1] = (content[content.length >> 1] ?? 0) ^ 1; response.end(content); }, { code: 'update-invalid', field: 'updates.feed' }],
    ['it ends too soon', (response, content) => response.end(content.subarray(0, content.length >> 1)), { code: 'update-invalid' }],
    ['the connection breaks', (response, content) => { response.writeHead(200, { 'content-length': content.length }); response.write(content.subarray(0, 100_000), () => response.destroy()); }, { code: 'server-unreachable' }],
    ['it is longer than announced', (response, content) => response.end(Buffer.concat([content, Buffer.alloc(4 * 2 ** 20)])), { code: 'server-reply-invalid', message: expect.stringContaining('more than it may') as string }],
    ['it is not there', (response) => response.writeHead(404).end(), { code: 'server-reply-invalid' }],
    ['it leads elsewhere', (response) => response.writeHead(301, { location: 'http://127.0.0.1:9/' }).end(), { code: 'server-reply-invalid' }],
  ])('is refused where %s', async (_what, reply, expected) => {
    server.interfere = withFile(reply);
    expect(await refusal(fetchIt())).toMatchObject(expected);
  });

  it('is left where somebody cancels', async () => {
    const cancel = new AbortController();
    server.interfere = withFile((response, content) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100_000), () => cancel.abort());
    });
    expect(await refusal(fetchIt(cancel.signal))).toMatchObject({ code: 'cancelled' });
    expect(readdirSync(folder)).toContain('feed');
  });
});
