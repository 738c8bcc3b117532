/** Several people at one window: the first start, badge and PIN, the lock, and what each role cannot do whatever the page does. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { windowMethods } from '../../main/contract/window-channel';
import { methodRights } from '../../main/contract/window-rights';
import { decodedPracticeImage } from '../support/practice-image';
import { imprint, startServerProcess, temporaryFolder, type ServerProcess } from '../support/station';
import { launchStation, openedDevice, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

const pins = { Ana: '482917', Tom: '135791', Aud: '975310' };
const badge = 'BDG-0007-TOM';
const mac = '02:70:00:00:00:01';

type Reply = { readonly ok: boolean; readonly error?: { readonly code: string } };

describe('a station with operators', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const profile = join(folder, 'profile.json');
  const screenshots = screenshotFolder(folder);
  let server: ServerProcess;
  let station: StationWindow;
  let page: Page;

  beforeAll(async () => {
    server = await startServerProcess(folder);
    writeFileSync(
      profile,
      JSON.stringify({
        name: 'Line A',
        server: { url: server.url, caFile: server.caFile, credentials: { username: server.username, password: { ask: 'Password of the line' } } },
        keyType: 'ed25519',
        image: await decodedPracticeImage(folder),
        targets: { slots: [{ name: 'Slot 1', path: join(folder, 'card-1.img') }, { name: 'Slot 2', path: join(folder, 'card-2.img') }] },
      }),
    );
    station = await launchStation(data, ['--profile', profile]);
    page = station.page;
    await page.waitForSelector('[data-testid="set-up"]', { timeout: 60_000 });
    await sizeTo(station, 1280, 800);
  });

  afterAll(async () => {
    await station.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As a page would that somebody has taken over: past everything that is drawn. */
  const call = (name: string, params: unknown = {}): Promise<Reply> =>
    page.evaluate(
      async ([method, given]) => (globalThis as unknown as { imprint: { call: (name: unknown, params: unknown) => Promise<Reply> } }).imprint.call(method, given),
      [name, params] as const,
    );
  const as = (name: keyof typeof pins) => [{ IMPRINT_PIN: pins[name] }, ['--operator', name, '--data', data, '--json']] as const;
  const command = async (name: keyof typeof pins, words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const [pin, options] = as(name);
    return imprint([...words, ...options], { ...pin, ...env });
  };
  const errorSays = async (pattern: RegExp): Promise<void> => {
    await page.waitForFunction((source) => new RegExp(source).test(document.querySelector('[data-testid="error-panel"]')?.textContent ?? ''), pattern.source);
  };
  const choose = async (name: string): Promise<void> => {
    await page.waitForSelector('[data-testid="badge-field"]');
    await page.click(`[data-testid="person"]:has-text("${name}")`);
    await page.waitForSelector('[data-testid="pin-field"]');
  };
  const signIn = async (name: keyof typeof pins): Promise<void> => {
    await choose(name);
    await scan(station, pins[name]);
    await page.waitForSelector(`[data-testid="who"]:has-text("${name}")`);
  };
  /** Without the warnings: by then one of them names the test's folder. */
  const shoot = async (name: string): Promise<void> => {
    const show = (visible: boolean) => page.evaluate((shown) => document.querySelector('.warnings')?.toggleAttribute('hidden', !shown), visible);
    await show(false);
    await shootAll(station, screenshots, name);
    await show(true);
  };
  const lock = async (): Promise<void> => {
    await page.keyboard.press('Control+l');
    await page.waitForSelector('[data-testid="lock-screen"]');
  };

  it('asks at the first start who works there, and answers nothing else', async () => {
    expect(await call('bench')).toMatchObject({ ok: false, error: { code: 'sign-in-needed' } });
    await shootAll(station, screenshots, 'operators-first-start');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="person-name"]');
    // Enter leads from field to field.
    await scan(station, 'Ana');
    await scan(station, pins.Ana);
    await scan(station, '482918');
    await page.waitForSelector('[data-testid="field-error"]:has-text("not the same")');
    await page.fill('[data-testid="person-pin-again"]', pins.Ana);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="who"]:has-text("Ana")');
    await expect.poll(() => page.textContent('[data-testid="who"]')).toContain('admin');
    expect(await call('setUp', {})).toMatchObject({ ok: false, error: { code: 'operator-exists' } });
  });

  it('gets its other people from the command line', async () => {
    const tom = await command('Ana', ['operators', 'add', '--name', 'Tom', '--role', 'technician', '--badge'], { IMPRINT_NEW_PIN: pins.Tom, IMPRINT_NEW_BADGE: badge });
    expect(tom.exitCode).toBe(0);
    for (const secret of [pins.Ana, pins.Tom, badge]) expect(tom.stdout + tom.stderr).not.toContain(secret);
    const aud = await command('Ana', ['operators', 'add', '--name', 'Aud', '--role', 'auditor'], { IMPRINT_NEW_PIN: pins.Aud });
    expect(aud.exitCode).toBe(0);
  });

  it('locks with one key, and takes badge and PIN from the scanner and the keys', async () => {
    await lock();
    expect(await call('bench')).toMatchObject({ ok: false, error: { code: 'sign-in-needed' } });
    await scan(station, badge);
    await page.waitForSelector('[data-testid="pin-field"]');
    await scan(station, '135792');
    await errorSays(/is not right/);
    await shootAll(station, screenshots, 'operators-wrong-pin');
    await scan(station, pins.Tom);
    await page.waitForSelector('[data-testid="who"]:has-text("Tom")');
    await expect.poll(() => page.textContent('[data-testid="who"]')).toContain('technician');
  });

  it('takes the second Enter of a scanner for no PIN, and a name from the arrow keys', async () => {
    await lock();
    await scan(station, badge);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="pin-field"]');
    await expect.poll(() => page.locator('[data-testid="error-panel"]').count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid="badge-field"]');
    // Ana, Aud, Tom: in the order of their names.
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    await page.waitForSelector('[data-testid="pin-field"]');
    await scan(station, pins.Tom);
    await page.waitForSelector('[data-testid="who"]:has-text("Tom")');
  });

  it('shows a card that runs while it is locked, starts none, and gives the question to the next person', async () => {
    await scan(station, mac);
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 1"][data-state="ready"]');
    await page.keyboard.press('F5');
    await page.waitForSelector('[data-testid="secret-input"]');
    await lock();
    await expect.poll(() => page.textContent('[data-testid="running-cards"]')).toContain(mac);
    await shootAll(station, screenshots, 'operators-locked-running');
    for (const method of ['start', 'cancel', 'clear']) expect(await call(method, { slot: 'Slot 1' })).toMatchObject({ ok: false, error: { code: 'sign-in-needed' } });
    await signIn('Ana');
    await page.waitForSelector('[data-testid="secret-input"]');
    await scan(station, server.password);
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 1"][data-state="done"]', { timeout: 120_000 });
    await shoot('operators-bench');
  });

  it('records who started the card, not who was there at its end', async () => {
    const { events } = await command('Ana', ['status', '--offline', '--identity', `mac=${mac}`]);
    expect(events.at(-1)).toMatchObject({ state: 'preauthorized', jobs: [{ operator: 'Tom' }] });
  });

  it('lets a technician decommission nothing', async () => {
    await lock();
    await signIn('Tom');
    const { events } = await command('Tom', ['status', '--offline', '--identity', `mac=${mac}`]);
    const { serverDeviceId } = events.at(-1) as { serverDeviceId: string };
    expect(await call('decommission', { identity: { mac }, serverDeviceId, confirmation: mac })).toMatchObject({ ok: false, error: { code: 'not-allowed' } });
    const refused = await command('Tom', ['decommission', '--profile', profile, '--identity', `mac=${mac}`, '--confirm', mac]);
    expect([refused.exitCode, refused.events.at(-1)?.['code']]).toEqual([3, 'not-allowed']);
    expect((await command('Tom', ['status', '--offline', '--identity', `mac=${mac}`])).events.at(-1)).toMatchObject({ state: 'preauthorized', actions: [] });
  });

  it('lets an auditor look, and change nothing', async () => {
    await lock();
    await signIn('Aud');
    for (const name of Object.keys(windowMethods) as (keyof typeof methodRights)[]) {
      const requirement = methodRights[name];
      if (requirement === 'anybody' || requirement === 'look' || requirement === 'own-account') continue;
      expect([name, (await call(name, {})).error?.code]).toEqual([name, 'not-allowed']);
    }
    // Their own page comes first, and a device's whole life opens from it, with nothing to press.
    await page.waitForSelector('[data-testid="audit-page"][data-total="1"]');
    for (const key of ['ArrowDown', 'Enter']) await page.keyboard.press(key);
    await openedDevice(station);
    await expect.poll(() => page.locator('[data-testid="decommission"]').count()).toBe(0);
    // The next scan is looked for, and not made.
    await scan(station, mac.replaceAll(':', ''));
    await page.waitForSelector('[data-testid="audit-page"][data-total="1"]');
    await scan(station, '02:70:00:00:00:99');
    await page.waitForSelector('[data-testid="audit-page"][data-total="0"]');
  });

  it('makes somebody who tries PINs wait', async () => {
    await lock();
    await choose('Aud');
    for (let tries = 0; tries < 5; tries += 1) {
      await scan(station, `90817${String(tries)}`);
      await errorSays(/is not right/);
      await page.waitForSelector('[data-testid="pin-field"]:not([readonly])');
    }
    await scan(station, pins.Aud);
    await errorSays(/Too many wrong PINs/);
    await expect.poll(() => page.locator('[data-testid="lock-screen"]').count()).toBe(1);
  });

  it('is locked at its next start too, and takes no role from the environment', async () => {
    await station.close();
    station = await launchStation(data, ['--profile', profile]);
    page = station.page;
    await page.waitForSelector('[data-testid="lock-screen"]', { timeout: 60_000 });
    await signIn('Ana');
    await page.waitForSelector('[data-testid="scan-field"]');
    const refused = await imprint(['list', '--role', 'admin', '--operator', 'Ana', '--data', data, '--json'], { IMPRINT_PIN: pins.Ana });
    expect([refused.exitCode, refused.events.at(-1)?.['code']]).toEqual([2, 'usage']);
  });
});
