/** The log on the auditor's page, and what is handed out of it: exports and receipts, checked with what an auditor has. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { windowMethods } from '../../main/contract/window-channel';
import { methodRights } from '../../main/contract/window-rights';
import { parseVerifierKey } from '../../main/ledger/note';
import { verifyReceipt } from '../../main/ledger/tlog-proof';
import { fillRecord } from '../support/filled-record';
import { opensslVerdict, run, scriptVerdict, tamper } from '../support/recorded-log';
import { answerSaveDialog, copied } from '../support/save-dialog';
import { imprint, temporaryFolder } from '../support/station';
import { launchStation, openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

const devices = 3000;
type Reply = { readonly ok: boolean; readonly value?: unknown; readonly error?: { readonly code: string; readonly sentence: string } };

const auditorsWindow = async (data: string): Promise<StationWindow> => {
  const station = await launchStation(data, [], { IMPRINT_ROLE: 'auditor' });
  await station.page.waitForSelector('[data-testid="scan-field"], [data-testid="audit-page"]', { timeout: 60_000 });
  await sizeTo(station, 1280, 800);
  await station.page.keyboard.press('Control+f');
  await station.page.waitForSelector('[data-testid="log-panel"][data-size]');
  return station;
};

/** The log's name has the station's in it. */
const nameStation = (data: string): void => {
  mkdirSync(join(data, 'practice'), { recursive: true });
  writeFileSync(join(data, 'practice/settings.json'), JSON.stringify({ version: 1, name: 'line-a' }));
};

const call = (page: Page, name: string, params: unknown = {}): Promise<Reply> =>
  page.evaluate(
    async ([method, given]) => (globalThis as unknown as { imprint: { call: (name: unknown, params: unknown) => Promise<Reply> } }).imprint.call(method, given),
    [name, params] as const,
  );

const logKeyOf = async (page: Page): Promise<string> => String(await page.textContent('[data-testid="log-key-line"]')).trim();
/** What was told is read; it would stand before the next picture. */
const dismissNotices = async (page: Page): Promise<void> => {
  for (let left = await page.locator('.notice').count(); left > 0; left -= 1) await page.locator('.notice button').first().click();
};
const checked = (page: Page, result: string) => page.waitForSelector(`[data-testid="log-panel"][data-check="${result}"]`, { timeout: 60_000 });

