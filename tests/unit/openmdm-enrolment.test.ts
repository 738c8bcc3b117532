import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pinnedKeyMessage } from '../../main/servers/openmdm/canonical';
import { enrollmentIdOf } from '../../main/servers/openmdm/identifiers';
import { parseEnrolment } from '../../main/servers/openmdm/replies';
import type { MdmReply, MdmUnderTest } from '../support/openmdm';
import { deviceKey, deviceKeyOf, mdmUnderTest, newMdmIdentity, withMdm } from '../support/openmdm';

const timestamp = '2026-04-15T12:00:00Z';
const enrolmentError = (words: string) => ({ error: expect.stringContaining(words) as string, code: 'ENROLLMENT_ERROR' });

let mdm: MdmUnderTest;
beforeAll(async () => {
  mdm = await mdmUnderTest();
});
afterAll(async () => {
  await mdm.close();
});

describe('a challenge', () => {
  it('is 32 bytes in standard padded base64, good for five minutes', async () => {
    const reply = await mdm.api.send('GET', '/agent/enroll/challenge');
    expect(reply.status).toBe(200);
    const body = reply.json() as { challenge: string };
    expect(body).toEqual({ challenge: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) as string, expiresAt: new Date(mdm.clock.now().getTime() + 300_000).toISOString(), ttlSeconds: 300 });
    expect(Buffer.from(body.challenge, 'base64')).toHaveLength(32);
    expect(await mdm.api.challenge()).not.toBe(body.challenge);
  });

  it('is good once', async () => {
    const [identity, key] = [newMdmIdentity(), deviceKey()];
    const challenge = await mdm.api.challenge();
    const body = { ...identity, timestamp, publicKey: key.publicKey, attestationChallenge: challenge, signature: key.sign(pinnedKeyMessage({ ...identity, publicKey: key.publicKey, timestamp, challenge })) };
    const replies = await Promise.all([mdm.api.send('POST', '/agent/enroll', body), mdm.api.send('POST', '/agent/enroll', body)]);
    expect(replies.map(({ status }) => status).sort()).toEqual([201, 400]);
    const third = await mdm.api.send('POST', '/agent/enroll', body);
    expect([third.status, third.json()]).toEqual([400, { error: expect.any(String) as string, code: 'CHALLENGE_INVALID' }]);
  });

  it('is refused where the server never gave it out', async () => {
    const key = deviceKey();
    const reply = await mdm.api.enrolByKey(newMdmIdentity(), key, { attestationChallenge: Buffer.alloc(32).toString('base64') });
    expect([reply.status, reply.json()]).toEqual([400, expect.objectContaining({ code: 'CHALLENGE_INVALID' })]);
  });

  it.each([
    [300_000, 201],
    [300_001, 400],
  ])('after %i ms answers %i', async (milliseconds, status) => {
    await withMdm({}, async ({ api, clock }) => {
      const [identity, key] = [newMdmIdentity(), deviceKey()];
      const challenge = await api.challenge();
      clock.pass(milliseconds);
      const signature = key.sign(pinnedKeyMessage({ ...identity, publicKey: key.publicKey, timestamp, challenge }));
      const reply = await api.send('POST', '/agent/enroll', { ...identity, timestamp, publicKey: key.publicKey, attestationChallenge: challenge, signature });
      expect(reply.status).toBe(status);
      if (status === 400) expect(reply.json()).toMatchObject({ code: 'CHALLENGE_INVALID' });
    });
  });

  it('is burned by a bad signature, and not by a bad key', async () => {
    const [identity, key] = [newMdmIdentity(), deviceKey()];
    const challenge = await mdm.api.challenge();
    const body = { ...identity, timestamp, publicKey: key.publicKey, attestationChallenge: challenge };
    const signature = key.sign(pinnedKeyMessage({ ...identity, publicKey: key.publicKey, timestamp, challenge }));
    expect((await mdm.api.send('POST', '/agent/enroll', { ...body, publicKey: 'AAAA', signature })).json()).toEqual(enrolmentError('Invalid enrollment public key'));
    expect((await mdm.api.send('POST', '/agent/enroll', { ...body, signature: deviceKey().sign('else') })).json()).toEqual(enrolmentError('Invalid enrollment signature (device-pinned-key path)'));
    expect((await mdm.api.send('POST', '/agent/enroll', { ...body, signature })).json()).toMatchObject({ code: 'CHALLENGE_INVALID' });
  });

  it('is not there where the database keeps none, and nothing else helps', async () => {
    await withMdm({ settings: { challengeStorage: false } }, async ({ api }) => {
      const reply = await api.send('GET', '/agent/enroll/challenge');
      expect([reply.status, reply.json()]).toEqual([503, { error: expect.stringContaining('Enrollment challenges are not supported') as string }]);
      const key = deviceKey();
      const enrol = await api.send('POST', '/agent/enroll', { ...newMdmIdentity(), timestamp, publicKey: key.publicKey, attestationChallenge: 'C', signature: 'S' });
      expect([enrol.status, enrol.json()]).toEqual([400, enrolmentError('requires an adapter')]);
    });
  });
});

