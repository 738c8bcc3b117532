/** The acceptance watch against a real record and the practice server over TLS, with its faults. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Acceptance } from '../../main/domain/acceptance';
import { PracticeFaults } from '../../main/servers/practice/practice-faults';
import { decommissionAtServer } from '../../main/station/administration';
import { AcceptanceWatch, watchOnce, type WatchReport } from '../../main/station/watch';
import { devices, newIdentity, newKey } from '../contract/mender-fixture';
import { never, openLine, type Line, type MadeDevice } from '../support/line';

let line: Line;
let faults: PracticeFaults;

beforeEach(async () => {
  faults = new PracticeFaults();
  line = await openLine({ server: { faults } });
});

afterEach(async () => {
  await line.close();
});

const round = (options: Parameters<typeof watchOnce>[2] = {}): Promise<WatchReport> => watchOnce(line.station, line.profile, options, never);

const seen = async ({ deviceId }: { readonly deviceId: string }): Promise<Acceptance | undefined> => (await line.station.record.device(deviceId))?.acceptance;

describe('one round', () => {
  it('asks nothing where nothing is recorded', async () => {
    expect(await round()).toMatchObject({ checked: 0, changed: 0 });
    expect(line.server.requests.filter((request) => !request.includes('auth/login'))).toEqual([]);
  });

  it('sees a device wait and then be accepted, with the moment in the record', async () => {
    const device = await line.make();
    expect(await round()).toMatchObject({ checked: 1, changed: 1, waiting: 1, accepted: 0 });
    expect(await seen(device)).toMatchObject({ state: 'waiting', diagnosis: 'never-seen', serverDeviceId: device.serverDeviceId });
    expect(await line.boot(device.identity, device.key)).toBe(200);
    expect(await round()).toMatchObject({ checked: 1, changed: 1, waiting: 0, accepted: 1 });
    expect(await line.station.record.device(device.deviceId)).toMatchObject({ state: 'accepted', acceptance: { state: 'accepted' } });
    const { rows } = await line.station.record.acceptancePage({ limit: 10, offset: 0 });
    expect(rows[0]?.acceptedAt).toBeDefined();
  });

  it('asks for accepted devices once a day, or when told to', async () => {
    const device = await line.make();
    await line.boot(device.identity, device.key);
    await round();
    expect(await round()).toMatchObject({ checked: 0 });
    expect(await round({ everything: true })).toMatchObject({ checked: 1, changed: 0 });
    line.passTime(25 * 3_600_000);
    expect(await round()).toMatchObject({ checked: 1, accepted: 1 });
  });

  it('says what every device is stuck in', async () => {
    const [swapped, other, regenerated, upper, removed, gone, rejected] = await Promise.all(Array.from({ length: 7 }, () => line.make()));
    if (!swapped || !other || !regenerated || !upper || !removed || !gone || !rejected) throw new Error('seven devices');
    expect(await line.boot(swapped.identity, other.key)).toBe(401);
    expect(await line.boot(regenerated.identity, newKey())).toBe(401);
    expect(await line.boot({ mac: String(upper.identity['mac']).toUpperCase() }, newKey())).toBe(401);
    await line.server.raw.send('DELETE', `${devices}/${removed.serverDeviceId}`);
    await line.server.raw.send('DELETE', `${devices}/${gone.serverDeviceId}`);
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(await line.boot(gone.identity, gone.key)).toBe(401);
    await line.boot(rejected.identity, rejected.key);
    const sets = (await line.server.raw.send('GET', `${devices}/${rejected.serverDeviceId}`)).json() as { auth_sets: { id: string }[] };
    await line.server.raw.send('PUT', `${devices}/${rejected.serverDeviceId}/auth/${sets.auth_sets[0]?.id ?? ''}/status`, { status: 'rejected' });
    const report = await round();
    expect(report).toMatchObject({ checked: 7, waiting: 1, stuck: 5, missing: 1 });
    expect(await seen(swapped)).toMatchObject({ state: 'stuck', diagnosis: 'key-of-another-device', relatedDeviceId: other.deviceId, serverStatus: 'preauthorized' });
    expect(await seen(other)).toMatchObject({ state: 'waiting' });
    expect(await seen(regenerated)).toMatchObject({ diagnosis: 'another-key' });
    expect(await seen(upper)).toMatchObject({ diagnosis: 'near-identity' });
    expect(await seen(removed)).toMatchObject({ state: 'missing', diagnosis: 'not-at-server' });
    expect(await seen(gone)).toMatchObject({ state: 'stuck', diagnosis: 'key-not-expected' });
    expect(await seen(rejected)).toMatchObject({ diagnosis: 'rejected' });
    // Nothing is new: nothing changes.
    expect(await round()).toMatchObject({ checked: 7, changed: 0 });
  });

  it('tells a change of the diagnosis as well as one of the state', async () => {
    const [one, two] = [await line.make(), await line.make()];
    await line.boot(one.identity, newKey());
    await round();
    const changes: string[] = [];
    await line.boot(one.identity, two.key);
    await round({ onChanged: (device, acceptance) => changes.push(`${device.deviceId} ${String(device.diagnosis)} ${String(acceptance.diagnosis)}`) });
    expect(changes).toEqual([`${one.deviceId} another-key key-of-another-device`]);
  });

  it('is not taken in by a neighbour that is recorded', async () => {
    const base = String(newIdentity()['mac']).slice(0, -2);
    const one = await line.make({ identity: { mac: `${base}10` } });
    const neighbour = await line.make({ identity: { mac: `${base}11` } });
    // The neighbour was removed at the server and came again: it is pending, and not a stranger.
    await line.server.raw.send('DELETE', `${devices}/${neighbour.serverDeviceId}`);
    await new Promise((resolve) => setTimeout(resolve, 80));
    await line.boot(neighbour.identity, newKey());
    await round();
    expect(await seen(one)).toMatchObject({ state: 'waiting', diagnosis: 'never-seen' });
    await line.boot({ mac: `${base}0f` }, newKey());
    await round();
    expect(await seen(one)).toMatchObject({ state: 'stuck', diagnosis: 'near-identity' });
  });

  it('reports at once that the key of an accepted device came under a second identity', async () => {
    const device = await line.make();
    await line.boot(device.identity, device.key);
    await round();
    await line.boot(newIdentity(), device.key);
    await line.make();
    await round();
    expect(await seen(device)).toMatchObject({ state: 'stuck', diagnosis: 'near-identity' });
    expect(await line.station.record.device(device.deviceId)).toMatchObject({ state: 'accepted' });
  });

  it('says where the server is full', async () => {
    const [first, second] = [await line.make(), await line.make()];
    line.server.practice?.setDeviceLimit(1);
    await line.boot(first.identity, first.key);
    expect(await line.boot(second.identity, second.key)).toBe(401);
    await round();
    expect(await seen(second)).toMatchObject({ state: 'stuck', diagnosis: 'limit-reached' });
    line.server.practice?.setDeviceLimit(-1);
    await round();
    expect(await seen(second)).toMatchObject({ state: 'waiting' });
  });

  it('goes on without the limit where the account may not read it', async () => {
    const device = await line.make();
    faults.add({ method: 'GET', path: /limits/, times: 10, action: { kind: 'reply', status: 403, text: '{"error":"forbidden"}' } });
    faults.add({ method: 'GET', path: /count/, times: 10, action: { kind: 'reply', status: 403, text: '{"error":"forbidden"}' } });
    expect(await round()).toMatchObject({ checked: 1, waiting: 1 });
    expect(await seen(device)).toMatchObject({ state: 'waiting' });
  });

  it('finds a device that the server has under another id', async () => {
    const device = await line.make();
    await line.server.raw.send('DELETE', `${devices}/${device.serverDeviceId}`);
    await new Promise((resolve) => setTimeout(resolve, 80));
    await line.server.raw.preauthorize(device.identity, device.key.pem);
    await round();
    const acceptance = await seen(device);
    expect(acceptance).toMatchObject({ state: 'waiting' });
    expect(acceptance?.serverDeviceId).not.toBe(device.serverDeviceId);
  });

  it('lets go of a device that is decommissioned', async () => {
    const device = await line.make();
    await decommissionAtServer(line.station, line.profile, { identity: device.identity, serverDeviceId: device.serverDeviceId, confirmation: String(device.identity['mac']) }, never);
    expect(await round()).toMatchObject({ checked: 0 });
  });

  it('gets through 429, 5xx, resets and slow replies, and reads every device once', async () => {
    const made: MadeDevice[] = [];
    for (let index = 0; index < 30; index += 1) made.push(await line.make());
    faults.add({ method: 'POST', path: /devices\/search/, action: { kind: 'reply', status: 429, headers: { 'retry-after': '1' } } });
    faults.add({ method: 'GET', path: /devauth\/devices$/, action: { kind: 'reply', status: 503 } });
    faults.add({ method: 'GET', path: /devauth\/devices$/, action: { kind: 'reset' } });
    faults.add({ method: 'GET', path: /devauth\/devices$/, action: { kind: 'slow', milliseconds: 200 } });
    expect(await round()).toMatchObject({ checked: 30, waiting: 30 });
    for (const device of made) expect(await seen(device)).toMatchObject({ state: 'waiting' });
  });
});

describe('a round of many devices', () => {
  it('asks in portions, keeps each, and goes on where it was stopped', { timeout: 60_000 }, async () => {
    const { record } = line.station;
    for (let index = 0; index < 620; index += 1) await line.makeRecorded(`server-${String(index)}`);
    const abort = new AbortController();
    const progress: number[] = [];
    const stopped = watchOnce(
      line.station,
      line.profile,
      {
        onProgress: (done) => {
          progress.push(done);
          if (done >= 500) abort.abort();
        },
      },
      abort.signal,
    );
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect(progress).toEqual([500]);
    const { counts } = await record.acceptancePage({ limit: 1, offset: 0 });
    expect(counts).toMatchObject({ missing: 500, unchecked: 120 });
    line.server.requests.length = 0;
    expect(await round()).toMatchObject({ checked: 620, changed: 120, missing: 620 });
    const asked = line.server.requests.filter((request) => request.includes('devauth/devices'));
    // Two portions by id and a bounded number of single look-ups, not one for each device.
    expect(asked.length).toBeLessThan(150);
  });
});

describe('the watch', () => {
  interface Told {
    readonly reports: WatchReport[];
    readonly troubles: { sentence: string; nextTryAt: string }[];
    readonly pauses: number[];
  }

  /** A watch whose pauses end when the test says so. */
  function watching(interval = 60_000): { watch: AcceptanceWatch; told: Told; next: () => Promise<void> } {
    const told: Told = { reports: [], troubles: [], pauses: [] };
    let wake = (): void => undefined;
    let paused = (): void => undefined;
    let pausing = new Promise<void>((resolve) => (paused = resolve));
    const watch = new AcceptanceWatch(
      line.station,
      line.profile,
      { changed: (report) => told.reports.push(report), trouble: (sentence, nextTryAt) => told.troubles.push({ sentence, nextTryAt }) },
      {
        interval,
        pause: (milliseconds, signal) => {
          told.pauses.push(milliseconds);
          paused();
          return new Promise((resolve) => {
            wake = resolve;
            signal.addEventListener('abort', () => { resolve(); });
          });
        },
      },
    );
    return {
      watch,
      told,
      next: async () => {
        const before = told.pauses.length;
        if (before > 0) {
          pausing = new Promise<void>((resolve) => (paused = resolve));
          wake();
        }
        await pausing;
        expect(told.pauses.length).toBe(before + 1);
      },
    };
  }

  it('asks again and again, more rarely while nothing changes, and often again when something did', async () => {
    const device = await line.make();
    const { watch, told, next } = watching(1000);
    watch.start();
    for (let count = 0; count < 4; count += 1) await next();
    const about = (milliseconds: number) => [milliseconds * 0.9, milliseconds * 1.1] as const;
    // The first round changes the device from unchecked to waiting.
    for (const [index, expected] of [1000, 2000, 4000, 8000].entries()) {
      const [least, most] = about(expected);
      expect(told.pauses[index]).toBeGreaterThanOrEqual(least);
      expect(told.pauses[index]).toBeLessThanOrEqual(most);
    }
    await line.make();
    await next();
    expect(told.pauses.at(-1)).toBeLessThanOrEqual(1100);
    await line.boot(device.identity, device.key);
    await next();
    expect(told.reports.at(-1)).toMatchObject({ accepted: 1, waiting: 1 });
    await watch.close();
  });

  it('never pauses longer than a quarter of an hour, and as long where nothing waits', async () => {
    const { watch, told, next } = watching();
    watch.start();
    await next();
    expect(told.pauses[0]).toBeGreaterThan(13 * 60_000);
    expect(told.pauses[0]).toBeLessThan(17 * 60_000);
    await watch.close();
  });

  it('tells trouble with the moment of the next try, and goes on when the server is back', async () => {
    await line.make();
    const { watch, told, next } = watching(1000);
    faults.add({ method: 'POST', path: /login/, times: 100, action: { kind: 'reply', status: 503 } });
    faults.add({ method: 'GET', path: /devices/, times: 100, action: { kind: 'reply', status: 503 } });
    faults.add({ method: 'POST', path: /devices/, times: 100, action: { kind: 'reply', status: 503 } });
    watch.start();
    await next();
    expect(told.troubles).toHaveLength(1);
    expect(told.troubles[0]?.sentence).toMatch(/server/i);
    expect(Date.parse(told.troubles[0]?.nextTryAt ?? '')).toBeGreaterThan(Date.now());
    await expect(watch.askNow()).rejects.toMatchObject({ code: 'server-busy' });
    faults.clear();
    await next();
    expect(told.reports.at(-1)).toMatchObject({ waiting: 1 });
    await watch.close();
  });

  it('has never two rounds at once', async () => {
    await line.make();
    const { watch, told } = watching();
    const [one, two] = await Promise.all([watch.askNow(), watch.askNow()]);
    expect(one).toBe(two);
    expect(told.reports).toHaveLength(1);
    await watch.close();
    await expect(watch.askNow()).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('ends in the middle of a round without a word', async () => {
    await line.make();
    const { watch, told } = watching();
    faults.add({ method: 'GET', path: /devauth\/devices/, times: 100, action: { kind: 'silence' } });
    faults.add({ method: 'POST', path: /devices\/search/, times: 100, action: { kind: 'silence' } });
    watch.start();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const started = performance.now();
    await watch.close();
    expect(performance.now() - started).toBeLessThan(2000);
    expect(told).toMatchObject({ reports: [], troubles: [] });
  });
});
