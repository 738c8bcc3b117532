/** Slots of a reader in the window: bound by plugging cards in, shown live, started by a card. Loop devices are the cards. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { attachLoopAt, detachLoop, loopNumbered, loopProblem, makeSparseFile } from '../support/loop-devices';
import { decodedPracticeImage } from '../support/practice-image';
import { imprint, startServerProcess, temporaryFolder, type ServerProcess } from '../support/station';
import { openStationWindow, type StationWindow } from '../support/window';

const cardBytes = 128 * 1024 * 1024;

describe.skipIf(loopProblem() !== undefined)('slots in the window (root, for loop devices)', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const screenshots = process.env['IMPRINT_SCREENSHOTS'] === '1' ? resolve(import.meta.dirname, '../../docs/screenshots') : join(folder, 'screenshots');
  const attached = new Set<string>();
  let server: ServerProcess;
  let station: StationWindow | undefined;

  const card = (name: string): string => makeSparseFile(join(folder, name), cardBytes);
  /** Numbers that no other test is given, so that a slot stays empty until this test fills it. */
  const reader = [211, 212, 213].map((number) => (loopProblem() === undefined ? loopNumbered(number) : ''));
  const plugIn = (slot: number, file: string): string => {
    const device = reader[slot] ?? '';
    attachLoopAt(device, file);
    attached.add(device);
    return device;
  };
  const pull = (device: string): void => {
    detachLoop(device);
    attached.delete(device);
  };
  /** As a person does it who reads what the window says: where another test's card came at the same moment, once more. */
  const bind = async (page: Page, slot: number, file: string, name: string): Promise<string> => {
    for (let tries = 1; ; tries += 1) {
      const device = plugIn(slot, file);
      const bound = await page.waitForSelector(`[data-testid="bound-slot"]:has-text("${name}")`, { timeout: 10_000 }).catch(() => undefined);
      if (bound !== undefined) return device;
      expect(tries).toBeLessThan(4);
      await expect.poll(() => page.textContent('[data-testid="binding-sentence"]')).toContain('Two cards came at once');
      pull(device);
      await page.waitForTimeout(1000);
    }
  };
  const portOf = (device: string): string => basename(device).replace('loop', 'loop-');

  const open = async (targets: unknown): Promise<Page> => {
    const profile = join(folder, 'profile.json');
    writeFileSync(
      profile,
      JSON.stringify({
        name: 'Line A',
        server: { url: server.url, caFile: server.caFile, credentials: { username: server.username, password: { environment: 'LINE_PASSWORD' } } },
        keyType: 'ed25519',
        image: await decodedPracticeImage(folder),
        targets,
      }),
    );
    station = await openStationWindow(data, ['--profile', profile], { LINE_PASSWORD: server.password });
    return station.page;
  };

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    server = await startServerProcess(folder);
  });
  afterEach(async () => {
    await station?.close();
    station = undefined;
    for (const device of attached) pull(device);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are bound by plugging in one card after the other, and show their cards from then on', async () => {
    const page = await open(undefined);
    await expect.poll(() => page.textContent('.slots__none')).toContain('F4');
    await page.keyboard.press('F4');
    await page.click('[data-testid="bind-slots"]');
    await page.waitForSelector('[data-testid="slots-dialog"][data-binding="true"]');
    const first = await bind(page, 0, card('one.img'), 'Slot 1');
    const second = await bind(page, 1, card('two.img'), 'Slot 2');
    await page.screenshot({ path: join(screenshots, 'binding-slots.png') });
    await page.click('[data-testid="finish-binding"]');
    await page.waitForSelector('[data-testid="slots-dialog"][data-binding="false"]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-slot="Slot 2"] [data-testid="slot-card"]:has-text("Card 134.2 MB")');
    await page.screenshot({ path: join(screenshots, 'bound-slots.png') });
    pull(second);
    await page.waitForSelector('[data-slot="Slot 2"] [data-testid="slot-card"]:has-text("No card")');
    await expect.poll(() => page.textContent('[data-slot="Slot 1"] [data-testid="slot-card"]')).toContain('Card');

    const { events, exitCode } = await imprint(['slots', '--data', data, '--json']);
    expect(exitCode).toBe(0);
    expect(events).toMatchObject([{ slot: 'Slot 1', port: portOf(first), path: first, bytes: cardBytes }, { slot: 'Slot 2', port: portOf(second) }]);
    expect(events[1]).not.toHaveProperty('path');
  });

  it('stay as they were where the binding is stopped by Escape', async () => {
    const before = readFileSync(join(data, 'station/slots.json'), 'utf8');
    const page = await open({ slots: [] });
    await page.keyboard.press('F4');
    await page.click('[data-testid="bind-slots"]');
    await page.waitForSelector('[data-testid="slots-dialog"][data-binding="true"]');
    await bind(page, 2, card('three.img'), 'Slot 1');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid="slots-dialog"][data-binding="false"]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid="slots-dialog"]', { state: 'detached' });
    await expect.poll(() => page.locator('[data-testid="slot"]').count()).toBe(2);
    expect(readFileSync(join(data, 'station/slots.json'), 'utf8')).toBe(before);
  });

  it('refuse to start without a card and keep the identity; a loop device is no card that a slot may write', async () => {
    const page = await open(undefined);
    await page.waitForSelector('[data-slot="Slot 1"] [data-testid="slot-card"]:has-text("No card")');
    await page.locator('[data-testid="scan-field"]').focus();
    await page.keyboard.type('02:40:00:00:00:01');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-slot="Slot 1"][data-state="ready"]');
    await page.keyboard.press('F5');
    await page.waitForSelector('[data-testid="error-panel"][data-code="target-not-found"]');
    await expect.poll(() => page.textContent('[data-testid="error-panel"]')).toContain('There is no card in Slot 1');
    await expect.poll(() => page.getAttribute('[data-slot="Slot 1"]', 'data-state')).toBe('ready');
    plugIn(0, card('fixed.img'));
    await page.waitForSelector('[data-slot="Slot 1"] [data-testid="slot-card"]:has-text("Card")');
    await expect.poll(() => page.getAttribute('[data-slot="Slot 1"]', 'data-state')).toBe('ready');
    await page.keyboard.press('F5');
    await page.waitForSelector('[data-slot="Slot 1"][data-state="failed"]', { timeout: 60_000 });
    await expect.poll(() => page.textContent('[data-slot="Slot 1"] [data-testid="slot-sentence"]')).toContain('not a removable drive');
  });

  it('start by themselves when the card of a scanned board is plugged in, and never before', async () => {
    const [left = '', right = ''] = reader;
    const page = await open({
      slots: [
        { name: 'Left', port: portOf(left), fixedDisk: true },
        { name: 'Right', port: portOf(right), fixedDisk: true },
      ],
      startWhenInserted: true,
    });
    await page.waitForSelector('[data-slot="Left"] [data-testid="slot-card"]:has-text("No card")');
    await page.locator('[data-testid="scan-field"]').focus();
    await page.keyboard.type('02:40:00:00:00:02');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-slot="Left"][data-state="ready"]');
    plugIn(1, card('right.img'));
    await page.waitForSelector('[data-slot="Right"] [data-testid="slot-card"]:has-text("Card")');
    plugIn(0, card('left.img'));
    await page.waitForSelector('[data-slot="Left"][data-state="done"]', { timeout: 120_000 });
    // Its card came first, but nobody had scanned a board for it.
    await expect.poll(() => page.getAttribute('[data-slot="Right"]', 'data-state')).toBe('free');

    // That card was in before the scan, so the scan alone does not start it; taken out and put in again, it does.
    await page.keyboard.press('Alt+2');
    await page.keyboard.type('02:40:00:00:00:03');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-slot="Right"][data-state="ready"]');
    pull(right);
    await page.waitForSelector('[data-slot="Right"] [data-testid="slot-card"]:has-text("No card")');
    await expect.poll(() => page.getAttribute('[data-slot="Right"]', 'data-state')).toBe('ready');
    plugIn(1, join(folder, 'right.img'));
    await page.waitForSelector('[data-slot="Right"][data-state="done"]', { timeout: 120_000 });
    // A finished card that is taken out leaves its slot free, without a key or a scan.
    pull(left);
    await page.waitForSelector('[data-slot="Left"][data-state="free"]');
    await expect.poll(() => page.getAttribute('[data-slot="Right"]', 'data-state')).toBe('done');
    const { events } = await imprint(['status', '--identity', 'mac=02:40:00:00:00:02', '--offline', '--data', data, '--json']);
    expect(events).toMatchObject([{ state: 'preauthorized', jobs: [{ slot: 'Left', targetPath: left }] }]);
  });
});
