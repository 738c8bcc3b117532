import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImprintError } from '../../main/domain/errors';
import type { HttpReply } from '../../main/servers/http/http-exchange';
import { enrollmentIdOf } from '../../main/servers/openmdm/identifiers';
import { parseChallenge, parseEnrolment, parseHeartbeat, parseMdmDevice, parseMdmDevices } from '../../main/servers/openmdm/replies';
import type { MdmUnderTest } from '../support/openmdm';
import { deviceKey, mdmUnderTest, newMdmIdentity } from '../support/openmdm';

const doing = 'enrolling SN-1';
const reply = (status: number, body: unknown): HttpReply => ({ status, headers: {}, text: typeof body === 'string' ? body : JSON.stringify(body), origin: 'https://mdm.example.com' });
const thrownBy = (work: () => unknown): ImprintError => {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof ImprintError) return thrown;
    throw thrown;
  }
  throw new Error('Nothing was thrown.');
};

const challenge = { challenge: 'q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80=', expiresAt: '2026-04-15T12:05:00.000Z', ttlSeconds: 300 };
const enrolment = {
  deviceId: 'dev-1',
  enrollmentId: 'SN-1',
  serverUrl: 'https://mdm.example.com',
  pushConfig: { provider: 'polling', mqttTopic: 'openmdm/devices/dev-1', pollingInterval: 60 },
  token: 'aaa.bbb.ccc',
  tokenExpiresAt: '2027-04-15T12:00:00.000Z',
};
const device = { id: 'dev-1', enrollmentId: 'SN-1', status: 'enrolled', model: 'M', serialNumber: 'SN-1', imei: null, publicKey: null, lastHeartbeat: null };

describe('a good reply', () => {
  it('of a challenge is read flat and in an envelope', () => {
    expect(parseChallenge(reply(200, challenge), doing)).toEqual(challenge);
    expect(parseChallenge(reply(200, { ok: true, action: 'none', data: challenge }), doing)).toEqual(challenge);
  });

  it('of an enrolment is read with what the server adds to its push service, and without what it may leave out', () => {
    expect(parseEnrolment(reply(201, enrolment), doing)).toMatchObject(enrolment);
    expect(parseEnrolment(reply(200, { ok: true, action: 'none', data: enrolment }), doing).deviceId).toBe('dev-1');
    const { tokenExpiresAt, ...without } = enrolment;
    expect(parseEnrolment(reply(201, without), doing).tokenExpiresAt).toBeUndefined();
    const more = { ...enrolment, tokenExpiresAt, policyId: 'p', policy: { id: 'p', name: 'Kiosk', settings: {} }, pushConfig: { provider: 'mqtt', mqttUrl: 'mqtts://x', mqttTopic: 't', mqttUsername: 'u' } };
    expect(parseEnrolment(reply(201, more), doing)).toMatchObject({ policyId: 'p', policy: { name: 'Kiosk' }, pushConfig: { mqttUsername: 'u' } });
  });

  it('of devices is read with empty columns', () => {
    expect(parseMdmDevice(reply(200, device), doing)).toMatchObject({ id: 'dev-1', publicKey: undefined, lastHeartbeat: undefined });
    expect(parseMdmDevices(reply(200, { devices: [device], total: 1, limit: 100, offset: 0 }), doing).devices).toHaveLength(1);
    expect(parseHeartbeat(reply(200, { success: true }), doing)).toEqual({ success: true, pendingCommands: [] });
  });
});

