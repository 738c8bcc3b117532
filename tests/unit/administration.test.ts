/** What is done to devices at the server after they were recorded: a real record, the practice server over TLS. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerAuthSet } from '../../main/domain/ports';
import { PracticeFaults } from '../../main/servers/practice/practice-faults';
import { confirmationOf, decommissionAtServer, finishActions, finishAllActions, rejectAtServer, removeKeyAtServer, signOffBatch } from '../../main/station/administration';
import { findConflict } from '../../main/station/conflict';
import { watchOnce } from '../../main/station/watch';
import { newIdentity, newKey } from '../contract/mender-fixture';
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

const mac = ({ identity }: Pick<MadeDevice, 'identity'>): string => String(identity['mac']);
const setsOf = async (serverDeviceId: string): Promise<readonly ServerAuthSet[]> => {
  const connection = line.station.servers[0]?.connect(line.profile.server, line.station.secrets);
  const device = await connection?.device(serverDeviceId, never);
  await connection?.close();
  return device?.authSets ?? [];
};
const decommission = (device: MadeDevice, change: { readonly confirmation?: string; readonly station?: Line['station'] } = {}) =>
  decommissionAtServer(change.station ?? line.station, line.profile, { identity: device.identity, serverDeviceId: device.serverDeviceId, confirmation: change.confirmation ?? mac(device) }, never);

describe('decommissioning', () => {
  it('takes the device off the server, waits until it is gone, and frees its identity', async () => {
    const device = await line.make();
    const action = await decommission(device);
    expect(action).toMatchObject({ action: 'decommission', state: 'done', by: 'Ana', deviceId: device.deviceId, serverDeviceId: device.serverDeviceId });
    expect((await line.server.raw.send('GET', `/api/management/v2/devauth/devices/${device.serverDeviceId}`)).status).toBe(404);
    expect(await line.station.record.device(device.deviceId)).toMatchObject({ state: 'decommissioned', actions: [{ action: 'decommission', state: 'done' }] });
    // The same board with a new card: both lives are in the record.
    const again = await line.make({ identity: device.identity });
    expect(await line.boot(device.identity, device.key)).toBe(401);
    expect(await line.boot(device.identity, again.key)).toBe(200);
    expect((await line.station.record.list({ identity: device.identity, limit: 10, offset: 0 })).devices.map(({ state }) => state)).toEqual(['preauthorized', 'decommissioned']);
  });

  it('needs the right value typed once more, and does nothing otherwise', async () => {
    // With a letter, or capitals would make no difference.
    const device = await line.make({ identity: { mac: '02:49:ab:cd:ef:01' } });
    for (const confirmation of ['', 'yes', mac(device).toUpperCase(), mac(await line.make())]) {
      await expect(decommission(device, { confirmation })).rejects.toMatchObject({ code: 'identity-invalid', field: 'confirmation', expected: mac(device) });
    }
    expect(await setsOf(device.serverDeviceId)).toHaveLength(1);
    expect(await line.station.record.unfinishedActions()).toEqual([]);
    expect(confirmationOf(line.profile, device.identity)).toBe(mac(device));
    await expect(decommission(device, { confirmation: `mac ${mac(device)}` })).resolves.toMatchObject({ state: 'done' });
  });

  it.each(['technician', 'qa', 'auditor'] as const)('is not for a %s', async (role) => {
    const device = await line.make();
    await expect(decommission(device, { station: line.as(role) })).rejects.toMatchObject({ code: 'not-allowed' });
    expect(await setsOf(device.serverDeviceId)).toHaveLength(1);
  });

  it('never touches another device than the one that was seen', async () => {
    const [seen, other] = [await line.make(), await line.make()];
    const request = { identity: seen.identity, serverDeviceId: other.serverDeviceId, confirmation: mac(seen) };
    await expect(decommissionAtServer(line.station, line.profile, request, never)).rejects.toMatchObject({ code: 'no-such-device' });
    await expect(decommissionAtServer(line.station, line.profile, { ...request, serverDeviceId: 'nobody' }, never)).rejects.toMatchObject({ code: 'no-such-device' });
    expect(await setsOf(other.serverDeviceId)).toHaveLength(1);
    expect(await line.station.record.unfinishedActions()).toEqual([]);
  });

  it('ends in the record as well where the device is gone already', async () => {
    const device = await line.make();
    await line.server.raw.send('DELETE', `/api/management/v2/devauth/devices/${device.serverDeviceId}`);
    await new Promise((resolve) => setTimeout(resolve, 80));
    await expect(decommission(device)).resolves.toMatchObject({ state: 'done' });
    expect(await line.station.record.device(device.deviceId)).toMatchObject({ state: 'decommissioned' });
  });

  it('of a device that nobody recorded is in the journal all the same', async () => {
    const identity = newIdentity();
    await line.server.raw.preauthorize(identity, newKey().pem);
    const conflict = await findConflict(line.station, line.profile, identity, never);
    const serverDeviceId = conflict?.serverDevice?.id ?? '';
    await expect(decommissionAtServer(line.station, line.profile, { identity, serverDeviceId, confirmation: String(identity['mac']) }, never)).resolves.toMatchObject({ state: 'done', deviceId: undefined });
    expect(await findConflict(line.station, line.profile, identity, never)).toBeUndefined();
  });

  it.each([
    ['before the server was told', 'decommission:started'],
    ['after the server was told', 'decommission:acted'],
  ])('killed %s is ended at the next start', async (_, point) => {
    const device = await line.make();
    const killed = line.as('lab', {
      faults: {
        reached: (name) => {
          if (name === point) throw new Error('killed');
        },
      },
    });
    await expect(decommission(device, { station: killed })).rejects.toThrow();
    expect(await line.station.record.unfinishedActions()).toMatchObject([{ action: 'decommission', serverDeviceId: device.serverDeviceId }]);
    expect(await finishActions(line.station, line.profile, never)).toMatchObject([{ state: 'done' }]);
    expect(await line.station.record.device(device.deviceId)).toMatchObject({ state: 'decommissioned' });
    expect(await finishActions(line.station, line.profile, never)).toEqual([]);
  });

  it('whose reply never came is ended later, also by the profile that made the device', async () => {
    const device = await line.make();
    for (let count = 0; count < 10; count += 1) faults.add({ method: 'DELETE', path: /devices/, action: { kind: 'lost-reply' } });
    await expect(decommission(device)).rejects.toMatchObject({ code: 'server-unreachable' });
    expect(await line.station.record.unfinishedActions()).toHaveLength(1);
    faults.clear();
    const { ended, left } = await finishAllActions(line.station, undefined, never);
    expect(left).toEqual([]);
    expect(ended).toMatchObject([{ state: 'done', deviceId: device.deviceId }]);
  });
});

describe('keys at the server', () => {
  it('that came by themselves are rejected by QA, and removed by an admin', async () => {
    const device = await line.make();
    const wrong = newKey();
    await line.boot(device.identity, wrong);
    const pending = (await setsOf(device.serverDeviceId)).find((set) => set.status === 'pending');
    const about = { identity: device.identity, serverDeviceId: device.serverDeviceId, authSetId: pending?.id ?? '' };
    await expect(rejectAtServer(line.as('technician'), line.profile, about, never)).rejects.toMatchObject({ code: 'not-allowed' });
    await expect(rejectAtServer(line.as('qa'), line.profile, about, never)).resolves.toMatchObject({ action: 'reject', state: 'done', authSetId: pending?.id });
    expect((await setsOf(device.serverDeviceId)).map(({ status }) => status).sort()).toEqual(['preauthorized', 'rejected']);
    await expect(removeKeyAtServer(line.as('qa'), line.profile, { ...about, confirmation: mac(device) }, never)).rejects.toMatchObject({ code: 'not-allowed' });
    await expect(removeKeyAtServer(line.as('admin'), line.profile, { ...about, confirmation: 'no' }, never)).rejects.toMatchObject({ field: 'confirmation' });
    await expect(removeKeyAtServer(line.as('admin'), line.profile, { ...about, confirmation: mac(device) }, never)).resolves.toMatchObject({ state: 'done' });
    expect((await setsOf(device.serverDeviceId)).map(({ fingerprint }) => fingerprint)).toEqual([device.key.publicKey.fingerprint]);
    expect((await line.station.record.device(device.deviceId))?.actions.map(({ action }) => action)).toEqual(['remove-auth-set', 'reject']);
  });

  it('that are recorded are not removed, and preauthorized ones not rejected', async () => {
    const device = await line.make();
    const [own] = await setsOf(device.serverDeviceId);
    const about = { identity: device.identity, serverDeviceId: device.serverDeviceId, authSetId: own?.id ?? '' };
    await expect(removeKeyAtServer(line.station, line.profile, { ...about, confirmation: mac(device) }, never)).rejects.toMatchObject({ code: 'public-key-recorded' });
    await expect(rejectAtServer(line.station, line.profile, about, never)).rejects.toMatchObject({ code: 'server-refused' });
    expect((await line.station.record.device(device.deviceId))?.actions).toMatchObject([{ action: 'reject', state: 'failed' }]);
    await expect(rejectAtServer(line.station, line.profile, { ...about, authSetId: 'gone' }, never)).rejects.toMatchObject({ code: 'no-such-device' });
    expect(await line.station.record.unfinishedActions()).toEqual([]);
  });
});

describe('a conflict', () => {
  it('is none where nobody has the identity', async () => {
    expect(await findConflict(line.station, line.profile, newIdentity(), never)).toBeUndefined();
  });

  it('names the device, its keys and their holders, and offers what the role may do', async () => {
    const [device, other] = [await line.make(), await line.make()];
    await line.boot(device.identity, other.key);
    const asAdmin = await findConflict(line.as('admin'), line.profile, device.identity, never);
    expect(asAdmin).toMatchObject({ holder: { deviceId: device.deviceId }, serverDevice: { id: device.serverDeviceId }, choices: ['other-identity', 'reject', 'decommission'] });
    expect(asAdmin?.sentence).toContain(device.serverDeviceId);
    expect(asAdmin?.sentence).toContain(`pending, made here for mac ${mac(other)}`);
    expect(asAdmin?.sentence).toContain('preauthorized, made here for this identity');
    expect((await findConflict(line.as('qa'), line.profile, device.identity, never))?.choices).toEqual(['other-identity', 'reject']);
    const asTechnician = await findConflict(line.as('technician'), line.profile, device.identity, never);
    expect(asTechnician?.choices).toEqual(['other-identity']);
    expect(asTechnician?.sentence).toContain('ask an admin');
  });

  it('waits for what is being removed, and for a job that has the identity', async () => {
    await line.close();
    line = await openLine({ server: { decommissioning: 3_600_000 } });
    const device = await line.make();
    await line.server.raw.send('DELETE', `/api/management/v2/devauth/devices/${device.serverDeviceId}`);
    expect((await findConflict(line.station, line.profile, device.identity, never))?.choices).toEqual(['other-identity', 'wait']);
    const waiting = await line.makeWaiting();
    const conflict = await findConflict(line.station, line.profile, waiting.identity, never);
    expect(conflict).toMatchObject({ choices: ['other-identity', 'wait'], holder: { deviceId: waiting.deviceId } });
    expect(conflict?.sentence).toContain('waits for the server');
  });

  it('is in the record alone where the server forgot the device', async () => {
    const device = await line.make();
    await line.server.raw.send('DELETE', `/api/management/v2/devauth/devices/${device.serverDeviceId}`);
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(await findConflict(line.as('technician'), line.profile, device.identity, never)).toMatchObject({ choices: ['other-identity'] });
    const conflict = await findConflict(line.station, line.profile, device.identity, never);
    expect(conflict).toMatchObject({ choices: ['other-identity', 'decommission'] });
    expect(conflict?.serverDevice).toBeUndefined();
  });
});

describe('signing off a batch', () => {
  it('needs QA, an accepted batch or a remark, and is recorded with name and time', async () => {
    const [one, two] = [await line.make({ batch: 'WO-1' }), await line.make({ batch: 'WO-1' })];
    const qa = line.as('qa', { operator: 'Quentin' });
    await expect(signOffBatch(line.as('technician'), { batch: 'WO-1' })).rejects.toMatchObject({ code: 'not-allowed' });
    await expect(signOffBatch(qa, { batch: 'WO-1' })).rejects.toMatchObject({ code: 'usage', field: 'remark' });
    await expect(signOffBatch(qa, { batch: 'WO-1', remark: '   ' })).rejects.toMatchObject({ field: 'remark' });
    await expect(signOffBatch(qa, { batch: 'WO-2', remark: 'x' })).rejects.toMatchObject({ code: 'no-such-device' });
    await expect(signOffBatch(qa, { batch: ' ' })).rejects.toMatchObject({ field: 'batch' });
    expect(await signOffBatch(qa, { batch: 'WO-1', remark: 'customer took them as they are' })).toMatchObject({ by: 'Quentin', total: 2, accepted: 0, remark: 'customer took them as they are' });
    for (const device of [one, two]) expect(await line.boot(device.identity, device.key)).toBe(200);
    await watchOnce(line.station, line.profile, {}, never);
    expect(await signOffBatch(qa, { batch: ' WO-1 ' })).toMatchObject({ batch: 'WO-1', total: 2, accepted: 2 });
    expect((await line.station.record.batches(10))[0]).toMatchObject({ batch: 'WO-1', lastSignOff: { by: 'Quentin', accepted: 2 } });
  });

  it('counts a card that still waits for the server', async () => {
    const device = await line.make({ batch: 'WO-3' });
    await line.boot(device.identity, device.key);
    await watchOnce(line.station, line.profile, {}, never);
    await line.makeWaiting({ batch: 'WO-3' });
    await expect(signOffBatch(line.station, { batch: 'WO-3' })).rejects.toMatchObject({ code: 'usage', field: 'remark' });
  });
});
