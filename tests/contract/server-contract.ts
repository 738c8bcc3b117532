import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalIdentity, type Identity } from '../../main/domain/identity';
import type { DeviceKey, EnrolRequest, Removal, Secrets, ServerConnection, ServerDevice, ServerDevicesQuery, ServerKind } from '../../main/domain/ports';
import type { ServerSettings } from '../../main/domain/profile';

/** What a kind of server brings so that the contract of ServerConnection can be run against it. */
export interface ServerUnderContract {
  readonly kind: ServerKind;
  readonly settings: ServerSettings;
  readonly secrets: Secrets;
  /** The same server with credentials that it does not take. */
  readonly wrong: { readonly settings: ServerSettings; readonly secrets: Secrets };
  newIdentity(): Identity;
  /** A key as custody has it: what a kind that enrols before the write signs with. */
  newKey(): DeviceKey;
  /** Where this kind's rules are not Mender's. */
  readonly rules?: ContractRules | undefined;
  /** Puts so many other devices onto the server that its list has several pages; returns the identity that is listed last. */
  fillPages?: (() => Promise<Identity>) | undefined;
  close(): Promise<void>;
}

export interface ContractRules {
  /** The server's word for a device that it expects and that never came; `preauthorized` unless told. */
  readonly expectedStatus?: string | undefined;
  /** Words of its list for devices in other states. */
  readonly otherStatuses?: readonly string[] | undefined;
  /** Whether a device may have several keys, so that a new one stands beside the old; unless told it may. */
  readonly severalKeys?: boolean | undefined;
  /** Whether of two that enrol one key at once exactly one is told that it was there already; unless told it is. */
  readonly tellsFirst?: boolean | undefined;
  /** Whether somebody signs in at all; unless told somebody does. */
  readonly signsIn?: boolean | undefined;
  /** Whether it shows which keys it expects, keeps a device for its first key, and lists its devices; unless told it does. */
  readonly showsKeys?: boolean | undefined;
  /** Whether the identity of a decommissioned device is free at once; unless told it is. */
  readonly freesIdentity?: boolean | undefined;
}

/** A device of which nothing but its id is known. */
export const plainRemoval: Removal = { certificates: [], reason: 'unspecified', onDone: () => Promise.resolve(), onRevoked: () => Promise.resolve() };

const never = new AbortController().signal;

