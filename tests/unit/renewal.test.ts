/** Renewing and revoking: a real record, a practice bridge with its CA over TLS, cards in memory. */
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionStep } from '../../main/domain/acceptance';
import type { BenchSlot } from '../../main/station/bench';
import { Bench } from '../../main/station/bench';
import { decommissionAtServer, finishActions } from '../../main/station/administration';
import { renewCard, type RenewalPhase } from '../../main/station/renew';
import { openBridgeLine, type BridgeLine, type EnrolledDevice } from '../support/bridge-line';
import { never, openLine } from '../support/line';

let line: BridgeLine;

beforeEach(async () => {
  line = await openBridgeLine();
});

afterEach(async () => {
  await line.close();
});

const path = '/dev/sdx';
const statesOf = async ({ deviceId }: EnrolledDevice) => ((await line.station.record.device(deviceId))?.certificates ?? []).map(({ serial, state, revocationReason }) => [serial, state, revocationReason]);
const actionsOf = async ({ deviceId }: EnrolledDevice) => (await line.station.record.device(deviceId))?.actions ?? [];
const onCard = ({ card }: EnrolledDevice): X509Certificate => new X509Certificate(Buffer.from(card.files.get('certificate') ?? ''));
const serialOn = (device: EnrolledDevice): string => onCard(device).serialNumber.toLowerCase().replace(/^0+/, '');
const renewed = () => line.bridge.requests.filter((request) => request.includes('/1.0/renew')).length;
const failing = (point: string) => ({
  faults: {
    reached: (name: string) => {
      if (name === point) throw new Error('killed');
    },
  },
});

describe('renewing the certificate of a card', () => {
  it('puts a new one for the same key on the card and into the record, and supersedes the old one', async () => {
    const device = await line.make(path);
    const phases: [RenewalPhase, string | undefined][] = [];
    const { action } = await renewCard(line.station, line.profile, { targetPath: path, naming: 'listed', onPhase: (phase, identity) => phases.push([phase, identity?.['id']]) }, never);
    const { id } = device.identity;
    expect(phases).toEqual([['read', undefined], ['ask', id], ['write', id]]);
    expect(action).toMatchObject({ action: 'renew', state: 'done', deviceId: device.deviceId, by: 'Ana' });
    expect(serialOn(device)).not.toBe(device.serial);
    expect(onCard(device).publicKey.export({ type: 'spki', format: 'der' }).equals(Buffer.from(device.card.key.publicKey.spki))).toBe(true);
    expect(await statesOf(device)).toEqual([[serialOn(device), 'issued', undefined], [device.serial, 'superseded', undefined]]);
    expect(await line.station.record.unfinishedActions()).toEqual([]);
    // What is left behind is what is renewed next.
    await renewCard(line.station, line.profile, { targetPath: path, naming: 'listed' }, never);
    expect((await statesOf(device)).map(([, state]) => state)).toEqual(['issued', 'superseded', 'superseded']);
  });

  it.each(['qa', 'auditor'] as const)('is not for a %s', async (role) => {
    await line.make(path);
    await expect(renewCard(line.as(role), line.profile, { targetPath: path, naming: 'listed' }, never)).rejects.toMatchObject({ code: 'not-allowed' });
    expect(renewed()).toBe(0);
  });

  it('refuses a reader without a card, a card of nobody, and one that a job is writing', async () => {
    const device = await line.make(path);
    await expect(renewCard(line.station, line.profile, { targetPath: '/dev/sdy', naming: 'listed' }, never)).rejects.toMatchObject({ code: 'target-not-found', field: 'target' });
    line.cards.set('/dev/sdy', { key: (await line.make('/dev/sdz')).card.key, files: device.card.files });
    const { record } = line.station;
    const job = (await record.device(device.deviceId))?.jobs[0];
    await record.reserve({ ...job, jobId: 'job-open', deviceId: 'device-open', identity: { id: 'another' }, serverKind: 'iot-bridge', serverUrl: line.profile.server.url, keyType: 'ec-p256', slot: 'Slot 1', targetPath: path, operator: 'Ana', owner: line.station.processes.self, at: new Date().toISOString(), profileName: 'gateway', profileSha256: line.loaded.sha256, imageSha256: 'a'.repeat(64) });
    await expect(renewCard(line.station, line.profile, { targetPath: path, naming: 'listed' }, never)).rejects.toMatchObject({ code: 'slot-busy' });
    expect(renewed()).toBe(0);
  });

  it('refuses a device that was decommissioned', async () => {
    const device = await line.make(path);
    await decommissionAtServer(line.station, line.profile, { identity: device.identity, serverDeviceId: String(device.identity['id']), confirmation: String(device.identity['id']) }, never);
    await expect(renewCard(line.station, line.profile, { targetPath: path, naming: 'listed' }, never)).rejects.toMatchObject({ code: 'no-such-device' });
  });

  it('that the authority refuses leaves card and record as they were, and says so in the journal', async () => {
    const device = await line.make(path);
    line.bridge.servers.faults.stepCa.add({ method: 'POST', path: /renew/, times: 9, action: { kind: 'reply', status: 403 } });
    await expect(renewCard(line.station, line.profile, { targetPath: path, naming: 'listed' }, never)).rejects.toMatchObject({ code: 'server-refused' });
    expect(serialOn(device)).toBe(device.serial);
    expect(await statesOf(device)).toEqual([[device.serial, 'issued', undefined]]);
    expect(await actionsOf(device)).toMatchObject([{ action: 'renew', state: 'failed' }]);
  });

  it('whose card breaks says that a certificate was issued which may not be on it', async () => {
    const device = await line.make(path);
    device.card.broken = true;
    await expect(renewCard(line.station, line.profile, { targetPath: path, naming: 'listed' }, never)).rejects.toMatchObject({ code: 'target-write-failed', message: expect.stringMatching(/not certain that it is on the card/) as string });
    expect((await statesOf(device)).map(([, state]) => state)).toEqual(['issued', 'superseded']);
  });

  it.each(['renew:started', 'renew:acted'])('killed at %s is ended by the next start, which needs the card for more', async (point) => {
    const device = await line.make(path);
    // A kill ends nothing; here the record stops listening.
    const record = new Proxy(line.station.record, { get: (target, name) => (name === 'endAction' ? () => Promise.reject(new Error('killed')) : (Reflect.get(target, name) as unknown)) });
    const bound = new Proxy(record, { get: (target, name) => { const value: unknown = Reflect.get(target, name); return typeof value === 'function' ? (value as (...given: unknown[]) => unknown).bind(line.station.record) : value; } });
    await expect(renewCard(line.as('lab', { ...failing(point), record: bound }), line.profile, { targetPath: path, naming: 'listed' }, never)).rejects.toThrow();
    expect(await line.station.record.unfinishedActions()).toMatchObject([{ action: 'renew' }]);
    expect(await finishActions(line.station, line.profile, never)).toMatchObject([{ action: 'renew', state: 'failed', sentence: expect.stringMatching(/renew it again/) as string }]);
    await expect(renewCard(line.station, line.profile, { targetPath: path, naming: 'listed' }, never)).resolves.toMatchObject({ action: { state: 'done' } });
    expect(serialOn(device)).not.toBe(device.serial);
  });

  it('is refused where the kind of server has nothing to renew', async () => {
    const mender = await openLine();
    const device = await mender.make();
    const { custody } = line.station;
    line.cards.set(path, { key: { ...(await line.make('/dev/sdy')).card.key, publicKey: device.key.publicKey }, files: new Map() });
    await expect(renewCard({ ...mender.station, custody }, mender.profile, { targetPath: path, naming: 'listed' }, never)).rejects.toMatchObject({ code: 'server-refused', field: 'server.kind' });
    await mender.close();
  });
});

