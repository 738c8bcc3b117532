/** The main job in the window on real input: a profile, a block device, a password that the person is asked for. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodedPracticeImage } from '../support/practice-image';
import { imprint, startServerProcess, temporaryFolder, type ServerProcess } from '../support/station';
import { openStationWindow, type StationWindow } from '../support/window';

const mebibyte = 1024 * 1024;

describe.skipIf(process.getuid?.() !== 0)('a real profile in the window (needs root for a loop device)', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const profile = join(folder, 'profile.json');
  const screenshots = process.env['IMPRINT_SCREENSHOTS'] === '1' ? resolve(import.meta.dirname, '../../docs/screenshots') : join(folder, 'screenshots');
  let server: ServerProcess;
  let device: string;
  let otherDevice: string;
  let station: StationWindow;
  let page: Page;

  const loopDevice = (name: string): string => {
    const path = join(folder, name);
    writeFileSync(path, '');
    truncateSync(path, 128 * mebibyte);
    return execFileSync('losetup', ['--find', '--show', '--direct-io=on', path], { encoding: 'utf8' }).trim();
  };

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    server = await startServerProcess(folder);
    device = loopDevice('card-1.img');
    otherDevice = loopDevice('card-2.img');
    writeFileSync(
      profile,
      JSON.stringify({
        name: 'Line A, gateway',
        server: { url: server.url, caFile: server.caFile, credentials: { username: server.username, password: { ask: 'Password of the line at the Mender server' } } },
        identity: [
          { name: 'mac', kind: 'mac', scan: true },
          { name: 'serial', pattern: 'GW-[0-9]{4}', normalise: ['trim', 'upper-case'] },
        ],
        keyType: 'ed25519',
        image: await decodedPracticeImage(folder),
        targets: { slots: [{ name: 'Slot 1', path: device, fixedDisk: true }, { name: 'Slot 2', path: otherDevice }] },
      }),
    );
    station = await openStationWindow(data, ['--profile', profile]);
    page = station.page;
  });

  afterAll(async () => {
    await station.close();
    for (const each of [device, otherDevice]) execFileSync('losetup', ['--detach', each]);
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const slot = (name: string) => page.locator(`[data-testid="slot"][data-slot="${name}"]`);
  const serial = () => page.locator('input[data-attribute="serial"]');

  const scan = async (mac: string, number: string): Promise<void> => {
    await serial().fill(number);
    await page.locator('[data-testid="scan-field"]').focus();
    await page.keyboard.type(mac);
    await page.keyboard.press('Enter');
  };

  it('is not marked as practice and names its profile', async () => {
    await expect.poll(() => page.locator('[data-testid="practice-mark"]').count()).toBe(0);
    await expect.poll(() => page.textContent('body')).toContain('Line A, gateway');
  });

  it('refuses a serial number that the profile does not allow', async () => {
    await scan('02:30:00:00:00:01', 'gw-1');
    await page.locator('[data-testid="error-panel"]').waitFor();
    await expect.poll(() => page.locator('[data-testid="error-panel"]').textContent()).toContain('serial');
  });

  it('asks for the password once, writes the block device, and ends as preauthorized', async () => {
    await scan('02:30:00:00:00:01', 'gw-0001');
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 1"][data-state="ready"]');
    await page.keyboard.press('F5');
    const question = page.locator('[data-testid="secret-input"]');
    await question.waitFor();
    await page.screenshot({ path: join(screenshots, 'asked-for-password.png') });
    await question.fill(server.password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 1"][data-state="done"]', { timeout: 120_000 });
    await page.screenshot({ path: join(screenshots, 'real-profile.png') });
    const { events } = await imprint(['verify-card', '--profile', profile, '--target', device, '--data', data, '--json']);
    // Nobody can be asked here, so the server is not asked; record and card agree.
    expect(events.at(-1)).toMatchObject({ identity: { mac: '02:30:00:00:00:01', serial: 'GW-0001' }, recorded: 'preauthorized', keyType: 'ed25519' });
  });

  it('refuses a fixed disk that the profile does not name by hand', async () => {
    await scan('02:30:00:00:00:02', 'gw-0002');
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 2"][data-state="ready"]');
    await page.keyboard.press('F5');
    await page.waitForSelector('[data-testid="slot"][data-slot="Slot 2"][data-state="failed"]', { timeout: 60_000 });
    await expect.poll(() => slot('Slot 2').locator('[data-testid="slot-sentence"]').textContent()).toContain('not a removable drive');
    await expect.poll(() => page.locator('[data-testid="secret-input"]').count()).toBe(0);
    await page.screenshot({ path: join(screenshots, 'fixed-disk-refused.png') });
  });
});