/** Cases that every adapter must pass, whatever its server. */
export function describeServerContract(name: string, makeServer: () => Promise<ServerUnderContract>): void {
  describe(`server contract: ${name}`, () => {
    let server: ServerUnderContract;
    let connection: ServerConnection;

    beforeAll(async () => {
      server = await makeServer();
      connection = server.kind.connect(server.settings, server.secrets);
    });

    afterAll(async () => {
      await connection.close();
      await server.close();
    });

    const withKey = (): Pick<EnrolRequest, 'key' | 'publicKey'> => {
      const key = server.newKey();
      return { key, publicKey: key.publicKey };
    };
    const newRequest = (): EnrolRequest => ({ identity: server.newIdentity(), ...withKey() });
    const sameDevice = (identity: Identity | undefined): string => (identity === undefined ? '' : (server.kind.identityKey?.(identity) ?? canonicalIdentity(identity)));

    const expectedStatus = (): string => server.rules?.expectedStatus ?? 'preauthorized';

    async function all(query: ServerDevicesQuery): Promise<ServerDevice[]> {
      const found: ServerDevice[] = [];
      for await (const page of connection.devices(query, never)) found.push(...page);
      return found;
    }

    async function withConnection<T>(settings: ServerSettings, secrets: Secrets, work: (other: ServerConnection) => Promise<T>): Promise<T> {
      const other = server.kind.connect(settings, secrets);
      try {
        return await work(other);
      } finally {
        await other.close();
      }
    }

    it('signs in', async () => {
      await expect(connection.signIn(never)).resolves.toBeUndefined();
    });

    it('says that wrong credentials are wrong, without repeating them', async (context) => {
      if (server.rules?.signsIn === false) return context.skip();
      await withConnection(server.wrong.settings, server.wrong.secrets, async (other) => {
        const failure = await other.signIn(never).catch((thrown: unknown) => thrown);
        expect(failure).toMatchObject({ code: 'server-sign-in-refused' });
        expect(String(failure)).not.toContain('not-the-password');
      });
    });

    it('signs in by itself for the first request', async () => {
      await withConnection(server.settings, server.secrets, async (other) => {
        await expect(other.findDevice(server.newIdentity(), never)).resolves.toBeUndefined();
      });
    });

    it('finds nothing for an identity that is not there', async () => {
      await expect(connection.findDevice(server.newIdentity(), never)).resolves.toBeUndefined();
    });

    it('enrols a device and finds it', async () => {
      const request = newRequest();
      const receipt = await connection.enrol(request, never);
      expect(receipt.already).toBe(false);
      const found = await connection.findDevice(request.identity, never);
      expect(found?.id).toBe(receipt.serverDeviceId);
      expect(sameDevice(found?.identity)).toBe(sameDevice(request.identity));
      expect(found?.decommissioning).toBe(false);
      if (server.rules?.showsKeys === false) expect(found).toMatchObject({ keysHidden: true, authSets: [] });
      else expect(found?.authSets.map((set) => set.fingerprint)).toEqual([request.publicKey.fingerprint]);
    });

    it('enrols the same device with the same key twice as once', async () => {
      const request = newRequest();
      const first = await connection.enrol(request, never);
      const second = await connection.enrol(request, never);
      expect(second.serverDeviceId).toBe(first.serverDeviceId);
      if (server.rules?.showsKeys !== false) expect(second.already).toBe(true);
    });

    it('refuses an identity that is there under another key, and says which device it is', async (context) => {
      if (server.rules?.showsKeys === false) return context.skip();
      const request = newRequest();
      const first = await connection.enrol(request, never);
      const failure = await connection.enrol({ ...request, ...withKey() }, never).catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({ code: 'identity-at-server' });
      expect(String(failure)).toContain(first.serverDeviceId);
    });

    it('lets exactly one of two stations have an identity', async (context) => {
      if (server.rules?.showsKeys === false) return context.skip();
      const identity = server.newIdentity();
      const keys = [withKey(), withKey()] as const;
      await withConnection(server.settings, server.secrets, async (other) => {
        const ends = await Promise.allSettled([connection.enrol({ identity, ...keys[0] }, never), other.enrol({ identity, ...keys[1] }, never)]);
        const lost = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
        expect(lost).toHaveLength(1);
        expect(lost[0]).toMatchObject({ code: 'identity-at-server' });
        const winner = keys[ends.findIndex((end) => end.status === 'fulfilled')];
        const found = await connection.findDevice(identity, never);
        expect(found?.authSets.map((set) => set.fingerprint)).toEqual([winner?.publicKey.fingerprint]);
      });
    });

    it('has an identity once where two stations come with the same key at once', async () => {
      const request = newRequest();
      await withConnection(server.settings, server.secrets, async (other) => {
        const receipts = await Promise.all([connection.enrol(request, never), other.enrol(request, never)]);
        if (server.rules?.tellsFirst !== false) expect(receipts.map(({ already }) => already).sort()).toEqual([false, true]);
        expect(new Set(receipts.map(({ serverDeviceId }) => serverDeviceId)).size).toBe(1);
      });
    });

    it('shows one device, and nothing where there is none', async () => {
      const request = newRequest();
      const { serverDeviceId } = await connection.enrol(request, never);
      const shown = await connection.device(serverDeviceId, never);
      expect(shown).toMatchObject({ id: serverDeviceId, status: expectedStatus() });
      if (server.rules?.showsKeys !== false) expect(sameDevice(shown?.identity)).toBe(sameDevice(request.identity));
      const times = server.rules?.showsKeys === false ? [shown?.createdAt] : [shown?.createdAt, shown?.updatedAt, shown?.authSets[0]?.at];
      for (const time of times) expect(Date.parse(time ?? '')).toBeGreaterThan(Date.now() - 3_600_000);
      await expect(connection.device('00000000-0000-4000-8000-000000000000', never)).resolves.toBeUndefined();
    });

    it('lists devices by id and status', async (context) => {
      if (server.rules?.showsKeys === false) return context.skip();
      const first = await connection.enrol(newRequest(), never);
      const second = await connection.enrol(newRequest(), never);
      const ids = [first.serverDeviceId, second.serverDeviceId];
      expect((await all({ ids })).map(({ id }) => id).sort()).toEqual([...ids].sort());
      expect((await all({ ids: [...ids, ...ids], statuses: [expectedStatus()] })).map(({ id }) => id).sort()).toEqual([...ids].sort());
      expect(await all({ ids, statuses: server.rules?.otherStatuses ?? ['accepted', 'rejected'] })).toEqual([]);
      expect(await all({ ids: [] })).toEqual([]);
      const everywhere = await all({ statuses: [expectedStatus()] });
      for (const id of ids) expect(everywhere.some((device) => device.id === id)).toBe(true);
      expect(new Set(everywhere.map(({ status }) => status))).toEqual(new Set([expectedStatus()]));
    });

    it('tells how many devices are accepted', async () => {
      const { accepted, limit } = await connection.capacity(never);
      expect(accepted).toBeGreaterThanOrEqual(0);
      if (limit !== undefined) expect(limit).toBeGreaterThan(0);
    });

    it('gives a device that is there another key only where it was told to, and once', async (context) => {
      if (server.rules?.showsKeys === false) return context.skip();
      const request = newRequest();
      const first = await connection.enrol(request, never);
      const replacing = { ...request, ...withKey(), replace: true };
      const receipt = await connection.enrol(replacing, never);
      expect(receipt).toMatchObject({ already: false, serverDeviceId: first.serverDeviceId });
      await expect(connection.enrol(replacing, never)).resolves.toMatchObject({ already: true, serverDeviceId: first.serverDeviceId });
      const shown = await connection.device(first.serverDeviceId, never);
      const expected = server.rules?.severalKeys === false ? [replacing.publicKey.fingerprint] : [request.publicKey.fingerprint, replacing.publicKey.fingerprint];
      expect(shown?.authSets.map((set) => set.fingerprint).sort()).toEqual(expected.sort());
    });

    it('enrols a device that is not there where it was told to replace', async () => {
      const request = { ...newRequest(), replace: true };
      const receipt = await connection.enrol(request, never);
      expect(receipt.already).toBe(false);
      const shown = await connection.device(receipt.serverDeviceId, never);
      if (server.rules?.showsKeys === false) expect(shown?.id).toBe(receipt.serverDeviceId);
      else expect(shown?.authSets.map((set) => set.fingerprint)).toEqual([request.publicKey.fingerprint]);
    });

    it('removes a key, and a key that is gone', async (context) => {
      const { administration } = connection;
      if (administration?.removeAuthSet === undefined) return context.skip();
      const request = newRequest();
      const { serverDeviceId } = await connection.enrol(request, never);
      await connection.enrol({ ...request, ...withKey(), replace: true }, never);
      const set = (await connection.device(serverDeviceId, never))?.authSets.find(({ fingerprint }) => fingerprint === request.publicKey.fingerprint);
      await administration.removeAuthSet(serverDeviceId, set?.id ?? '', never);
      await administration.removeAuthSet(serverDeviceId, set?.id ?? '', never);
      expect((await connection.device(serverDeviceId, never))?.authSets.map(({ fingerprint }) => fingerprint)).not.toContain(request.publicKey.fingerprint);
    });

    it('does not reject a key that is preauthorized, or gone', async (context) => {
      const { administration } = connection;
      if (administration?.reject === undefined) return context.skip();
      const { serverDeviceId } = await connection.enrol(newRequest(), never);
      const set = (await connection.device(serverDeviceId, never))?.authSets[0];
      await expect(administration.reject(serverDeviceId, set?.id ?? '', never)).rejects.toMatchObject({ code: 'server-refused' });
      await expect(administration.reject(serverDeviceId, '00000000-0000-4000-8000-000000000000', never)).rejects.toMatchObject({ code: 'server-refused' });
    });

    it('decommissions a device until it is gone, one that is gone too, and takes its identity again unless it says otherwise', async (context) => {
      const { administration } = connection;
      if (administration === undefined) return context.skip();
      const request = newRequest();
      const { serverDeviceId } = await connection.enrol(request, never);
      await administration.decommission(serverDeviceId, never, plainRemoval);
      await expect(connection.device(serverDeviceId, never)).resolves.toBeUndefined();
      await administration.decommission(serverDeviceId, never, plainRemoval);
      const anew = connection.enrol({ ...request, ...withKey() }, never);
      if (server.rules?.freesIdentity !== false) return expect(anew).resolves.toMatchObject({ already: false });
      expect(administration.identityStaysTaken).toMatch(/identity/);
      await expect(anew).rejects.toMatchObject({ code: 'identity-at-server' });
    });

    it('finds the device that is listed last of several pages', async (context) => {
      if (server.fillPages === undefined) {
        context.skip();
        return;
      }
      const last = await server.fillPages();
      const found = await connection.findDevice(last, never);
      expect(sameDevice(found?.identity)).toBe(sameDevice(last));
      await expect(connection.findDevice(server.newIdentity(), never)).resolves.toBeUndefined();
    });

    it('stops when it is cancelled', async () => {
      const request = newRequest();
      await expect(connection.enrol(request, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
      await expect(connection.findDevice(request.identity, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
      await expect(connection.signIn(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
      await expect(connection.findDevice(request.identity, never)).resolves.toBeUndefined();
    });

    it('says that a server which is not there cannot be reached', async () => {
      // Port 1 (tcpmux) is open nowhere.
      await withConnection({ ...server.settings, url: 'https://127.0.0.1:1' }, server.secrets, async (other) => {
        await expect(other.signIn(never)).rejects.toMatchObject({ code: 'server-unreachable' });
      });
      await withConnection({ ...server.settings, url: 'https://no-such-host.invalid' }, server.secrets, async (other) => {
        await expect(other.signIn(never)).rejects.toMatchObject({ code: 'server-unreachable' });
      });
    });
  });
}
