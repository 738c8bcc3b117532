/** Updates from the factory's feed at the command line: off until the settings name one, fetched, checked by signature, applied by a person. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { issueServerCertificate, openAuthority } from '../../main/servers/practice/practice-certificates';
import { systemClock, systemRandomness } from '../contract/mender-fixture';
import { startFeedServer, type FeedServer } from '../support/feed-server';
import { imprint, temporaryFolder, type CommandResult } from '../support/station';
import { newSigner, writePackage, writeUpdate } from '../support/update-files';

const root = resolve(import.meta.dirname, '../..');
let folder: string;
let server: FeedServer;
const at = (...names: string[]): string => join(folder, ...names);
const update = (...words: string[]): Promise<CommandResult> => imprint(['update', ...words, '--install', at('app'), '--data', at('data'), '--json']);
const ended = ({ exitCode, events }: CommandResult): unknown[] => [exitCode, events.at(-1)?.['code'], events.at(-1)?.['field']];
const result = ({ events }: CommandResult): Readonly<Record<string, unknown>> => events.findLast((event) => event['event'] === 'result') ?? {};
const publish = (version: string, name = `${version}.update`): void => {
  writePackage(at(`package-${version}`), version);
  execFileSync('node', ['scripts/update/make-update.mjs', '--development', '--version', version, '--package', at(`package-${version}`), '--from', '0.1.0', '--feed', '--architecture', process.arch, '--out', at('feed', name)], { cwd: root });
};
const settings = (updates: object): void => writeFileSync(at('data/station/settings.json'), JSON.stringify({ version: 1, updates }));
const kept = (): string[] => (existsSync(at('data/station/updates')) ? readdirSync(at('data/station/updates')) : []);

beforeAll(async () => {
  folder = temporaryFolder();
  for (const name of ['feed', 'data/station']) mkdirSync(at(name), { recursive: true });
  const authority = await openAuthority(undefined, systemClock, systemRandomness);
  const { key, pem } = await issueServerCertificate(authority, systemClock, systemRandomness);
  writeFileSync(at('ca.pem'), authority.pem);
  server = await startFeedServer(at('feed'), { key, cert: pem });
  publish('0.1.0');
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

it('asks nobody until the settings name a feed', async () => {
  expect(ended(await update('feed'))).toEqual([4, 'update-refused', 'updates.feed']);
  expect(ended(await update('fetch'))).toEqual([4, 'update-refused', 'updates.feed']);
  expect(ended(await update('apply'))).toEqual([4, 'update-refused', 'FILE']);
  settings({ feed: 'http://updates.example/' });
  expect(ended(await update('feed'))).toEqual([3, 'profile-invalid', 'updates.feed']);
  settings({ feed: server.url, caFile: at('no-such.pem') });
  expect(ended(await update('feed'))).toEqual([3, 'profile-invalid', 'updates.caFile']);
  settings({ feed: server.url });
  expect(ended(await update('feed'))).toEqual([7, 'server-untrusted', 'updates.caFile']);
  expect(server.asked).toEqual([]);
});

it('fetches what is newer, and applies it when a person says so', async () => {
  settings({ feed: server.url, caFile: at('ca.pem') });
  expect((await update('apply', at('feed/0.1.0.update'))).exitCode).toBe(0);
  expect(result(await update('fetch'))).toMatchObject({ installed: '0.1.0', offer: { version: '0.1.0', newer: false } });
  expect(kept()).toEqual([]);
  publish('0.2.0');
  expect(result(await update('feed'))).toMatchObject({ installed: '0.1.0', offer: { version: '0.2.0', newer: true, file: '0.2.0.update' } });
  const fetched = await update('fetch');
  expect([fetched.exitCode, result(fetched)]).toMatchObject([0, { fetched: at('data/station/updates/0.2.0.update'), sentence: expect.stringMatching(/is here, signed/) as string }]);
  expect(fetched.events.filter((event) => event['event'] === 'progress').at(-1)).toMatchObject({ phase: 'fetch', secondsLeft: 0 });
  expect(kept()).toEqual(['0.2.0.update']);
  expect(readlinkSync(at('app/current'))).toBe('versions/0.1.0');
  // It is not fetched twice.
  const before = server.asked.length;
  expect(result(await update('fetch'))).toMatchObject({ sentence: expect.stringMatching(/was fetched before/) as string });
  expect(server.asked.slice(before)).toEqual(['GET /updates/latest-linux.yml']);
  expect((await update('apply')).exitCode).toBe(0);
  expect(readlinkSync(at('app/current'))).toBe('versions/0.2.0');
  expect(kept()).toEqual([]);
});

it('throws away what no publisher signed, and what is another version than was announced', async () => {
  await writeUpdate(at('other.update'), '0.3.0', { signer: newSigner('imprint-development-updates') });
  publish('0.3.0');
  // The list of one file before another one, as somebody in control of the feed would do it.
  const swap = (path: string): void => {
    copyFileSync(path, at('swapped'));
    rmSync(at('feed/swapped.update'), { force: true });
    const list = execFileSync('node', ['-e', `const {createHash}=require('node:crypto');const {readFileSync}=require('node:fs');const b=readFileSync(${JSON.stringify(path)});console.log(JSON.stringify({version:'0.3.0',files:[{url:'swapped.update',sha512:createHash('sha512').update(b).digest('base64'),size:b.length}]}))`], { encoding: 'utf8' });
    writeFileSync(at('feed/latest-linux.yml'), list);
    copyFileSync(path, at('feed/swapped.update'));
  };
  swap(at('other.update'));
  expect(ended(await update('fetch'))).toEqual([3, 'update-invalid', 'FILE']);
  expect(kept()).toEqual([]);
  swap(at('feed/0.1.0.update'));
  expect(ended(await update('fetch'))).toEqual([3, 'update-invalid', 'updates.feed']);
  expect(kept()).toEqual([]);
});

it('tells the doctor, for whom a feed that is away is no reason to stop', async () => {
  const findings = async (): Promise<unknown> => (result(await imprint(['doctor', '--data', at('data'), '--json']))['findings'] as { check: string }[]).find(({ check }) => check === 'updates');
  expect(await findings()).toMatchObject({ state: 'warning', command: 'imprint update fetch', sentence: expect.stringMatching(/0\.3\.0 is offered/) as string });
  server.interfere = () => true;
  expect(await findings()).toMatchObject({ state: 'warning', sentence: expect.stringMatching(/did not answer within 8 s/) as string });
  await server.close();
  expect(await findings()).toMatchObject({ state: 'warning', command: 'imprint update feed', sentence: expect.stringMatching(/cannot be reached \(ECONNREFUSED\)/) as string });
});
