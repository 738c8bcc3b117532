/** What the person at the bench sees of the connection to other systems: a warning where it does not work, and nothing else. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { temporaryFolder } from '../support/station';
import { openStationWindow, screenshotFolder, type StationWindow } from '../support/window';

const folder = temporaryFolder();
let station: StationWindow | undefined;

afterEach(async () => {
  await station?.close();
  rmSync(folder, { recursive: true, force: true });
});

it('a webhook that cannot work is a warning that stays, and the bench is open all the same', async () => {
  mkdirSync(join(folder, 'practice'));
  const webhook = { url: 'https://127.0.0.1:1/hook', events: ['device.accepted'], secret: { environment: 'HOOK' }, caFile: join(folder, 'no-such.pem') };
  writeFileSync(join(folder, 'practice/settings.json'), JSON.stringify({ version: 1, webhooks: [webhook] }));
  station = await openStationWindow(folder);
  await station.page.getByText(/The certificates .*no-such\.pem of a webhook cannot be read/).waitFor();
  await expect.poll(() => station?.page.getByTestId('scan-field').isEnabled()).toBe(true);
  await station.page.screenshot({ path: join(screenshotFolder(folder), 'webhook-warning.png') });
});