describe('a reply that is not OpenMDM\'s', () => {
  it.each<[string, (given: HttpReply) => unknown, unknown]>([
    ['no JSON', (given) => parseChallenge(given, doing), '<html>'],
    ['a list', (given) => parseChallenge(given, doing), []],
    ['base64url', (given) => parseChallenge(given, doing), { ...challenge, challenge: 'q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWe-q80' }],
    ['base64 without padding', (given) => parseChallenge(given, doing), { ...challenge, challenge: challenge.challenge.slice(0, -1) }],
    ['a challenge that a signature cannot hold', (given) => parseChallenge(given, doing), { ...challenge, challenge: `${challenge.challenge}|` }],
    ['no token', (given) => parseEnrolment(given, doing), { ...enrolment, token: undefined }],
    ['a token that is none', (given) => parseEnrolment(given, doing), { ...enrolment, token: 'aaa' }],
    ['no device', (given) => parseEnrolment(given, doing), { ...enrolment, deviceId: '' }],
    ['a device that no request can be signed for', (given) => parseEnrolment(given, doing), { ...enrolment, deviceId: 'a|b' }],
    ['an envelope without its data', (given) => parseEnrolment(given, doing), { ok: true, action: 'none' }],
    ['an unknown action', (given) => parseEnrolment(given, doing), { ok: false, action: 'wipe' }],
    ['success that wants something', (given) => parseEnrolment(given, doing), { ok: true, action: 'retry', data: enrolment }],
    ['an unknown status', (given) => parseMdmDevice(given, doing), { ...device, status: 'gone' }],
  ])('is told: %s', (_name, parse, body) => {
    const error = thrownBy(() => parse(reply(200, body)));
    expect(error).toMatchObject({ code: 'server-reply-invalid', field: 'server.url' });
    expect(error.message).not.toContain('aaa');
  });

  it('puts no token into its sentence or cause', () => {
    const error = thrownBy(() => parseEnrolment(reply(201, `${JSON.stringify(enrolment)}}`), doing));
    expect(`${error.message} ${String(error.cause)}`).not.toContain('aaa.bbb');
    expect(error.cause).toBeUndefined();
  });
});

describe('a refusal', () => {
  const core = (status: number, code: string, error: string, details?: unknown) => [status, { error, code, details }] as const;
  const enrol = (error: string) => core(400, 'ENROLLMENT_ERROR', error);

  it.each<[string, readonly [number, unknown], string, string]>([
    ['used challenge', core(400, 'CHALLENGE_INVALID', 'Enrollment challenge is missing'), 'server-challenge-invalid', 'fresh one'],
    ['another key', core(409, 'PUBLIC_KEY_MISMATCH', 'x', { deviceId: 'dev-9' }), 'identity-at-server', 'device dev-9'],
    ['another key, without the device', core(409, 'PUBLIC_KEY_MISMATCH', 'x'), 'identity-at-server', 'under another key:'],
    ['keys required', enrol('Pinned-key enrollment is required but …'), 'server-refused', 'key of their own only'],
    ['no challenge', enrol('Pinned-key enrollment requires attestationChallenge. …'), 'server-refused', 'did not get its challenge back'],
    ['no storage', enrol('Pinned-key enrollment requires an adapter that …'), 'server-refused', 'keeps no challenges'],
    ['bad key', enrol('Invalid enrollment public key: Expected EC key'), 'server-refused', 'ec-p256'],
    ['bad signature', enrol('Invalid enrollment signature (device-pinned-key path)'), 'server-refused', 'does not fit'],
    ['bad secret', enrol('Invalid enrollment signature'), 'server-refused', 'another shared secret'],
    ['clock', enrol('Enrollment timestamp is outside the acceptable window. …'), 'server-refused', 'clocks'],
    ['method', enrol('Enrollment method \'adb\' is not allowed'), 'server-refused', 'does not allow this enrolment method'],
    ['autoEnroll off', enrol('Device not registered and auto-enroll is disabled'), 'server-refused', 'autoEnroll'],
    ['own rule', enrol('Enrollment validation failed'), 'server-refused', 'ask them which'],
    ['identifier, by the core', enrol('Device must provide at least one identifier (…)'), 'identity-missing-attribute', 'an identifier'],
    ['words of another version', enrol('Something\nnew'), 'server-refused', 'Something new'],
    ['fields', [400, { error: 'Missing required fields: model, manufacturer, osVersion' }], 'identity-missing-attribute', 'model, manufacturer or osVersion'],
    ['identifier', [400, { error: 'At least one device identifier required' }], 'identity-missing-attribute', 'an identifier'],
    ['a proxy\'s 400', [400, '<html>Bad Request</html>'], 'server-refused', '400'],
    ['no challenge storage', [503, { error: 'Enrollment challenges are not supported by this database adapter. …' }], 'server-refused', 'Nothing was enrolled by the shared secret'],
    ['a proxy\'s 503', [503, 'Service Unavailable'], 'server-busy', 'problem of its own'],
    ['rate', [429, { error: 'Too many enrollment requests' }], 'server-busy', '60 requests a minute'],
    ['malformed', [500, { error: 'Internal server error' }], 'server-busy', 'cannot read'],
    ['mount point', [404, '404 Not Found'], 'server-refused', 'https://mdm.example.com/mdm'],
    ['device gone', core(404, 'DEVICE_NOT_FOUND', 'Device not found: dev-1'), 'device-not-accepted', 'any more'],
    ['device gone, flat', [404, { error: 'Device not found' }], 'device-not-accepted', 'any more'],
    ['admin', [401, { error: 'Authentication required' }], 'server-sign-in-refused', 'sign-in'],
    ['not an admin', [403, { error: 'Admin access required' }], 'server-refused', 'may not do this'],
    ['another address', [302, ''], 'server-refused', 'final address'],
    ['retry', [200, { ok: false, action: 'retry', message: 'later' }], 'server-busy', '(later)'],
    ['reauth', [200, { ok: false, action: 'reauth' }], 'device-not-accepted', 'token'],
    ['unenroll', [200, { ok: false, action: 'unenroll', message: 'x' }], 'device-not-accepted', 'removed or blocked'],
  ])('is one sentence: %s', (_name, [status, body], code, words) => {
    const error = thrownBy(() => parseEnrolment(reply(status, body), doing));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.message).toContain(doing);
    expect(error.message).toMatch(/[^\s.]\.$/);
    expect(error.message).not.toMatch(/[\n\r]/);
  });
});