describe('decommissioning a device with certificates', () => {
  const request = (device: EnrolledDevice) => ({ identity: device.identity, serverDeviceId: String(device.identity['id']), confirmation: String(device.identity['id']) });

  it('revokes all that have not ended, for the reason that was said, part by part', async () => {
    const device = await line.make(path);
    await renewCard(line.station, line.profile, { targetPath: path, naming: 'listed' }, never);
    const parts: ActionStep[] = [];
    const action = await decommissionAtServer(line.station, line.profile, { ...request(device), reason: 'key-compromise', onPart: (part) => parts.push(part) }, never);
    expect((await statesOf(device)).map(([, ...rest]) => rest)).toEqual([['revoked', 'key-compromise'], ['revoked', 'key-compromise']]);
    expect(parts.map(({ part }) => part)).toEqual(expect.arrayContaining([`certificate ${device.serial}`, 'hawkBit']));
    expect(action).toMatchObject({ state: 'done', reason: 'key-compromise', steps: parts });
    expect((await actionsOf(device))[0]).toMatchObject({ reason: 'key-compromise', steps: parts });
    expect(line.bridge.servers.issued().every(({ revoked }) => revoked)).toBe(true);
  });

  it('takes the usual reason where nobody says one', async () => {
    const device = await line.make(path);
    await decommissionAtServer(line.station, line.profile, request(device), never);
    expect((await statesOf(device)).map(([, ...rest]) => rest)).toEqual([['revoked', 'cessation-of-operation']]);
  });

  it('lets the card speak for itself where the profile has no provisioner, and only its own card', async () => {
    await line.close();
    line = await openBridgeLine();
    const { stepCaUrl } = line.bridge.servers;
    const profile = { ...line.profile, server: line.bridge.settingsWith({ stepCa: { url: stepCaUrl } }) };
    const [device, other] = [await line.make(path), await line.make('/dev/sdy')];
    await expect(decommissionAtServer(line.station, profile, { ...request(device), cardPath: '/dev/sdy' }, never)).rejects.toMatchObject({ code: 'no-such-device', field: 'card' });
    await expect(decommissionAtServer(line.station, profile, request(device), never)).rejects.toMatchObject({ code: 'credential-missing' });
    expect(await statesOf(other)).toEqual([[other.serial, 'issued', undefined]]);
    await expect(decommissionAtServer(line.station, profile, { ...request(device), cardPath: path, reason: 'superseded' }, never)).resolves.toMatchObject({ state: 'done' });
    expect(await statesOf(device)).toEqual([[device.serial, 'revoked', 'superseded']]);
  });

  it('that stops half way knows what is done, and goes on from there with the same reason', async () => {
    const device = await line.make(path);
    await line.bridge.servers.deviceConnected(String(device.identity['id']), new Date());
    const parts: string[] = [];
    line.bridge.servers.faults.thingsBoard.add({ method: 'DELETE', path: /./, times: 30, action: { kind: 'reply', status: 503 } });
    await expect(decommissionAtServer(line.station, line.profile, { ...request(device), reason: 'key-compromise', onPart: ({ part }) => parts.push(part) }, never)).rejects.toMatchObject({ code: 'server-busy' });
    expect(parts).toEqual([`certificate ${device.serial}`]);
    expect(await line.station.record.unfinishedActions()).toMatchObject([{ reason: 'key-compromise', steps: [{ part: `certificate ${device.serial}` }] }]);
    expect(await statesOf(device)).toEqual([[device.serial, 'revoked', 'key-compromise']]);
    line.bridge.servers.faults.thingsBoard.clear();
    const [ended] = await finishActions(line.station, line.profile, never);
    expect(ended).toMatchObject({ state: 'done', reason: 'key-compromise' });
    expect(ended?.steps?.map(({ part }) => part)).toEqual([`certificate ${device.serial}`, 'ThingsBoard', 'hawkBit']);
  });
});

