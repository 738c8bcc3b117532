/** A station that is killed at any step loses nothing: the next start says what it found and what it did about it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imprint, processTree, startImprint, startServerProcess, temporaryFolder, type ServerProcess } from '../support/station';
import { pointsOfRun } from '../support/faults';
import { decodedPracticeImage } from '../support/practice-image';

/** Where the station is killed, and how the job must stand after the next start. */
const points = [
  ['reserve:done', 'compensated', 'released'],
  ['check:started', 'compensated', 'released'],
  ['check:done', 'compensated', 'released'],
  ['generate:acted', 'compensated', 'released'],
  ['generate:done', 'compensated', 'released'],
  ['write:started', 'compensated', 'released'],
  ['write:acted', 'compensated', 'released'],
  ['verify:started', 'compensated', 'released'],
  ['verify:acted', 'compensated', 'released'],
  ['verify:done', 'done', 'preauthorized'],
  ['enrol:started', 'done', 'preauthorized'],
  ['enrol:acted', 'done', 'preauthorized'],
  ['enrol:done', 'done', 'preauthorized'],
  ['destroy:acted', 'done', 'preauthorized'],
  ['record:done', 'done', 'preauthorized'],
  ['end:done', undefined, 'preauthorized'],
] as const;

interface Status {
  readonly state: string;
  readonly fingerprint?: string;
  readonly server: { readonly authSets: readonly { readonly fingerprint: string; readonly status: string }[] } | null;
  readonly jobs: readonly { readonly state: string }[];
}

