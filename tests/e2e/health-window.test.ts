/** Station health in the real window: by its key, from the help, the worst first, and looked at again. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '../support/station';
import { openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

const folder = temporaryFolder();
let station: StationWindow;
beforeAll(async () => {
  station = await openStationWindow(join(folder, 'data'));
  await sizeTo(station, 1280, 800);
});
afterAll(async () => {
  await station.close();
  rmSync(folder, { recursive: true, force: true });
});

it('says how this computer is for making cards, and what mends what is not well', async () => {
  const { page } = station;
  await page.keyboard.press('Control+h');
  await page.waitForSelector('[data-testid="health"][data-looking="false"]', { timeout: 30_000 });
  const states = await page.$$eval('[data-testid="health-finding"]', (found) => found.map((each) => each.getAttribute('data-state')));
  expect(states).toHaveLength(13);
  // The worst first; each state in one block.
  expect([...states].sort((one, other) => ['stop', 'warning', 'ok'].indexOf(one ?? '') - ['stop', 'warning', 'ok'].indexOf(other ?? ''))).toEqual(states);
  // A scanner's Enter opens and saves nothing.
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Close/);
  // The practice server answers on this computer, so its clock is ours.
  await expect.poll(() => page.getAttribute('[data-check="clock"]', 'data-state')).toBe('ok');
  await expect.poll(() => page.getAttribute('[data-check="record"]', 'data-state')).toBe('ok');
  await expect.poll(() => page.locator('[data-check="readers"] code, [data-check="udev-rule"] code').count()).toBeGreaterThan(0);
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  await shootAll(station, screenshotFolder(folder), 'health');
  await page.keyboard.press('F5');
  await page.waitForSelector('[data-testid="health"][data-looking="false"]', { timeout: 30_000 });
  await page.keyboard.press('Escape');
  await page.waitForSelector('[data-testid="health"]', { state: 'detached' });
});

it('is in the list of keys, which leads there', async () => {
  const { page } = station;
  await page.keyboard.press('F12');
  await page.click('[data-testid="open-health"]');
  await page.waitForSelector('[data-testid="health"]', { timeout: 30_000 });
});

it('saves diagnostics with what was refused at the window, and without what was scanned', async () => {
  const { application, page } = station;
  await page.keyboard.press('Escape');
  await scan(station, 'ZZ-PLANTED-SCAN');
  await page.waitForSelector('[data-testid="error-panel"], .scan__problem, [role="alert"]');
  const path = join(folder, 'diagnostics.zip');
  await application.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
  }, path);
  await page.keyboard.press('Control+h');
  await page.click('[data-testid="save-diagnostics"]');
  await page.waitForSelector('.notice--success:has-text("diagnostics.zip")', { timeout: 30_000 });
  const errors = execFileSync('unzip', ['-p', path, 'errors.jsonl'], { encoding: 'utf8' });
  expect(JSON.parse(errors.trim().split('\n').at(-1) ?? '')).toMatchObject({ from: 'window', name: 'scan', code: 'identity-invalid' });
  expect(execFileSync('unzip', ['-p', path], { encoding: 'utf8' })).not.toContain('PLANTED');
});
