import { appendFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceRequestMessage, pinnedKeyMessage } from '../../main/servers/openmdm/canonical';
import { enrollmentIdOf } from '../../main/servers/openmdm/identifiers';
import { parseEnrolment, parseHeartbeat, parseMdmDevice, parseMdmDevices } from '../../main/servers/openmdm/replies';
import { PracticeFaults } from '../../main/servers/practice/practice-faults';
import type { DeviceKey, MdmApi, MdmUnderTest } from '../support/openmdm';
import { deviceKey, MdmApi as Api, mdmUnderTest, newMdmIdentity } from '../support/openmdm';

let mdm: MdmUnderTest;
beforeAll(async () => {
  mdm = await mdmUnderTest();
});
afterAll(async () => {
  await mdm.close();
});

const envelopes = { 'X-Openmdm-Protocol': '2' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function enrolled(api: MdmApi = mdm.api, identity = newMdmIdentity(), key = deviceKey()) {
  const { deviceId, token } = parseEnrolment(await api.enrolByKey(identity, key), 'testing');
  return { identity, enrollmentId: enrollmentIdOf(identity), key, deviceId, token };
}

describe('an agent\'s heartbeat', () => {
  it('is taken with the token, and kept with the device\'s own time', async () => {
    const { token, enrollmentId } = await enrolled();
    const reply = await mdm.api.send('POST', '/agent/heartbeat', { timestamp: '2020-01-01T00:00:00Z', batteryLevel: 80 }, bearer(token));
    expect([reply.status, reply.json()]).toEqual([200, { success: true, pendingCommands: [], policyUpdate: null, desiredState: {}, desiredStateVersion: 0 }]);
    expect(mdm.server.administration.find(enrollmentId)?.lastHeartbeat).toBe('2020-01-01T00:00:00.000Z');
    const enveloped = await mdm.api.send('POST', '/agent/heartbeat', {}, { ...bearer(token), ...envelopes });
    expect(enveloped.json()).toMatchObject({ ok: true, action: 'none' });
    expect(parseHeartbeat(enveloped, 'testing')).toEqual({ success: true, pendingCommands: [], desiredStateVersion: 0 });
    expect(mdm.server.administration.find(enrollmentId)?.lastHeartbeat).toBe(mdm.clock.now().toISOString());
  });

  it('is refused without a token, with a changed one and with one of another server', async () => {
    const { token, deviceId } = await enrolled();
    const [head, , signature] = token.split('.');
    const changed = [head, Buffer.from(JSON.stringify({ sub: deviceId })).toString('base64url'), signature].join('.');
    const none = [head, Buffer.from(JSON.stringify({ sub: deviceId })).toString('base64url'), ''].join('.');
    const other = await mdmUnderTest();
    const foreign = (await enrolled(other.api)).token;
    await other.close();
    for (const headers of [{}, bearer('x'), bearer(changed), bearer(none), bearer(foreign), bearer(`${token}.x`)]) {
      const reply = await mdm.api.send('POST', '/agent/heartbeat', {}, headers);
      expect([reply.status, reply.json()]).toEqual([401, { error: expect.stringMatching(/^(Device authentication required|Invalid device token)$/) as string }]);
      const enveloped = await mdm.api.send('POST', '/agent/heartbeat', {}, { ...headers, ...envelopes });
      expect([enveloped.status, enveloped.json()]).toEqual([200, { ok: false, action: 'reauth', message: expect.any(String) as string }]);
    }
  });

  it('is refused after 365 days', async () => {
    const other = await mdmUnderTest();
    const { token } = await enrolled(other.api);
    other.clock.pass(365 * 86_400_000);
    expect((await other.api.send('POST', '/agent/heartbeat', {}, bearer(token))).status).toBe(200);
    other.clock.pass(1000);
    expect((await other.api.send('POST', '/agent/heartbeat', {}, bearer(token))).status).toBe(401);
    await other.close();
  });

  it('of a device that was erased finds none; of one that was retired it is still taken', async () => {
    const erased = await enrolled();
    await mdm.server.administration.erase(erased.enrollmentId);
    const reply = await mdm.api.send('POST', '/agent/heartbeat', {}, { ...bearer(erased.token), ...envelopes });
    expect([reply.status, reply.json()]).toEqual([404, expect.objectContaining({ code: 'DEVICE_NOT_FOUND' })]);
    const retired = await enrolled();
    await mdm.server.administration.retire(retired.enrollmentId);
    expect((await mdm.api.send('POST', '/agent/heartbeat', {}, bearer(retired.token))).status).toBe(200);
    const config = await mdm.api.send('GET', '/agent/config', undefined, bearer(retired.token));
    expect([config.status, config.json()]).toEqual([404, { error: 'Device not found' }]);
    expect((await mdm.api.send('GET', '/agent/config', undefined, { ...bearer(retired.token), ...envelopes })).json()).toEqual({ ok: false, action: 'unenroll', message: 'Device not found' });
  });

  it.each(['{', 'null', '{"timestamp":"never"}'])('with the body %j is a failure of the server\'s own', async (body) => {
    const { token } = await enrolled();
    expect((await mdm.api.send('POST', '/agent/heartbeat', body, bearer(token))).status).toBe(500);
  });

  it('is beside the device\'s configuration', async () => {
    const { token, deviceId, enrollmentId } = await enrolled();
    const reply = await mdm.api.send('GET', '/agent/config', undefined, bearer(token));
    expect([reply.status, reply.json()]).toEqual([200, { device: { id: deviceId, enrollmentId, status: 'pending' }, policy: null }]);
  });
});

describe('a request signed by the pinned key', () => {
  const verify = (deviceId: string, key: DeviceKey, sent: { body: string; nonce?: string }, signed = sent) => {
    const timestamp = '2026-04-15T12:00:00Z';
    return mdm.api.send('POST', '/device-request', sent.body, {
      'x-device-id': deviceId,
      'x-device-timestamp': timestamp,
      'x-device-signature': key.sign(deviceRequestMessage({ deviceId, timestamp, ...signed })),
      ...(sent.nonce === undefined ? {} : { 'x-device-nonce': sent.nonce }),
    });
  };

  it.each([{ body: '{"hello":"world"}', nonce: 'nonce-1' }, { body: '' }, { body: 'a|b\n|c' }, { body: 'ä', nonce: '' }])('is good: %j', async (sent) => {
    const { deviceId, key, enrollmentId } = await enrolled();
    const reply = await verify(deviceId, key, sent);
    expect([reply.status, reply.json()]).toEqual([200, { deviceId, enrollmentId }]);
  });

  it('is refused by reason', async () => {
    const { deviceId, key, enrollmentId } = await enrolled();
    const reason = async (reply: ReturnType<typeof verify>) => [(await reply).status, (await reply).json()];
    expect(await reason(verify('nobody', key, { body: '' }))).toEqual([401, { error: 'not-found' }]);
    expect(await reason(verify(deviceId, deviceKey(), { body: '' }))).toEqual([401, { error: 'signature-invalid' }]);
    expect(await reason(verify(deviceId, key, { body: 'changed' }, { body: 'signed' }))).toEqual([401, { error: 'signature-invalid' }]);
    expect(await reason(verify(deviceId, key, { body: '' }, { body: '', nonce: 'n' }))).toEqual([401, { error: 'signature-invalid' }]);
    await mdm.server.administration.unpin(enrollmentId);
    expect(await reason(verify(deviceId, key, { body: '' }))).toEqual([401, { error: 'no-pinned-key' }]);
    await mdm.server.administration.retire(enrollmentId);
    expect(await reason(verify(deviceId, key, { body: '' }))).toEqual([401, { error: 'not-found' }]);
  });
});

describe('the admin\'s part', () => {
  it('is closed to others', async () => {
    for (const headers of [{}, bearer('x')]) {
      const reply = await mdm.api.send('GET', '/devices', undefined, headers);
      expect([reply.status, reply.json()]).toEqual([401, { error: 'Authentication required' }]);
    }
  });

  it('lists devices newest first, in pages, by a part of serial number, enrollmentId or model', async () => {
    const made = [await enrolled(), await enrolled(), await enrolled(mdm.api, newMdmIdentity({ macAddress: '02:00:00:00:00:aa', model: 'Rare one' }))];
    const list = async (query: string) => parseMdmDevices(await mdm.api.send('GET', `/devices?${query}`, undefined, mdm.admin), 'testing');
    const page = await list('limit=2&offset=1');
    expect(page.devices.map(({ id }) => id)).toEqual([made[1]?.deviceId, made[0]?.deviceId]);
    expect(page).toMatchObject({ limit: 2, offset: 1 });
    expect(page.total).toBeGreaterThanOrEqual(3);
    for (const search of ['02:00:00:00:00:aa', 'Rare', 'R_re', 'R%one']) expect((await list(`search=${encodeURIComponent(search)}`)).devices.map(({ id }) => id)).toEqual([made[2]?.deviceId]);
    expect((await list('search=rare')).total).toBe(0);
    expect((await list('search=a.a')).total).toBe(0);
    expect((await list('status=blocked')).total).toBe(0);
  });

  it('shows a device with its pinned key, unpins it, and blocks it', async () => {
    const { deviceId, key, identity } = await enrolled();
    const path = `/devices/${deviceId}`;
    expect(parseMdmDevice(await mdm.api.send('GET', path, undefined, mdm.admin), 'testing')).toMatchObject({ id: deviceId, status: 'pending', publicKey: key.publicKey, lastHeartbeat: undefined });
    expect(parseMdmDevice(await mdm.api.send('PATCH', path, { publicKey: null }, mdm.admin), 'testing').publicKey).toBeUndefined();
    expect((await mdm.api.enrolByKey(identity, deviceKey())).status).toBe(201);
    expect((await mdm.api.send('PATCH', path, { status: 'blocked' }, mdm.admin)).status).toBe(200);
    const back = await mdm.api.send('PATCH', path, { status: 'pending' }, mdm.admin);
    expect([back.status, back.json()]).toEqual([400, expect.objectContaining({ code: 'VALIDATION_ERROR' })]);
    expect((await mdm.api.send('GET', '/devices/nobody', undefined, mdm.admin)).status).toBe(404);
    expect((await mdm.api.send('PATCH', '/devices/nobody', {}, mdm.admin)).json()).toMatchObject({ code: 'DEVICE_NOT_FOUND' });
  });

  it('retires a device, whose row keeps enrollmentId and key: it cannot come back under another one, and comes back unseen', async () => {
    const { deviceId, identity, key, enrollmentId } = await enrolled();
    expect((await mdm.api.send('DELETE', `/devices/${deviceId}`, undefined, mdm.admin)).json()).toEqual({ status: 'ok' });
    expect((await mdm.api.send('DELETE', `/devices/${deviceId}`, undefined, mdm.admin)).status).toBe(200);
    expect((await mdm.api.send('GET', `/devices/${deviceId}`, undefined, mdm.admin)).status).toBe(404);
    expect((await mdm.api.enrolByKey(identity, deviceKey())).json()).toMatchObject({ code: 'PUBLIC_KEY_MISMATCH', details: { deviceId } });
    expect(parseEnrolment(await mdm.api.enrolByKey(identity, key), 'testing').deviceId).toBe(deviceId);
    expect((await mdm.api.send('GET', `/devices/${deviceId}`, undefined, mdm.admin)).status).toBe(404);
    await mdm.server.administration.erase(enrollmentId);
    expect(parseEnrolment(await mdm.api.enrolByKey(identity, deviceKey()), 'testing').deviceId).not.toBe(deviceId);
  });
});

describe('the practice server', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'imprint-openmdm-'));
  });
  afterAll(async () => {
    await rm(root, { recursive: true });
  });

  it('keeps devices, pins, tokens, open challenges and its authority, in files of its owner only', async () => {
    const folder = join(root, 'kept');
    const first = await mdmUnderTest({ folder, tls: true });
    const device = await enrolled(first.api);
    const erased = await enrolled(first.api);
    await first.server.administration.erase(erased.enrollmentId);
    const open = await first.api.challenge();
    await first.close();

    const files = await readdir(folder);
    expect(files.sort()).toEqual(['practice-authority.pem', 'practice-openmdm.jsonl']);
    for (const file of files) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);

    const second = await mdmUnderTest({ folder, tls: true });
    expect(second.server.certificateAuthorityPem).toBe(first.server.certificateAuthorityPem);
    const api = new Api(second.server.url, first.server.certificateAuthorityPem);
    expect((await api.send('POST', '/agent/heartbeat', {}, bearer(device.token))).status).toBe(200);
    expect((await api.enrolByKey(device.identity, deviceKey())).status).toBe(409);
    expect(second.server.administration.find(erased.enrollmentId)).toBeUndefined();
    const fresh = newMdmIdentity();
    const [key, timestamp] = [deviceKey(), 'T'];
    const body = { ...fresh, timestamp, publicKey: key.publicKey, attestationChallenge: open, signature: key.sign(pinnedKeyMessage({ ...fresh, publicKey: key.publicKey, timestamp, challenge: open })) };
    expect((await api.send('POST', '/agent/enroll', body)).status).toBe(201);
    await api.close();
    await second.close();

    const third = await mdmUnderTest({ folder, tls: true });
    expect((await third.api.send('POST', '/agent/enroll', body)).json()).toMatchObject({ code: 'CHALLENGE_INVALID' });
    await third.close();
  });

  it('forgets a line that was being written when it died, refuses a file that is damaged in the middle', async () => {
    const folder = join(root, 'torn');
    const first = await mdmUnderTest({ folder });
    const { enrollmentId } = await enrolled(first.api);
    await first.close();
    const file = join(folder, 'practice-openmdm.jsonl');
    await appendFile(file, '{"device":{"id":"half');
    const second = await mdmUnderTest({ folder });
    expect(second.server.administration.find(enrollmentId)).toBeDefined();
    await second.close();
    expect(await readFile(file, 'utf8')).not.toContain('half');
    await appendFile(file, '{"device":{}}\n');
    await expect(mdmUnderTest({ folder })).rejects.toMatchObject({ code: 'record-corrupt' });
  });

  it('answers below its mount point only, and lets faults strike', async () => {
    const requests: string[] = [];
    const faults = new PracticeFaults();
    const other = await mdmUnderTest({ mountPoint: '/api/mdm', faults, onRequest: (method, path, status) => requests.push(`${method} ${path} ${String(status)}`) });
    expect(other.server.url).toBe(`http://127.0.0.1:${String(other.server.port)}/api/mdm`);
    expect((await other.api.send('GET', '/agent/enroll/challenge')).status).toBe(200);
    for (const path of ['/agent', '/agent/enroll', '/agent/enroll/', '/other']) expect((await other.api.send('GET', path)).status).toBe(404);
    const outside = new Api(new URL(other.server.url).origin, undefined);
    expect((await outside.send('GET', '/agent/enroll/challenge')).status).toBe(404);
    faults.add({ method: 'POST', path: /\/agent\/enroll$/, action: { kind: 'lost-reply' } });
    const [identity, key] = [newMdmIdentity(), deviceKey()];
    await expect(other.api.enrolByKey(identity, key)).rejects.toThrow();
    // Processed all the same: the same key finds its own device.
    expect(other.server.administration.find(enrollmentIdOf(identity))?.publicKey).toBe(key.publicKey);
    expect((await other.api.enrolByKey(identity, key)).status).toBe(201);
    expect(requests[0]).toBe('GET /api/mdm/agent/enroll/challenge 200');
    await outside.close();
    await other.close();
  });
});
