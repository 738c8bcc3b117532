import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PracticeServer } from '../../main/servers/mender/practice-server';
import { startPracticeServer } from '../../main/servers/mender/practice-server';
import { devices, newIdentity, newKey, practiceUnderTest, RawApi, systemClock, systemRandomness } from '../contract/mender-fixture';

const users = [{ username: 'anna@imprint.test', password: 'correct horse' }];
const start = (folder: string): Promise<PracticeServer> => startPracticeServer({ port: 0, clock: systemClock, randomness: systemRandomness, tls: true, users, folder });

describe('what a practice server keeps', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'imprint-practice-'));
  });
  afterAll(async () => {
    await rm(root, { recursive: true });
  });

  it('survives kill -9: devices, their status, the authority, and tokens', async () => {
    const folder = join(root, 'killed');
    const program = join(root, 'server.cjs');
    await build({
      stdin: {
        contents: `
          import { randomUUID } from 'node:crypto';
          import { startPracticeServer } from './main/servers/mender/practice-server';
          startPracticeServer({ port: 0, clock: { now: () => new Date() }, randomness: { uuid: () => randomUUID() }, tls: true, users: ${JSON.stringify(users)}, folder: process.argv[2] })
            .then((server) => console.log(JSON.stringify({ url: server.url, ca: server.certificateAuthorityPem })));`,
        resolveDir: process.cwd(),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outfile: program,
      logLevel: 'silent',
    });
    const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    const line = (await once(createInterface(child.stdout), 'line')) as [string];
    const { url, ca } = JSON.parse(line[0]) as { url: string; ca: string };
    const api = new RawApi(url, ca);
    api.token = (await api.logIn('anna@imprint.test', 'correct horse')).text;
    const key = newKey();
    const identities = Array.from({ length: 20 }, newIdentity);
    await Promise.all(identities.map(async (identity) => expect((await api.preauthorize(identity, key.pem)).status).toBe(201)));
    expect((await api.authRequest(JSON.stringify(identities[0]), key)).status).toBe(200);
    const token = (await api.send('POST', '/api/management/v1/useradm/settings/tokens', { name: 'station', expires_in: 0 })).text;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await api.close();

    const again = await start(folder);
    expect(again.certificateAuthorityPem).toBe(ca);
    const second = new RawApi(again.url, ca);
    second.token = token;
    const list = (await second.send('GET', `${devices}?per_page=500`)).json() as { identity_data: object; status: string }[];
    expect(list.map((device) => JSON.stringify(device.identity_data)).sort()).toEqual(identities.map((identity) => JSON.stringify(identity)).sort());
    expect(list.filter((device) => device.status === 'accepted').map((device) => device.identity_data)).toEqual([identities[0]]);
    expect((await second.preauthorize(identities[1], key.pem)).status).toBe(409);
    await second.close();
    await again.close();
  });

  it('forgets a line that was being written when it died, and nothing else', async () => {
    const folder = join(root, 'torn');
    const first = await practiceUnderTest({ folder });
    await first.raw.preauthorize(newIdentity(), newKey().pem);
    await first.close();
    const file = join(folder, 'practice-server.jsonl');
    await appendFile(file, '{"device":{"id":"half');
    const second = await practiceUnderTest({ folder });
    expect((await second.raw.send('GET', `${devices}/count`)).json()).toEqual({ count: 1 });
    await second.close();
    expect(await readFile(file, 'utf8')).not.toContain('half');
  });

  it('refuses a file that is damaged in the middle', async () => {
    const folder = join(root, 'damaged');
    const first = await practiceUnderTest({ folder });
    await first.close();
    await appendFile(join(folder, 'practice-server.jsonl'), 'damage\n');
    await expect(start(folder)).rejects.toMatchObject({ code: 'record-corrupt' });
  });

  it('is readable by its owner only', async () => {
    const folder = join(root, 'owner');
    await (await start(folder)).close();
    const files = await readdir(folder);
    expect(files.sort()).toEqual(['practice-authority.pem', 'practice-server.jsonl', 'practice-signing-secret']);
    for (const file of files) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('says so when the port is taken', async () => {
    const first = await practiceUnderTest();
    await expect(startPracticeServer({ port: first.practice?.port ?? 0, clock: systemClock, randomness: systemRandomness, tls: false })).rejects.toMatchObject({ code: 'usage', field: 'port' });
    await first.close();
  });
});
