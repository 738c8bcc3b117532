import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chosenLanguage, keepLanguage, stationSettings } from '../../main/compose/station-settings';
import { temporaryFolder } from '../support/station';

describe('the language in the settings of a station', () => {
  let root: string;
  let path: string;

  beforeEach(() => {
    root = join(temporaryFolder(), 'station');
    path = join(root, 'settings.json');
  });

  afterEach(() => {
    rmSync(join(root, '..'), { recursive: true, force: true });
  });

  it('is kept in a station that has no settings, nor a folder, yet', () => {
    expect(chosenLanguage(root)).toBeUndefined();
    keepLanguage(root, 'de');
    expect(chosenLanguage(root)).toBe('de');
    expect(stationSettings(root)).toEqual({ version: 1, language: 'de' });
  });

  it('changes nothing else that stands there, not even how it is written', () => {
    mkdirSync(root);
    const text = '{ "version": 1,\n    "name": "Bench 4",  "shifts": ["06:00", "14:00"] }\n';
    writeFileSync(path, text);
    keepLanguage(root, 'zh-Hans');
    expect(stationSettings(root)).toEqual({ version: 1, name: 'Bench 4', shifts: ['06:00', '14:00'], language: 'zh-Hans' });
    expect(readFileSync(path, 'utf8')).toContain('"name": "Bench 4",  "shifts": ["06:00", "14:00"]');
    keepLanguage(root, undefined);
    expect(stationSettings(root)).toEqual({ version: 1, name: 'Bench 4', shifts: ['06:00', '14:00'] });
  });

  it('is not guessed, and not overwritten, where the settings cannot be read', () => {
    mkdirSync(root);
    writeFileSync(path, '{ "version": 1, "language": "klingon" }');
    expect(chosenLanguage(root)).toBeUndefined();
    expect(() => keepLanguage(root, 'de')).toThrow(expect.objectContaining({ code: 'profile-invalid', field: 'language' }));
    expect(readFileSync(path, 'utf8')).toContain('klingon');
  });
});
