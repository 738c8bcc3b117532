import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { applyEdits, modify } from 'jsonc-parser';
import { noSettings, readStationSettings, type StationSettings } from '../contract/station-settings';
import type { Language } from '../domain/languages';
import { readIfThere, writeDurably } from './durable-file';

const pathIn = (root: string): string => join(root, 'settings.json');

/** The station's own settings, beside its record. @throws ImprintError profile-invalid: a station does not guess what was meant */
export function stationSettings(root: string): StationSettings {
  const path = pathIn(root);
  const text = readIfThere(path);
  return text === undefined ? noSettings : readStationSettings(text, path);
}

/**
 * Keeps in which language the window speaks; undefined: that of the system again. What else a person wrote into the file
 * stays as it is, line for line.
 *
 * @throws ImprintError profile-invalid where the file cannot be read, record-full-disk, record-unavailable: then it stays
 */
export function keepLanguage(root: string, language: Language | undefined): void {
  const path = pathIn(root);
  const text = readIfThere(path) ?? `${JSON.stringify(noSettings, null, 2)}\n`;
  if (readStationSettings(text, path).language === language) return;
  const next = applyEdits(text, modify(text, ['language'], language, {}));
  readStationSettings(next, path);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  writeDurably(path, next);
}

/** Undefined where nobody chose, and where the settings cannot be read: whoever opens the station is told of that elsewhere. */
export function chosenLanguage(root: string): Language | undefined {
  try {
    return stationSettings(root).language;
  } catch {
    return undefined;
  }
}
