/** The page of what expires when, in the real window over a record of two thousand devices with certificates. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateOf, endsNow, fillRecord, issuers, macOf } from '../support/filled-record';
import { temporaryFolder } from '../support/station';
import { openedDevice, openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

const devices = 2000;
/** One of every hundred is revoked, and one has two certificates. */
const issued = devices - devices / 100;

describe('the page of certificates', () => {
  const folder = temporaryFolder();
  const screenshots = screenshotFolder(folder);
  const now = Date.now();
  let station: StationWindow;
  let page: Page;

  beforeAll(async () => {
    // Of another server than the practice bench's, so that its watch leaves them as they are.
    await fillRecord(join(folder, 'data/practice/record.sqlite'), devices, { now, certificates: true });
    station = await openStationWindow(join(folder, 'data'));
    page = station.page;
    await sizeTo(station, 1280, 800);
  });

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const rows = () => page.locator('[data-testid="certificate-row"]');
  const rowAt = (index: number) => page.locator(`[data-testid="certificate-row"][data-index="${String(index)}"]`);
  const total = (count: number) => page.waitForSelector(`[data-testid="certificates-page"][data-total="${String(count)}"]`);
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
  const count = (state: string) => page.textContent(`[data-testid="state-count"][data-state="${state}"] .state-count__value`);
  /** A person waits longer than a scanner's line feed. */
  const pause = () => page.waitForTimeout(350);

  it('is one key away, begins with what is issued and ends next, and draws only what fits on the screen', async () => {
    await page.keyboard.press('F11');
    await total(issued);
    await expect.poll(() => page.getAttribute('[data-testid="nav-certificates"]', 'aria-current')).toBe('page');
    await expect.poll(() => focused()).toBe('filter-text');
    expect([await count('all'), await count('issued'), await count('superseded'), await count('revoked'), await count('lost')]).toEqual(['2,020', '1,980', '20', '20', '0']);
    // The one that was made last ended first.
    await rowAt(0).getByText(macOf(devices - 1)).waitFor();
    await expect.poll(() => rowAt(0).locator('[data-testid="certificate-state"]').getAttribute('data-state')).toBe('expired');
    await expect.poll(() => rowAt(0).textContent()).toContain('Expired');
    await expect.poll(() => rows().count()).toBeLessThan(60);
    await shootAll(station, screenshots, 'certificates');
  });

  it('moves by keys, opens the device and comes back to the same row', async () => {
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => focused()).toBe('certificate-rows');
    for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press('PageDown');
    const current = page.locator('[data-testid="certificate-row"][aria-selected="true"]');
    await current.locator('.cell--identity .code').waitFor();
    const index = await current.getAttribute('data-index');
    expect(Number(index)).toBeGreaterThan(10);
    const mac = await current.locator('.cell--identity .code').textContent();
    await page.keyboard.press('Enter');
    await openedDevice(station);
    await page.waitForSelector(`h1:has-text("${String(mac)}")`);
    await page.keyboard.press('Escape');
    await page.waitForSelector(`[data-testid="certificate-row"][data-index="${String(index)}"][aria-selected="true"] .code`);
  });

  it('shows one state by key, and all of them', async () => {
    await page.keyboard.press('Alt+4');
    await total(20);
    await expect.poll(() => rowAt(0).locator('[data-testid="certificate-state"]').textContent()).toBe('Revoked');
    await page.keyboard.press('Alt+3');
    await total(20);
    await page.keyboard.press('Alt+5');
    await total(0);
    await page.keyboard.press('Alt+1');
    await total(devices + 20);
  });

  it('knows what expires within a span', async () => {
    await page.keyboard.press('Alt+2');
    await total(issued);
    // One ends every four hours; superseded and revoked ones are not counted.
    const endedBy = (hours: number): number => Array.from({ length: devices }, (_, number) => number).filter((number) => number >= endsNow - hours / 4 && number % 100 !== 40 && number % 100 !== 60).length;
    for (const hours of [0, 24, 168, 720]) {
      await page.selectOption('[data-testid="filter-within"]', String(hours));
      await total(endedBy(hours));
    }
    await page.click('[data-testid="show-all"]');
    await total(issued);
    await expect.poll(() => page.inputValue('[data-testid="filter-within"]')).toBe('');
  });

  it('finds all that one authority issued, and the certificate of a scanned board', async () => {
    await page.keyboard.press('Alt+1');
    await page.keyboard.press('F3');
    await scan(station, issuers[1]);
    await total(devices / 2);
    await page.keyboard.press('F3');
    await scan(station, macOf(160).replaceAll(':', '-').toUpperCase());
    await total(1);
    await pause();
    await page.keyboard.press('Enter');
    await openedDevice(station);
  });

  it('shows a device with its certificate, PEM on demand, and the parts of what was done to it', async () => {
    const certificate = certificateOf(160, now);
    const panel = page.locator('[data-testid="certificate"]');
    await expect.poll(() => panel.count()).toBe(1);
    await expect.poll(() => panel.textContent()).toContain(certificate.serial);
    await expect.poll(() => panel.locator('[data-testid="certificate-state"]').textContent()).toBe('Revoked');
    const pem = panel.locator('.pem');
    await expect.poll(() => pem.isVisible()).toBe(false);
    await panel.locator('summary').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => pem.isVisible()).toBe(true);
    await expect.poll(() => pem.textContent()).toBe(certificate.pem.trim());
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('[data-testid="action"][data-action="decommission"]').getAttribute('data-state')).toBe('failed');
    await expect.poll(() => page.locator('[data-testid="action-part"]').allTextContents()).toEqual([expect.stringContaining(`The certificate ${certificate.serial} is revoked.`), expect.stringContaining('no such target any more')]);
    await shootAll(station, screenshots, 'certificates-device');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid="certificates-page"]');
  });

  it('says what to do when the authority itself is compromised', async () => {
    await page.keyboard.press('Control+i');
    const dialog = page.locator('[data-testid="compromised"]');
    await dialog.waitFor();
    await expect.poll(() => dialog.locator('li').count()).toBe(6);
    await expect.poll(() => dialog.textContent()).toMatch(/Stop the line[\s\S]*parent authority[\s\S]*new Sub-CA[\s\S]*--issuer/);
    await shootAll(station, screenshots, 'certificates-compromised');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => page.locator('[data-testid="certificates-page"]').count()).toBe(1);
  });
});
