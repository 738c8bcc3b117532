import { join } from 'node:path';
import { noSettings, readStationSettings, type StationSettings } from '../contract/station-settings';
import { readIfThere } from './durable-file';

/** The station's own settings, beside its record. @throws ImprintError profile-invalid: a station does not guess what was meant */
export function stationSettings(root: string): StationSettings {
  const path = join(root, 'settings.json');
  const text = readIfThere(path);
  return text === undefined ? noSettings : readStationSettings(text, path);
}
