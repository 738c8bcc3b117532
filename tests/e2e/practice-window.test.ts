/** A newcomer's first minute, in the real window: scan, one key, the bar, preauthorized, power on, accepted. */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imprint, temporaryFolder } from '../support/station';
import { openedDevice, openStationWindow, type StationWindow } from '../support/window';

/** Screenshots are kept under docs/ when asked for; otherwise they go with the test's folder. */
const keepScreenshots = process.env['IMPRINT_SCREENSHOTS'] === '1';

describe('the practice bench in the window', () => {
  const folder = temporaryFolder();
  const screenshots = keepScreenshots ? resolve(import.meta.dirname, '../../docs/screenshots') : join(folder, 'screenshots');
  let station: StationWindow;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    station = await openStationWindow(join(folder, 'data'));
    page = station.page;
  });

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const shot = (name: string): Promise<Buffer> => page.screenshot({ path: join(screenshots, `${name}.png`) });

  const sizeTo = async (width: number, height: number): Promise<void> => {
    await station.application.evaluate(({ BrowserWindow }, size) => {
      BrowserWindow.getAllWindows()[0]?.setContentSize(size.width, size.height);
    }, { width, height });
    await page.waitForFunction((wanted) => window.innerWidth === wanted, width);
  };

  const slot = (name: string) => page.locator(`[data-testid="slot"][data-slot="${name}"]`);

  /** As a scanner does it: fast keystrokes, Enter at the end, wherever the focus is. */
  const scan = async (code: string): Promise<void> => {
    await page.keyboard.type(code);
    await page.keyboard.press('Enter');
  };

  it('is marked as practice and has the focus in the scan field', async () => {
    await sizeTo(1280, 800);
    await expect.poll(() => page.locator('[data-testid="practice-mark"]').first().isVisible()).toBe(true);
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('scan-field');
    await shot('bench-free');
  });

  it('refuses what is not a MAC address, and says why', async () => {
    await scan('hello');
    const error = page.locator('[data-testid="error-panel"]');
    await error.waitFor();
    await expect.poll(() => error.textContent()).toContain('not a MAC address');
    await expect.poll(() => slot('Slot 1').getAttribute('data-state')).toBe('free');
    await shot('bench-refused');
  });

  it('takes a MAC in any notation, shows it normalised, and starts with one key', async () => {
    await scan('0212-6113-6C42'.replace(/-/g, ''));
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 1"][data-state="ready"]');
    await expect.poll(() => slot('Slot 1').textContent()).toContain('02:12:61:13:6c:42');
    await shot('bench-ready');
    await page.keyboard.press('F5');
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 1"][data-state="running"]');
    await page.waitForSelector('[data-testid="progress"]');
    await shot('bench-running');
  });

  it('ends as preauthorized', async () => {
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 1"][data-state="done"]', { timeout: 120_000 });
    await expect.poll(() => slot('Slot 1').locator('[data-testid="slot-word"]').textContent()).toMatch(/preauthorized/i);
    await shot('bench-preauthorized');
  });

  it('becomes accepted when the simulated device is powered on', async () => {
    const powerOn = page.locator('[data-testid="power-on"]');
    await expect.poll(() => powerOn.textContent()).toContain('Slot 1');
    await powerOn.click();
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 1"][data-state="accepted"]', { timeout: 60_000 });
    await expect.poll(() => slot('Slot 1').locator('[data-testid="slot-word"]').textContent()).toMatch(/accepted/i);
    await shot('bench-accepted');
    await sizeTo(1920, 1080);
    await shot('bench-accepted-1920');
    await sizeTo(1280, 800);
  });

  it('refuses the same device again', async () => {
    await scan('02:12:61:13:6c:42');
    const error = page.locator('[data-testid="error-panel"]');
    await error.waitFor();
    await expect.poll(() => error.textContent()).toContain('02:12:61:13:6c:42');
    await page.keyboard.press('Escape');
  });

  it('cancels a running card on a second Escape', async () => {
    /** @returns how a card ended that was given Escape twice as soon as it ran */
    const startAndCancel = async (mac: string): Promise<string | null> => {
      await scan(mac);
      const ready = page.locator('[data-testid="slot"][data-state="ready"]');
      await ready.waitFor();
      const name = String(await ready.getAttribute('data-slot'));
      await page.keyboard.press('F5');
      await page.waitForSelector(`[data-testid="slot"][data-slot="${name}"]:not([data-state="ready"])`);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await page.waitForSelector(`[data-testid="slot"][data-slot="${name}"]:not([data-state="running"])`, { timeout: 60_000 });
      return slot(name).getAttribute('data-state');
    };
    // An idle machine may end a practice card before the second key: then that was no running card, and the next one is tried.
    const ends: (string | null)[] = [];
    while (ends.length < 5 && !ends.includes('cancelled')) ends.push(await startAndCancel(`02:12:61:13:6d:0${String(ends.length)}`));
    expect(ends.pop()).toBe('cancelled');
    expect(ends.filter((end) => end !== 'done')).toEqual([]);
    await shot('bench-cancelled');
  });

  it('shows the device with its key, its steps and how the server sees it', async () => {
    await page.locator('[data-testid="day-row"]', { hasText: '6c:42' }).first().click();
    await openedDevice(station);
    await page.waitForFunction(() => /accepted/i.test(document.querySelector('[data-testid="server-state"]')?.textContent ?? ''), undefined, { timeout: 30_000 });
    const fingerprint = (await page.locator('[data-testid="fingerprint"]').first().textContent())?.replace(/[^0-9a-f]/g, '');
    const { events } = await imprint(['status', '--practice', '--identity', 'mac=02:12:61:13:6c:42', '--data', join(folder, 'data'), '--json']);
    expect(fingerprint).toContain((events.at(-1) as { fingerprint: string }).fingerprint);
    await shot('device');
    await sizeTo(1920, 1080);
    await shot('device-1920');
    await sizeTo(1280, 800);
    await page.keyboard.press('Escape');
  });

  it('has two themes', async () => {
    const theme = () => page.evaluate(() => document.documentElement.dataset['theme'] ?? '');
    const first = await theme();
    await page.keyboard.press('F8');
    await expect.poll(() => theme()).not.toBe(first);
    await shot(`bench-${await theme()}`);
    await page.keyboard.press('F2');
    await page.waitForSelector('[data-testid="device-row"]');
    await shot(`devices-${await theme()}`);
    await page.keyboard.press('F8');
    await page.keyboard.press('F1');
  });

  it('gives the page no Node, no navigation, no other window, and answers no unknown request', async () => {
    await expect.poll(() => page.evaluate(() => typeof (globalThis as Record<string, unknown>)['require'])).toBe('undefined');
    const api = await page.evaluate(() => Object.keys((globalThis as unknown as { imprint: object }).imprint));
    expect(api.sort()).toEqual(['call', 'on']);
    const reply = await page.evaluate(() => (globalThis as unknown as { imprint: { call: (name: string, params: unknown) => Promise<unknown> } }).imprint.call('constructor', {}));
    expect(reply).toMatchObject({ ok: false });
    const wrong = await page.evaluate(() => (globalThis as unknown as { imprint: { call: (name: string, params: unknown) => Promise<unknown> } }).imprint.call('start', { slot: 7 }));
    expect(wrong).toMatchObject({ ok: false });
    await page.evaluate(() => {
      location.href = 'https://example.com/';
    });
    await expect.poll(() => page.evaluate(() => window.open('https://example.com/') === null)).toBe(true);
    expect(page.url()).toBe('imprint://station/index.html');
    await expect.poll(() => page.evaluate(() => fetch('https://example.com/').then(() => 'reached', () => 'refused'))).toBe('refused');
  });
});
