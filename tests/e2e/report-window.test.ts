/** The report of a shift and the dashboard in the real window: numbers, plots with their tables, the PDF and the anchor. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillShift } from '../support/filled-shift';
import { temporaryFolder } from '../support/station';
import { openStationWindow, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

describe('the report of a shift', () => {
  const folder = temporaryFolder();
  const screenshots = screenshotFolder(folder);
  let station: StationWindow;
  let page: Page;
  let made: { readonly done: number; readonly failed: number };

  beforeAll(async () => {
    made = await fillShift(join(folder, 'data/practice/record.sqlite'), new Date());
    station = await openStationWindow(join(folder, 'data'));
    page = station.page;
    await sizeTo(station, 1280, 800);
  }, 300_000);

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const savedTo = (path: string) =>
    station.application.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
    }, path);

  it('shows the last hours with plots, each of which a screen reader gets as a table', async () => {
    await page.keyboard.press('Control+r');
    await page.waitForSelector('[data-testid="shift-page"]');
    await page.selectOption('[data-testid="report-span"]', 'span');
    await page.fill('[data-testid="report-from"]', localMinutesAgo(12 * 60));
    await page.click('[data-testid="report-show"]');
    await page.waitForSelector(`[data-testid="shift-page"][data-done="${String(made.done)}"]`);
    await expect.poll(() => page.textContent('[data-testid="report-failed"]')).toBe(String(made.failed));
    await page.waitForSelector('[data-testid="plot"] svg[role="img"]');
    const tables = await page.locator('[data-testid="plot"] table').count();
    expect(tables).toBe(await page.locator('[data-testid="plot"] svg[role="img"]').count());
    await expect.poll(() => page.locator('[data-testid="plot"] table').nth(1).textContent()).toContain('(target-write-failed)');
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    await shootAll(station, screenshots, 'shift');
  });

  it('is saved as a PDF, and as an anchor', async () => {
    for (const [keys, name, word] of [['Control+p', 'shift.pdf', 'First pass'], ['Control+Shift+P', 'anchor.pdf', 'on paper']] as const) {
      await savedTo(join(folder, name));
      await page.keyboard.press(keys);
      await page.waitForSelector(`.notice--success:has-text("${name}")`);
      expect(execFileSync('pdftotext', ['-layout', join(folder, name), '-'], { encoding: 'utf8' })).toContain(word);
    }
  });

  it('refuses an end before its beginning', async () => {
    await page.fill('[data-testid="report-until"]', localMinutesAgo(13 * 60));
    await page.waitForSelector('[data-testid="error-panel"]');
    await page.selectOption('[data-testid="report-span"]', 'shift');
    await page.waitForSelector('[data-testid="error-panel"]', { state: 'detached' });
  });

  it('has a dashboard beside it, which goes on by itself', async () => {
    while ((await page.locator('.notice button').count()) > 0) await page.locator('.notice button').first().click();
    await page.keyboard.press('Control+d');
    await page.waitForSelector('[data-testid="dashboard-page"]');
    await page.waitForSelector('[data-testid="plot"] svg[role="img"]');
    await shootAll(station, screenshots, 'dashboard');
    const before = Number(await page.getAttribute('[data-testid="dashboard-page"]', 'data-done'));
    await page.keyboard.press('F1');
    await page.waitForSelector('[data-testid="scan-field"]');
    await page.keyboard.type('020000009901');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-state="ready"]');
    await page.keyboard.press('F5');
    await page.waitForSelector('[data-testid="slot"][data-state="running"]');
    await page.keyboard.press('Control+d');
    await page.waitForSelector(`[data-testid="dashboard-page"][data-done="${String(before + 1)}"]`, { timeout: 150_000 });
  });
});

function localMinutesAgo(minutes: number): string {
  const moment = new Date(Date.now() - minutes * 60_000);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