describe('an enrolment by the device\'s key', () => {
  it('is answered with all that the device needs', async () => {
    const identity = newMdmIdentity({ macAddress: '02:12:61:13:6c:42' });
    const reply = await mdm.api.enrolByKey(identity, deviceKey());
    expect(reply.status).toBe(201);
    const body = parseEnrolment(reply, 'testing');
    expect(reply.json()).toEqual({
      deviceId: body.deviceId,
      enrollmentId: '02:12:61:13:6c:42',
      serverUrl: `http://127.0.0.1:${String(mdm.server.port)}`,
      pushConfig: { provider: 'polling', mqttTopic: `openmdm/devices/${body.deviceId}`, pollingInterval: 60 },
      token: body.token,
      tokenExpiresAt: new Date(mdm.clock.now().getTime() + 365 * 86_400_000).toISOString(),
    });
  });

  it('gives a signed token of 365 days', async () => {
    const body = parseEnrolment(await mdm.api.enrolByKey(newMdmIdentity(), deviceKey()), 'testing');
    const [head, claims] = body.token.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);
    const seconds = Math.floor(mdm.clock.now().getTime() / 1000);
    expect(head).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(claims).toEqual({ sub: body.deviceId, iat: seconds, exp: seconds + 365 * 86_400, iss: 'openmdm' });
  });

  it('names policy, server and push service where they are set up', async () => {
    await withMdm({ settings: { policy: { id: 'p1', name: 'Kiosk' }, serverUrl: 'https://mdm.example.com/mdm', mqttUrl: 'mqtts://push.example.com' } }, async ({ api }) => {
      expect(parseEnrolment(await api.enrolByKey(newMdmIdentity(), deviceKey()), 'testing')).toMatchObject({
        policyId: 'p1',
        policy: { id: 'p1', name: 'Kiosk' },
        serverUrl: 'https://mdm.example.com/mdm',
        pushConfig: { provider: 'mqtt', mqttUrl: 'mqtts://push.example.com' },
      });
    });
  });

  it('comes in an envelope under protocol 2, and its refusals do not', async () => {
    const reply = await mdm.api.enrolByKey(newMdmIdentity(), deviceKey(), {}, { 'X-Openmdm-Protocol': '2' });
    expect([reply.status, reply.json()]).toEqual([200, { ok: true, action: 'none', data: expect.objectContaining({ token: expect.any(String) as string }) as unknown }]);
    expect(parseEnrolment(reply, 'testing').deviceId).not.toBe('');
    const refused = await mdm.api.enrolByKey(newMdmIdentity(), deviceKey(), { signature: '' }, { 'X-Openmdm-Protocol': '2' });
    expect([refused.status, refused.json()]).toEqual([400, enrolmentError('signature')]);
    expect((await mdm.api.enrolByKey(newMdmIdentity(), deviceKey(), {}, { 'X-Openmdm-Protocol': '3' })).status).toBe(201);
  });

  it('makes a pending device of it, and an enrolled one the second time', async () => {
    const [identity, key] = [newMdmIdentity(), deviceKey()];
    const first = parseEnrolment(await mdm.api.enrolByKey(identity, key), 'testing');
    expect(mdm.server.administration.find(enrollmentIdOf(identity))).toMatchObject({ status: 'pending', publicKey: key.publicKey, enrollmentMethod: 'pinned-key' });
    const second = parseEnrolment(await mdm.api.enrolByKey({ ...identity, osVersion: '15' }, key), 'testing');
    expect(second.deviceId).toBe(first.deviceId);
    expect(mdm.server.administration.find(enrollmentIdOf(identity))).toMatchObject({ status: 'enrolled', osVersion: '15', publicKey: key.publicKey });
  });

  it('is refused under another key, by the id of the device, until an admin unpins it', async () => {
    const [identity, key, other] = [newMdmIdentity(), deviceKey(), deviceKey()];
    const { deviceId } = parseEnrolment(await mdm.api.enrolByKey(identity, key), 'testing');
    const refused = await mdm.api.enrolByKey(identity, other);
    expect([refused.status, refused.json()]).toEqual([409, { error: expect.any(String) as string, code: 'PUBLIC_KEY_MISMATCH', details: { deviceId } }]);
    await mdm.server.administration.unpin(enrollmentIdOf(identity));
    expect(parseEnrolment(await mdm.api.enrolByKey(identity, other), 'testing').deviceId).toBe(deviceId);
    expect((await mdm.api.enrolByKey(identity, key)).status).toBe(409);
  });

  it('compares the key\'s text, so that another base64 of the same key is another key', async () => {
    const identity = newMdmIdentity();
    // Until its base64 has a character that base64url writes otherwise.
    let key = deviceKey();
    while (!/[+/]/.test(key.publicKey)) key = deviceKey();
    const spelled = { ...key, publicKey: Buffer.from(key.publicKey, 'base64').toString('base64url') };
    expect((await mdm.api.enrolByKey(identity, spelled)).status).toBe(201);
    expect((await mdm.api.enrolByKey(identity, key)).status).toBe(409);
  });

  it.each([
    ['RSA', () => deviceKeyOf(generateKeyPairSync('rsa', { modulusLength: 2048 }))],
    ['P-384', () => deviceKey('P-384')],
    ['P-521', () => deviceKey('P-521')],
    ['Ed25519', () => deviceKeyOf(generateKeyPairSync('ed25519'))],
  ])('refuses a key that is %s', async (_name, make) => {
    const reply = await mdm.api.enrolByKey(newMdmIdentity(), make());
    expect([reply.status, reply.json()]).toEqual([400, enrolmentError('Invalid enrollment public key')]);
  });

  it('refuses a signature of two bare numbers (IEEE P1363)', async () => {
    const key = deviceKey();
    const bare = { ...key, sign: (message: string) => sign('sha256', Buffer.from(message), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64') };
    const reply = await mdm.api.enrolByKey(newMdmIdentity(), bare);
    expect([reply.status, reply.json()]).toEqual([400, enrolmentError('Invalid enrollment signature (device-pinned-key path)')]);
  });

  it.each(['model', 'manufacturer', 'osVersion', 'serialNumber', 'imei', 'macAddress', 'androidId', 'method', 'timestamp'])('refuses a signature over another %s', async (name) => {
    const reply = await mdm.api.enrolByKey(newMdmIdentity(), deviceKey(), { [name]: 'other' });
    expect([reply.status, reply.json()]).toEqual([400, enrolmentError('Invalid enrollment signature')]);
  });

  it('needs the challenge in the request', async () => {
    const reply = await mdm.api.enrolByKey(newMdmIdentity(), deviceKey(), { attestationChallenge: undefined });
    expect([reply.status, reply.json()]).toEqual([400, enrolmentError('requires attestationChallenge')]);
  });
});

describe('any enrolment', () => {
  it('is refused to devices that the server does not know, where autoEnroll is off', async () => {
    await withMdm({ settings: { autoEnroll: false } }, async ({ api, server, clock }) => {
      for (const reply of [await api.enrolByKey(newMdmIdentity(), deviceKey()), await api.enrolBySecret(newMdmIdentity(), server.deviceSecret, clock.now().toISOString())]) {
        expect([reply.status, reply.json()]).toEqual([400, enrolmentError('auto-enroll is disabled')]);
      }
    });
  });

  it('is refused by a method that is not allowed', async () => {
    await withMdm({ settings: { allowedMethods: ['qr'] } }, async ({ api }) => {
      expect((await api.enrolByKey(newMdmIdentity(), deviceKey())).json()).toEqual(enrolmentError('Enrollment method'));
      expect((await api.enrolByKey(newMdmIdentity({ method: 'qr' }), deviceKey())).status).toBe(201);
    });
  });

  it.each(['model', 'manufacturer', 'osVersion'])('without %s is refused without a code', async (name) => {
    const reply = await mdm.api.send('POST', '/agent/enroll', { ...newMdmIdentity(), [name]: '' });
    expect([reply.status, reply.json()]).toEqual([400, { error: 'Missing required fields: model, manufacturer, osVersion' }]);
  });

  it('without an identifier is refused without a code', async () => {
    const reply = await mdm.api.send('POST', '/agent/enroll', { ...newMdmIdentity(), serialNumber: '' });
    expect([reply.status, reply.json()]).toEqual([400, { error: 'At least one device identifier required' }]);
  });

  it.each(['{"model":', '', 'null', '<xml/>'])('with the body %j is a failure of the server\'s own', async (body) => {
    const reply = await mdm.api.send('POST', '/agent/enroll', body);
    expect([reply.status, reply.json()]).toEqual([500, { error: 'Internal server error' }]);
  });

  it('is known by the first of MAC, serial number, IMEI and Android ID', async () => {
    const all = newMdmIdentity({ macAddress: '02:00:00:00:00:01', imei: '490154203237518', androidId: '0123456789abcdef' });
    const withoutMac = { ...all, macAddress: undefined };
    const withoutSerial = { ...withoutMac, serialNumber: undefined };
    for (const identity of [all, withoutMac, withoutSerial, { ...withoutSerial, imei: undefined }]) {
      const reply = await mdm.api.enrolByKey(identity, deviceKey());
      expect(parseEnrolment(reply, 'testing').enrollmentId).toBe(enrollmentIdOf(identity));
    }
  });
});

describe('the limit of requests', () => {
  const statuses = async (api: MdmUnderTest['api'], count: number, headers: Readonly<Record<string, string>> = {}): Promise<number[]> => {
    const replies: MdmReply[] = [];
    for (let at = 0; at < count; at += 1) replies.push(await api.send('GET', '/agent/enroll/challenge', undefined, headers));
    return [...new Set(replies.map(({ status }) => status))];
  };

  it('is 60 in 60 seconds for both routes together, then 429 or an envelope', async () => {
    await withMdm({ mostRequests: undefined }, async ({ api, clock }) => {
      expect(await statuses(api, 59)).toEqual([200]);
      expect((await api.send('POST', '/agent/enroll', {})).status).toBe(400);
      const refused = await api.send('POST', '/agent/enroll', {});
      expect([refused.status, refused.json(), refused.headers['retry-after']]).toEqual([429, { error: 'Too many enrollment requests' }, undefined]);
      const enveloped = await api.send('GET', '/agent/enroll/challenge', undefined, { 'X-Openmdm-Protocol': '2' });
      expect([enveloped.status, enveloped.json()]).toEqual([200, { ok: false, action: 'retry', message: expect.any(String) as string }]);
      clock.pass(59_999);
      expect(await statuses(api, 1)).toEqual([429]);
      clock.pass(1);
      expect(await statuses(api, 1)).toEqual([200]);
    });
  });

  it('is counted for each caller that a proxy names', async () => {
    await withMdm({ mostRequests: 2 }, async ({ api }) => {
      expect(await statuses(api, 2, { 'X-Forwarded-For': '192.0.2.1, 10.0.0.1' })).toEqual([200]);
      expect(await statuses(api, 1, { 'X-Forwarded-For': '192.0.2.1' })).toEqual([429]);
      expect(await statuses(api, 2, { 'X-Real-Ip': '192.0.2.2' })).toEqual([200]);
      expect(await statuses(api, 2)).toEqual([200]);
      expect(await statuses(api, 1)).toEqual([429]);
    });
  });
});