describe('a station that is killed', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const profile = join(folder, 'profile.json');
  let server: ServerProcess;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const image = await decodedPracticeImage(folder);
    server = await startServerProcess(folder);
    environment = { TEST_PASSWORD: server.password };
    writeFileSync(
      profile,
      JSON.stringify({
        name: 'killed',
        keyType: 'ec-p256',
        server: { url: server.url, caFile: server.caFile, credentials: { username: server.username, password: { environment: 'TEST_PASSWORD' } } },
        image,
      }),
    );
  });

  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const provision = (mac: string, card: string, env: NodeJS.ProcessEnv = {}) =>
    startImprint(['provision', '--profile', profile, '--identity', `mac=${mac}`, '--target', card, '--data', data, '--json'], { ...environment, ...env });

  const statusOf = async (mac: string): Promise<Status> =>
    (await imprint(['status', '--identity', `mac=${mac}`, '--data', data, '--json'], environment)).events.at(-1) as unknown as Status;

  it.each(pointsOfRun(points, ['write:acted', 'verify:acted', 'enrol:acted', 'destroy:acted', 'end:done']))('at %s: the job is %s, the device %s', async (point, jobState, deviceState) => {
    const mac = `02:10:00:00:00:${points.findIndex(([name]) => name === point).toString(16).padStart(2, '0')}`;
    const card = join(folder, `${point.replace(':', '-')}.img`);
    const killed = await provision(mac, card, { IMPRINT_KILL_AT: point }).done;
    expect(killed.signal).toBe('SIGKILL');

    const recovered = await imprint(['recover', '--data', data, '--json'], environment);
    expect(recovered.exitCode).toBe(0);
    const reports = recovered.events.filter((event) => event['event'] === 'result');
    expect(reports.map((report) => report['state'])).toEqual(jobState === undefined ? [] : [jobState]);
    for (const report of reports) expect(String(report['sentence'])).toMatch(/\w.*\.$/);

    const status = await statusOf(mac);
    expect(status.state).toBe(deviceState);
    const expectedKeys = deviceState === 'preauthorized' ? [{ fingerprint: status.fingerprint, status: 'preauthorized' }] : [];
    expect(status.server?.authSets.map(({ fingerprint, status: state }) => ({ fingerprint, status: state })) ?? []).toEqual(expectedKeys);

    if (deviceState === 'preauthorized') {
      // The key on the card is the one that the server expects.
      const verified = await imprint(['verify-card', '--profile', profile, '--target', card, '--identity', `mac=${mac}`, '--data', data, '--json'], environment);
      expect(verified.exitCode).toBe(0);
    } else {
      // Nothing blocks a second try with the same board and the same card.
      const again = await provision(mac, card).done;
      expect(again.stderr).not.toContain('Expected');
      expect(again.exitCode).toBe(0);
    }
    // A second recovery has nothing left to do.
    expect((await imprint(['recover', '--data', data, '--json'], environment)).events.filter((event) => event['event'] === 'result')).toEqual([]);
  });

  it('killed before the head was written leaves a card that does not boot', async () => {
    const card = join(folder, 'headless.img');
    await provision('02:10:00:00:01:01', card, { IMPRINT_KILL_AT: 'write:acted' }).done;
    expect(existsSync(card)).toBe(true);
    expect(readFileSync(card).subarray(0, 1024 * 1024).every((byte) => byte === 0)).toBe(true);
    await imprint(['recover', '--data', data], environment);
  });

  it('takes its worker processes with it', async () => {
    const running = provision('02:10:00:00:01:02', join(folder, 'workers.img'), { IMPRINT_STOP_AT: 'write:acted' });
    await running.waitFor((event) => event['event'] === 'step' && event['step'] === 'write' && event['state'] === 'started');
    const pids = processTree(running.child.pid ?? 0);
    expect(pids.length).toBeGreaterThan(2);
    running.child.kill('SIGKILL');
    await running.done;
    const deadline = Date.now() + 20_000;
    while (pids.some(isAlive) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(pids.filter(isAlive)).toEqual([]);
    await imprint(['recover', '--data', data], environment);
  });

  it('does not touch the open job of a station that lives', async () => {
    const running = provision('02:10:00:00:01:03', join(folder, 'alive.img'), { IMPRINT_STOP_AT: 'generate:done' });
    await running.waitFor((event) => event['event'] === 'step' && event['step'] === 'generate' && event['state'] === 'done');
    const recovered = await imprint(['recover', '--data', data, '--json'], environment);
    expect(recovered.events.filter((event) => event['event'] === 'result')).toEqual([]);
    running.child.kill('SIGCONT');
    expect((await running.done).exitCode).toBe(0);
  });

  it('lets a verified card wait while the server is away, and tells the server when it is back', async () => {
    const mac = '02:10:00:00:01:04';
    const card = join(folder, 'waiting.img');
    const killed = await provision(mac, card, { IMPRINT_KILL_AT: 'verify:done' }).done;
    expect(killed.signal).toBe('SIGKILL');
    const port = Number(new URL(server.url).port);
    await server.stop();
    const waiting = await imprint(['recover', '--data', data, '--json'], environment);
    expect(waiting.events.at(-1)).toMatchObject({ event: 'result', state: 'waiting' });
    expect(waiting.exitCode).toBe(7);
    server = await startServerProcess(folder, port);
    environment = { TEST_PASSWORD: server.password };
    const told = await imprint(['recover', '--data', data, '--json'], environment);
    expect(told.events.at(-1)).toMatchObject({ event: 'result', state: 'done' });
    expect((await statusOf(mac)).server?.authSets).toMatchObject([{ status: 'preauthorized' }]);
  });

  it('does not trust another server at the same address', async () => {
    const mac = '02:10:00:00:01:06';
    await provision(mac, join(folder, 'stranger.img'), { IMPRINT_KILL_AT: 'verify:done' }).done;
    const port = Number(new URL(server.url).port);
    await server.stop();
    const elsewhere = temporaryFolder();
    const stranger = await startServerProcess(elsewhere, port);
    const recovered = await imprint(['recover', '--data', data, '--json'], { TEST_PASSWORD: stranger.password });
    expect(recovered.events.at(-1)).toMatchObject({ event: 'result', state: 'waiting' });
    expect(String(recovered.events.at(-1)?.['sentence'])).toMatch(/certificate/i);
    await stranger.stop();
    rmSync(elsewhere, { recursive: true, force: true });
    server = await startServerProcess(folder, port);
    environment = { TEST_PASSWORD: server.password };
    expect((await imprint(['recover', '--data', data, '--json'], environment)).events.at(-1)).toMatchObject({ state: 'done' });
  });

  it('takes a verified card back when another station was faster at the server', async () => {
    const mac = '02:10:00:00:01:07';
    const card = join(folder, 'too-late.img');
    const slower = provision(mac, card, { IMPRINT_STOP_AT: 'verify:done' });
    await slower.waitFor((event) => event['event'] === 'step' && event['step'] === 'verify' && event['state'] === 'done');
    const faster = await imprint(
      ['provision', '--profile', profile, '--identity', `mac=${mac}`, '--target', join(folder, 'faster.img'), '--data', join(folder, 'another-station'), '--json'],
      environment,
    );
    expect(faster.exitCode).toBe(0);
    slower.child.kill('SIGCONT');
    const result = await slower.done;
    expect(result.events.at(-1)).toMatchObject({ event: 'error', code: 'identity-at-server' });
    expect(result.exitCode).toBe(4);
    // A card file that was made for the job is gone, and with it the key that nobody expects.
    expect(existsSync(card)).toBe(false);
    expect((await statusOf(mac)).state).toBe('released');
  });

  it('answers an interrupt in the middle of the write with a cancelled job and a card that does not boot', async () => {
    const mac = '02:10:00:00:01:05';
    const card = join(folder, 'interrupted.img');
    const fresh = temporaryFolder();
    const running = startImprint(['practice', '--identity', `mac=${mac}`, '--data', fresh, '--json']);
    await running.waitFor((event) => event['event'] === 'progress' && event['phase'] === 'write');
    running.child.kill('SIGINT');
    const result = await running.done;
    expect(result.exitCode).toBe(9);
    expect(result.events.find((event) => event['event'] === 'result')).toMatchObject({ state: 'cancelled' });
    const left = join(fresh, 'practice', 'cards', 'card-1.img');
    expect(existsSync(left)).toBe(false);
    expect(existsSync(card)).toBe(false);
    rmSync(fresh, { recursive: true, force: true });
  });
});

function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}