describe('what the practice server says', () => {
  let mdm: MdmUnderTest;
  beforeAll(async () => {
    mdm = await mdmUnderTest();
  });
  afterAll(async () => {
    await mdm.close();
  });

  it('is read as what happened', async () => {
    const [identity, key] = [newMdmIdentity(), deviceKey()];
    const { deviceId } = parseEnrolment(await mdm.api.enrolByKey(identity, key), doing);
    const mismatch = await mdm.api.enrolByKey(identity, deviceKey());
    expect(thrownBy(() => parseEnrolment(mismatch, doing))).toMatchObject({ code: 'identity-at-server', message: expect.stringContaining(deviceId) as string });
    const used = await mdm.api.enrolByKey(identity, key, { attestationChallenge: 'used' });
    expect(thrownBy(() => parseEnrolment(used, doing)).code).toBe('server-challenge-invalid');
    const signature = await mdm.api.enrolByKey(identity, key, { signature: 'AAAA' });
    expect(thrownBy(() => parseEnrolment(signature, doing)).message).toContain('does not fit');
    const late = await mdm.api.enrolBySecret(newMdmIdentity(), mdm.server.deviceSecret, '2020-01-01T00:00:00Z');
    expect(thrownBy(() => parseEnrolment(late, doing)).message).toContain('clocks');
    const list = await mdm.api.send('GET', `/devices?search=${enrollmentIdOf(identity)}`, undefined, mdm.admin);
    expect(parseMdmDevices(list, doing).devices[0]).toMatchObject({ id: deviceId, publicKey: key.publicKey });
    const nobody = await mdm.api.send('GET', '/devices', undefined, {});
    expect(thrownBy(() => parseMdmDevices(nobody, doing)).code).toBe('server-sign-in-refused');
    const none = await mdmUnderTest({ settings: { challengeStorage: false } });
    const unsupported = await none.api.send('GET', '/agent/enroll/challenge');
    await none.close();
    expect(thrownBy(() => parseChallenge(unsupported, doing))).toMatchObject({ code: 'server-refused', message: expect.stringContaining('keeps no challenges') as string });
  });
});
