import type { BrowserWindow } from 'electron';
import type { auditMethods } from '../contract/audit-channel';
import type { EvidenceMethods } from '../contract/evidence-channel';
import type { Handlers } from '../ipc/remote-procedures';
import { askForPlace } from '../window/save-place';
import type { BenchSession } from './bench-session';

/** What the auditor's page asks for, answered by the bench that is open. */
export function auditHandlers(window: BrowserWindow, session: () => Promise<BenchSession>): Handlers<typeof auditMethods & EvidenceMethods> {
  const day = (): string => new Date().toISOString().slice(0, 10);
  return {
    searchDevices: async (search) => (await session()).audit.search(search),
    logHealth: async () => (await session()).log.health(),
    checkLog: async () => {
      (await session()).log.checkNow();
    },
    cancelLogCheck: async () => {
      (await session()).log.cancelCheck();
    },
    exports: async () => (await session()).exports.view,
    exportRecord: async (wish) =>
      (await session()).exports.start(wish, () =>
        askForPlace(window, wish.zip ? { title: 'The export as one file', name: `imprint-export-${day()}.zip`, button: 'Export', extension: 'zip' } : { title: 'A name for the folder of the export', name: `imprint-export-${day()}`, button: 'Export' }),
      ),
    cancelExport: async () => {
      (await session()).exports.cancel();
    },
    deviceLog: async ({ deviceId }) => (await session()).audit.deviceLog(deviceId),
    saveReceipt: async ({ deviceId }) => (await session()).audit.saveReceipt(deviceId, (name) => askForPlace(window, { title: 'The receipt', name, button: 'Save', extension: 'tlog-proof' })),
  };
}
