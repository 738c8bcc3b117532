/** Operators managed in the window: by an admin, at the fields that are wrong, with a scanner; and one's own PIN by everybody. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imprint, temporaryFolder } from '../support/station';
import { openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

const pins = { Ana: '482917', Tom: '135791', Aud: '975310' };
const badge = 'BDG-0007-TOM';

type Reply = { readonly ok: boolean; readonly error?: { readonly code: string } };

describe('operators in the window', () => {
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

  /** As a page would that somebody has taken over: past everything that is drawn. */
  const call = (name: string, params: unknown = {}): Promise<Reply> =>
    page.evaluate(
      async ([method, given]) => (globalThis as unknown as { imprint: { call: (name: unknown, params: unknown) => Promise<Reply> } }).imprint.call(method, given),
      [name, params] as const,
    );
  const command = (name: keyof typeof pins, words: readonly string[], env: Readonly<Record<string, string>> = {}) => imprint([...words, '--operator', name, '--data', data, '--json'], { IMPRINT_PIN: pins[name], ...env });
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset['testid']);
  const signIn = async (name: keyof typeof pins): Promise<void> => {
    await page.waitForSelector('[data-testid="badge-field"]');
    await page.click(`[data-testid="person"]:has-text("${name}")`);
    await page.waitForSelector('[data-testid="pin-field"]');
    await scan(station, pins[name]);
    await page.waitForSelector(`[data-testid="who"]:has-text("${name}")`);
  };
  const lock = async (): Promise<void> => {
    await page.keyboard.press('Control+l');
    await page.waitForSelector('[data-testid="lock-screen"]');
  };

  it('begin where a single person worked, who becomes the first admin', async () => {
    await expect.poll(() => page.textContent('[data-testid="who"]')).toContain('Single person');
    await page.keyboard.press('Control+u');
    await page.waitForSelector('[data-testid="person-form"]');
    await shootAll(station, screenshots, 'operators-first-admin');
    await scan(station, 'Ana');
    await scan(station, pins.Ana);
    await scan(station, pins.Ana);
    await page.waitForSelector('[data-testid="who"]:has-text("Ana")');
    await expect.poll(() => page.textContent('[data-testid="who"]')).toContain('admin');
    await page.waitForSelector('[data-testid="person-form"]', { state: 'detached' });
    for (const [name, role, ...more] of [['Tom', 'technician', '--badge'], ['Aud', 'auditor']] as const) {
      expect((await command('Ana', ['operators', 'add', '--name', name, '--role', role, ...more], { IMPRINT_NEW_PIN: pins[name], IMPRINT_NEW_BADGE: badge })).exitCode).toBe(0);
    }
    await lock();
  });

  it('opens the operators for an admin, and lets the keyboard reach them', async () => {
    await signIn('Ana');
    await page.keyboard.press('Control+u');
    await page.waitForSelector('[data-testid="operators-dialog"][data-mode="operators"]');
    const rows = async () => page.locator('[data-testid="operator"]').evaluateAll((found) => found.map((row) => row.textContent));
    const shown = await rows();
    expect(shown).toHaveLength(3);
    expect(shown[0]).toMatch(/^Anaadmin.*May sign in · no badge · by Ana, /);
    expect(shown[2]).toMatch(/^Tomtechnician.*May sign in · badge · by Ana, /);
    await page.waitForSelector('[data-testid="operator-self"]');
    await page.keyboard.press('End');
    await page.waitForSelector('[data-testid="operator-panel"][data-name="Tom"]');
    await expect.poll(() => page.evaluate(() => (document.activeElement as HTMLElement).dataset['name'])).toBe('Tom');
    await shootAll(station, screenshots, 'operators-manage');
  });

  it('adds somebody with a badge from the scanner, whose Enter sends no half filled form', async () => {
    await page.click('[data-testid="add-operator"]');
    await scan(station, 'Zoe Lind');
    await expect.poll(() => focused()).toBe('person-role');
    await page.focus('[data-testid="person-badge"]');
    await scan(station, 'BDG-0007-TOM');
    await expect.poll(() => focused()).toBe('person-role');
    await page.selectOption('[data-testid="person-role"]', 'technician');
    await page.focus('[data-testid="person-pin"]');
    await scan(station, '123456');
    await scan(station, '123457');
    await page.waitForSelector('[data-testid="person-pin-again"][aria-invalid="true"]');
    await page.fill('[data-testid="person-pin-again"]', '123456');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="person-pin"][aria-invalid="true"]');
    await page.fill('[data-testid="person-pin"]', '864209');
    await page.fill('[data-testid="person-pin-again"]', '864209');
    await page.keyboard.press('Enter');
    // The badge is Tom's.
    await page.waitForSelector('[data-testid="person-badge"][aria-invalid="true"]');
    await expect.poll(() => page.textContent('[data-testid="field-error"]')).toContain('the one of Tom');
    await shootAll(station, screenshots, 'operators-add');
    for (const field of ['person-pin', 'person-pin-again', 'person-badge']) expect(await page.getAttribute(`[data-testid="${field}"]`, 'type')).toBe('password');
    // The next scan takes its place. A scanner that ends with two line ends: complete by now, and still the person's to send.
    await scan(station, 'BDG-0010');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused()).toBe('person-make');
    await expect.poll(() => page.locator('[data-testid="operator"]').count()).toBe(3);
    await page.waitForTimeout(400);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="operator-panel"][data-name="Zoe Lind"]');
    await expect.poll(() => page.textContent('[data-testid="operators-done"]')).toContain('Zoe Lind may sign in as technician');
    await expect.poll(() => page.locator('[data-testid="operator"]').count()).toBe(4);
    expect(await page.content()).not.toContain('864209');
  });

  it('gives another role, PIN and badge, and takes the badge away', async () => {
    const done = (words: string) => page.waitForSelector(`[data-testid="operators-done"]:has-text("${words}")`);
    await page.selectOption('[data-testid="person-role"]', 'qa');
    await page.click('[data-testid="save-role"]');
    await done('Zoe Lind is QA now');
    // The keyboard goes on from the person, wherever the focus was.
    await expect.poll(() => focused()).toBe('operator');
    await page.click('[data-testid="ask-pin"]');
    await scan(station, '753190');
    await scan(station, '753191');
    await page.waitForSelector('[data-testid="new-pin-again"][aria-invalid="true"]');
    // Escape leaves the form, then the dialog; what was typed is gone.
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid="save-role"]');
    await page.click('[data-testid="ask-pin"]');
    await expect.poll(() => page.inputValue('[data-testid="new-pin"]')).toBe('');
    await scan(station, '753190');
    await scan(station, '753190');
    await done('Zoe Lind has another PIN');
    await expect.poll(() => focused()).toBe('operator');
    await page.click('[data-testid="ask-badge"]');
    await scan(station, badge);
    await page.waitForSelector('[data-testid="new-badge"][aria-invalid="true"]');
    await scan(station, 'BDG-0011');
    await done('Zoe Lind has another badge');
    await page.click('[data-testid="take-badge"]');
    await done('Zoe Lind has no badge any more');
    await expect.poll(() => focused()).toBe('operator');
    await page.waitForSelector('[data-testid="operator"][data-name="Zoe Lind"]:has-text("no badge")');
  });

  it('disables and enables, ends a pause by a new PIN, and keeps the last admin', async () => {
    await page.click('[data-testid="disable"]');
    await page.waitForSelector('[data-testid="operator"][data-name="Zoe Lind"][data-enabled="false"]');
    await shootAll(station, screenshots, 'operators-disabled');
    await page.click('[data-testid="enable"]');
    await page.waitForSelector('[data-testid="operator"][data-name="Zoe Lind"][data-enabled="true"]');
    for (let tries = 0; tries < 5; tries += 1) expect((await call('signIn', { claim: { name: 'Aud' }, pin: '999990' })).error?.code).toBe('sign-in-refused');
    expect((await command('Aud', ['list'])).events.at(-1)).toMatchObject({ code: 'sign-in-paused' });
    await page.click('[data-testid="operator"][data-name="Aud"]');
    await page.click('[data-testid="ask-pin"]');
    await scan(station, pins.Aud);
    await scan(station, pins.Aud);
    await page.waitForSelector('[data-testid="operators-done"]:has-text("Aud has another PIN")');
    expect((await command('Aud', ['list'])).exitCode).toBe(0);
    await page.click('[data-testid="operator"][data-name="Ana"]');
    await page.click('[data-testid="disable"]');
    await page.waitForSelector('[data-testid="error-panel"][data-code="last-admin"]');
    await page.selectOption('[data-testid="person-role"]', 'qa');
    await page.click('[data-testid="save-role"]');
    await page.waitForSelector('[data-testid="field-error"]:has-text("without an admin")');
    await shootAll(station, screenshots, 'operators-last-admin');
    await page.fill('[data-testid="idle-minutes"]', '0');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="idle-minutes"][aria-invalid="true"]');
    await page.fill('[data-testid="idle-minutes"]', '30');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="operators-done"]:has-text("after 30 minutes")');
    expect((await command('Ana', ['operators', 'list'])).events.map(({ name, role, enabled }) => [name, role, enabled])).toEqual([
      ['Ana', 'admin', true],
      ['Aud', 'auditor', true],
      ['Tom', 'technician', true],
      ['Zoe Lind', 'qa', true],
    ]);
    await page.click('[data-testid="ask-pin"]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid="ask-pin"]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid="operators-dialog"]', { state: 'detached' });
  });

  it('shows a technician their own PIN and no operators, and main refuses them', async () => {
    await lock();
    await signIn('Tom');
    for (const [name, params] of Object.entries({
      operators: {},
      addOperator: { name: 'Eve', role: 'admin', pin: '864209' },
      changeOperator: { name: 'Tom', change: { what: 'role', role: 'admin' } },
      setIdleMinutes: { minutes: 240 },
      makeFirstAdmin: { name: 'Eve', pin: '864209' },
    })) {
      expect([name, (await call(name, params)).error?.code]).toEqual([name, 'not-allowed']);
    }
    await page.keyboard.press('Control+u');
    await page.waitForSelector('[data-testid="pin-form"]');
    await expect.poll(() => page.locator('[data-testid="operators-dialog"]').count()).toBe(0);
    await scan(station, '999990');
    await scan(station, '357912');
    await scan(station, '357912');
    await page.waitForSelector('[data-testid="old-pin"][aria-invalid="true"]');
    await shootAll(station, screenshots, 'operators-own-pin');
    await expect.poll(() => page.inputValue('[data-testid="old-pin"]')).toBe('');
    await scan(station, pins.Tom);
    await page.waitForSelector('[data-testid="pin-form"]', { state: 'detached' });
    await page.waitForSelector('.notice--success');
    expect(await page.content()).not.toContain('357912');
    pins.Tom = '357912';
    await lock();
    await signIn('Tom');
  });

  it('locks at once where an admin changes their own rights', async () => {
    expect((await command('Ana', ['operators', 'role', '--name', 'Tom', '--role', 'admin'])).exitCode).toBe(0);
    await page.keyboard.press('F2');
    await lock();
    await signIn('Tom');
    await page.click('[data-testid="open-people"]');
    await page.waitForSelector('[data-testid="operator-panel"][data-name="Tom"]');
    await page.selectOption('[data-testid="person-role"]', 'technician');
    await page.click('[data-testid="save-role"]');
    await page.waitForSelector('[data-testid="lock-screen"]:has-text("Your rights have changed")');
    await expect.poll(() => page.locator('dialog').count()).toBe(0);
  });
});
