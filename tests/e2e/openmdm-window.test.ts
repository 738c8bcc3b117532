/** OpenMDM in the window: both ways of enrolling on the practice bench, and each way in which the server says no in one sentence. */
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../main/servers/practice/practice-faults';
import type { PracticeOpenMdm } from '../../main/servers/openmdm/practice-server';
import { startPracticeOpenMdm } from '../../main/servers/openmdm/practice-server';
import { deviceKey, MdmApi } from '../support/openmdm';
import { decodedPracticeImage } from '../support/practice-image';
import { temporaryFolder } from '../support/station';
import { openedDevice, openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

const folder = temporaryFolder();
const screenshots = screenshotFolder(folder);
let station: StationWindow;
let page: Page;

const open = async (data: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> => {
  station = await openStationWindow(join(folder, data), args, env);
  page = station.page;
  await sizeTo(station, 1280, 800);
};
const slot = (name: string, state: string) => page.waitForSelector(`[data-testid="slot"][data-slot="${name}"][data-state="${state}"]`, { timeout: 120_000 });
const partOf = async (name: string, part: string): Promise<string> => (await page.locator(`[data-testid="slot"][data-slot="${name}"] [data-testid="${part}"]`).textContent()) ?? '';
const warningStrip = async (): Promise<string> => (await page.locator('.warnings').allTextContents()).join(' ');

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the practice bench with OpenMDM and keys of the devices\' own', () => {
  beforeAll(() => open('practice', ['--server', 'openmdm']));
  afterAll(() => station.close());

  it('makes a card that the server has pinned, from the scan of a serial number', async () => {
    await expect.poll(() => warningStrip()).not.toContain('LEGACY');
    await scan(station, 'sn-0815');
    await slot('Slot 1', 'ready');
    await page.keyboard.press('F5');
    await slot('Slot 1', 'done');
    await expect.poll(() => partOf('Slot 1', 'slot-word')).toMatch(/enrolled/i);
    await shootAll(station, screenshots, 'openmdm-enrolled');
  });

  it('is accepted when the simulated device has signed with the key from its card', async () => {
    await page.locator('[data-testid="power-on"]').click();
    await slot('Slot 1', 'accepted');
    await expect.poll(() => partOf('Slot 1', 'slot-sentence')).toMatch(/verified it against the pinned key/);
    await shootAll(station, screenshots, 'openmdm-accepted');
  });

  it('shows the device with the key that is pinned, and which identifier the server knows it by', async () => {
    await page.locator('[data-testid="day-row"]', { hasText: 'SN-0815' }).first().click();
    await openedDevice(station);
    await page.waitForSelector('[data-testid="auth-set"]', { timeout: 30_000 });
    await expect.poll(() => page.textContent('[data-testid="device-page"]')).toContain('known there by its serialNumber SN-0815');
    // A server whose keys cannot be rejected one by one offers no such button.
    await expect.poll(() => page.locator('[data-testid="reject"]').count()).toBe(0);
    await expect.poll(() => page.locator('[data-testid="decommission"]').count()).toBe(1);
    await shootAll(station, screenshots, 'openmdm-device');
    await page.keyboard.press('Escape');
  });
});

describe('the same bench with the secret of the fleet', () => {
  beforeAll(() => open('practice', ['--server', 'openmdm-hmac']));
  afterAll(() => station.close());

  it('says all the time that this is legacy', async () => {
    await expect.poll(() => warningStrip()).toMatch(/LEGACY: these devices enrol by a secret/);
    await scan(station, 'sn-0816');
    await slot('Slot 1', 'ready');
    await page.keyboard.press('F5');
    await slot('Slot 1', 'done');
    await expect.poll(() => partOf('Slot 1', 'slot-sentence')).toMatch(/^Enrolled by the secret of the fleet \(LEGACY\); the server expects no key/);
    await shootAll(station, screenshots, 'openmdm-legacy');
    await page.locator('[data-testid="power-on"]').click();
    await slot('Slot 1', 'accepted');
    await expect.poll(() => partOf('Slot 1', 'slot-sentence')).toMatch(/^LEGACY: the simulated device .*key on this card had no part in it/);
  });
});

describe('a server that says no', () => {
  const adminToken = randomUUID();
  let server: PracticeOpenMdm;
  let api: MdmApi;

  beforeAll(async () => {
    server = await startPracticeOpenMdm({ port: 0, clock: { now: () => new Date() }, randomness: { uuid: randomUUID }, tls: true, adminToken });
    api = new MdmApi(server.url, server.certificateAuthorityPem);
    writeFileSync(join(folder, 'ca.pem'), server.certificateAuthorityPem ?? '');
    const profile = {
      name: 'Line',
      server: { kind: 'openmdm', url: server.url, caFile: 'ca.pem' },
      identity: [{ name: 'serialNumber', scan: true }, { name: 'model', constant: 'Board A' }, { name: 'manufacturer', constant: 'Works' }, { name: 'osVersion', constant: '14' }],
      image: await decodedPracticeImage(folder),
      targets: { slots: [{ name: 'Slot 1', path: 'card.img' }] },
    };
    writeFileSync(join(folder, 'profile.json'), JSON.stringify(profile));
    await open('line', ['--profile', join(folder, 'profile.json')]);
  });

  afterAll(async () => {
    await station.close();
    await api.close();
    await server.close();
  });

  /** @returns the sentence on the slot whose job was stopped */
  const refusalOf = async (serial: string, faults: readonly Fault[] = []): Promise<string> => {
    for (const fault of faults) server.faults.add(fault);
    await scan(station, serial);
    await slot('Slot 1', 'ready');
    await page.keyboard.press('F5');
    await slot('Slot 1', 'failed');
    server.faults.clear();
    return partOf('Slot 1', 'slot-sentence');
  };
  const enrol = { method: 'POST', path: /\/agent\/enroll$/ };
  const challenge = { method: 'GET', path: /\/agent\/enroll\/challenge$/ };
  const config = { method: 'GET', path: /\/agent\/config$/ };
  const answer = (status: number, body: unknown, headers?: Readonly<Record<string, string>>): Fault['action'] => ({ kind: 'reply', status, text: JSON.stringify(body), contentType: 'application/json', ...(headers === undefined ? {} : { headers }) });

  it.each<[string, RegExp, Fault]>([
    ['CHALLENGE_INVALID three times', /challenge was used already or is older/, { ...enrol, times: 3, action: answer(400, { error: 'Enrollment challenge has expired', code: 'CHALLENGE_INVALID' }) }],
    ['ENROLLMENT_ERROR: autoEnroll is off', /autoEnroll is off/, { ...enrol, action: answer(400, { error: 'Device not registered and auto-enroll is disabled', code: 'ENROLLMENT_ERROR' }) }],
    ['ENROLLMENT_ERROR: the signature', /signature of the device's key does not fit/, { ...enrol, action: answer(400, { error: 'Invalid enrollment signature (device-pinned-key path)', code: 'ENROLLMENT_ERROR' }) }],
    ['missing fields', /did not find model, manufacturer or osVersion/, { ...enrol, action: answer(400, { error: 'Missing required fields: model, manufacturer, osVersion' }) }],
    ['no challenge storage', /keeps no challenges/, { ...challenge, action: answer(503, { error: 'Enrollment challenges are not supported by this database adapter.' }) }],
    ['429', /takes no more requests for now; try again in 120 seconds/, { ...challenge, action: answer(429, { error: 'Too many enrollment requests' }, { 'Retry-After': '120' }) }],
    ['the action unenroll', /does not have this device any more/, { ...enrol, action: answer(200, { ok: false, action: 'unenroll', message: 'Device not found' }) }],
    ['the action reauth', /does not take the device's token/, { ...enrol, action: answer(200, { ok: false, action: 'reauth', message: 'expired' }) }],
    ['a clock that is years off', /clock of this workstation is \d+ minutes ahead of the server's, and OpenMDM allows 15/, { ...config, action: answer(401, { error: 'Device authentication required' }, { Date: 'Wed, 15 Apr 2020 12:00:00 GMT' }) }],
  ])('is one sentence on the slot: %s', async (name, words, fault) => {
    const sentence = await refusalOf(`SN-${String(name.length)}-${randomUUID().slice(0, 4)}`, [fault]);
    expect(sentence).toMatch(words);
    expect(sentence.length).toBeLessThan(600);
  });

  it('stops loudly where another key is pinned', async () => {
    await api.enrolByKey({ model: 'Board A', manufacturer: 'Works', osVersion: '14', method: 'manual', serialNumber: 'SN-TAKEN' }, deviceKey());
    expect(await refusalOf('SN-TAKEN')).toMatch(/already under another key.*wiped.*somebody else uses its identity/);
    await shootAll(station, screenshots, 'openmdm-mismatch');
  });

  it('goes on with the next board', async () => {
    await scan(station, 'SN-NEXT');
    await slot('Slot 1', 'ready');
    await page.keyboard.press('F5');
    await slot('Slot 1', 'done');
  });
});
