/** The real window of the real application, driven by Playwright. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright';
import { electron, windowPath } from './station';

export interface StationWindow {
  readonly application: ElectronApplication;
  readonly page: Page;
  close(): Promise<void>;
}

/** Starts the window on a data folder, whatever it shows first. Needs a display; `npm test` starts one. */
export async function launchStation(dataFolder: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<StationWindow> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== 'ELECTRON_RUN_AS_NODE'));
  const application = await _electron.launch({
    executablePath: electron,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', windowPath, '--data', dataFolder, ...args],
    // Tests read English unless they say otherwise, whatever the system speaks.
    env: { ...inherited, ...displayOfWorker(), LANGUAGE: 'en', LC_ALL: 'C.UTF-8', ...env },
  });
  const page = await application.firstWindow();
  return {
    application,
    page,
    close: () => application.close(),
  };
}

/** Each worker has a screen of its own, where there are several (scripts/test.mjs). */
function displayOfWorker(): Readonly<Record<string, string>> {
  const displays = (process.env['IMPRINT_DISPLAYS'] ?? '').split(' ').filter((display) => display !== '');
  const display = displays[(Number(process.env['VITEST_POOL_ID'] ?? '1') - 1) % Math.max(1, displays.length)];
  return display === undefined ? {} : { DISPLAY: display };
}

/** Opens the bench of a data folder. */
export async function openStationWindow(dataFolder: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<StationWindow> {
  const station = await launchStation(dataFolder, args, env);
  const { page } = station;
  const first = await page.waitForSelector('[data-testid="scan-field"], [data-testid="set-up-single"]', { timeout: 60_000 });
  // A new station asks who works there; these tests are about one person unless they say otherwise.
  if ((await first.getAttribute('data-testid')) === 'set-up-single') {
    await first.click();
    await page.waitForSelector('[data-testid="scan-field"]', { timeout: 60_000 });
  }
  return station;
}

/** The page of a device is there, and what the record has of it stands on it. */
export async function openedDevice({ page }: StationWindow): Promise<void> {
  await page.waitForSelector('[data-testid="device-page"][aria-busy="false"]');
}

/** Screenshots are kept under docs/ when asked for; otherwise they go with the test's folder. */
export function screenshotFolder(folder: string): string {
  const path = process.env['IMPRINT_SCREENSHOTS'] === '1' ? resolve(import.meta.dirname, '../../docs/screenshots') : join(folder, 'screenshots');
  mkdirSync(path, { recursive: true });
  return path;
}

/** Makes the page inside the window this large. */
export async function sizeTo({ application, page }: StationWindow, width: number, height: number): Promise<void> {
  await application.evaluate(({ BrowserWindow }, size) => {
    BrowserWindow.getAllWindows()[0]?.setContentSize(size.width, size.height);
  }, { width, height });
  await page.waitForFunction((wanted) => window.innerWidth === wanted, width);
}

const sizes = [
  [1280, 800],
  [1920, 1080],
] as const;

/** What the window shows now, in both themes and both sizes, where screenshots are asked for. Afterwards it is as it was. */
export async function shootAll(station: StationWindow, folder: string, name: string): Promise<void> {
  if (process.env['IMPRINT_SCREENSHOTS'] !== '1') return;
  const { page } = station;
  for (const [width, height] of [...sizes].reverse()) {
    await sizeTo(station, width, height);
    for (const theme of ['light', 'dark']) {
      const shown = await page.evaluate(() => document.documentElement.dataset['theme'] ?? (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark'));
      if (shown !== theme) await page.keyboard.press('F8');
      await page.waitForFunction((wanted) => document.documentElement.dataset['theme'] === wanted || matchMedia(`(prefers-color-scheme: ${wanted})`).matches, theme);
      // What was asked for a moment ago may still be on its way.
      await page.waitForTimeout(250);
      await page.screenshot({ path: join(folder, `${name}-${theme}-${String(width)}.png`) });
    }
    await page.keyboard.press('F8');
  }
}

/** As a scanner does it: fast keystrokes, Enter at the end, wherever the focus is. */
export async function scan({ page }: StationWindow, code: string): Promise<void> {
  await page.keyboard.type(code);
  await page.keyboard.press('Enter');
}

/** As a person types: too slowly for a scanner, so the text stays in the field that has the focus. */
export async function typeByHand({ page }: StationWindow, text: string): Promise<void> {
  await page.keyboard.type(text, { delay: 70 });
}
