/** The main job on real input: a 600 MiB image with four partitions onto a block device, by the command line. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debugfs, e2fsck, readFileInImage, sha256File, standardMenderImage } from '../support/images';
import { scanFiles, scanMemory, secretPieces } from '../support/secret-scan';
import { imprint, processTree, startImprint, startServerProcess, temporaryFolder, type CommandResult, type ServerProcess } from '../support/station';

const mebibyte = 1024 * 1024;
const canUseLoopDevices = process.getuid?.() === 0;
const mac = '02:00:00:00:00:01';

describe.skipIf(!canUseLoopDevices)('a card on a loop device (needs root)', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const image = join(folder, 'golden.sdimg');
  const profile = join(folder, 'profile.json');
  const backing = join(folder, 'card.img');
  let server: ServerProcess;
  let partitions: Awaited<ReturnType<typeof standardMenderImage>>['partitions'];
  let device: string;
  let goldenSha256: string;
  let environment: NodeJS.ProcessEnv;
  let result: CommandResult;

  beforeAll(async () => {
    ({ partitions } = await standardMenderImage(image, 128, 600));
    goldenSha256 = await sha256File(image);
    server = await startServerProcess(folder);
    environment = { TEST_PASSWORD: server.password };
    writeFileSync(
      profile,
      JSON.stringify({
        name: 'loop device',
        server: { kind: 'mender', url: server.url, caFile: server.caFile, credentials: { username: server.username, password: { environment: 'TEST_PASSWORD' } } },
        image: { path: 'golden.sdimg', sha256: goldenSha256 },
      }),
    );
    writeFileSync(backing, '');
    truncateSync(backing, 640 * mebibyte);
    device = execFileSync('losetup', ['--find', '--show', '--direct-io=on', backing], { encoding: 'utf8' }).trim();
    result = await imprint(['provision', '--profile', profile, '--identity', `mac=${mac}`, '--target', device, '--data', data, '--json'], environment);
  });

  afterAll(async () => {
    execFileSync('losetup', ['--detach', device]);
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const dataPartition = (): { offset: number } => partitions[3] ?? { offset: 0 };

  it('ends as done, with every step and with progress in bytes', () => {
    expect(result.stderr).not.toContain('Error');
    expect(result.exitCode).toBe(0);
    expect(result.events.filter((event) => event['event'] === 'step' && event['state'] === 'done').map((event) => event['step'])).toEqual([
      'reserve',
      'check',
      'generate',
      'write',
      'verify',
      'enrol',
      'destroy',
      'record',
    ]);
    const progress = result.events.filter((event) => event['event'] === 'progress' && event['phase'] === 'write');
const { doneBytes, totalBytes } = progress.at(-1) as { doneBytes: number; totalBytes: number };
    expect(doneBytes).toBe(totalBytes);
    // The image's range is written or erased; blocks of the overlay that the map leaves out are both.
    expect(totalBytes).toBeGreaterThanOrEqual(600 * mebibyte);
    expect(totalBytes).toBeLessThanOrEqual(600 * mebibyte + 64 * 1024);
    expect(result.events.at(-1)).toMatchObject({ event: 'result', state: 'done' });
  });

  it('put the key where the client looks for it, with mode 0600 and owner 0:0', async () => {
    const stat = await debugfs(backing, dataPartition().offset, 'stat /mender/mender-agent.pem');
    expect(stat).toMatch(/Type: regular\s+Mode:\s+0600/);
    expect(stat).toMatch(/User:\s+0\s+Group:\s+0/);
  });

  it('left every ext filesystem clean', async () => {
    for (const partition of partitions.slice(1)) {
      const { code, output } = await e2fsck(backing, partition.offset);
      expect(output).not.toContain('Fix?');
      expect(code).toBe(0);
    }
  });

  it('did not touch the golden image', async () => {
    expect(await sha256File(image)).toBe(goldenSha256);
  });

  it('gives the same public key on the card, in the record and at the server', async () => {
    const key = await readFileInImage(backing, dataPartition().offset, '/mender/mender-agent.pem');
    const onCard = execFileSync('openssl', ['pkey', '-pubout'], { input: key, encoding: 'utf8' });
    const { events } = await imprint(['status', '--identity', `mac=${mac}`, '--data', data, '--json'], environment);
    const status = events.at(-1) as { publicKeyPem: string; fingerprint: string; server: { status: string; authSets: { fingerprint: string }[] } };
    expect(status.publicKeyPem).toBe(onCard);
    const spki = execFileSync('openssl', ['pkey', '-pubout', '-outform', 'DER'], { input: key });
    const fingerprint = createHash('sha256').update(spki).digest('hex');
    expect(status.fingerprint).toBe(fingerprint);
    expect(status.server).toMatchObject({ status: 'preauthorized', authSets: [{ fingerprint }] });
  });

  it('is known again by verify-card, with and without the identity', async () => {
    const known = await imprint(['verify-card', '--profile', profile, '--target', device, '--identity', `mac=${mac}`, '--data', data, '--json'], environment);
    expect(known.events.at(-1)).toMatchObject({ recorded: 'preauthorized', expectedByServer: true, file: { mode: 0o600, uid: 0, gid: 0 } });
    expect(known.exitCode).toBe(0);
    const other = await imprint(['verify-card', '--profile', profile, '--target', device, '--identity', 'mac=02:00:00:00:00:99', '--data', data, '--json'], environment);
    expect(other.events.at(-1)).toMatchObject({ event: 'error', code: 'verify-key-unknown' });
    expect(other.exitCode).toBe(6);
  });

  it('refuses the same identity again, naming the device, and changes nothing on the card', async () => {
    const before = await sha256File(backing);
    const again = await imprint(['provision', '--profile', profile, '--identity', `mac=02-00-00-00-00-01`, '--target', device, '--data', data, '--json'], environment);
    expect(again.events.at(-1)).toMatchObject({ event: 'error', code: 'identity-recorded' });
    expect(again.exitCode).toBe(4);
    expect(await sha256File(backing)).toBe(before);
  });

  it('leaves no piece of the private key in any process, in the data folder or in the temporary folder', async () => {
    // A station that stays: the last step's event comes while its processes live; it is stopped there and searched.
    const started = Date.now();
    const second = startImprint(
      ['provision', '--profile', profile, '--identity', 'mac=02:00:00:00:00:02', '--target', device, '--data', data, '--json'],
      { ...environment, IMPRINT_STOP_AT: 'end:done' },
    );
    await second.waitFor((event) => event['event'] === 'step' && event['step'] === 'record' && event['state'] === 'done');
    await stopped(second.child.pid ?? 0);
    const pem = (await readFileInImage(backing, dataPartition().offset, '/mender/mender-agent.pem')).toString('latin1');
    const pieces = secretPieces(pem);
    expect(pieces.length).toBeGreaterThan(20);
    const pids = processTree(second.child.pid ?? 0);
    const commands = pids.map((pid) => readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8'));
    expect(commands.filter((command) => command.includes('utility')).length).toBeGreaterThanOrEqual(2);
    // The search itself must be able to find: the modulus is public, so it stands in the memory of the station.
    expect(pids.flatMap((pid) => scanMemory(pid, [publicPiece(pem)]))).not.toEqual([]);
    expect(pids.flatMap((pid) => scanMemory(pid, pieces))).toEqual([]);
    expect(scanFiles(data, pieces, 0)).toEqual([]);
    // Of all files only the card has it.
    expect(scanFiles(tmpdir(), pieces, started)).toEqual([]);
    expect(pieces.some((piece) => readFileSync(backing).includes(piece))).toBe(true);
    second.child.kill('SIGCONT');
    expect((await second.done).exitCode).toBe(0);
  });
});

function publicPiece(pem: string): Buffer {
  const der = execFileSync('openssl', ['pkey', '-pubout', '-outform', 'DER'], { input: pem });
  return Buffer.from(der.subarray(100, 124));
}

/** Waits until a process is stopped (state T in proc_pid_stat(5)). */
async function stopped(pid: number): Promise<void> {
  for (;;) {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
