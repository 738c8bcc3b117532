/** Work orders in the real window: made from a pasted list and from a counter, made at the bench, paused, closed. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/station';
import { openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

describe('batches in the window', () => {
  const folder = temporaryFolder();
  const screenshots = screenshotFolder(folder);
  let station: StationWindow;
  let page: Page;

  beforeAll(async () => {
    station = await openStationWindow(join(folder, 'data'));
    page = station.page;
    await sizeTo(station, 1280, 800);
  });

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const test = (id: string) => page.locator(`[data-testid="${id}"]`);
  const slot = (name: string) => page.locator(`[data-testid="slot"][data-slot="${name}"]`);
  const slotIs = (name: string, state: string) => page.waitForSelector(`[data-testid="slot"][data-slot="${name}"][data-state="${state}"]`, { timeout: 120_000 });
  const progress = (made: number, left: number) => page.waitForSelector(`[data-testid="bench-order"] [data-testid="order-progress"][data-made="${String(made)}"][data-left="${String(left)}"]`, { timeout: 60_000 });
  /** People need longer between two presses than a scanner between its Enters. */
  const pause = (): Promise<void> => page.waitForTimeout(350);

  it('orders a batch from a pasted list and names its bad row', async () => {
    await page.keyboard.press('Control+g');
    await test('orders-page').waitFor();
    await page.keyboard.press('Control+i');
    await test('new-order-form').waitFor();
    await page.keyboard.type('WO-4711');
    await test('order-customer').fill('Acme');
    await test('order-pallet').fill('P-7');
    await test('pasted-list').fill('no,MAC address\n1,02-12-61-00-00-01\n2,02126100000\n3,0212.6100.0002\n4,02:12:61:00:00:03\n');
    await page.waitForSelector('[data-testid="good-rows"][data-count="3"]');
    const problem = test('list-problem');
    await expect.poll(() => problem.count()).toBe(1);
    await expect.poll(() => problem.getAttribute('data-line')).toBe('3');
    await expect.poll(() => problem.textContent()).toContain('Line 3, MAC address');
    await expect.poll(() => problem.textContent()).toContain('Expected: a MAC address');
    await expect.poll(() => test('order').count()).toBe(0);
    await shootAll(station, screenshots, 'orders-import');
    await test('order-only-good').click();
    await page.waitForSelector('[data-testid="order"][data-batch="WO-4711"][data-state="open"]');
    await expect.poll(() => test('identities-planned').locator('li').allTextContents()).toEqual(['02:12:61:00:00:01', '02:12:61:00:00:02', '02:12:61:00:00:03']);
  });

  it('makes two of its devices, refuses a foreign one, and says how far it is', async () => {
    await test('use-batch').click();
    await progress(0, 3);
    await scan(station, '02126100ff01');
    await page.waitForSelector('[data-testid="error-panel"][data-code="identity-foreign"]');
    await expect.poll(() => test('error-panel').textContent()).toContain('is not in batch "WO-4711"');
    await expect.poll(() => slot('Slot 1').getAttribute('data-state')).toBe('free');
    await shootAll(station, screenshots, 'orders-foreign');
    await page.keyboard.press('Escape');
    for (const [mac, name, made, left] of [['021261000001', 'Slot 1', 1, 2], ['021261000003', 'Slot 2', 2, 1]] as const) {
      await scan(station, mac);
      await slotIs(name, 'ready');
      await page.keyboard.press('F5');
      await slotIs(name, 'running');
      await slotIs(name, 'done');
      await progress(made, left);
    }
    await expect.poll(() => test('bench-order').textContent()).toContain('2 of 3 made');
    await expect.poll(() => test('bench-order').textContent()).toContain('1 left');
    await scan(station, '021261000001');
    await page.waitForSelector('[data-testid="error-panel"][data-code="identity-recorded"]');
    await test('red-screen').waitFor();
    await page.keyboard.press('Escape');
    // Behind it the bench shows who has it, as soon as the server was asked.
    await test('conflict').waitFor();
    await page.keyboard.press('Escape');
    await test('conflict').waitFor({ state: 'detached' });
    await shootAll(station, screenshots, 'orders-bench');
  });

  it('begins nothing while it is paused', async () => {
    await page.keyboard.press('Control+g');
    await test('pause-batch').click();
    await page.waitForSelector('[data-testid="order"][data-state="paused"]');
    await shootAll(station, screenshots, 'orders-page');
    await page.keyboard.press('F1');
    await page.waitForSelector('[data-testid="bench-order"][data-state="paused"]');
    await scan(station, '021261000002');
    await page.waitForSelector('[data-testid="error-panel"][data-code="batch-stopped"]');
    await expect.poll(() => test('error-panel').textContent()).toContain('is paused');
    await page.keyboard.press('Escape');
  });

  it('counts a block of addresses, and Enter alone gives each slot the next one', async () => {
    await page.keyboard.press('Control+g');
    await test('orders-page').waitFor();
    await page.keyboard.press('Control+i');
    await test('new-order-form').waitFor();
    await page.keyboard.type('WO-4712');
    await test('kind-counter').check();
    await test('prefix-mac').fill('02:12:61');
    await test('first-mac').fill('0000ff');
    await test('order-quantity').fill('2');
    await shootAll(station, screenshots, 'orders-counter');
    await test('make-order').click();
    await page.waitForSelector('[data-testid="order"][data-batch="WO-4712"][data-state="open"]');
    await test('use-batch').click();
    await progress(0, 2);
    await page.keyboard.press('Alt+3');
    // No label is scanned in a batch that counts.
    await expect.poll(() => slot('Slot 3').textContent()).toContain('press Enter');
    await expect.poll(() => slot('Slot 3').textContent()).not.toContain('Scan the label');
    await pause();
    await page.keyboard.press('Enter');
    await slotIs('Slot 3', 'ready');
    await expect.poll(() => slot('Slot 3').textContent()).toContain('02:12:61:00:00:ff');
    await shootAll(station, screenshots, 'orders-counted');
    await pause();
    await page.keyboard.press('Enter');
    await slotIs('Slot 3', 'running');
    // The selection has moved on to the next free slot.
    await pause();
    await page.keyboard.press('Enter');
    await slotIs('Slot 4', 'ready');
    await expect.poll(() => slot('Slot 4').textContent()).toContain('02:12:61:00:01:00');
    await pause();
    await page.keyboard.press('Enter');
    await slotIs('Slot 3', 'done');
    await slotIs('Slot 4', 'done');
    await progress(2, 0);
    await expect.poll(() => test('bench-order').textContent()).toContain('Complete');
    // F7 takes the card out of one slot, which then is the one that is free.
    await page.keyboard.press('Alt+2');
    await page.keyboard.press('F7');
    await slotIs('Slot 2', 'free');
    await pause();
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="error-panel"][data-code="batch-stopped"]');
    await expect.poll(() => test('error-panel').textContent()).toContain('is complete: all 2 devices are made');
    await expect.poll(() => slot('Slot 2').getAttribute('data-state')).toBe('free');
  });

  it('is closed by its name, for good', async () => {
    await page.keyboard.press('Control+g');
    await test('find-order').fill('WO-4711');
    await page.waitForSelector('[data-testid="order"][data-batch="WO-4711"]');
    await test('close-batch').click();
    await test('confirmation-input').fill('WO-4711');
    await test('confirm').click();
    await page.waitForSelector('[data-testid="order"][data-batch="WO-4711"][data-state="closed"]');
    await expect.poll(() => test('resume-batch').count()).toBe(0);
  });
});
