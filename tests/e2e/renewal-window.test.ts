/** A bench whose server gives certificates, in the real window: its words, a renewal, a decommission with its reason. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPracticeBridge, type PracticeBridge } from '../../main/servers/iot-bridge/practice-server';
import { systemClock, systemRandomness } from '../contract/mender-fixture';
import { writeBridgeProfile } from '../support/bridge-profile';
import { temporaryFolder } from '../support/station';
import { openedDevice, openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

describe('a bench for a server with certificates', () => {
  const folder = temporaryFolder();
  const screenshots = screenshotFolder(folder);
  let servers: PracticeBridge;
  let station: StationWindow;
  let page: Page;

  beforeAll(async () => {
    servers = await startPracticeBridge({ clock: systemClock, randomness: systemRandomness, folder: join(folder, 'servers') });
    const slots = [1, 2].map((number) => ({ name: `Slot ${String(number)}`, path: join(folder, `card-${String(number)}.img`) }));
    const { path, environment } = await writeBridgeProfile(folder, servers, slots, { identity: [{ name: 'id', scan: true }] });
    station = await openStationWindow(join(folder, 'data'), ['--profile', path], environment);
    page = station.page;
    await sizeTo(station, 1280, 800);
  });

  afterAll(async () => {
    await station.close();
    await servers.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const slot = (name: string) => page.locator(`[data-testid="slot"][data-slot="${name}"]`);
  const word = (name: string, text: string) => slot(name).locator('[data-testid="slot-word"]').getByText(text, { exact: true }).waitFor();

  it('calls a finished card enrolled, on the slot, in the list of the day and on the device\'s page', async () => {
    await scan(station, 'gateway-1');
    await word('Slot 1', 'Ready');
    // A person looks before pressing Enter; a scanner's line feed starts nothing.
    await page.waitForTimeout(350);
    await page.keyboard.press('Enter');
    await word('Slot 1', 'Enrolled');
    await expect.poll(() => page.textContent('[data-testid="day-row"] .badge')).toBe('Enrolled');
  });

  it('asks before a renewal, and a scanner\'s Enter is no yes', async () => {
    await page.keyboard.press('Alt+1');
    await page.keyboard.press('Control+e');
    const dialog = page.locator('[data-testid="renew-dialog"]');
    await dialog.waitFor();
    await shootAll(station, screenshots, 'renew');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await word('Slot 1', 'Enrolled');
    expect(servers.issued()).toHaveLength(1);
  });

  it('renews the card in the selected slot by key, and tells it as a notice', async () => {
    await page.keyboard.press('Control+e');
    await page.waitForSelector('[data-testid="renew-dialog"]');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await word('Slot 1', 'Renewed');
    await expect.poll(() => slot('Slot 1').textContent()).toContain('gateway-1');
    await page.locator('.notice--success').getByText('The certificate of gateway-1 was renewed').waitFor();
    expect(servers.issued()).toHaveLength(2);
    await shootAll(station, screenshots, 'renewed');
  });

  it('says why a card cannot be renewed, and does not while its slot is ready', async () => {
    await page.keyboard.press('Alt+2');
    await page.keyboard.press('Control+e');
    await page.click('[data-testid="confirm-renew"]');
    await word('Slot 2', 'Not renewed');
    await page.locator('.notice--problem').getByText('There is no card').waitFor();
    await scan(station, 'gateway-2');
    await word('Slot 2', 'Ready');
    await expect.poll(() => page.isDisabled('[data-testid="renew"]')).toBe(true);
    await page.keyboard.press('Control+e');
    await expect.poll(() => page.locator('[data-testid="renew-dialog"]').count()).toBe(0);
    await page.keyboard.press('Escape');
  });

  it('shows both certificates of the device, and revokes the valid ones for the reason that an admin chooses', async () => {
    await page.keyboard.press('F11');
    await page.waitForSelector('[data-testid="certificates-page"][data-total="1"]');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await openedDevice(station);
    await expect.poll(() => page.textContent('.device__head .badge')).toBe('Enrolled');
    const states = () => page.locator('[data-testid="certificate"]').evaluateAll((items) => items.map((item) => item.getAttribute('data-state')));
    await expect.poll(() => states()).toEqual(['issued', 'superseded']);
    await page.click('[data-testid="decommission"]');
    await page.selectOption('[data-testid="reason"]', 'key-compromise');
    await page.fill('[data-testid="confirmation-input"]', 'gateway-1');
    await shootAll(station, screenshots, 'decommission-reason');
    await page.click('[data-testid="confirm"]');
    await page.waitForSelector('[data-testid="action"][data-action="decommission"][data-state="done"]');
    await expect.poll(() => states()).toEqual(['revoked', 'revoked']);
    await expect.poll(() => page.locator('[data-testid="action-part"]').count()).toBeGreaterThan(1);
    await expect.poll(() => page.textContent('[data-testid="action"][data-action="decommission"]')).toContain('Its key is known to others');
    expect(servers.issued().every(({ revoked }) => revoked)).toBe(true);
    await shootAll(station, screenshots, 'revoked');
  });
});