describe('an auditor at the window', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const screenshots = screenshotFolder(folder);
  let station: StationWindow;
  let page: Page;

  beforeAll(async () => {
    nameStation(data);
    await fillRecord(join(data, 'practice/record.sqlite'), devices);
    station = await auditorsWindow(data);
    page = station.page;
  }, 300_000);

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const size = async (): Promise<number> => Number(await page.getAttribute('[data-testid="log-panel"]', 'data-size'));
  const openExport = async (): Promise<void> => {
    await page.keyboard.press('Control+e');
    await page.waitForSelector('[data-testid="export-form"]');
  };
  const ended = (outcome: string) => page.waitForSelector(`[data-testid="export-result"][data-outcome="${outcome}"]`, { timeout: 120_000 });
  const fact = (name: string) => page.locator(`.export__facts dt:has-text("${name}") + dd .code`).textContent();

  it('sees the log checked, its size, and that nothing was signed yet', async () => {
    await checked(page, 'sound');
    expect(await size()).toBeGreaterThan(devices * 2);
    await expect.poll(() => page.textContent('[data-testid="log-check"]')).toContain('Sound');
    await expect.poll(() => page.textContent('[data-testid="log-checkpoint"]')).toContain('none yet');
    await expect.poll(() => page.textContent('[data-testid="log-anchor"]')).toContain('none yet');
    await shootAll(station, screenshots, 'record');
  });

  it('checks it again with one key, and can stop that', async () => {
    const before = (await page.textContent('[data-testid="log-panel"] time')) ?? '';
    await page.waitForTimeout(1100);
    await page.keyboard.press('F5');
    await page.waitForFunction((old) => document.querySelector('[data-testid="log-panel"]')?.getAttribute('data-check') === 'sound' && document.querySelector('[data-testid="log-panel"] time')?.textContent !== old, before);
    // One that is stopped leaves what was found before.
    expect(await call(page, 'checkLog')).toMatchObject({ ok: true });
    expect(await call(page, 'cancelLogCheck')).toMatchObject({ ok: true });
    await checked(page, 'sound');
  });

  it('takes the key along as text and as a code', async () => {
    const key = await logKeyOf(page);
    expect(parseVerifierKey(key).name).toMatch(/^line-a\/imprint\//);
    await page.keyboard.press('F6');
    await page.waitForSelector('[data-testid="qr"]');
    expect(String(await page.textContent('[data-testid="log-key-text"]')).trim()).toBe(key);
    await page.click('[data-testid="log-key"] [data-testid="copy"]');
    await page.waitForSelector('[data-testid="copy"][data-copied="true"]');
    expect(await copied(station)).toBe(key);
    await shootAll(station, screenshots, 'record-key');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid="qr"]', { state: 'detached' });
  });

  it('gets no receipt before a checkpoint, and is told why', async () => {
    await page.click('[data-testid="found-row"]');
    await page.waitForSelector('[data-testid="no-receipt"]');
    await expect.poll(() => page.textContent('[data-testid="no-receipt"]')).toContain('the role auditor signs none');
    await answerSaveDialog(station, join(folder, 'never.tlog-proof'));
    await page.keyboard.press('F6');
    await page.waitForSelector('[data-testid="life-panel"] [data-testid="error-panel"][data-code="not-allowed"]');
    expect(existsSync(join(folder, 'never.tlog-proof'))).toBe(false);
    await page.keyboard.press('Escape');
  });

  it('sees what another process signs and anchors, while it is looked at', async () => {
    const before = await size();
    const anchor = await imprint(['log', 'anchor', '--file', join(folder, 'anchors.txt'), '--practice', '--data', data]);
    expect(anchor.exitCode, anchor.stderr).toBe(0);
    await page.waitForFunction((path) => document.querySelector('[data-testid="log-anchor"]')?.textContent.includes(path) === true, join(folder, 'anchors.txt'));
    await expect.poll(() => page.textContent('[data-testid="log-checkpoint"]')).toContain(before.toLocaleString('en'));
  });

  it('saves a receipt that the key of the log verifies', async () => {
    const key = await logKeyOf(page);
    await page.click('[data-testid="found-row"]');
    await page.waitForSelector('[data-testid="life-entry"][data-event="key-generated"]');
    await expect.poll(() => page.locator('[data-testid="no-receipt"]').count()).toBe(0);
    const path = join(folder, 'device.tlog-proof');
    await answerSaveDialog(station, path);
    await page.keyboard.press('F6');
    await page.waitForSelector('.notice--success');
    const { entry, index } = verifyReceipt(readFileSync(path, 'utf8'), [parseVerifierKey(key)]);
    expect(String(index)).toBe(await page.getAttribute('[data-testid="life-entry"][data-event="key-generated"]', 'data-seq'));
    const { event, data: told } = JSON.parse(Buffer.from(entry).toString('utf8')) as { event: string; data: Record<string, string> };
    expect(event).toBe('key-generated');
    expect(told['fingerprint']).toBe(await page.getAttribute('[data-testid="fingerprint"]', 'data-value'));
    // What is there already is replaced by nothing, and the station's own folders are no place.
    for (const place of [path, join(data, 'station', 'log-broken.txt'), join(data, 'practice', 'new.tlog-proof')]) {
      await answerSaveDialog(station, place);
      expect(await call(page, 'saveReceipt', { deviceId: told['device'] })).toMatchObject({ ok: false, error: { code: 'export-unwritable' } });
    }
    expect(existsSync(join(data, 'practice', 'new.tlog-proof'))).toBe(false);
    await dismissNotices(page);
    await page.keyboard.press('Escape');
  });

  it('exports a folder by the keyboard, which the verifier accepts', async () => {
    const to = join(folder, 'whole');
    const key = await logKeyOf(page);
    const before = createHash('sha256').update(readFileSync(join(data, 'practice/record.sqlite'))).digest('hex');
    await answerSaveDialog(station, to);
    await openExport();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('export-batch');
    // The end of a scan begins nothing.
    await scan(station, 'WO-4700');
    await expect.poll(() => page.inputValue('[data-testid="export-batch"]')).toBe('WO-4700');
    await page.check('[data-testid="export-state-accepted"]');
    await shootAll(station, screenshots, 'record-export');
    await page.keyboard.press('Control+Enter');
    await ended('written');
    await shootAll(station, screenshots, 'record-exported');
    const manifest = readFileSync(join(to, 'manifest.json'));
    const { madeBy, devices: count, selection } = JSON.parse(manifest.toString('utf8')) as Record<string, unknown>;
    expect({ madeBy, selection }).toMatchObject({ selection: { batch: 'WO-4700', states: ['accepted'] } });
    expect(count).toBeGreaterThan(400);
    expect(count).toBeLessThan(500);
    await expect.poll(() => fact('Place')).toBe(to);
    await expect.poll(() => fact('SHA-256 of the manifest')).toBe(createHash('sha256').update(manifest).digest('hex'));
    await expect.poll(() => fact('Public key of the log')).toBe(key);
    await page.click('.export__facts dt:has-text("SHA-256 of the certificate") + dd [data-testid="copy"]');
    expect(await copied(station)).toBe(await fact('SHA-256 of the certificate'));
    await page.keyboard.press('Escape');
    expect(await scriptVerdict(to, '--key', key, '--anchor', join(folder, 'anchors.txt'))).toMatchObject({ code: 0 });
    expect(await opensslVerdict(to)).toMatchObject({ code: 0 });
    expect(existsSync(join(to, 'summary.pdf'))).toBe(true);
    expect(createHash('sha256').update(readFileSync(join(data, 'practice/record.sqlite'))).digest('hex')).toBe(before);
  });

  it('exports one zip with keys and receipts', async () => {
    const to = join(folder, 'some.zip');
    await answerSaveDialog(station, join(folder, 'some'));
    await openExport();
    await page.fill('[data-testid="export-batch"]', 'WO-4705');
    for (const name of ['zip', 'publicKeys', 'receipts', 'summary']) await page.click(`[data-testid="export-${name}"]`);
    await page.click('[data-testid="export-start"]');
    await ended('written');
    await page.keyboard.press('Escape');
    const unpacked = join(folder, 'unpacked');
    expect((await run('unzip', ['-q', to, '-d', unpacked])).code).toBe(0);
    expect(await scriptVerdict(unpacked, '--key', await logKeyOf(page))).toMatchObject({ code: 0 });
    expect([readdirSync(join(unpacked, 'public-keys')).length, readdirSync(join(unpacked, 'receipts')).length, existsSync(join(unpacked, 'summary.pdf'))]).toEqual([500, 500, false]);
    const check = await imprint(['verify-export', to, '--json', '--data', join(folder, 'auditor')]);
    expect(check.exitCode, check.stdout).toBe(0);
  });

  it('cancels one, which leaves nothing, and has only one at a time', async () => {
    await answerSaveDialog(station, join(folder, 'cancelled'));
    const before = readdirSync(folder).sort();
    await openExport();
    await page.fill('[data-testid="export-batch"]', '');
    for (const name of ['publicKeys', 'receipts']) await page.check(`[data-testid="export-${name}"]`);
    await page.click('[data-testid="export-start"]');
    await page.waitForSelector('[data-testid="export-progress"] .progress__bar[aria-valuenow]');
    expect(await call(page, 'exportRecord', { zip: false, selection: {}, summary: false, publicKeys: false, receipts: false })).toMatchObject({ ok: false, error: { code: 'export-unwritable' } });
    await page.click('[data-testid="cancel-export"]');
    await ended('cancelled');
    expect(readdirSync(folder).sort()).toEqual(before);
    await page.keyboard.press('Escape');
    // A place that is taken is refused, and a question that is closed begins nothing.
    await answerSaveDialog(station, join(folder, 'whole'));
    await openExport();
    await page.click('[data-testid="export-start"]');
    await page.waitForSelector('.export [data-testid="error-panel"][data-code="export-unwritable"]');
    await answerSaveDialog(station, undefined);
    await page.click('[data-testid="export-start"]');
    await page.waitForSelector('[data-testid="export-start"]:not([disabled])');
    await expect.poll(() => page.locator('[data-testid="export-form"]').count()).toBe(1);
    await page.keyboard.press('Escape');
  });

  it('leaves nothing where the window is closed meanwhile', async () => {
    await answerSaveDialog(station, join(folder, 'left'));
    const before = readdirSync(folder).sort();
    expect(await call(page, 'exportRecord', { zip: true, selection: {}, summary: true, publicKeys: true, receipts: true })).toMatchObject({ ok: true, value: true });
    await page.waitForSelector('[data-testid="export-panel"] .progress__bar[aria-valuenow]');
    await station.close();
    expect(readdirSync(folder).sort()).toEqual(before);
    station = await auditorsWindow(data);
    page = station.page;
    await checked(page, 'sound');
    await expect.poll(() => page.textContent('[data-testid="log-check"]')).toContain('Sound');
  });

  it('can do nothing else', async () => {
    for (const name of Object.keys(windowMethods) as (keyof typeof methodRights)[]) {
      const requirement = methodRights[name];
      // The PIN of one's own account is everybody's, and nothing of the record.
      if (requirement === 'anybody' || requirement === 'look' || requirement === 'own-account') continue;
      expect([name, (await call(page, name)).error?.code]).toEqual([name, 'not-allowed']);
    }
  });
});

