import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../main/domain/identity';
import type { ServerConnection } from '../../main/domain/ports';
import { createMenderServer } from '../../main/servers/mender/adapter';
import type { MenderUnderTest } from './mender-fixture';
import { devices, newIdentity, newKey, practiceUnderTest, quickOptions, secretsOf } from './mender-fixture';
import { plainRemoval } from './server-contract';

const never = new AbortController().signal;
const many = 10_000;

const identityAt = (at: number): Identity => ({ mac: `02:4a:00:${[at >> 16, (at >> 8) & 255, at & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}` });

describe('a Mender server with 10,000 devices', () => {
  let server: MenderUnderTest;
  const open: ServerConnection[] = [];
  let offset = 0;
  const clock = { now: () => new Date(Date.now() + offset) };
  const mender = createMenderServer({ ...quickOptions, clock });

  const connect = (kind = mender, secrets = server.secrets): ServerConnection => {
    const connection = kind.connect(server.settings, secrets);
    open.push(connection);
    return connection;
  };
  /** Requests for pages of the whole list since the last question. */
  const pagesRead = (): number => {
    const pages = server.requests.filter((line) => line.startsWith(`GET ${devices} `)).length;
    server.requests.length = 0;
    return pages;
  };

  beforeAll(async () => {
    server = await practiceUnderTest({ tls: false, decommissioning: 100 });
    const { pem } = newKey();
    for (let at = 0; at < many; at += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, index) => server.raw.preauthorize(identityAt(at + index), pem)));
    }
    server.requests.length = 0;
  });

  afterAll(async () => {
    await Promise.all(open.map((connection) => connection.close()));
    await server.close();
  });

  it('is listed portion by portion, every device once', async () => {
    const seen = new Set<string>();
    let largest = 0;
    for await (const page of connect().devices({ statuses: ['preauthorized'] }, never)) {
      largest = Math.max(largest, page.length);
      for (const { id } of page) seen.add(id);
    }
    expect(seen.size).toBe(many);
    expect(largest).toBe(500);
    expect(pagesRead()).toBe(many / 500);
  });

  it('is asked for any number of ids by search, and by address where there is no search or no right to it', async () => {
    const connection = connect();
    const ids: string[] = [];
    for await (const page of connection.devices({}, never)) ids.push(...page.map(({ id }) => id));
    const wanted = [...ids.slice(0, 1200), 'no-such-device'];
    const read = async (by: ServerConnection): Promise<string[]> => {
      const found: string[] = [];
      for await (const page of by.devices({ ids: wanted }, never)) found.push(...page.map(({ id }) => id));
      return found.sort();
    };
    server.requests.length = 0;
    expect(await read(connection)).toEqual(ids.slice(0, 1200).sort());
    expect(server.requests).toEqual(Array.from({ length: 3 }, () => `POST ${devices}/search 200`));
    for (const status of [403, 404, 405]) {
      const older = connect();
      server.practice?.faults.add({ method: 'POST', path: /\/search$/, action: { kind: 'reply', status } });
      server.requests.length = 0;
      expect(await read(older)).toEqual(ids.slice(0, 1200).sort());
      expect(server.requests.filter((line) => line.includes('/search'))).toHaveLength(1);
      expect(server.requests.filter((line) => line.startsWith('GET'))).toHaveLength(13);
    }
  });

  it('is asked for an identity with few requests where the inventory knows it', async () => {
    const connection = connect();
    await connection.signIn(never);
    server.requests.length = 0;
    const found = await connection.findDevice(identityAt(777), never);
    expect(found?.identity).toEqual(identityAt(777));
    expect(server.requests).toHaveLength(2);
  });

  describe('of which the inventory knows nothing', () => {
    beforeAll(() => {
      server.practice?.faults.add({ method: 'POST', path: /\/inventory\//, times: 100_000, action: { kind: 'reply', status: 403 } });
    });

    it('has its list read once for all cards, and again after some minutes', async () => {
      const cards = Array.from({ length: 8 }, () => connect());
      pagesRead();
      const found = await Promise.all(cards.map((card, at) => card.findDevice(identityAt(at * 1000), never)));
      expect(found.map((device) => device?.identity)).toEqual(cards.map((_, at) => identityAt(at * 1000)));
      expect(pagesRead()).toBe(many / 500);
      for (const card of cards) await expect(card.findDevice(newIdentity(), never)).resolves.toBeUndefined();
      expect(pagesRead()).toBe(0);
      offset += 6 * 60_000;
      await expect(cards[0]?.findDevice(newIdentity(), never)).resolves.toBeUndefined();
      expect(pagesRead()).toBe(many / 500);
    });

    it('shows a device as it is now, not as it was in the list', async () => {
      const connection = connect();
      const found = await connection.findDevice(identityAt(42), never);
      await server.raw.send('DELETE', `${devices}/${found?.id ?? ''}/auth/${found?.authSets[0]?.id ?? ''}`);
      await expect(connection.findDevice(identityAt(42), never)).resolves.toBeUndefined();
      expect(found?.authSets).toHaveLength(1);
    });

    it('has what this station did at once', async () => {
      const connection = connect();
      const request = { identity: newIdentity(), publicKey: newKey().publicKey };
      await connection.findDevice(request.identity, never);
      pagesRead();
      const { serverDeviceId } = await connection.enrol(request, never);
      expect((await connect().findDevice(request.identity, never))?.id).toBe(serverDeviceId);
      await connection.administration?.decommission(serverDeviceId, never, plainRemoval);
      await expect(connection.findDevice(request.identity, never)).resolves.toBeUndefined();
      expect(pagesRead()).toBe(0);
    });

    it('has the last word where another station was quicker than the list', async () => {
      const connection = connect();
      const identity = newIdentity();
      await connection.findDevice(identity, never);
      await server.raw.preauthorize(identity, newKey().pem);
      await expect(connection.findDevice(identity, never)).resolves.toBeUndefined();
      await expect(connection.enrol({ identity, publicKey: newKey().publicKey }, never)).rejects.toMatchObject({ code: 'identity-at-server' });
    });

    it('recognises its own key after a lost reply, although the list is not read again', async () => {
      const connection = connect();
      await connection.findDevice(newIdentity(), never);
      pagesRead();
      server.practice?.faults.add({ method: 'POST', path: /\/devauth\/devices$/, action: { kind: 'lost-reply' } });
      await expect(connection.enrol({ identity: newIdentity(), publicKey: newKey().publicKey }, never)).resolves.toMatchObject({ already: true });
      expect(pagesRead()).toBe(0);
    });

    it('is read by the next card where the one that read it was cancelled or closed', async () => {
      const fresh = createMenderServer(quickOptions);
      const secrets = secretsOf({ PASSWORD: server.practice?.password ?? '' });
      const [first, second, third] = [connect(fresh, secrets), connect(fresh, secrets), connect(fresh, secrets)];
      await Promise.all([first, second, third].map((card) => card.signIn(never)));
      server.practice?.faults.add({ method: 'GET', path: /\/devauth\/devices$/, after: 2, action: { kind: 'slow', milliseconds: 300 } });
      const stop = new AbortController();
      const one = first.findDevice(identityAt(1), stop.signal);
      const two = second.findDevice(identityAt(2), never);
      const three = third.findDevice(newIdentity(), never);
      stop.abort();
      await expect(one).rejects.toMatchObject({ code: 'cancelled' });
      await first.close();
      expect((await two)?.identity).toEqual(identityAt(2));
      await expect(three).resolves.toBeUndefined();
    });

    it('has its list not read any more once nobody waits for it', async () => {
      const connection = connect(createMenderServer(quickOptions), secretsOf({ PASSWORD: server.practice?.password ?? '' }));
      await connection.signIn(never);
      server.practice?.faults.add({ method: 'GET', path: /\/devauth\/devices$/, times: 50, action: { kind: 'slow', milliseconds: 20 } });
      const stop = new AbortController();
      pagesRead();
      const search = connection.findDevice(newIdentity(), stop.signal);
      await expect.poll(() => server.requests.length).toBeGreaterThan(2);
      stop.abort();
      await expect(search).rejects.toMatchObject({ code: 'cancelled' });
      const read = pagesRead();
      await new Promise((done) => setTimeout(done, 100));
      expect(read + pagesRead()).toBeLessThan(10);
      await expect(connection.findDevice(newIdentity(), never)).resolves.toBeUndefined();
    });
  });

  it('tells how many it may accept', async () => {
    const connection = connect();
    expect(await connection.capacity(never)).toEqual({ accepted: 0, limit: undefined });
    server.practice?.setDeviceLimit(5);
    await server.raw.authRequest(JSON.stringify(newIdentity()), newKey());
    expect(await connection.capacity(never)).toEqual({ accepted: 0, limit: 5 });
  });
});
