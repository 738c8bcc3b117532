/** The practice bench with a label printer: labels that come, that wait, that nobody knows of, and the scan that closes a job. */
import { rmSync } from 'node:fs';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLabelPrinter, type LabelPrinterOnLoopback } from '../support/label-printer';
import { temporaryFolder } from '../support/station';
import { openStationWindow, scan, screenshotFolder, shootAll, sizeTo, typeByHand, type StationWindow } from '../support/window';

describe('labels at the bench', () => {
  const folder = temporaryFolder();
  const screenshots = screenshotFolder(folder);
  let printer: LabelPrinterOnLoopback;
  let station: StationWindow;
  let page: Page;
  let breaksOff = false;

  beforeAll(async () => {
    printer = await startLabelPrinter({ breaksOff: () => breaksOff });
    station = await openStationWindow(folder, [], { IMPRINT_PRACTICE_PRINTER: `127.0.0.1:${String(printer.port)}`, IMPRINT_PRACTICE_SCAN_BACK: '1' });
    page = station.page;
    await sizeTo(station, 1280, 800);
  });

  afterAll(async () => {
    await station.close();
    await printer.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const slot = (number: number, rest: string) => page.waitForSelector(`[data-testid="slot"][data-slot="Slot ${String(number)}"]${rest}`, { timeout: 120_000 });
  const make = async (number: number, mac: string): Promise<void> => {
    await page.keyboard.press(`Alt+${String(number)}`);
    await scan(station, mac);
    await slot(number, '[data-state="ready"]');
    await page.keyboard.press('F5');
    await slot(number, '[data-state="done"]');
  };
  const word = (number: number) => page.textContent(`[data-slot="Slot ${String(number)}"] [data-testid="slot-word"]`);

  it('come once for each finished device, and the slot asks for the scan', async () => {
    await make(1, '02:80:00:00:00:01');
    await slot(1, '[data-label="scan"]');
    await expect.poll(() => word(1)).toBe('Scan the label');
    await printer.waitFor(1);
    expect(printer.fields(0)).toContain('MA,02:80:00:00:00:01');
    await page.waitForSelector('[data-testid="day-label"][data-label="scan"]');
    await make(2, '02:80:00:00:00:02');
    await slot(2, '[data-label="scan"]');
    expect(printer.labels).toHaveLength(2);
    await shootAll(station, screenshots, 'bench-scan-label');
  });

  it('the code of the wrong one is refused in a sentence, that of the right one closes its slot wherever the selection is', async () => {
    await page.keyboard.press('Alt+2');
    await scan(station, '02-80-00-00-00-01');
    await slot(1, '[data-label="printed"]');
    // Once more, with the other slot still open: that device is done with.
    await page.keyboard.press('Alt+2');
    await scan(station, '02:80:00:00:00:01');
    await page.waitForSelector('#scan-message:has-text("Slot 2 waits for the label of mac 02:80:00:00:00:02")');
    await slot(2, '[data-label="scan"]');
    await shootAll(station, screenshots, 'bench-wrong-label');
    await scan(station, '02:80:00:00:00:02');
    await slot(2, '[data-label="printed"]');
    await expect.poll(() => word(2)).toBe('Preauthorized');
    await page.waitForSelector('[data-testid="day-label"]', { state: 'detached' });
  });

  it('wait in a strip while the printer is away, and come when it is back', async () => {
    await printer.off();
    await make(3, '02:80:00:00:00:03');
    await page.waitForSelector('[data-testid="label-strip"][data-waiting="1"]:has-text("cannot be reached")');
    await expect.poll(() => page.textContent('[data-testid="label-strip"]')).toContain('1 label waits for its printer');
    await expect.poll(() => word(3)).toBe('Preauthorized');
    await shootAll(station, screenshots, 'bench-label-waits');
    await page.keyboard.press('Control+P');
    await page.waitForSelector('[data-testid="labels-dialog"] [data-testid="label-preview"] img');
    await shootAll(station, screenshots, 'labels');
    await printer.on();
    // It may have been tried again by itself in the meantime.
    await page.locator('[data-testid="try-labels"]:enabled').click({ timeout: 2000 }).catch(() => undefined);
    await page.waitForSelector('[data-testid="unfinished-label"]', { state: 'detached' });
    await printer.waitFor(3);
    // A test label is one of nobody.
    await page.click('[data-testid="test-label"]');
    await printer.waitFor(4);
    expect(printer.fields(3)).toContain('MA,02:00:00:00:00:00');
    await page.keyboard.press('Escape');
    await slot(3, '[data-label="scan"]');
    await scan(station, '02:80:00:00:00:03');
    await slot(3, '[data-label="printed"]');
  });

  it('that the printer broke off are asked about, and printed once more by a person’s word alone', async () => {
    breaksOff = true;
    await make(4, '02:80:00:00:00:04');
    await page.waitForSelector('[data-testid="label-strip"][data-doubtful="1"]');
    breaksOff = false;
    await page.keyboard.press('Control+P');
    await page.waitForSelector('[data-testid="unfinished-label"][data-state="doubtful"]');
    await shootAll(station, screenshots, 'labels-doubtful');
    expect(printer.labels).toHaveLength(4);
    await page.click('[data-testid="label-again"]');
    await printer.waitFor(5);
    await page.keyboard.press('Escape');
    await slot(4, '[data-label="scan"]');
  });

  it('are printed again from the device’s page, with a reason', async () => {
    await page.click('[data-testid="day-row"] >> nth=0');
    await page.waitForSelector('[data-testid="label-panel"]');
    await page.click('[data-testid="reprint"]');
    await page.waitForSelector('[data-testid="reprint-dialog"]');
    await typeByHand(station, 'smeared');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="device-label"][data-reprint="true"][data-state="printed"]');
    await printer.waitFor(6);
    expect(printer.fields(5)).toContain('MA,02:80:00:00:00:04');
    await expect.poll(() => page.textContent('[data-testid="device-label"][data-reprint="true"]')).toContain('because: smeared');
    await page.locator('[data-testid="label-panel"]').scrollIntoViewIfNeeded();
    await shootAll(station, screenshots, 'device-labels');
    expect(printer.labels).toHaveLength(6);
  });
});
