/** A Tenant IoT Bridge in the window: the practice tenant from the scan to the board's first connection, and a refusal in one sentence. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/station';
import { openedDevice, openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

describe('the practice bench with an IoT Bridge', () => {
  const folder = temporaryFolder();
  const screenshots = screenshotFolder(folder);
  let station: StationWindow;
  let page: Page;

  beforeAll(async () => {
    station = await openStationWindow(join(folder, 'data'), ['--server', 'iot-bridge']);
    page = station.page;
    await sizeTo(station, 1280, 800);
  });
  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const slot = (name: string, state: string) => page.waitForSelector(`[data-testid="slot"][data-slot="${name}"][data-state="${state}"]`, { timeout: 120_000 });
  const sentence = async (name: string): Promise<string> => (await page.locator(`[data-testid="slot"][data-slot="${name}"] [data-testid="slot-sentence"]`).textContent()) ?? '';

  it('refuses an id that no certificate can be made out to, before a key is made', async () => {
    await scan(station, 'gateway_7');
    await page.waitForFunction(() => document.body.innerText.includes('cannot be the id of a device at this server'));
    await shootAll(station, screenshots, 'iot-bridge-refused');
    await expect.poll(() => page.locator('[data-testid="slot"][data-slot="Slot 1"][data-state="free"]').count()).toBe(1);
    await page.keyboard.press('Escape');
  });

  it('enrols, writes, reads back and tries the key', async () => {
    await page.keyboard.press('Alt+1');
    await scan(station, 'Gateway-0815');
    await slot('Slot 1', 'ready');
    await page.keyboard.press('F5');
    await slot('Slot 1', 'done');
    await expect.poll(() => sentence('Slot 1')).toMatch(/^Enrolled: serial gateway-0815 is expected/);
    await shootAll(station, screenshots, 'iot-bridge-enrolled');
  });

  it('is accepted when the board has connected with the certificate from its card', async () => {
    await page.locator('[data-testid="power-on"]').click();
    await slot('Slot 1', 'accepted');
    await expect.poll(() => sentence('Slot 1')).toMatch(/connected by MQTT with key and certificate from this card/);
    await shootAll(station, screenshots, 'iot-bridge-accepted');
  });

  it('shows the steps of its life in their order, and how the tenant sees it', async () => {
    await page.locator('[data-testid="day-row"]', { hasText: 'gateway-0815' }).first().click();
    await openedDevice(station);
    await page.waitForFunction(() => (document.querySelector('[data-testid="server-state"]')?.textContent ?? '').includes('connected by MQTT, shown in ThingsBoard'), undefined, { timeout: 30_000 });
    const text = (await page.textContent('[data-testid="device-page"]')) ?? '';
    expect(text.indexOf('Tell the server')).toBeLessThan(text.indexOf('Read back'));
    expect(text).toMatch(/the broker 127\.0\.0\.1 took a message of it/);
    await shootAll(station, screenshots, 'iot-bridge-device');
    await page.keyboard.press('Escape');
  });
});
