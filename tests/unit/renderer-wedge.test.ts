/** Scanners that type: told from hands by their pace, their group separator, the command codes, the sounds. */
import { describe, expect, it } from 'vitest';
import { allCommandCodes, commandCodeText, readCommandCode } from '../../main/domain/command-codes';
import { readBenchCode } from '../../renderer/logic/command-codes';
import { averageGap, characterOf, endOfScan, groupSeparator, isScanning, longestGap, withCharacter, type Burst } from '../../renderer/logic/keyboard-wedge';
import { readSoundSettings, sounds, soundSettingsText, tonesOf } from '../../renderer/logic/sounds';

/** A text that is typed with these pauses between its characters, in milliseconds. */
function typedWith(text: string, pauses: (index: number) => number): { readonly burst: Burst | undefined; readonly at: number } {
  let at = 1000;
  let burst: Burst | undefined;
  Array.from(text).forEach((character, index) => {
    if (index > 0) at += pauses(index);
    burst = withCharacter(burst, character, at);
  });
  return { burst, at };
}

const ended = (text: string, pause: number, wait = 0): string | undefined => {
  const { burst, at } = typedWith(text, () => pause);
  return endOfScan(burst, at + wait);
};

describe('the pace of a scanner', () => {
  it.each([0, 1, 10, 30, averageGap])('is that of a code with %i ms between its characters', (pause) => {
    expect(ended('02:5a:00:00:00:01', pause)).toBe('02:5a:00:00:00:01');
  });

  it.each([averageGap + 1, 80, 140, 400])('is not that of a hand with %i ms between its characters', (pause) => {
    expect(ended('02:5a:00:00:00:01', pause)).toBeUndefined();
  });

  it('may falter once, and begins anew after a longer pause', () => {
    const once = typedWith('0123456789', (index) => (index === 5 ? longestGap : 5));
    expect(endOfScan(once.burst, once.at)).toBe('0123456789');
    const anew = typedWith('0123456789', (index) => (index === 5 ? longestGap + 1 : 5));
    expect(endOfScan(anew.burst, anew.at)).toBe('56789');
  });

  it('has its end soon behind its last character', () => {
    expect(ended('0123456789', 5, longestGap)).toBe('0123456789');
    expect(ended('0123456789', 5, longestGap + 1)).toBeUndefined();
  });

  it('makes no code of three characters, nor of blanks', () => {
    expect(ended('abc', 2)).toBeUndefined();
    expect(ended('      ', 2)).toBeUndefined();
    expect(ended(' abcd ', 2)).toBe('abcd');
  });

  it('is known while the code is still coming', () => {
    const { burst, at } = typedWith('02', () => 4);
    expect(isScanning(burst, at)).toBe(true);
    expect(isScanning(typedWith('0', () => 4).burst, at)).toBe(false);
    expect(isScanning(undefined, at)).toBe(false);
  });
});

describe('a character of a scanner', () => {
  const press = (key: string, held: { ctrlKey?: boolean; altKey?: boolean; metaKey?: boolean } = {}) => characterOf({ key, ctrlKey: false, altKey: false, metaKey: false, ...held });

  it('is what a key types', () => {
    expect(press('a')).toBe('a');
    expect(press(' ')).toBe(' ');
    expect(press('Enter')).toBeUndefined();
    expect(press('F5')).toBeUndefined();
  });

  it('is FNC1 where it comes as Ctrl and ]', () => {
    expect(press(']', { ctrlKey: true })).toBe(groupSeparator);
    expect(press(groupSeparator, { ctrlKey: true })).toBe(groupSeparator);
    expect(press('p', { ctrlKey: true })).toBeUndefined();
  });

  it('is none of a shortcut', () => {
    expect(press('1', { altKey: true })).toBeUndefined();
    expect(press('a', { metaKey: true })).toBeUndefined();
  });
});

describe('the command codes', () => {
  it.each(allCommandCodes().map((code) => [commandCodeText(code), code] as const))('%s is read by the window as main prints it', (text, code) => {
    const read = readBenchCode(text);
    if (code.command === 'SLOT') expect(read).toEqual({ command: 'slot', slot: code.slot });
    else expect(read?.command).toBe(code.command.toLowerCase());
    expect(readBenchCode(` ${text.toLowerCase()} `)).toEqual(read);
  });

  it.each(['IMPRINT-CMD-', 'IMPRINT-CMD-SLOT-0', 'IMPRINT-CMD-SLOT-11', 'IMPRINT-CMD-SLOT-1X', 'IMPRINT-CMD-constructor', 'IMPRINT-CMD-START2'])('%s is a command that neither knows', (text) => {
    expect(readBenchCode(text)).toEqual({ command: 'unknown' });
    expect(readCommandCode(text)).toBeUndefined();
  });

  it('have one with two names', () => {
    expect(readBenchCode('IMPRINT-CMD-LOCK')).toEqual(readBenchCode('IMPRINT-CMD-SIGN-IN'));
    expect(readCommandCode('IMPRINT-CMD-LOCK')).toEqual(readCommandCode('IMPRINT-CMD-SIGN-IN'));
  });

  it('are no identity', () => {
    expect(readBenchCode('02:5a:00:00:00:01')).toBeUndefined();
    expect(readBenchCode('IMPRINT-CM-START')).toBeUndefined();
  });
});

describe('the sounds', () => {
  it('differ in their number of tones, or in their height', () => {
    const heard = sounds.map((name) => tonesOf[name].map(({ hertz, wave }) => `${String(hertz)} ${wave}`).join(', '));
    expect(new Set(heard).size).toBe(sounds.length);
    // What must stop a hand is lower than all that may be missed.
    const lowest = (name: (typeof sounds)[number]): number => Math.min(...tonesOf[name].map(({ hertz }) => hertz));
    for (const name of sounds) if (name !== 'error') expect(lowest(name)).toBeGreaterThan(2 * Math.max(...tonesOf.error.map(({ hertz }) => hertz)));
  });

  it.each(['70 on', '0 muted', '100 on'])('are remembered as %s', (text) => {
    expect(soundSettingsText(readSoundSettings(text))).toBe(text);
  });

  it.each([null, '', '101 on', '70', 'loud on', '-1 on'])('are as usual where %j is remembered', (text) => {
    expect(readSoundSettings(text)).toEqual({ volume: 70, muted: false });
  });
});
