/** QA's page in the real window, over a record of ten thousand devices: scroll, filter, scan, sign off. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchOf, fillRecord, macOf, type FilledRecord } from '../support/filled-record';
import { temporaryFolder } from '../support/station';
import { openedDevice, openStationWindow, scan, screenshotFolder, shootAll, sizeTo, typeByHand, type StationWindow } from '../support/window';

const devices = 10_000;

describe('QA’s page in the window', () => {
  const folder = temporaryFolder();
  const screenshots = screenshotFolder(folder);
  let filled: FilledRecord;
  let station: StationWindow;
  let page: Page;

  beforeAll(async () => {
    // Of another server than the practice bench's, so that its watch leaves them as they are.
    filled = await fillRecord(join(folder, 'data/practice/record.sqlite'), devices);
    station = await openStationWindow(join(folder, 'data'));
    page = station.page;
    await sizeTo(station, 1280, 800);
  });

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const rows = () => page.locator('[data-testid="acceptance-row"]');
  const rowAt = (index: number) => page.locator(`[data-testid="acceptance-row"][data-index="${String(index)}"]`);
  /** Newest first: the row of the `number`th device. */
  const rowOf = (number: number) => rowAt(devices - 1 - number);
  const total = (count: number) => page.waitForSelector(`[data-testid="acceptance-page"][data-total="${String(count)}"]`);
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
  /** A person waits longer than a scanner's line feed. */
  const pause = () => page.waitForTimeout(350);

  /** Scrolls the rows evenly through these pixels. @returns milliseconds between the frames that were drawn, sorted */
  const scrollBy = (pixels: number, milliseconds: number): Promise<number[]> =>
    page.evaluate(
      ({ pixels: distance, milliseconds: time }) =>
        new Promise<number[]>((done) => {
          const list = document.querySelector('[data-testid="acceptance-rows"]');
          if (list === null) return done([]);
          const from = list.scrollTop;
          const frames: number[] = [];
          let started: number | undefined;
          let before = 0;
          const frame = (now: number): void => {
            started ??= now;
            if (before > 0) frames.push(now - before);
            before = now;
            const share = Math.min(1, (now - started) / time);
            list.scrollTop = from + distance * share;
            if (share < 1) requestAnimationFrame(frame);
            else done(frames.sort((one, other) => one - other));
          };
          requestAnimationFrame(frame);
        }),
      { pixels, milliseconds },
    );

  it('is one key away, counts every device, and draws only what fits on the screen', async () => {
    await page.keyboard.press('F9');
    await total(devices);
    await expect.poll(() => focused()).toBe('filter-text');
    for (const [state, count] of Object.entries(filled.counts)) {
      await expect.poll(() => page.textContent(`[data-testid="state-count"][data-state="${state}"] .state-count__value`)).toBe(count.toLocaleString('en'));
    }
    await rowOf(devices - 1).getByText(macOf(devices - 1)).waitFor();
    await expect.poll(() => rows().count()).toBeLessThan(60);
    await shootAll(station, screenshots, 'acceptance');
  });

  it('scrolls to the middle and to the end, and fetches the rows there', async () => {
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => focused()).toBe('acceptance-rows');
    const height = await rows().first().evaluate((row) => row.getBoundingClientRect().height);
    const frames = [...(await scrollBy(height * 300, 3000)), ...(await scrollBy(height * 4700, 3000))].sort((one, other) => one - other);
    const at = (share: number): number => Math.round((frames[Math.floor(frames.length * share)] ?? 0) * 10) / 10;
    // Measured, not judged: the machine that runs the tests may be busy.
    console.info(`QA's page, ${String(devices)} rows, ${String(frames.length)} frames while scrolling: median ${String(at(0.5))} ms, 95 % within ${String(at(0.95))} ms, longest ${String(at(0.999))} ms`);
    await rowAt(5002).locator('.code').waitFor();
    await expect.poll(() => rowAt(5002).textContent()).toContain(macOf(devices - 1 - 5002));
    await expect.poll(() => rows().count()).toBeLessThan(60);
    await shootAll(station, screenshots, 'acceptance-middle');
    await page.keyboard.press('End');
    await rowOf(0).getByText(macOf(0)).waitFor();
    await expect.poll(() => rowOf(0).getAttribute('aria-selected')).toBe('true');
    await expect.poll(() => rows().count()).toBeLessThan(60);
    await page.keyboard.press('Home');
    await rowOf(devices - 1).getByText(macOf(devices - 1)).waitFor();
  });

  it('moves by keys, opens a device, and comes back to the same row', async () => {
    for (let presses = 0; presses < 5; presses += 1) await page.keyboard.press('PageDown');
    const current = page.locator('[data-testid="acceptance-row"][aria-selected="true"]');
    await current.locator('.code').waitFor();
    const index = await current.getAttribute('data-index');
    expect(Number(index)).toBeGreaterThan(10);
    await page.keyboard.press('Enter');
    await openedDevice(station);
    await expect.poll(() => page.textContent('h1')).toContain(macOf(devices - 1 - Number(index)));
    await page.keyboard.press('Escape');
    await page.waitForSelector(`[data-testid="acceptance-row"][data-index="${String(index)}"][aria-selected="true"] .code`);
    await page.keyboard.press('F3');
    await expect.poll(() => focused()).toBe('filter-text');
  });

  it('filters by state with one key', async () => {
    await page.keyboard.press('Alt+2');
    await total(filled.counts.stuck);
    await expect.poll(() => page.getAttribute('[data-testid="state-count"][data-state="stuck"]', 'aria-pressed')).toBe('true');
    await expect.poll(() => rows().evaluateAll((all) => all.map((row) => (row instanceof HTMLElement ? row.dataset['state'] : '')))).not.toContain('accepted');
    await shootAll(station, screenshots, 'acceptance-stuck');
    await page.keyboard.press('Alt+1');
    await total(devices);
  });

  it('filters by batch and by profile', async () => {
    await page.fill('[data-testid="filter-batch"]', batchOf(600));
    await page.keyboard.press('Enter');
    await total(500);
    await page.fill('[data-testid="filter-profile"]', 'Line B, sensor');
    await page.keyboard.press('Enter');
    await total(250);
    await page.click('[data-testid="show-all"]');
    await total(devices);
  });

  it('finds a scanned device in any notation, wherever the focus is, and opens it with Enter', async () => {
    await page.keyboard.press('F3');
    await page.keyboard.press('ArrowDown');
    await scan(station, macOf(4242).replaceAll(':', '').toUpperCase());
    await total(1);
    await expect.poll(() => rowAt(0).textContent()).toContain(macOf(4242));
    await shootAll(station, screenshots, 'acceptance-found');
    // A scanner may end with two line ends: the second one is not the wish to open what was found.
    await scan(station, macOf(4251));
    await page.keyboard.press('Enter');
    await rowAt(0).getByText(macOf(4251)).waitFor();
    await expect.poll(() => page.locator('[data-testid="device-page"]').count()).toBe(0);
    await pause();
    await page.keyboard.press('Enter');
    await openedDevice(station);
    const panel = page.locator('[data-testid="acceptance-panel"]');
    await expect.poll(() => panel.getAttribute('data-diagnosis')).toBe('key-of-another-device');
    await expect.poll(() => panel.textContent()).toContain('the two cards are swapped');
    await shootAll(station, screenshots, 'acceptance-device');
    await page.keyboard.press('Escape');
    await page.click('[data-testid="show-all"]');
    await total(devices);
  });

  it('asks the server on request and says when', async () => {
    await page.keyboard.press('F5');
    await page.waitForFunction(() => /^Asked /.test(document.querySelector('[data-testid="watch-last"]')?.textContent ?? ''));
    await expect.poll(() => page.locator('[data-testid="watch-trouble"]').count()).toBe(0);
  });

  describe('sign-off of a batch', () => {
    const batch = batchOf(1000);
    const panel = (name: string) => page.waitForSelector(`[data-testid="batch"][data-batch="${name}"]`);

    it('shows how the batch stands and who is not accepted', async () => {
      await page.keyboard.press('Control+b');
      await panel(batchOf(devices - 1));
      await scan(station, batch);
      await panel(batch);
      // Six of every hundred have some trouble.
      await expect.poll(() => page.textContent('[data-testid="batch"]')).toContain('470 of 500 accepted');
      await expect.poll(() => page.locator('[data-testid="unaccepted"]').count()).toBe(30);
      await shootAll(station, screenshots, 'batch');
    });

    it('wants a reason where not every device is accepted', async () => {
      await page.keyboard.press('F7');
      await page.waitForSelector('[data-testid="sign-off-form"]');
      await expect.poll(() => page.isDisabled('[data-testid="confirm-sign-off"]')).toBe(true);
      await page.keyboard.press('Enter');
      await expect.poll(() => page.locator('[data-testid="last-sign-off"]').count()).toBe(0);
      // Escape leaves the question, not the dialog.
      await page.keyboard.press('Escape');
      await page.waitForSelector('[data-testid="last-sign-off"][data-signed="false"]');
      await page.keyboard.press('F7');
      await typeByHand(station, 'Thirty boards wait for their antenna.');
      await shootAll(station, screenshots, 'batch-question');
    });

    it('keeps name, time, counts and remark', async () => {
      await page.keyboard.press('Enter');
      const signed = page.locator('[data-testid="last-sign-off"][data-signed="true"]');
      await signed.waitFor();
      const text = await signed.textContent();
      expect(text).toMatch(/Signed off by .+, \d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/);
      expect(text).toContain('470 of 500');
      expect(text).toContain('Thirty boards wait for their antenna.');
      await expect.poll(() => page.getAttribute(`[data-testid="batch-line"][data-batch="${batch}"]`, 'data-signed')).toBe('true');
      await shootAll(station, screenshots, 'batch-signed');
    });

    it('leads to the devices of the batch in the list', async () => {
      await page.click('[data-testid="show-batch"]');
      await total(500);
      await expect.poll(() => page.inputValue('[data-testid="filter-batch"]')).toBe(batch);
    });
  });
});

describe('QA’s page for an auditor', () => {
  const folder = temporaryFolder();
  let station: StationWindow;

  beforeAll(async () => {
    await fillRecord(join(folder, 'data/practice/record.sqlite'), 40);
    station = await openStationWindow(join(folder, 'data'), [], { IMPRINT_ROLE: 'auditor' });
  });

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows all and offers nothing that changes anything', async () => {
    const { page } = station;
    await page.keyboard.press('F9');
    await page.waitForSelector('[data-testid="acceptance-page"][data-total="40"]');
    await page.keyboard.press('Control+b');
    await page.waitForSelector('[data-testid="batch"]');
    await expect.poll(() => page.locator('[data-testid="sign-off"]').count()).toBe(0);
    await page.keyboard.press('F7');
    await expect.poll(() => page.locator('[data-testid="sign-off-form"]').count()).toBe(0);
    // And main refuses what the page does not offer.
    const reply = await page.evaluate(() => (globalThis as unknown as { imprint: { call: (name: string, params: unknown) => Promise<unknown> } }).imprint.call('signOff', { batch: 'WO-4700', remark: 'x' }));
    expect(reply).toMatchObject({ ok: false, error: { code: 'not-allowed' } });
  });
});
