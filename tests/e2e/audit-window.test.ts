/** The auditor's page over a record of some thousand devices: every way to a device. Its log and what is handed out of it are evidence-window.test.ts. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchOf, fillRecord, macOf } from '../support/filled-record';
import { temporaryFolder } from '../support/station';
import { openedDevice, openStationWindow, scan, sizeTo, type StationWindow } from '../support/window';

const devices = 1200;

describe('the auditor’s page', () => {
  const folder = temporaryFolder();
  let station: StationWindow;
  let page: Page;

  beforeAll(async () => {
    await fillRecord(join(folder, 'data/practice/record.sqlite'), devices);
    station = await openStationWindow(join(folder, 'data'));
    page = station.page;
    await sizeTo(station, 1280, 800);
    await page.keyboard.press('Control+f');
    await total(devices);
  }, 300_000);

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const total = (count: number) => page.waitForSelector(`[data-testid="audit-page"][data-total="${String(count)}"]`);
  const search = async (fields: Readonly<Record<string, string>>): Promise<void> => {
    await page.fill('[data-testid="filter-text"]', fields['text'] ?? '');
    for (const name of ['batch', 'operator', 'from', 'to']) await page.fill(`[data-testid="record-${name}"]`, fields[name] ?? '');
    await page.press('[data-testid="filter-text"]', 'Enter');
  };
  const rows = () => page.locator('[data-testid="found-row"]');

  it('has the focus where a scanner types, and finds a device by its label in any notation', async () => {
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('filter-text');
    await scan(station, macOf(7).replaceAll(':', '').toUpperCase());
    await total(1);
    await expect.poll(() => rows().first().textContent()).toContain(macOf(7));
    await scan(station, macOf(8));
    await page.waitForFunction((mac) => document.querySelector('[data-testid="found-row"]')?.textContent.includes(mac) === true, macOf(8));
  });

  it('finds by the beginning of a fingerprint, by batch, maker and days', async () => {
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await openedDevice(station);
    const fingerprint = String(await page.locator('[data-testid="fingerprint"]').first().textContent()).replace(/[^0-9a-f]/g, '').slice(-64);
    await page.keyboard.press('Escape');
    await search({ text: fingerprint.slice(0, 16) });
    await total(1);
    await expect.poll(() => rows().first().textContent()).toContain(macOf(8));
    await search({ batch: batchOf(0) });
    await total(500);
    await search({ batch: batchOf(0), operator: 'Nobody' });
    await total(0);
    await search({ operator: 'Ana' });
    await total(devices);
    await search({ from: '2001-01-01', to: '2001-12-31' });
    await total(0);
    await search({ from: '2001-01-02', to: '2001-01-01' });
    await page.waitForSelector('[data-testid="error-panel"]');
  });

  it('turns its pages by keys', async () => {
    await search({ batch: batchOf(0) });
    await total(500);
    const first = await rows().first().textContent();
    await page.keyboard.press('PageDown');
    await page.waitForFunction((before) => document.querySelector('[data-testid="found-row"]')?.textContent !== before, first);
    await page.keyboard.press('PageUp');
    await page.waitForFunction((before) => document.querySelector('[data-testid="found-row"]')?.textContent === before, first);
  });
});