describe('the bench', () => {
  const bench = () => {
    const shown: BenchSlot[] = [];
    return { shown, bench: new Bench(line.station, line.loaded, (slot) => shown.push(slot)) };
  };

  it('renews the card in a slot, says how it goes, and names the device at the end', async () => {
    const device = await line.make(path);
    const { bench: slots, shown } = bench();
    await slots.renew('Slot 1');
    expect(shown.map(({ word, canCancel }) => [word, canCancel])).toEqual([['Reading', true], ['Renewing', true], ['Writing', false], ['Renewed', false]]);
    expect(slots.slots[0]).toMatchObject({ state: 'done', identity: device.identity, deviceId: device.deviceId, fingerprint: device.card.key.publicKey.fingerprint });
    expect(slots.busy).toBe(false);
    slots.clear('Slot 1');
    expect(slots.slots[0]).toMatchObject({ state: 'free' });
  });

  it('refuses a slot that is at work or ready, and leaves it as it is', async () => {
    await line.make(path);
    const { bench: slots } = bench();
    const first = slots.renew('Slot 1');
    await expect(slots.renew('Slot 1')).rejects.toMatchObject({ code: 'slot-busy' });
    await expect(slots.scan('Slot 1', 'gateway-9', {})).rejects.toMatchObject({ code: 'slot-busy' });
    await first;
    slots.clear('Slot 1');
    await slots.scan('Slot 1', 'gateway-9', {});
    await expect(slots.renew('Slot 1')).rejects.toMatchObject({ code: 'slot-busy' });
    expect(slots.slots[0]).toMatchObject({ state: 'ready', identity: { id: 'gateway-9' } });
    await expect(slots.renew('Slot 9')).rejects.toMatchObject({ code: 'no-such-slot' });
    expect(renewed()).toBe(1);
  });

  it('shows why a card was not renewed, and can be used again', async () => {
    const { bench: slots } = bench();
    await expect(slots.renew('Slot 2')).rejects.toMatchObject({ code: 'target-not-found' });
    expect(slots.slots[1]).toMatchObject({ state: 'failed', word: 'Not renewed', canCancel: false });
    await line.make('/dev/sdy');
    await expect(slots.renew('Slot 2')).resolves.toMatchObject({ action: { state: 'done' } });
  });

  it('cancels a renewal while the authority is asked', async () => {
    const device = await line.make(path);
    const { bench: slots, shown } = bench();
    line.bridge.servers.faults.stepCa.add({ method: 'POST', path: /renew/, action: { kind: 'silence' } });
    const renewing = slots.renew('Slot 1');
    const ended = expect(renewing).rejects.toMatchObject({ code: 'cancelled' });
    while (shown.at(-1)?.word !== 'Renewing') await new Promise((resolve) => setImmediate(resolve));
    slots.cancel('Slot 1');
    await ended;
    expect(slots.slots[0]).toMatchObject({ state: 'cancelled', word: 'Cancelled' });
    expect(await statesOf(device)).toEqual([[device.serial, 'issued', undefined]]);
  });

  it('is not renewed by a role that makes no devices', async () => {
    await line.make(path);
    const slots = new Bench(line.as('qa'), line.loaded, () => undefined);
    await expect(slots.renew('Slot 1')).rejects.toMatchObject({ code: 'not-allowed' });
    expect(slots.slots[0]).toMatchObject({ state: 'free' });
  });
});
