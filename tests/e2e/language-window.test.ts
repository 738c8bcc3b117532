/** The window in another language: chosen where it is quiet, kept, and no card stops for it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imprint, temporaryFolder } from '../support/station';
import { openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

describe('the language of the window', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const screenshots = screenshotFolder(folder);
  let station: StationWindow;
  let page: Page;

  beforeAll(async () => {
    // A German desktop: nobody has chosen anything yet.
    station = await openStationWindow(data, [], { LANGUAGE: 'de_DE', LC_ALL: 'C.UTF-8' });
    page = station.page;
    await sizeTo(station, 1280, 800);
  });

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const slot = () => page.locator('[data-testid="slot"][data-slot="Slot 1"]');
  const language = (): Promise<string> => page.evaluate(() => document.documentElement.lang);
  const choose = async (tag: string): Promise<void> => {
    await page.keyboard.press('F12');
    await page.locator(`[data-testid="language-${tag}"]`).click();
    await page.waitForFunction((wanted) => document.documentElement.lang === wanted && document.querySelector('[data-testid="scan-field"]') !== null, tag);
  };

  it('is the one of the system at first', async () => {
    await expect.poll(() => language()).toBe('de');
    await expect.poll(() => slot().locator('[data-testid="slot-word"]').textContent()).toBe('Frei');
    await expect.poll(() => page.locator('[data-testid="practice-mark"]').textContent()).toContain('Übung');
    await expect.poll(() => page.locator('[data-testid="batch-field"]').getAttribute('placeholder')).toBe('Kein Los');
  });

  it('says first what is wrong in its own words, and main’s English sentence beneath', async () => {
    await scan(station, 'hello');
    const error = page.locator('[data-testid="error-panel"]');
    await error.waitFor();
    await expect.poll(() => error.textContent()).toMatch(/Die Kennung ist ungültig\..*not a MAC address/);
    await expect.poll(() => error.locator('[lang="en"]').textContent()).toContain('not a MAC address');
    await expect.poll(() => error.locator('[lang="en"]').evaluate((english) => parseFloat(getComputedStyle(english).fontSize) < parseFloat(getComputedStyle(english.parentElement ?? english).fontSize))).toBe(true);
    await shootAll(station, screenshots, 'language-german');
    await page.keyboard.press('Escape');
  });

  it('is changed while a card is written, and the card goes on', async () => {
    await scan(station, '02:12:61:13:6c:42');
    await page.waitForSelector('[data-slot="Slot 1"][data-state="ready"]');
    await page.keyboard.press('F5');
    await page.waitForSelector('[data-slot="Slot 1"][data-state="running"]');
    await choose('zh-Hans');
    // As it was left: running, or done by now on a fast machine; never free, cancelled or failed.
    expect(['running', 'done']).toContain(await slot().getAttribute('data-state'));
    await page.waitForSelector('[data-slot="Slot 1"][data-state="done"]', { timeout: 120_000 });
    await expect.poll(() => slot().locator('[data-testid="slot-word"]').textContent()).toBe('已预授权');
    await page.locator('[data-testid="power-on"]').click();
    await page.waitForSelector('[data-slot="Slot 1"][data-state="accepted"]', { timeout: 60_000 });
    await expect.poll(() => page.locator('[data-testid="day-row"]').textContent()).toContain('已接受');
    await shootAll(station, screenshots, 'language-chinese');
  });

  it('stays through a restart, whatever the system speaks', async () => {
    await station.close();
    station = await openStationWindow(data, [], { LANGUAGE: 'de_DE', LC_ALL: 'C.UTF-8' });
    page = station.page;
    await expect.poll(() => language()).toBe('zh-Hans');
    await expect.poll(() => slot().locator('[data-testid="slot-word"]').textContent()).toBe('空闲');
    expect((await imprint(['language', '--data', data, '--json'])).events.at(-1)).toMatchObject({ event: 'result', language: 'zh-Hans' });
    await choose('en');
    expect(page.url()).toBe('imprint://station/index.html');
    await expect.poll(() => slot().locator('[data-testid="slot-word"]').textContent()).toBe('Free');
    const refused = await imprint(['language', 'klingon', '--data', data, '--json']);
    expect(refused.exitCode).toBe(2);
    expect((await imprint(['language', 'de', '--data', data, '--json'])).events.at(-1)).toMatchObject({ language: 'de' });
    expect((await imprint(['language', 'system', '--data', data, '--json'])).events.at(-1)).toMatchObject({ language: 'system' });
  });
});
