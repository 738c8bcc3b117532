/**
 * A real profile in the window while its server goes away and comes back: cards that wait, the limit, a second factor, and
 * what a technician may do about an identity that the server has already.
 */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootPracticeDevice } from '../../main/servers/mender/practice-device';
import { startPracticeServer, type PracticeServer } from '../../main/servers/mender/practice-server';
import { attachLoop, detachLoop, loopProblem, makeSparseFile } from '../support/loop-devices';
import { decodedPracticeImage } from '../support/practice-image';
import { temporaryFolder } from '../support/station';
import { openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

const cardBytes = 128 * 1024 * 1024;
const account = 'line-a@example.com';

describe.skipIf(loopProblem() !== undefined)('a server that comes and goes (root, for loop devices)', () => {
  const folder = temporaryFolder();
  const screenshots = screenshotFolder(folder);
  const password = randomUUID();
  const cards: string[] = [];
  let code = '111111';
  let server: PracticeServer | undefined;
  let url = '';
  let port = 0;
  let authority: string | undefined;
  let station: StationWindow;
  let page: Page;

  const startServer = async (): Promise<void> => {
    server = await startPracticeServer({
      port,
      folder: join(folder, 'server'),
      clock: { now: () => new Date() },
      randomness: { uuid: randomUUID },
      tls: true,
      users: [{ username: account, password, oneTimeCode: () => code }],
    });
    ({ port, url, certificateAuthorityPem: authority } = server);
  };
  const stopServer = async (): Promise<void> => {
    await server?.close();
    server = undefined;
  };

  beforeAll(async () => {
    await startServer();
    writeFileSync(join(folder, 'ca.pem'), authority ?? '');
    for (const name of ['one', 'two', 'three']) cards.push(attachLoop(makeSparseFile(join(folder, `${name}.img`), cardBytes)));
    writeFileSync(
      join(folder, 'profile.json'),
      JSON.stringify({
        name: 'Line A',
        server: { url, caFile: join(folder, 'ca.pem'), credentials: { username: account, password: { environment: 'LINE_PASSWORD' } } },
        keyType: 'ed25519',
        image: await decodedPracticeImage(folder),
        outboxLimit: 2,
        targets: { slots: cards.map((path, index) => ({ name: `Slot ${String(index + 1)}`, path, fixedDisk: true })) },
      }),
    );
    station = await openStationWindow(join(folder, 'data'), ['--profile', join(folder, 'profile.json')], { LINE_PASSWORD: password, IMPRINT_ROLE: 'technician' });
    page = station.page;
    await sizeTo(station, 1280, 800);
  });

  afterAll(async () => {
    await station.close();
    for (const card of cards) detachLoop(card);
    await stopServer();
    rmSync(folder, { recursive: true, force: true });
  });

  const slotIn = (name: string, state: string) => page.waitForSelector(`[data-testid="slot"][data-slot="${name}"][data-state="${state}"]`, { timeout: 120_000 });
  const start = async (number: number, mac: string): Promise<string> => {
    const name = `Slot ${String(number)}`;
    await page.keyboard.press(`Alt+${String(number)}`);
    await scan(station, mac);
    await slotIn(name, 'ready');
    await page.keyboard.press('F5');
    return name;
  };
  const waiting = (count: number) => page.waitForSelector(`[data-testid="outbox"][data-waiting="${String(count)}"]`);

  it('asks for the one-time code with the first card, and for nothing by itself', async () => {
    await page.keyboard.press('F9');
    await page.waitForSelector('[data-testid="watch-trouble"]', { timeout: 3000 }).catch(() => undefined);
    await expect.poll(() => page.locator('[data-testid="code-dialog"]').count()).toBe(0);
    await page.keyboard.press('F1');
    const name = await start(1, '02:60:00:00:00:01');
    await page.waitForSelector('[data-testid="code-dialog"]');
    await expect.poll(() => page.textContent('[data-testid="code-dialog"]')).toContain(account);
    // Digits only, however they are grouped.
    await page.keyboard.type('111-x 11 1');
    await expect.poll(() => page.inputValue('[data-testid="code-input"]')).toBe('111111');
    await shootAll(station, screenshots, 'one-time-code');
    await page.keyboard.press('Enter');
    await slotIn(name, 'done');
  });

  it('keeps cards that are good when the server is away, and says how many and until when', async () => {
    await stopServer();
    await slotIn(await start(2, '02:60:00:00:00:02'), 'waiting');
    await waiting(1);
    await expect.poll(() => page.textContent('[data-testid="outbox"]')).toContain('of at most 2');
    await page.waitForFunction(() => /Next try \d\d:\d\d:\d\d/.test(document.querySelector('[data-testid="outbox-next"]')?.textContent ?? ''));
    await shootAll(station, screenshots, 'outbox');
  });

  it('starts no card beyond the limit', async () => {
    await page.keyboard.press('F7');
    await slotIn(await start(3, '02:60:00:00:00:03'), 'waiting');
    await waiting(2);
    await expect.poll(() => page.getAttribute('[data-testid="outbox"]', 'data-full')).toBe('true');
    await slotIn(await start(1, '02:60:00:00:00:04'), 'failed');
    await expect.poll(() => page.textContent('[data-testid="slot"][data-slot="Slot 1"] [data-testid="slot-sentence"]')).toMatch(/wait/);
    await shootAll(station, screenshots, 'outbox-full');
  });

  it('tries at a key press, and says what is still wrong', async () => {
    await page.keyboard.press('F10');
    await page.waitForSelector('.notice--problem');
    await waiting(2);
  });

  it('sends the cards when the server is back, and the bench goes on', async () => {
    await startServer();
    // Its sign-ins are kept by the server; a new one would need another code.
    code = '222222';
    await page.keyboard.press('F10');
    await page.waitForSelector('[data-testid="outbox"]', { state: 'detached', timeout: 60_000 });
    await slotIn('Slot 3', 'done');
    await page.waitForSelector('.notice--success');
    await slotIn(await start(1, '02:60:00:00:00:04'), 'done');
  });

  it('shows a technician who has an identity at the server, and no more than another board to scan', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const stranger = bootPracticeDevice(
      {
        url,
        certificateAuthority: authority,
        identity: { mac: '02:60:00:00:00:05' },
        publicKey: { type: 'ed25519', spki, fingerprint: createHash('sha256').update(spki).digest('hex') },
        sign: (payload) => Promise.resolve(sign(null, payload, privateKey)),
      },
      AbortSignal.timeout(10_000),
    );
    // It is pending from now on.
    await expect(stranger).rejects.toMatchObject({ code: 'device-not-accepted' });
    const name = await start(2, '02:60:00:00:00:05');
    await slotIn(name, 'failed');
    // By itself, since nobody is in the middle of a scan.
    await page.waitForSelector('[data-testid="conflict"][data-step="choices"]');
    await expect.poll(() => page.textContent('[data-testid="conflict-server"]')).toContain('pending');
    await expect.poll(() => page.locator('[data-testid="choice"]').evaluateAll((all) => all.map((choice) => choice.getAttribute('data-choice')))).toEqual(['other-identity']);
    await expect.poll(() => page.textContent('[data-testid="conflict"]')).toContain('your role is technician');
    await shootAll(station, screenshots, 'conflict-technician');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid="conflict"]', { state: 'detached' });
    await page.keyboard.press('Alt+2');
    await shootAll(station, screenshots, 'bench-conflict');
    // An Enter this soon after a scan would be the scanner's second line end.
    await page.waitForTimeout(400);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="conflict"][data-step="choices"]');
    await page.keyboard.press('Escape');
  });

  it('shows QA what the watch found: who waits, and who came with another identity', async () => {
    await page.keyboard.press('F9');
    await page.keyboard.press('F5');
    await page.waitForFunction(() => /^Asked .*: [1-9]/.test(document.querySelector('[data-testid="watch-last"]')?.textContent ?? ''), undefined, { timeout: 30_000 });
    await page.waitForSelector('[data-testid="acceptance-page"][data-total="4"]');
    await page.waitForSelector('[data-testid="acceptance-row"][data-state="waiting"], [data-testid="acceptance-row"][data-state="stuck"]');
    await shootAll(station, screenshots, 'acceptance-watch');
  });
});