describe('a log that somebody changed', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const record = join(data, 'practice/record.sqlite');
  const screenshots = screenshotFolder(folder);
  let station: StationWindow;

  beforeAll(async () => {
    nameStation(data);
    await fillRecord(record, 20);
    tamper(record, (database) => database.prepare(`UPDATE log_entries SET entry = replace(entry, '"by":"Ana"', '"by":"Bob"') WHERE seq = 7`).run());
    station = await auditorsWindow(data);
  }, 120_000);

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is BROKEN on the page, with the entry, and stays so when it is checked again', async () => {
    const { page } = station;
    await checked(page, 'broken');
    await expect.poll(() => page.textContent('[data-testid="log-panel"]')).toMatch(/BROKEN.*Entry 7 is the first that is wrong/s);
    await page.waitForSelector('.notice--problem');
    await dismissNotices(page);
    await shootAll(station, screenshots, 'record-broken');
    await page.keyboard.press('F5');
    await checked(page, 'broken');
    expect(existsSync(join(data, 'practice/log-broken.txt'))).toBe(true);
    await page.waitForSelector('.warnings');
  });
});

describe('somebody who makes devices', () => {
  const folder = temporaryFolder();
  const screenshots = screenshotFolder(folder);
  let station: StationWindow;

  beforeAll(async () => {
    nameStation(join(folder, 'data'));
    station = await openStationWindow(join(folder, 'data'));
    await sizeTo(station, 1280, 800);
  }, 120_000);

  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('reads the life of the device that was just made, and saves its receipt', async () => {
    const { page } = station;
    await scan(station, '021261136C42');
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 1"][data-state="ready"]');
    await page.keyboard.press('F5');
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 1"][data-state="done"]', { timeout: 120_000 });
    await page.keyboard.press('Control+f');
    await page.waitForSelector('[data-testid="found-row"]');
    const key = await logKeyOf(page);
    await page.click('[data-testid="found-row"]');
    await page.waitForSelector('[data-testid="life-entry"][data-event="preauthorized"]');
    const events = await page.locator('[data-testid="life-entry"]').evaluateAll((entries) => entries.map((entry) => entry.getAttribute('data-event')));
    expect(events).toEqual(['key-generated', 'written', 'verified', 'enrolled', 'destroyed', 'preauthorized']);
    await expect.poll(() => page.textContent('[data-testid="life-entry"][data-event="written"]')).toMatch(/Slot 1.*Image \(SHA-256\)[0-9a-f]{64}/s);
    const path = join(folder, 'made.tlog-proof');
    await answerSaveDialog(station, path);
    await shootAll(station, screenshots, 'record-device');
    await page.keyboard.press('F6');
    await page.waitForSelector('.notice--success');
    expect(verifyReceipt(readFileSync(path, 'utf8'), [parseVerifierKey(key)]).checkpoint.size).toBeGreaterThan(6);
  });
});
