/**
 * Every page and dialog for people who hear it, zoom it, or have no mouse: axe in both themes, twice the size, Tab alone. One
 * window for all of it, in the order of a visit. States that take a server or a reader to come by are told to the page by the
 * channel on which main tells them.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessView, BenchView, SlotsView, SlotView, WindowApi } from '../../renderer/contract';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { findViolations, prepareAxe } from '../support/axe';
import { certificateOf } from '../support/filled-record';
import { fillShift } from '../support/filled-shift';
import { beside, walk } from '../support/reach';
import { temporaryFolder } from '../support/station';
import { openStationWindow, scan, screenshotFolder, sizeTo, type StationWindow } from '../support/window';

const mac = '02:60:00:00:00:01';
const pages = ['bench', 'orders', 'devices', 'acceptance', 'certificates', 'audit', 'shift', 'dashboard'] as const;
type PageName = (typeof pages)[number];

describe('the window for everybody', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const screenshots = screenshotFolder(folder);
  let station: StationWindow;
  let page: Page;

  const open = async (): Promise<void> => {
    station = await openStationWindow(data);
    page = station.page;
    page.setDefaultTimeout(10_000);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await prepareAxe(page);
  };

  beforeAll(async () => {
    const record = join(data, 'practice/record.sqlite');
    await fillShift(record, new Date());
    const store = SqliteRecordStore.open(record);
    for (const number of [1, 2, 3]) await store.addCertificates(`device-${String(number)}`, [certificateOf(1900 + number * 40, Date.now())], false, new Date().toISOString());
    await store.close();
    await open();
    await sizeTo(station, 1280, 800);
  });

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const test = (name: string) => page.locator(`[data-testid="${name}"]`);
  const tell = (name: string, value: unknown) =>
    station.application.evaluate(({ BrowserWindow }, told) => {
      BrowserWindow.getAllWindows()[0]?.webContents.send('imprint:event', ...told);
    }, [name, value] as const);
  const bench = async (): Promise<BenchView> => {
    const reply = await page.evaluate(() => (globalThis as unknown as { imprint: WindowApi }).imprint.call('bench', {}));
    if (!reply.ok) throw new Error(reply.error.sentence);
    return reply.value;
  };
  const go = async (name: PageName): Promise<void> => {
    await test(`nav-${name}`).click();
    await page.waitForSelector(`[data-testid="nav-${name}"][aria-current]`);
    // What the page asked main for: a list, a report.
    await page.waitForSelector('.table, .rows__row, .order-line, .report__body, .slots');
  };
  const toDevice = async (): Promise<void> => {
    await go('devices');
    await page.locator('.table__open').first().click();
    await page.waitForSelector('[data-testid="device-page"] .device__columns');
  };
  /** In both themes; F8 works everywhere. */
  const noViolation = async (what: string, within?: string): Promise<void> => {
    for (let theme = 0; theme < 2; theme += 1) {
      expect.soft(await findViolations(page, within), what).toEqual([]);
      await page.keyboard.press('F8');
    }
  };
  const opened = async (what: string): Promise<void> => {
    await page.waitForSelector('dialog[open]');
    await noViolation(what, 'dialog[open]');
    expect.soft(await beside(page), what).toBe(0);
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog[open]', { state: 'detached' });
  };
  /** As it stands on the screen, zoomed, in both themes. */
  const shoot = async (name: string): Promise<void> => {
    if (process.env['IMPRINT_SCREENSHOTS'] !== '1') return;
    for (let shots = 0; shots < 2; shots += 1) {
      const theme = await page.evaluate(() => document.documentElement.dataset['theme'] ?? (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark'));
      await page.waitForTimeout(250);
      const png = await station.application.evaluate(async ({ BrowserWindow }) => (await BrowserWindow.getAllWindows()[0]?.webContents.capturePage())?.toPNG().toString('base64') ?? '');
      writeFileSync(join(screenshots, `${name}-${theme}-1280.png`), png, 'base64');
      await page.keyboard.press('F8');
    }
  };

  /** Playwright's own keys do not pass through the window, which hears of this one before its page. */
  const zoomKey = (keyCode: string) =>
    station.application.evaluate(({ BrowserWindow }, code) => {
      for (const type of ['keyDown', 'keyUp'] as const) BrowserWindow.getAllWindows()[0]?.webContents.sendInputEvent({ type, keyCode: code, modifiers: ['control'] });
    }, keyCode);

  /** Slots in every state at once. */
  const showSlots = async (states: readonly Partial<SlotView>[]): Promise<void> => {
    const { slots } = await bench();
    for (const [index, state] of states.entries()) {
      const slot = slots[index];
      if (slot !== undefined) await tell('slot', { ...slot, identity: { mac }, canCancel: false, ...state });
    }
  };

  it('says what becomes of a card: ready, at work, done, and that it is to be taken out; nothing of its progress', async () => {
    await page.evaluate(() => {
      const heard: string[] = [];
      (globalThis as unknown as { heard: string[] }).heard = heard;
      new MutationObserver(() => heard.push(document.querySelector('[data-testid="announced"]')?.textContent ?? '')).observe(document.querySelector('[data-testid="announced"]') ?? document.body, { childList: true, subtree: true, characterData: true });
    });
    await scan(station, mac);
    await page.waitForSelector('[data-testid="slot"][data-state="ready"]');
    await page.keyboard.press('F5');
    await page.waitForSelector('[data-testid="slot"][data-state="done"]', { timeout: 60_000 });
    await page.waitForFunction(() => (globalThis as unknown as { heard: string[] }).heard.some((each) => each.includes('Take out this card')));
    const heard = await page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard);
    expect(heard).toHaveLength(3);
    expect(heard[0]).toMatch(/^Slot 1: Ready\. /);
    expect(heard[1]).toMatch(/^Slot 1: \w+\. .*is being made\./);
    expect(heard[2]).toMatch(/^Slot 1: Preauthorized\. .* Take out this card\.$/);
  });

  it('says at once that a card has stopped', async () => {
    await showSlots([{}, { state: 'running', word: 'Writing' }]);
    await showSlots([{}, { state: 'failed', word: 'Stopped', sentence: 'The card was pulled.' }]);
    await page.waitForSelector('[role="alert"][data-testid="announced-now"]:has-text("Slot 2: Stopped. The card was pulled. Take out this card.")', { state: 'attached' });
  });

  it('breaks no rule on the bench, in any state of a slot', async () => {
    const progress = { phase: 'write', doneBytes: 5e8, totalBytes: 1.5e9, bytesPerSecond: 2.1e7, secondsLeft: 47 } as const;
    await showSlots([{ state: 'free', word: 'Free' }, { state: 'ready', word: 'Ready' }, { state: 'running', word: 'Writing', progress }, { state: 'failed', word: 'Stopped' }]);
    await page.waitForSelector('[data-slot="Slot 4"][data-state="failed"]');
    await expect.poll(() => page.getAttribute('[data-slot="Slot 3"] [role="progressbar"]', 'aria-valuetext')).toBe('Writing the card, 33 %');
    await noViolation('bench: free, ready, running, failed');
    const label = { state: 'printed', sentence: 'Stick its label onto the board and scan it.', awaitsScan: true } as const;
    await showSlots([{ state: 'done', word: 'Scan the label', label }, { state: 'accepted', word: 'Accepted' }, { state: 'waiting', word: 'Waiting' }, { state: 'cancelled', word: 'Cancelled' }]);
    await page.waitForSelector('[data-slot="Slot 4"][data-state="cancelled"]');
    await noViolation('bench: label, accepted, waiting, cancelled');
    const now = await bench();
    await tell('bench', { ...now, outbox: { waiting: 3, limit: 50, sentence: 'The server does not answer.' }, desk: { ...now.desk, failures: [{ slot: 'Slot 2', recent: { failed: 3, of: 3 }, suspect: true }], badLots: [{ lot: 'SD64 0x1234', month: { failed: 5, of: 9 } }] } });
    await tell('notice', { sentence: 'The log could not be checked.', tone: 'problem' });
    await page.waitForSelector('.notice--problem');
    await noViolation('bench: outbox, bad lot, notice');
    await tell('bench', now);
  });

  it('breaks no rule on any other page, names each in its title, and says where one has come to', async () => {
    for (const name of pages.slice(1)) {
      await go(name);
      await noViolation(name);
      expect.soft(await beside(page), name).toBe(0);
    }
    await expect.poll(() => page.title()).toBe('Dashboard – Imprint');
    // Nothing on this page asks for a scan: its heading has the focus, so that Tab goes on from there.
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    await page.keyboard.press('Control+g');
    await page.waitForSelector('[data-testid="announced-page"]:has-text("Batches")', { state: 'attached' });
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('find-order');
    await toDevice();
    await noViolation('device');
  });

  it('breaks no rule in any dialog', async () => {
    for (const [on, keys, what] of [
      ['bench', 'F12', 'help'],
      ['bench', 'Control+m', 'sounds and command codes'],
      ['bench', 'Control+p', 'labels'],
      ['bench', 'Control+u', 'first admin'],
      ['orders', 'Control+i', 'new batch'],
      ['certificates', 'Control+i', 'compromised authority'],
      ['acceptance', 'Control+b', 'batches and their sign-off'],
      ['audit', 'F6', 'key of the log'],
      ['audit', 'Control+e', 'export'],
    ] as const) {
      await go(on);
      await page.keyboard.press(keys);
      await opened(what);
    }
    await go('bench');
    await tell('secretQuestion', { requestId: 'secret', question: 'Password of the line', canKeep: true });
    await opened('secret');
    await tell('codeQuestion', { requestId: 'code', account: 'line@example.com' });
    await opened('one-time code');
    const now = await bench();
    await tell('bench', { ...now, practice: false, renews: true, labels: { on: true, unfinished: [{ printId: 1, deviceId: 'device-1', identity: { mac }, state: 'doubtful' }] } });
    await test('renew').waitFor();
    await page.keyboard.press('Control+e');
    await opened('renewal');
    await page.keyboard.press('F4');
    await page.waitForSelector('[data-testid="slots-dialog"]');
    await tell('slots', { profileHasSlots: false, slots: [{ name: 'Slot 1', port: 'USB 2.3' }], drives: [{ path: '/dev/sdb', name: 'Generic', description: 'Card 31.9 GB', port: 'USB 2.3', slot: 'Slot 1' }], binding: { next: 'Slot 2', sentence: 'Put a card into Slot 2.' } } satisfies SlotsView);
    await page.waitForSelector('[data-testid="drive"]');
    await noViolation('slots', 'dialog[open]');
    await tell('slots', { profileHasSlots: false, slots: [], drives: [] } satisfies SlotsView);
    await opened('slots, none bound');
    await page.keyboard.press('Control+p');
    await opened('labels that are not printed');
    await toDevice();
    await test('reprint').click();
    await opened('reprint');
    await test('decommission').click();
    await opened('decommission');
    await tell('bench', now);
  });

  it('breaks no rule on the red screen and in the dialog about a taken identity', async () => {
    await go('bench');
    await scan(station, mac);
    await test('red-screen').waitFor();
    await noViolation('red screen');
    await expect.poll(() => beside(page)).toBe(0);
    await page.keyboard.press('Escape');
    await test('conflict').waitFor();
    await noViolation('conflict', 'dialog[open]');
    await page.click('[data-choice="decommission"]');
    await noViolation('conflict, to be confirmed', 'dialog[open]');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await test('conflict').waitFor({ state: 'detached' });
  });

  it('keeps the focus inside a dialog, and gives it back', async () => {
    await go('orders');
    await test('new-order').focus();
    await page.keyboard.press('Enter');
    await test('new-order-form').waitFor();
    for (let press = 0; press < 30; press += 1) {
      await page.keyboard.press('Tab');
      // Between the last control and the first the browser itself has it.
      await expect.poll(() => page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest('dialog') !== null)).toBe(true);
    }
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog[open]', { state: 'detached' });
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('new-order');
    await go('bench');
    await page.keyboard.press('F12');
    await page.waitForSelector('dialog[open]');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.activeElement?.getAttribute('data-testid') === 'scan-field');
  });

  it('can be read and worked by keys at twice the size: nothing beside the window, every control within reach and seen', async () => {
    for (let press = 0; press < 5; press += 1) await zoomKey('=');
    await page.waitForFunction(() => innerWidth === 640 && innerHeight === 400);
    await page.keyboard.press('F1');
    await test('scan-field').waitFor();
    await shoot('zoom-bench');
    await go('acceptance');
    await shoot('zoom-acceptance');
    // It lies over the end of the window, and over nothing that has the focus.
    await tell('notice', { sentence: 'The server did not answer in time: it is asked again in a minute.', tone: 'problem' });
    await page.waitForSelector('.notice--problem');
    for (const name of [...pages, 'device'] as const) {
      if (name === 'device') await toDevice();
      else await go(name);
      expect.soft(await beside(page), name).toBe(0);
      expect.soft(await findViolations(page), name).toEqual([]);
      expect.soft(await walk(page), name).toEqual({ missed: [], unseen: [] });
    }
    await go('bench');
    await scan(station, mac);
    await test('red-screen').waitFor();
    await expect.poll(() => beside(page)).toBe(0);
    await shoot('zoom-red-screen');
    const button = await test('dismiss-red-screen').boundingBox();
    expect((button?.y ?? 0) + (button?.height ?? 0)).toBeLessThanOrEqual(400);
    await page.keyboard.press('Escape');
    await test('conflict').waitFor();
    await expect.poll(() => beside(page)).toBe(0);
    await page.keyboard.press('Escape');
  });

  it('keeps its size over a restart; Ctrl and 0 make it as it was', async () => {
    await station.close();
    await open();
    await page.waitForFunction(() => innerWidth === 640);
    await page.keyboard.press('F12');
    await page.waitForSelector('dialog[open]');
    await zoomKey('0');
    await page.waitForFunction(() => innerWidth === 1280);
    await zoomKey('-');
    await page.waitForFunction(() => innerWidth > 1280);
    await zoomKey('0');
    await page.waitForFunction(() => innerWidth === 1280);
    await page.keyboard.press('Escape');
  });

  it('breaks no rule where people sign in, and at the first start', async () => {
    await page.keyboard.press('Control+u');
    for (const [name, value] of [['person-name', 'Ana'], ['person-pin', '482917'], ['person-pin-again', '482917']] as const) await test(name).fill(value);
    await test('person-make').click();
    await page.waitForSelector('[data-testid="who"]:has-text("Ana")');
    await page.keyboard.press('Control+u');
    await page.waitForSelector('[data-testid="operators-dialog"][data-mode="operators"]');
    await opened('operators');
    await page.keyboard.press('Control+l');
    await test('lock-screen').waitFor();
    await noViolation('lock');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await test('pin-field').waitFor();
    await scan(station, '000000');
    await test('error-panel').waitFor();
    await noViolation('lock, wrong PIN');
    await tell('access', { state: 'set-up', mode: 'undecided', running: [] } satisfies AccessView);
    await test('set-up').waitFor();
    await noViolation('first start');
    await test('set-up-operators').click();
    await noViolation('first start, first admin');
  });
});
