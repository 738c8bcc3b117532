import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WatchedDevice } from '../../main/domain/acceptance';
import type { ConfirmRequest, DeviceKey, EnrolReceipt, EnrolRequest, RenewRequest, ServerConnection } from '../../main/domain/ports';
import type { JsonObject } from '../../main/domain/profile';
import { textOf } from '../../main/servers/openmdm/contents';
import { signDeviceRequest } from '../../main/servers/openmdm/device-request';
import { newDeviceKey } from '../support/device-key';
import type { MdmUnderContract } from './openmdm-fixture';
import { newMdmIdentity } from './openmdm-fixture';
import { plainRemoval } from './server-contract';

const never = new AbortController().signal;
const admin: JsonObject = { adminToken: { from: 'environment', name: 'ADMIN' } };
const noTls = { open: () => Promise.reject(new Error('OpenMDM has no TLS of the device.')) };

/** What follows an enrolment: a card that is tried, comes again, signs, reports, and leaves. */
export function describeMdmCards(name: string, makeServer: () => Promise<MdmUnderContract>): void {
  describe(`OpenMDM cards: ${name}`, () => {
    let server: MdmUnderContract;
    beforeAll(async () => {
      server = await makeServer();
    });
    afterAll(() => server.close());

    async function as<T>(options: JsonObject, work: (connection: ServerConnection) => Promise<T>): Promise<T> {
      const connection = server.kind.connect(server.withOptions(options), server.secrets);
      try {
        return await work(connection);
      } finally {
        await connection.close();
      }
    }

    interface Made {
      readonly request: EnrolRequest;
      readonly key: DeviceKey;
      readonly receipt: EnrolReceipt;
    }
    async function make(options: JsonObject = {}): Promise<Made> {
      const key = newDeviceKey();
      const request = { identity: newMdmIdentity(), key, publicKey: key.publicKey };
      return { request, key, receipt: await as(options, (connection) => connection.enrol(request, never)) };
    }
    const confirmOf = ({ request, key, receipt }: Made, signer: DeviceKey = key): ConfirmRequest => ({
      identity: request.identity,
      serverDeviceId: receipt.serverDeviceId,
      contents: receipt.contents ?? [],
      tls: noTls,
      sign: (payload) => signer.sign(payload),
    });
    const renewOf = ({ request, key, receipt }: Made, signer: DeviceKey = key): RenewRequest => ({
      identity: request.identity,
      publicKey: signer.publicKey,
      current: new Map([['device-id', Buffer.from(receipt.serverDeviceId)]]),
      tls: noTls,
      sign: (payload) => signer.sign(payload),
    });
    const confirm = (options: JsonObject, request: ConfirmRequest): Promise<string | undefined> => as(options, async (connection) => connection.confirm?.(request, never));
    const watched = ({ request, receipt }: Made, more: Partial<WatchedDevice> = {}): WatchedDevice => ({
      deviceId: 'ours',
      identity: request.identity,
      serverDeviceId: receipt.serverDeviceId,
      fingerprint: request.publicKey.fingerprint,
      acceptance: 'unchecked',
      finishedAt: new Date(Date.now() - 1000).toISOString(),
      ...more,
    });
    const judged = async (made: Made, more: Partial<WatchedDevice> = {}, options = admin) => (await as(options, async (connection) => connection.judge?.([watched(made, more)], never)))?.[0];
    const change = async (id: string, changes: unknown): Promise<void> => {
      const reply = await server.api.send('PATCH', `/devices/${id}`, changes, { authorization: `Bearer ${server.practice?.adminToken ?? ''}` });
      expect(reply.status).toBe(200);
    };
    const report = async ({ receipt }: Made, timestamp: string): Promise<void> => {
      const reply = await server.api.send('POST', '/agent/heartbeat', { timestamp }, { authorization: `Bearer ${textOf(receipt.contents ?? [], 'token') ?? ''}` });
      expect(reply.status).toBe(200);
    };

    it('tries nothing unless the profile says so', async () => {
      expect(await confirm({}, confirmOf(await make()))).toBeUndefined();
    });

    it('tries the token by a heartbeat that the watch does not take for the board', async () => {
      const made = await make();
      expect(await confirm({ heartbeat: true }, confirmOf(made))).toMatch(/took a heartbeat with the token/);
      if (server.hasAdmin) expect(await judged(made, { finishedAt: new Date(Date.now() + 1).toISOString() })).toMatchObject({ state: 'waiting' });
    });

    it('sees by the token that the server has retired the device', async (context) => {
      const { practice } = server;
      if (practice === undefined) return context.skip();
      const made = await make();
      await practice.administration.retire(made.request.identity['serialNumber'] ?? '');
      for (const protocol of [1, 2]) await expect(confirm({ heartbeat: true, protocol }, confirmOf(made))).rejects.toMatchObject({ code: 'device-not-accepted' });
    });

    it('proves by a signed request that the key on the card is the pinned one', async (context) => {
      // A service of its own that the practice server has; a real one is where its owner put it.
      if (server.practice === undefined) return context.skip();
      const made = await make();
      expect(await confirm({ deviceRequests: '/device-request' }, confirmOf(made))).toMatch(/erified against the pinned key/);
      await expect(confirm({ deviceRequests: '/device-request' }, confirmOf(made, newDeviceKey()))).rejects.toMatchObject({ code: 'device-not-accepted', message: expect.stringContaining('signature-invalid') as string });
    });

    it('signs requests that the verifier takes, each part of them counting', async (context) => {
      if (server.practice === undefined) return context.skip();
      const { key, receipt } = await make();
      const parts = { deviceId: receipt.serverDeviceId, timestamp: new Date().toISOString(), body: '{"hello":"world|"}', nonce: 'n-1' };
      for (const nonce of [parts.nonce, '']) {
        const { headers, message } = await signDeviceRequest({ ...parts, nonce }, (payload) => key.sign(payload));
        expect(message).toBe(`${parts.deviceId}|${parts.timestamp}|${parts.body}|${nonce}`);
        expect((await server.api.send('POST', '/device-request', parts.body, headers)).status).toBe(200);
        expect((await server.api.send('POST', '/device-request', `${parts.body} `, headers)).status).toBe(401);
        for (const header of ['x-device-timestamp', 'x-device-nonce']) expect((await server.api.send('POST', '/device-request', parts.body, { ...headers, [header]: 'other' })).status).toBe(401);
      }
    });

    it('enrols a card again with the key on it: the same device, a token that works', async () => {
      const made = await make();
      const renewal = await as({}, async (connection) => connection.renew?.(renewOf(made), never));
      expect(textOf(renewal?.contents ?? [], 'device-id')).toBe(made.receipt.serverDeviceId);
      expect(renewal?.certificates).toEqual([]);
      await report({ ...made, receipt: { ...made.receipt, contents: renewal?.contents } }, new Date().toISOString());
    });

    it.for([{}, admin])('never enrols a pinned card with another key (%j)', async (options, context) => {
      if (options === admin && !server.hasAdmin) return context.skip();
      const made = await make();
      await expect(as(options, async (connection) => connection.renew?.(renewOf(made, newDeviceKey()), never))).rejects.toMatchObject({ code: 'identity-at-server' });
    });

    it('does not write a card whose device the server had forgotten', async (context) => {
      const { practice } = server;
      if (practice === undefined) return context.skip();
      const made = await make();
      await practice.administration.erase(made.request.identity['serialNumber'] ?? '');
      await expect(as({}, async (connection) => connection.renew?.(renewOf(made), never))).rejects.toMatchObject({ code: 'server-refused', message: expect.stringContaining(made.receipt.serverDeviceId) as string });
    });

    it('says that nothing can be known without an admin token', async () => {
      const made = await make();
      expect(await judged(made, {}, {})).toMatchObject({ state: 'waiting', sentence: expect.stringContaining('no adminToken') as string });
      await as({}, async (connection) => {
        expect(connection.blind).toMatch(/cannot be known/);
        expect(connection.administration).toBeUndefined();
        await expect(connection.device(made.receipt.serverDeviceId, never)).rejects.toMatchObject({ code: 'server-refused' });
        await expect(connection.capacity(never)).rejects.toMatchObject({ code: 'server-refused' });
        await expect(connection.findDevice(made.request.identity, never)).resolves.toBeUndefined();
      });
    });

    it('takes a device for accepted when it reported after its card was finished', async (context) => {
      if (!server.hasAdmin) return context.skip();
      const made = await make();
      expect(await judged(made)).toMatchObject({ state: 'waiting', diagnosis: 'never-seen' });
      await report(made, new Date(Date.now() - 3_600_000).toISOString());
      expect(await judged(made)).toMatchObject({ state: 'waiting', sentence: expect.stringMatching(/before its card was finished/) as string });
      await report(made, new Date().toISOString());
      expect(await judged(made)).toMatchObject({ state: 'accepted' });
    });

    it('says what is wrong with a device', async (context) => {
      const { practice } = server;
      if (practice === undefined) return context.skip();
      const made = await make();
      const { serverDeviceId: id } = made.receipt;
      expect(await judged(made, { fingerprint: 'f'.repeat(64) })).toMatchObject({ state: 'stuck', diagnosis: 'pinned-to-another-key' });
      await change(id, { publicKey: null });
      expect(await judged(made)).toMatchObject({ state: 'stuck', diagnosis: 'unpinned' });
      expect(await judged(made, {}, { ...admin, enrolment: 'hmac', deviceSecret: { from: 'environment', name: 'SECRET' } })).toMatchObject({ state: 'waiting' });
      await change(id, { status: 'blocked' });
      expect(await judged(made)).toMatchObject({ state: 'stuck', diagnosis: 'rejected', serverStatus: 'blocked' });
      await change(id, { status: 'unenrolling' });
      expect(await judged(made)).toMatchObject({ state: 'stuck', diagnosis: 'decommissioning' });
      await as(admin, async (connection) => connection.administration?.decommission(id, never, plainRemoval));
      expect(await judged(made)).toMatchObject({ state: 'missing', diagnosis: 'not-at-server' });
    });

    it('says that a retired device is in the way, for its own key too', async (context) => {
      const { practice } = server;
      if (practice === undefined) return context.skip();
      const made = await make();
      await practice.administration.retire(made.request.identity['serialNumber'] ?? '');
      await expect(as(admin, (connection) => connection.enrol(made.request, never))).rejects.toMatchObject({ code: 'server-refused', message: expect.stringMatching(/retired/) as string });
      const key = newDeviceKey();
      await expect(as(admin, (connection) => connection.enrol({ ...made.request, key, publicKey: key.publicKey }, never))).rejects.toMatchObject({ code: 'identity-at-server', message: expect.stringMatching(/retired/) as string });
    });
  });
}
