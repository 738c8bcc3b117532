/** Verified cards that wait for their server: a real record, the practice server over TLS. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../../main/domain/identity';
import { PracticeFaults } from '../../main/servers/practice/practice-faults';
import { Outbox, type OutboxState } from '../../main/station/outbox';
import { recover, sendWaiting, type RecoveryReport } from '../../main/station/recover';
import { newKey } from '../contract/mender-fixture';
import { never, openLine, type Line } from '../support/line';

let line: Line;
let faults: PracticeFaults;

beforeEach(async () => {
  faults = new PracticeFaults();
  line = await openLine({ server: { faults } });
});

afterEach(async () => {
  await line.close();
});

const away = (): void => {
  for (const method of ['GET', 'POST']) faults.add({ method, path: /./, times: 1000, action: { kind: 'reply', status: 503 } });
};

const keysAtServer = async (identity: Identity): Promise<(string | undefined)[]> => {
  const connection = line.station.servers[0]?.connect(line.profile.server, line.station.secrets);
  const found = await connection?.findDevice(identity, never);
  await connection?.close();
  return found?.authSets.map((set) => set.fingerprint) ?? [];
};

describe('cards that wait', () => {
  it('are sent in the order of their jobs', async () => {
    const waiting = [await line.makeWaiting(), await line.makeWaiting(), await line.makeWaiting()];
    const reports = await sendWaiting(line.station, line.profile, never);
    expect(reports.map(({ jobId, state }) => [jobId, state])).toEqual(waiting.map(({ jobId }) => [jobId, 'done']));
    for (const { identity, key, deviceId } of waiting) {
      expect(await keysAtServer(identity)).toEqual([key.publicKey.fingerprint]);
      const device = await line.station.record.device(deviceId);
      expect(device).toMatchObject({ state: 'preauthorized', jobs: [{ state: 'done' }] });
      expect(device?.serverDeviceId).toBeDefined();
    }
    expect(await sendWaiting(line.station, line.profile, never)).toEqual([]);
  });

  it('stay while the server is away, which is asked once for all of them', async () => {
    for (let count = 0; count < 3; count += 1) await line.makeWaiting();
    away();
    line.server.requests.length = 0;
    const reports = await sendWaiting(line.station, line.profile, never);
    expect(reports.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting']);
    const requests = line.server.requests.length;
    expect(requests).toBeGreaterThan(0);
    // As many as one card needs to find out.
    expect(requests).toBeLessThanOrEqual(5);
    faults.clear();
    expect((await sendWaiting(line.station, line.profile, never)).map(({ state }) => state)).toEqual(['done', 'done', 'done']);
  });

  it('whose identity somebody else took meanwhile must be destroyed, and say so', async () => {
    const card = await line.makeWaiting();
    const stranger = newKey();
    await line.server.raw.preauthorize(card.identity, stranger.pem);
    const [report] = await sendWaiting(line.station, line.profile, never);
    expect(report).toMatchObject({ state: 'failed', deviceId: card.deviceId });
    expect(report?.sentence).toMatch(/Destroy the card from slot Slot 1, written on \d{4}-\d\d-\d\d \d\d:\d\d UTC, or write it again/);
    expect(await line.station.record.device(card.deviceId)).toMatchObject({ state: 'released', jobs: [{ state: 'failed', sentence: report?.sentence }] });
    // The other one's key was not touched.
    expect(await keysAtServer(card.identity)).toEqual([stranger.publicKey.fingerprint]);
  });

  it('are not given up for what can be put right: credentials, rights, address', async () => {
    const card = await line.makeWaiting();
    const wrong = line.as('lab', { secrets: line.server.wrong.secrets });
    expect(await sendWaiting(wrong, line.profile, never)).toMatchObject([{ state: 'waiting' }]);
    faults.add({ method: 'POST', path: /devauth\/devices$/, action: { kind: 'reply', status: 403, text: '{"error":"forbidden"}', contentType: 'application/json' } });
    expect(await sendWaiting(line.station, line.profile, never)).toMatchObject([{ state: 'waiting' }]);
    expect(await line.station.record.device(card.deviceId)).toMatchObject({ state: 'reserved' });
    expect(await sendWaiting(line.station, line.profile, never)).toMatchObject([{ state: 'done' }]);
  });

  it('whose reply was lost are recognised by their key', async () => {
    const card = await line.makeWaiting();
    faults.add({ method: 'POST', path: /devauth\/devices$/, action: { kind: 'lost-reply' } });
    expect(await sendWaiting(line.station, line.profile, never)).toMatchObject([{ state: 'done' }]);
    expect(await keysAtServer(card.identity)).toEqual([card.key.publicKey.fingerprint]);
  });

  it('are sent once, however many ask for it at the same time', async () => {
    await line.makeWaiting();
    await line.makeWaiting();
    const quiet = { ...line.station };
    const reports = await Promise.all([recover(line.station, never), sendWaiting(quiet, line.profile, never), recover(quiet, never)]);
    expect(reports.flat().map(({ state }) => state)).toEqual(['done', 'done']);
  });

  it('of another server stay where they are', async () => {
    await line.makeWaiting();
    const elsewhere = { ...line.profile, server: { ...line.profile.server, url: 'https://other.example' } };
    expect(await sendWaiting(line.station, elsewhere, never)).toEqual([]);
  });
});

describe('the outbox', () => {
  function opened(): { outbox: Outbox; states: OutboxState[]; sent: RecoveryReport[]; until: (fits: () => boolean) => Promise<void> } {
    const states: OutboxState[] = [];
    const sent: RecoveryReport[] = [];
    const outbox = new Outbox(line.station, line.profile, { changed: (state) => states.push(state), sent: (report) => sent.push(report) }, { interval: 20 });
    return {
      outbox,
      states,
      sent,
      until: async (fits) => {
        const deadline = Date.now() + 5000;
        while (!fits() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
        expect(fits()).toBe(true);
      },
    };
  }

  it('says how many wait and why, tries again, and is empty when the server is back', async () => {
    away();
    const { outbox, states, sent, until } = opened();
    outbox.start();
    await line.makeWaiting();
    await line.makeWaiting();
    outbox.wake();
    await until(() => outbox.state.waiting === 2);
    expect(outbox.state).toMatchObject({ waiting: 2, limit: 8 });
    expect(outbox.state.sentence).toMatch(/could not be told/);
    expect(Date.parse(outbox.state.nextTryAt ?? '')).toBeGreaterThan(Date.now() - 1000);
    faults.clear();
    await until(() => outbox.state.waiting === 0);
    expect(sent.map(({ state }) => state)).toEqual(['done', 'done']);
    expect(states.at(-1)).toEqual({ waiting: 0, limit: 8 });
    await outbox.close();
  });

  it('sleeps while nothing waits', async () => {
    const { outbox } = opened();
    outbox.start();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(line.server.requests.filter((request) => !request.includes('auth/login'))).toEqual([]);
    await outbox.close();
  });

  it('closes in the middle of a try; the cards go on waiting', async () => {
    const card = await line.makeWaiting();
    faults.add({ method: 'POST', path: /./, times: 100, action: { kind: 'silence' } });
    faults.add({ method: 'GET', path: /./, times: 100, action: { kind: 'silence' } });
    const { outbox } = opened();
    outbox.start();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const started = performance.now();
    await outbox.close();
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await line.station.record.device(card.deviceId)).toMatchObject({ state: 'reserved', jobs: [{ state: 'waiting' }] });
  });
});
