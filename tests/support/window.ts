/** The real window of the real application, driven by Playwright. */
import { _electron, type ElectronApplication, type Page } from 'playwright';
import { electron, windowPath } from './station';

export interface StationWindow {
  readonly application: ElectronApplication;
  readonly page: Page;
  close(): Promise<void>;
}

/** Opens the station on a data folder. Needs a display; `npm test` starts one. */
export async function openStationWindow(dataFolder: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<StationWindow> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== 'ELECTRON_RUN_AS_NODE'));
  const application = await _electron.launch({
    executablePath: electron,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', windowPath, '--data', dataFolder, ...args],
    env: { ...inherited, ...env },
  });
  const page = await application.firstWindow();
  await page.waitForSelector('[data-testid="scan-field"]', { timeout: 60_000 });
  return {
    application,
    page,
    close: () => application.close(),
  };
}
