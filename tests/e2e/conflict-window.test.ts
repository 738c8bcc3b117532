/** An identity that is taken, on the practice bench: the dialog, decommission with a typed confirmation, and the card once more. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imprint, temporaryFolder } from '../support/station';
import { openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

const mac = '02:50:00:00:00:01';

describe('a taken identity on the practice bench', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const screenshots = screenshotFolder(folder);
  let station: StationWindow;
  let page: Page;

  beforeAll(async () => {
    station = await openStationWindow(data);
    page = station.page;
    await sizeTo(station, 1280, 800);
  });

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const slotIn = (state: string) => page.waitForSelector(`[data-testid="slot"][data-state="${state}"]`, { timeout: 120_000 });
  const dialog = (step: string) => page.waitForSelector(`[data-testid="conflict"][data-step="${step}"]`);
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
  /** Its red screen comes first, then what can be done. */
  const scanTaken = async (): Promise<void> => {
    await scan(station, mac);
    await page.waitForSelector('[data-testid="red-screen"]');
    await page.keyboard.press('Escape');
    await dialog('choices');
  };
  const noDialog = () => page.waitForSelector('[data-testid="conflict"]', { state: 'detached' });

  it('goes with the batch that is set on the bench', async () => {
    await page.keyboard.press('Control+b');
    await expect.poll(() => focused()).toBe('batch-field');
    await scan(station, 'WO-4711');
    // A scanner's second line end must not reach the bench as its start key.
    await page.keyboard.press('Enter');
    await expect.poll(() => focused()).toBe('scan-field');
    await expect.poll(() => page.inputValue('[data-testid="batch-field"]')).toBe('WO-4711');
    await page.keyboard.press('Control+b');
    await page.keyboard.type('something else');
    await page.keyboard.press('Escape');
    // The bench may hear of its new batch a moment after the field was left.
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('[data-testid="batch-field"]')?.value === 'WO-4711');
    await shootAll(station, screenshots, 'bench-batch');
  });

  it('is made once', async () => {
    await scan(station, mac);
    await slotIn('ready');
    await page.keyboard.press('F5');
    await slotIn('done');
    const { events } = await imprint(['status', '--practice', '--identity', `mac=${mac}`, '--offline', '--data', data, '--json']);
    expect(events).toMatchObject([{ state: 'preauthorized', batch: 'WO-4711' }]);
  });

  it('opens the dialog behind the red screen of the next scan: who has it, and what can be done', async () => {
    await page.keyboard.press('Alt+3');
    await scanTaken();
    // The second line end of the scanner presses nothing.
    await page.keyboard.press('Enter');
    await dialog('choices');
    await expect.poll(() => page.textContent('[data-testid="conflict-server"]')).toContain('preauthorized');
    await expect.poll(() => page.locator('[data-testid="conflict-auth-set"]').count()).toBe(1);
    await expect.poll(() => page.textContent('[data-testid="conflict-auth-set"]')).toMatch(/(?:[0-9a-f]{4} ){4}…/);
    await expect.poll(() => page.textContent('[data-testid="conflict-recorded"]')).toContain('WO-4711');
    await expect.poll(() => page.locator('[data-testid="choice"]').evaluateAll((all) => all.map((choice) => choice.getAttribute('data-choice')))).toEqual(['other-identity', 'decommission']);
    await shootAll(station, screenshots, 'conflict');
  });

  it('lets another board be scanned right away', async () => {
    await scan(station, '02:50:00:00:00:02');
    await noDialog();
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 3"][data-state="ready"]:has-text("02:50:00:00:00:02")');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 3"][data-state="free"]');
  });

  it('wants the identity typed or scanned before it decommissions, and refuses another one', async () => {
    await scanTaken();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await dialog('confirm');
    await expect.poll(() => focused()).toBe('confirmation-input');
    await shootAll(station, screenshots, 'conflict-confirm');
    await scan(station, '02:50:00:00:00:99');
    await page.waitForSelector('[data-testid="conflict"] [data-testid="error-panel"]');
    await expect.poll(() => page.textContent('[data-testid="conflict"] [data-testid="error-panel"]')).toContain('nothing was done');
    await page.keyboard.press('Escape');
    await dialog('choices');
    await page.keyboard.press('Escape');
    await noDialog();
  });

  it('waits for the server, and then the card can be made once more', async () => {
    await scanTaken();
    await page.click('[data-choice="decommission"]');
    await dialog('confirm');
    await page.keyboard.type(mac.replaceAll(':', ''));
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="server-wait"]');
    await noDialog();
    await page.waitForSelector(`[data-testid="slot"][data-slot="Slot 3"][data-state="ready"]:has-text("${mac}")`);
    await expect.poll(() => focused()).toBe('scan-field');
    // The old card of this identity is in its slot still.
    await expect.poll(() => page.textContent('[data-testid="slot"][data-slot="Slot 1"]')).toMatch(/Decommissioned.*does not know the key on this card/s);
    await shootAll(station, screenshots, 'conflict-free-again');
    await page.keyboard.press('F5');
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 3"][data-state="done"]', { timeout: 120_000 });
    const { events } = await imprint(['status', '--practice', '--identity', `mac=${mac}`, '--data', data, '--json']);
    expect(events.at(-1)).toMatchObject({ state: 'preauthorized' });
  });

  it('keeps both devices in the record, the old one with what was done to it', async () => {
    await page.keyboard.press('F2');
    await page.selectOption('[data-testid="filter-state"]', 'decommissioned');
    await page.waitForFunction(() => document.querySelectorAll('[data-testid="device-row"]').length === 1);
    await page.locator('[data-testid="device-row"]').click();
    await page.waitForSelector('[data-testid="action"][data-action="decommission"][data-state="done"]');
    // Its identity has another device now, which is none of this page's.
    await page.waitForSelector('[data-testid="server-state"][data-status="preauthorized"]');
    await expect.poll(() => page.locator('[data-testid="decommission"], [data-testid="remove-key"], [data-testid="reject"]').count()).toBe(0);
    await shootAll(station, screenshots, 'device-decommissioned');
    await page.keyboard.press('Escape');
    await page.selectOption('[data-testid="filter-state"]', 'preauthorized');
    await page.waitForSelector(`[data-testid="device-row"]:has-text("${mac}")`);
    await page.keyboard.press('F1');
  });

  it('can be decommissioned on its own page too', async () => {
    await page.locator('[data-testid="day-row"]', { hasText: mac }).first().click();
    await page.waitForSelector('[data-testid="decommission"]');
    await shootAll(station, screenshots, 'device-actions');
    await page.click('[data-testid="decommission"]');
    await page.waitForSelector('[data-testid="device-action"]');
    await scan(station, mac);
    await page.waitForSelector('[data-testid="device-action"][data-working="true"]');
    await page.waitForSelector('[data-testid="action"][data-action="decommission"][data-state="done"]', { timeout: 60_000 });
    await page.waitForFunction(() => /does not know/.test(document.querySelector('[data-testid="server-state"]')?.textContent ?? ''));
  });
});
