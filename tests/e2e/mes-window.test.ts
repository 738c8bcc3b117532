/** An order of an MES in the real window: it comes in while the page of batches is shown, is made at the bench, and its devices come back. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { temporaryFolder } from '../support/station';
import { openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

const folder = temporaryFolder();
const mes = join(folder, 'mes');
let station: StationWindow | undefined;

afterAll(async () => {
  await station?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As an MES does it: whole under another name first. */
function handIn(name: string, text: string): void {
  writeFileSync(join(mes, `in/${name}.tmp`), text);
  renameSync(join(mes, `in/${name}.tmp`), join(mes, 'in', name));
}

it('is on the page of batches as one of the MES, and is worked on like any other', async () => {
  mkdirSync(join(folder, 'practice'));
  mkdirSync(join(mes, 'in'), { recursive: true });
  writeFileSync(join(folder, 'practice/settings.json'), JSON.stringify({ version: 1, mes: { folder: mes } }));
  station = await openStationWindow(folder);
  const { page } = station;
  await sizeTo(station, 1280, 800);
  const test = (id: string) => page.locator(`[data-testid="${id}"]`);
  await page.keyboard.press('Control+g');
  await test('orders-page').waitFor();
  await expect.poll(() => test('order-line').count()).toBe(0);
  handIn('a.csv', 'name,profile,quantity,customer,workOrder,mac\nWO-5001,Practice bench,3,Example,4711,02:12:61:00:00:21\n,,,,,02:12:61:00:00:22\n,,,,,02:12:61:00:00:23\n');
  // Nobody touches the window: the order comes by itself.
  const line = page.locator('[data-testid="order-line"][data-batch="WO-5001"]');
  await line.waitFor({ timeout: 30_000 });
  await expect.poll(() => line.textContent()).toContain('MES · List · Example · 4711');
  const order = page.locator('[data-testid="order"][data-batch="WO-5001"][data-state="open"]');
  await expect.poll(() => order.textContent()).toContain('MES, by its folder');
  await expect.poll(() => test('identities-planned').locator('li').allTextContents()).toEqual(['02:12:61:00:00:21', '02:12:61:00:00:22', '02:12:61:00:00:23']);
  // Its origin is found as a word, too.
  await test('find-order').fill('mes');
  await expect.poll(() => line.count()).toBe(1);
  await test('find-order').fill('');
  await shootAll(station, screenshotFolder(folder), 'orders-mes');

  await test('use-batch').click();
  await page.waitForSelector('[data-testid="bench-order"] [data-testid="order-progress"][data-made="0"][data-left="3"]');
  await page.keyboard.press('Alt+1');
  await scan(station, '021261000022');
  await page.waitForSelector('[data-testid="slot"][data-slot="Slot 1"][data-state="ready"]');
  await page.keyboard.press('F5');
  await page.waitForSelector('[data-testid="bench-order"] [data-testid="order-progress"][data-made="1"][data-left="2"]', { timeout: 120_000 });

  handIn('b.json', '{"v": 1, "results": "WO-5001"}');
  await expect.poll(() => existsSync(join(mes, 'out/WO-5001.json')), { timeout: 30_000 }).toBe(true);
  expect(JSON.parse(readFileSync(join(mes, 'out/WO-5001.json'), 'utf8'))).toMatchObject({
    practice: true,
    complete: false,
    order: { made: 1, left: 2, yield: 1, source: 'folder' },
    devices: [{ identity: { mac: '02:12:61:00:00:22' }, state: 'preauthorized', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string }],
  });
});
