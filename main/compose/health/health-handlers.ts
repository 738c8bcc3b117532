import type { BrowserWindow } from 'electron';
import type { healthMethods } from '../../contract/health';
import type { Handlers } from '../../ipc/remote-procedures';
import { askForPlace } from '../../window/save-place';
import type { BenchSession } from '../bench-session';
import { askedOf } from '../chosen-place';
import { saveDiagnostics } from '../diagnostics/save';
import { healthReport, stationHealth } from './station-health';

/** A server that does not answer is a finding, not a reason to wait. */
const patience = 15_000;

/** How the station of the bench that is open is, and the same for somebody elsewhere. */
export function healthHandlers(window: BrowserWindow, dataFolder: string, session: () => Promise<BenchSession>): Handlers<typeof healthMethods> {
  return {
    stationHealth: async () => {
      const { examined, station } = await session();
      return healthReport(stationHealth(examined, AbortSignal.timeout(patience)), station.clock.now());
    },
    saveDiagnostics: async () => {
      const { examined, station } = await session();
      const now = station.clock.now();
      const place = await askedOf(station, () => askForPlace(window, { title: 'The diagnostics', name: `imprint-diagnostics-${now.toISOString().slice(0, 10)}.zip`, button: 'Save', extension: 'zip' }));
      if (place === undefined) return undefined;
      const { sentence } = await saveDiagnostics({ dataFolder, ...examined }, place, now, AbortSignal.timeout(patience));
      return { sentence };
    },
  };
}
