/** Input that is wrong: a clear error that names the field, an exit code, and nothing changed. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256File } from '../support/images';
import { decodedPracticeImage } from '../support/practice-image';
import { imprint, startServerProcess, temporaryFolder, type CommandResult, type ServerProcess } from '../support/station';

const mebibyte = 1024 * 1024;
const isRoot = process.getuid?.() === 0;

type Json = Readonly<Record<string, unknown>>;

describe('wrong input', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const card = join(folder, 'card.img');
  let server: ServerProcess;
  let image: { path: string; sha256: string };
  let environment: NodeJS.ProcessEnv;
  let counter = 0;

  beforeAll(async () => {
    server = await startServerProcess(folder);
    environment = { TEST_PASSWORD: server.password };
    image = await decodedPracticeImage(folder);
  });

  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const profileJson = (): Json & { server: Json; image: Json } => ({
    name: 'bad input',
    keyType: 'ec-p256',
    server: { url: server.url, caFile: server.caFile, credentials: { username: server.username, password: { environment: 'TEST_PASSWORD' } } },
    image,
  });

  const profileFile = (json: Json | string): string => {
    counter += 1;
    const path = join(folder, `profile-${String(counter)}.json`);
    writeFileSync(path, typeof json === 'string' ? json : JSON.stringify(json));
    return path;
  };

  interface Attempt {
    readonly profile?: Json | string;
    readonly identity?: readonly string[];
    readonly target?: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly more?: readonly string[];
  }

  const attempt = ({ profile = profileJson(), identity = [`mac=02:20:00:00:00:${(counter % 256).toString(16).padStart(2, '0')}`], target = card, env = {}, more = [] }: Attempt): Promise<CommandResult> =>
    imprint(
      ['provision', '--profile', profileFile(profile), ...identity.flatMap((pair) => ['--identity', pair]), '--target', target, '--data', data, '--json', ...more],
      { ...environment, ...env },
    );

  const refused = async (wrong: Attempt, code: string, exitCode: number, sentence: RegExp, field?: string): Promise<void> => {
    const before = existsSync(card) ? await sha256File(card) : undefined;
    const result = await attempt(wrong);
    const error = result.events.at(-1);
    expect(error).toMatchObject({ event: 'error', code, exitCode });
    expect(String(error?.['sentence'])).toMatch(sentence);
    if (field !== undefined) expect(error?.['field']).toBe(field);
    expect(result.exitCode).toBe(exitCode);
    // One sentence for people, and no stack.
    expect(result.stderr).not.toMatch(/\bat .*\.(?:cjs|ts|js):\d+/);
    expect(existsSync(card) ? await sha256File(card) : undefined).toBe(before);
  };

  it('names the field of a malformed profile', async () => {
    await refused({ profile: '{ "name": ' }, 'profile-invalid', 3, /not valid JSON/, 'profile');
    await refused({ profile: { ...profileJson(), image: { ...image, sha256: 'abc' } } }, 'profile-invalid', 3, /image\.sha256/, 'image.sha256');
    await refused({ profile: { ...profileJson(), colour: 'red' } }, 'profile-invalid', 3, /colour/, 'colour');
    const withPassword = { ...profileJson(), server: { ...profileJson().server, credentials: { username: 'a', password: 'hunter2' } } };
    await refused({ profile: withPassword }, 'profile-invalid', 3, /secret never stands in a profile|environment/, 'server.credentials');
  });

  it('refuses an unknown attribute, a missing one, and what is not a MAC', async () => {
    await refused({ identity: ['mac=02:20:00:00:01:01', 'serial=7'] }, 'identity-unknown-attribute', 3, /serial/, 'identity.serial');
    await refused({ identity: ['mac=02:20:00:00:01'] }, 'identity-invalid', 3, /not a MAC address/, 'identity.mac');
    await refused({ identity: ['mac=01:00:5e:00:00:01'] }, 'identity-invalid', 3, /multicast/, 'identity.mac');
    await refused({ identity: ['mac'] }, 'usage', 2, /not an identity attribute/);
  });

  it('takes a MAC in another notation for the same device', async () => {
    const first = await attempt({ identity: ['mac=0220.0000.0201'] });
    expect(first.exitCode).toBe(0);
    await refused({ identity: ['mac=02-20-00-00-02-01'], target: join(folder, 'other.img') }, 'identity-recorded', 4, /02:20:00:00:02:01/);
    expect(existsSync(join(folder, 'other.img'))).toBe(false);
  });

  it('says which device at the server has the identity, its status, and what to do', async () => {
    const elsewhere = await imprint(
      ['provision', '--profile', profileFile(profileJson()), '--identity', 'mac=02:20:00:00:03:01', '--target', join(folder, 'elsewhere.img'), '--data', join(folder, 'another-station'), '--json'],
      environment,
    );
    expect(elsewhere.exitCode).toBe(0);
    await refused({ identity: ['mac=02:20:00:00:03:01'] }, 'identity-at-server', 4, /device [0-9a-f-]{36} \(preauthorized\): use another identity, or decommission/);
    // The refusal freed the identity here: the same error comes again, not "recorded already".
    await refused({ identity: ['mac=02:20:00:00:03:01'] }, 'identity-at-server', 4, /preauthorized/);
  });

  it('refuses a wrong password, a missing one, an unreachable server and a certificate that the CA does not cover', async () => {
    await refused({ env: { TEST_PASSWORD: 'wrong' } }, 'server-sign-in-refused', 7, /./);
    await refused({ env: { TEST_PASSWORD: '' } }, 'credential-missing', 3, /TEST_PASSWORD/);
    // With an outbox the bench would go on without it.
    await refused({ profile: { ...profileJson(), outboxLimit: 0, server: { ...profileJson().server, url: 'https://localhost:9' } } }, 'server-unreachable', 7, /localhost:9/);
    const { caFile: _, ...withoutAuthority } = profileJson().server;
    await refused({ profile: { ...profileJson(), server: withoutAuthority } }, 'server-untrusted', 7, /certificate/i);
  });

  it('refuses an image whose hash differs, a truncated compressed one, and one that changed after its import', async () => {
    const digit = image.sha256.startsWith('0') ? '1' : '0';
    await refused({ profile: { ...profileJson(), image: { ...image, sha256: digit + image.sha256.slice(1) } } }, 'image-hash-differs', 5, /./, 'image.sha256');

    const compressed = join(folder, 'image.gz');
    writeFileSync(compressed, execFileSync('gzip', ['-1', '--stdout', image.path], { maxBuffer: 1024 ** 3 }));
    truncateSync(compressed, Math.floor(readFileSync(compressed).length / 2));
    await refused({ profile: { ...profileJson(), image: { path: compressed, sha256: await sha256File(compressed) } } }, 'image-truncated', 5, /./);

    const changing = join(folder, 'changing.sdimg');
    writeFileSync(changing, readFileSync(image.path));
    const profile = { ...profileJson(), image: { path: changing, sha256: image.sha256 } };
    expect((await attempt({ profile, identity: ['mac=02:20:00:00:04:01'], target: join(folder, 'changing-card.img') })).exitCode).toBe(0);
    const bytes = readFileSync(changing);
    bytes[50 * mebibyte] = (bytes[50 * mebibyte] ?? 0) ^ 1;
    writeFileSync(changing, bytes);
    utimesSync(changing, new Date(), new Date(Date.now() + 5000));
    await refused({ profile, identity: ['mac=02:20:00:00:04:02'] }, 'image-changed', 5, /./);
  });

  it('refuses a key place that is not there, and a key type that the client cannot read', async () => {
    await refused({ profile: { ...profileJson(), files: [{ partition: 7 }] } }, 'image-no-such-partition', 5, /7/);
    await refused({ profile: { ...profileJson(), files: [{ path: '/missing/key.pem' }] } }, 'image-missing-folder', 5, /\/missing/);
    await refused({ profile: { ...profileJson(), server: { ...profileJson().server, clientVersion: '2.0' } } }, 'key-type-unsupported', 3, /2\.0/, 'keyType');
  });

  it('refuses targets that are no cards', async () => {
    const thesis = join(folder, 'thesis.doc');
    writeFileSync(thesis, 'Chapter 1\n'.repeat(1000));
    await refused({ target: thesis }, 'target-not-a-card', 6, /not touched/);
    expect(readFileSync(thesis, 'utf8')).toContain('Chapter 1');
    await refused({ target: '/dev/imprint-no-such-device' }, 'target-not-found', 6, /no card/);
    const folderTarget = join(folder, 'a-folder');
    mkdirSync(folderTarget);
    await refused({ target: folderTarget }, 'target-not-a-card', 6, /./);
    const small = join(folder, 'small.img');
    writeFileSync(small, '');
    truncateSync(small, 10 * mebibyte);
    await refused({ target: small }, 'target-too-small', 6, /10\.5 MB/);
    expect(readFileSync(small).every((byte) => byte === 0)).toBe(true);
  });

  it.skipIf(!isRoot)('refuses the disk of the system, mounted, read-only and small devices (needs root)', async () => {
    await refused({ target: systemDisk() }, 'target-system-disk', 6, /runs from/);
    const link = join(folder, 'harmless-name');
    symlinkSync(systemDisk(), link);
    await refused({ target: link }, 'target-system-disk', 6, /runs from/);

    const backing = join(folder, 'device.img');
    writeFileSync(backing, '');
    truncateSync(backing, 200 * mebibyte);
    const losetup = (...args: string[]): string => execFileSync('losetup', args, { encoding: 'utf8' }).trim();

    const readOnly = losetup('--find', '--show', '--read-only', backing);
    await refused({ target: readOnly }, 'target-read-only', 6, /read-only/);
    losetup('--detach', readOnly);

    execFileSync('mkfs.ext4', ['-q', backing]);
    const mounted = losetup('--find', '--show', backing);
    const mountPoint = join(folder, 'mounted');
    mkdirSync(mountPoint);
    execFileSync('mount', [mounted, mountPoint]);
    await refused({ target: mounted }, 'target-mounted', 6, /unmount/);
    await refused({ target: backing }, 'target-mounted', 6, /\/dev\/loop/);
    execFileSync('umount', [mountPoint]);
    losetup('--detach', mounted);

    const small = join(folder, 'small-device.img');
    writeFileSync(small, '');
    truncateSync(small, 20 * mebibyte);
    const smallDevice = losetup('--find', '--show', small);
    await refused({ target: smallDevice }, 'target-too-small', 6, /the image needs/);
    losetup('--detach', smallDevice);
  });

  it.skipIf(!isRoot)('stops on a full disk under the record and loses nothing (needs root)', async () => {
    const disk = join(folder, 'full');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk]);
    try {
      const station = ['--data', join(disk, 'data'), '--json'];
      const profile = profileFile(profileJson());
      const provision = (mac: string) => imprint(['provision', '--profile', profile, '--identity', `mac=${mac}`, '--target', join(folder, `${mac.replace(/:/g, '')}.img`), ...station], environment);
      expect((await provision('02:20:00:00:05:01')).exitCode).toBe(0);
      execFileSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=64k'], { stdio: 'ignore', timeout: 30_000 });
    } catch {
      // dd ends with an error when the disk is full, which is what it is for.
    }
    try {
      const station = ['--data', join(disk, 'data'), '--json'];
      const profile = profileFile(profileJson());
      const target = join(folder, 'full-disk.img');
      const full = await imprint(['provision', '--profile', profile, '--identity', 'mac=02:20:00:00:05:02', '--target', target, ...station], environment);
      expect(full.events.at(-1)).toMatchObject({ event: 'error', code: 'record-full-disk', exitCode: 8 });
      expect(existsSync(target)).toBe(false);
      rmSync(join(disk, 'filler'));
      const list = await imprint(['list', ...station]);
      expect(list.events.map((event) => event['identity'])).toContainEqual({ mac: '02:20:00:00:05:01' });
      const again = await imprint(['provision', '--profile', profile, '--identity', 'mac=02:20:00:00:05:02', '--target', target, ...station], environment);
      expect(again.exitCode).toBe(0);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

/** The whole disk under the root filesystem. */
function systemDisk(): string {
  const source = execFileSync('findmnt', ['--noheadings', '--output', 'SOURCE', '/'], { encoding: 'utf8' }).trim();
  const parent = execFileSync('lsblk', ['--noheadings', '--output', 'PKNAME', source], { encoding: 'utf8' }).trim().split('\n')[0];
  return parent === undefined || parent === '' ? source : `/dev/${parent}`;
}
