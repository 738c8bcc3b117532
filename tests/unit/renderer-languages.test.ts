/** The window in German: what main says in English stands beneath, and numbers and moments are German. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type * as formatModule from '../../renderer/logic/format';
import type * as keysModule from '../../renderer/logic/key-names';
import type * as wordsModule from '../../renderer/logic/of-main';
import type * as statesModule from '../../renderer/logic/words';

const plain = (text: string | undefined): string | undefined => text?.replaceAll('\u00a0', ' ');

describe('a window that speaks German', () => {
  let format: typeof formatModule;
  let words: typeof wordsModule;
  let keys: typeof keysModule;
  let states: typeof statesModule;

  beforeAll(async () => {
    vi.stubGlobal('location', { search: '?language=de' });
    vi.resetModules();
    format = await import('../../renderer/logic/format');
    words = await import('../../renderer/logic/of-main');
    keys = await import('../../renderer/logic/key-names');
    states = await import('../../renderer/logic/words');
    vi.unstubAllGlobals();
  });

  it('writes numbers and moments as German does', () => {
    expect(plain(format.formatBytes(2_147_483_648))).toBe('2,15 GB');
    expect(plain(format.formatRate(28_400_000))).toBe('28,4 MB/s');
    expect(plain(format.formatShare(0.985))).toBe('98,5 %');
    expect(format.formatCount(1_234_567)).toBe('1.234.567');
    expect(format.formatDateTime('2025-11-22T14:03:27')).toBe('22.11.2025 14:03:27');
    expect(format.formatDateClock('2025-11-22T14:03:27')).toBe('22.11.2025 14:03');
    expect(format.formatDay('2025-11-22')).toBe('22.11.');
    expect(plain(format.formatAge('2025-11-19T00:00:00Z', Date.parse('2025-11-22T00:00:00Z')))).toBe('3 Tagen');
    // What a server sends that is no moment.
    expect(format.formatDateTime('never')).toBe('never never');
  });

  it('says first what an error is, then main’s sentence', () => {
    expect(words.errorWords({ code: 'target-too-small', sentence: 'The card at /dev/sdb has 1.9 GB.' })).toEqual({ said: 'Karte zu klein.', english: 'The card at /dev/sdb has 1.9 GB.' });
    expect(words.errorWords(words.ownError('operator-invalid', 'Die beiden PINs sind nicht gleich.', 'again'))).toEqual({ said: 'Die beiden PINs sind nicht gleich.' });
    expect(words.refused({ code: 'slot-busy', sentence: 'Slot 1 is at work.' }, 'Slot 1')).toEqual({ sentence: 'Slot 1: Der Steckplatz arbeitet: warten.', tone: 'problem', english: 'Slot 1 is at work.' });
    expect(words.told('Signed.', 'success')).toEqual({ sentence: '', tone: 'success', english: 'Signed.' });
  });

  it('says what a slot waits for, and why it stopped', () => {
    expect(words.slotSentence({ state: 'free', sentence: 'Scan the label of a board.' })).toEqual({ said: 'Etikett einer Platine scannen.' });
    expect(words.slotSentence({ state: 'failed', errorCode: 'target-write-failed', sentence: 'Sector 5 …' })).toEqual({ said: 'Karte nimmt die Daten nicht: andere nehmen.', english: 'Sector 5 …' });
  });

  it('has its own words for causes, keys and cards', () => {
    expect(words.causeWords('target-read-only', 'Card read-only')).toBe('Karte schreibgeschützt');
    expect(words.causeWords('interrupted', 'Station ended')).toBe('Station endete');
    expect(words.causeWords('of-another-version', 'Of another version')).toBe('Of another version');
    expect(keys.keyNames('Ctrl+PgUp')).toBe('Strg+Bild↑');
    expect(keys.keyNames('Alt+1…0')).toBe('Alt+1…0');
    expect(plain(states.cardWords({ description: 'Card 31.9 GB', bytes: 31_900_000_000 }))).toBe('Karte 31,9 GB');
    expect(states.cardWords({ description: 'No card' })).toBe('Keine Karte');
    expect(states.serverWord('pending')).toBe('wartend');
    expect(states.serverWord('something-new')).toBe('something-new');
  });
});
