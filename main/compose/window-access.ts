import { existsSync } from 'node:fs';
import { ImprintError } from '../domain/errors';
import type { Language } from '../domain/languages';
import type { AccessMode } from '../domain/operators';
import { logClient } from '../ipc/log-channel';
import { operatorsClient } from '../ipc/operators';
import type { OperatorDoors } from '../station/operators';
import { accessHandlers, type AccessHandlers } from './access-handlers';
import { atWorkOfEnvironment } from './at-work';
import { always } from './open-station';
import { stationFolder } from './station-folder';
import { storageProcess } from './storage-process';
import { Presence } from './presence';
import { keepLanguage, stationSettings } from './station-settings';

export interface WindowAccess {
  readonly presence: Presence;
  readonly handlers: AccessHandlers;
  close(): Promise<void>;
}

/**
 * Who may use the window of a data folder. The operators are in the station's own record, also while the practice bench is
 * open, so they have a storage process of their own; it is started where that record is there.
 *
 * @throws ImprintError usage where the environment names no role; profile-invalid for settings of the station that cannot be read
 */
export function openWindowAccess(dataFolder: string, changed: () => void, speak: (language: Language) => void): WindowAccess {
  const folder = stationFolder(dataFolder, false);
  const storage = storageProcess(folder.record, stationSettings(folder.root).name);
  const doors: OperatorDoors = { operators: operatorsClient(storage), clock: { now: () => new Date() } };
  const presence = new Presence({
    ...doors,
    log: logClient(storage),
    singlePerson: always(atWorkOfEnvironment())(),
    hasRecord: () => existsSync(folder.record),
    changed,
  });
  const setLanguage = (language: Language): void => {
    keepLanguage(folder.root, language);
    speak(language);
  };
  return { presence, handlers: accessHandlers(presence, doors, () => existsSync(folder.record), setLanguage), close: () => storage.stop() };
}

/** SECURITY: where people sign in, nobody says their own role. @throws ImprintError usage */
export function refuseOwnRole(mode: AccessMode): void {
  if (mode !== 'operators' || (process.env['IMPRINT_ROLE'] ?? '') === '') return;
  throw new ImprintError('usage', 'The role is the one of whoever signs in at this station: start it without IMPRINT_ROLE.', { field: 'IMPRINT_ROLE', expected: 'no IMPRINT_ROLE' });
}
