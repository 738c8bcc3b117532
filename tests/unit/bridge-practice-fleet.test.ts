/** hawkBit, ThingsBoard and the webhook of the practice tenant, and what of all this is kept in a folder. */
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImprintError } from '../../main/domain/errors';
import type { Call } from '../support/bridge-practice';
import { Tenant } from '../support/bridge-practice';

let tenant: Tenant;
beforeAll(async () => {
  tenant = await Tenant.start();
});
afterAll(() => tenant.close());

function targets(path = '', call: Call = {}, of = tenant) {
  const { username, password } = of.servers.hawkBitUser;
  return of.web.send(`${of.servers.hawkBitUrl}/rest/v1/targets${path}`, { ...call, headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` } });
}

async function board(path: string, call: Call = {}, of = tenant) {
  const login = await of.web.send(`${of.servers.thingsBoardUrl}/api/auth/login`, { json: of.servers.thingsBoardUser });
  const { token } = login.json() as { token: string };
  return of.web.send(`${of.servers.thingsBoardUrl}${path}`, { ...call, headers: { 'x-authorization': `Bearer ${token}` } });
}

const boardDevice = async (name: string, of = tenant) => (await board(`/api/tenant/devices?deviceName=${encodeURIComponent(name)}`, {}, of)).json() as { id: { entityType: string; id: string }; name: string };

describe('hawkBit', () => {
  it('has a target for each device that was enrolled', async () => {
    await tenant.enrol('device-001', undefined, { device_name: 'Pump 7', device_type: 'pump' });
    const reply = await targets('/device-001');
    expect(reply.status).toBe(200);
    expect(reply.json()).toMatchObject({ controllerId: 'device-001', name: 'Pump 7', updateStatus: 'unknown', createdAt: expect.any(Number) as number });
    expect(reply.json()).not.toHaveProperty('lastControllerRequestAt');
    expect((await targets('/device-001/attributes')).json()).toEqual({ device_type: 'pump' });
  });

  it('keeps the target as it is when the device enrols again', async () => {
    await tenant.enrol('device-002', undefined, { device_name: 'first' });
    await tenant.enrol('device-002', undefined, { device_name: 'second' });
    expect((await targets('/device-002')).json()).toMatchObject({ name: 'first' });
  });

  it('shows when the device asked for updates last', async () => {
    await tenant.enrol('device-003');
    const at = new Date('2031-05-06T07:08:09Z');
    await tenant.servers.targetPolled('device-003', at);
    await tenant.servers.targetPolled('nobody', at);
    expect((await targets('/device-003')).json()).toMatchObject({ lastControllerRequestAt: at.getTime(), updateStatus: 'registered' });
    expect((await targets('/nobody')).status).toBe(404);
  });

  it('makes, changes and removes targets', async () => {
    const made = await targets('', { json: [{ controllerId: 'a:b/c', name: 'one' }, { controllerId: 'second' }] });
    expect(made.status).toBe(201);
    expect(made.json()).toMatchObject([{ controllerId: 'a:b/c', name: 'one' }, { controllerId: 'second', name: 'second' }]);
    expect((await targets('', { json: [{ controllerId: 'second' }] })).json()).toMatchObject({ errorCode: 'hawkbit.server.error.repo.entitiyAlreadyExists' });
    expect((await targets('/a%3Ab%2Fc', { method: 'PUT', json: { name: 'two' } })).json()).toMatchObject({ controllerId: 'a:b/c', name: 'two' });
    expect((await targets('/second/attributes', { method: 'PUT', json: { device_type: 'x' } })).status).toBe(200);
    expect((await targets('/second/attributes')).json()).toEqual({ device_type: 'x' });
    expect((await targets('/second', { method: 'DELETE' })).status).toBe(200);
    const gone = await targets('/second', { method: 'DELETE' });
    expect([gone.status, gone.json()]).toEqual([404, expect.objectContaining({ errorCode: 'hawkbit.server.error.repo.entitiyNotFound' })]);
    expect((await targets('', { json: { controllerId: 'no list' } })).status).toBe(400);
  });

  it('lists targets by page, and finds one', async () => {
    const all = (await targets('?limit=500')).json() as { total: number; content: unknown[] };
    expect(all.content).toHaveLength(all.total);
    expect((await targets('?limit=1&offset=1')).json()).toMatchObject({ total: all.total, size: 1, content: [all.content[1]] });
    expect((await targets('?q=controllerId==device-001')).json()).toMatchObject({ total: 1, content: [{ controllerId: 'device-001' }] });
    expect((await targets('?q=controllerId==nobody')).json()).toMatchObject({ total: 0, content: [] });
    expect((await targets('?q=name==*')).status).toBe(400);
  });

  it('asks who is there', async () => {
    const reply = await tenant.web.send(`${tenant.servers.hawkBitUrl}/rest/v1/targets`, { headers: { authorization: `Basic ${btoa('practice:wrong')}` } });
    expect([reply.status, reply.text, reply.headers['www-authenticate']]).toEqual([401, '', 'Basic realm="hawkBit"']);
  });
});

describe('ThingsBoard', () => {
  it('knows a device from its first connection on', async () => {
    await tenant.enrol('device-020');
    const before = await board('/api/tenant/devices?deviceName=device-020');
    expect([before.status, before.json()]).toEqual([404, { status: 404, message: 'Requested item wasn\'t found!', errorCode: 32, timestamp: expect.any(Number) as number }]);
    const at = new Date('2031-05-06T07:08:09Z');
    await tenant.servers.deviceConnected('device-020', at);
    const device = await boardDevice('device-020');
    expect(device).toMatchObject({ id: { entityType: 'DEVICE' }, name: 'device-020', createdTime: at.getTime() });
    const values = await board(`/api/plugins/telemetry/DEVICE/${device.id.id}/values/attributes/SERVER_SCOPE`);
    expect(values.json()).toEqual([
      { lastUpdateTs: at.getTime(), key: 'active', value: true },
      { lastUpdateTs: at.getTime(), key: 'lastConnectTime', value: at.getTime() },
      { lastUpdateTs: at.getTime(), key: 'lastActivityTime', value: at.getTime() },
    ]);
    expect((await board(`/api/plugins/telemetry/DEVICE/${device.id.id}/values/attributes/SERVER_SCOPE?keys=active`)).json()).toHaveLength(1);
    await tenant.servers.deviceConnected('device-020', new Date(at.getTime() + 1000));
    expect((await boardDevice('device-020')).id).toEqual(device.id);
  });

  it('removes a device', async () => {
    await tenant.servers.deviceConnected('device-021', new Date());
    const { id } = (await boardDevice('device-021')).id;
    expect((await board(`/api/device/${id}`)).status).toBe(200);
    expect((await board(`/api/device/${id}`, { method: 'DELETE' })).status).toBe(200);
    const again = await board(`/api/device/${id}`, { method: 'DELETE' });
    expect([again.status, (again.json() as { errorCode: number }).errorCode]).toEqual([404, 32]);
    expect((await board('/api/tenant/devices?deviceName=device-021')).status).toBe(404);
    expect((await board('/api/device/5', { method: 'DELETE' })).status).toBe(400);
  });

  it('asks who is there', async () => {
    const logIn = (json: unknown) => tenant.web.send(`${tenant.servers.thingsBoardUrl}/api/auth/login`, { json });
    const wrong = await logIn({ ...tenant.servers.thingsBoardUser, password: 'wrong' });
    expect([wrong.status, wrong.json()]).toEqual([401, expect.objectContaining({ message: 'Invalid username or password', errorCode: 10 })]);
    expect((await logIn({})).status).toBe(401);
    expect(Object.keys((await logIn(tenant.servers.thingsBoardUser)).json() as object)).toEqual(['token', 'refreshToken']);
    const unknown = await tenant.web.send(`${tenant.servers.thingsBoardUrl}/api/tenant/devices?deviceName=x`, { headers: { 'x-authorization': 'Bearer x' } });
    expect([unknown.status, (unknown.json() as { errorCode: number }).errorCode]).toEqual([401, 10]);
  });

  it('ends a session after its time', async () => {
    let now = Date.now();
    const late = await Tenant.start({ clock: { now: () => new Date(now) } });
    try {
      const { token } = (await late.web.send(`${late.servers.thingsBoardUrl}/api/auth/login`, { json: late.servers.thingsBoardUser })).json() as { token: string };
      const ask = () => late.web.send(`${late.servers.thingsBoardUrl}/api/tenant/devices?deviceName=x`, { headers: { 'x-authorization': `Bearer ${token}` } });
      expect((await ask()).status).toBe(404);
      now += 9_000_000;
      expect((await ask()).json()).toMatchObject({ status: 401, message: 'Token has expired', errorCode: 11 });
    } finally {
      await late.close();
    }
  });
});

describe('the webhook of ThingsBoard', () => {
  const tell = async (json: unknown) => tenant.web.send(`${tenant.servers.bridgeUrl}/webhooks/thingsboard`, { json });

  it('provisions a device once', async () => {
    const event = { msgType: 'CONNECT_EVENT', metadata: { deviceName: 'device-030', deviceType: 'pump' }, data: {} };
    const first = (await tell(event)).json() as { wireguard_ip: string };
    expect(first).toMatchObject({ status: 'provisioned', device_id: 'device-030', reason: null });
    expect((await tell(event)).json()).toMatchObject({ status: 'already_provisioned', device_id: 'device-030', wireguard_ip: first.wireguard_ip });
    expect((await targets('/device-030/attributes')).json()).toEqual({ device_type: 'pump', source: 'thingsboard_webhook' });
  });

  it('takes the id before the client before the name', async () => {
    expect((await tell({ metadata: { deviceName: 'c', clientId: 'b', deviceId: 'device-031' } })).json()).toMatchObject({ device_id: 'device-031' });
    expect((await tell({ metadata: { deviceName: 'c', clientId: 'device-032' } })).json()).toMatchObject({ device_id: 'device-032' });
  });

  it('ignores what names no device, and refuses what is no event', async () => {
    expect((await tell({ msgType: 'CONNECT_EVENT', data: 'text' })).json()).toMatchObject({ status: 'ignored', device_id: null });
    expect((await tell({ metadata: 'text' })).status).toBe(422);
    expect((await tell({ data: 5 })).status).toBe(422);
  });

  it('finds the target of an enrolled device that connects', async () => {
    await tenant.enrol('device-033', undefined, { device_name: 'Pump 8' });
    await tenant.servers.deviceConnected('device-033', new Date());
    expect((await targets('/device-033')).json()).toMatchObject({ name: 'Pump 8' });
  });
});

describe('a folder', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'imprint-bridge-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('keeps authority, certificates, targets and devices over a restart', async () => {
    const user = { username: 'practice', password: 'kept' };
    const first = await Tenant.start({ folder, hawkBitUser: user });
    const { serial, key, certificate, chain, reply, id } = await first.enrol('device-001');
    await first.servers.deviceConnected('device-001', new Date());
    const device = await boardDevice('device-001', first);
    const { rootPem, issuingPem, provisioner } = first.servers;
    const revoking = first.device({ serial, key, certificate, chain, reply, id });
    expect((await revoking.send(`${first.servers.stepCaUrl}/1.0/revoke`, { json: { serial, passive: true } })).status).toBe(200);
    await first.close();

    const second = await Tenant.start({ folder, hawkBitUser: user });
    try {
      expect(second.servers).toMatchObject({ rootPem, issuingPem, provisioner });
      expect(second.servers.issued()).toEqual([{ serial, deviceId: 'device-001', pem: certificate, revoked: true }]);
      expect((await targets('/device-001', {}, second)).status).toBe(200);
      expect((await boardDevice('device-001', second)).id).toEqual(device.id);
      const again = await second.enrol('device-001');
      expect(again.reply['wireguard_ip']).toBe(reply['wireguard_ip']);
      expect(new X509Certificate(again.certificate).verify(new X509Certificate(issuingPem).publicKey)).toBe(true);
    } finally {
      await second.close();
    }
  });

  it.each(['practice-tenant-authority.json', 'practice-bridge.jsonl'])('that holds something else as %s is refused', async (name) => {
    const other = await mkdtemp(join(folder, 'other-'));
    await writeFile(join(other, name), '{"another": "format"}\n');
    const start = Tenant.start({ folder: other });
    await expect(start).rejects.toBeInstanceOf(ImprintError);
    await expect(start).rejects.toMatchObject({ code: 'record-corrupt' });
  });

  it('a taken port is said, and nothing stays open', async () => {
    const { port } = new URL(tenant.servers.hawkBitUrl);
    await expect(Tenant.start({ ports: { thingsBoard: Number(port) } })).rejects.toMatchObject({ code: 'usage' });
  });
});
