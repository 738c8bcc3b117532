import * as fontkit from 'fontkit';

/** Scripts that run from right to left, or whose letters depend on each other: the page sets neither. */
const unset = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/**
 * Makes text printable in a font.
 *
 * SECURITY: a page is what people compare. A character that the font lacks, or that shows as nothing or turns others around,
 * stands there as its number, so that two names that differ never look the same because of it.
 *
 * @param fontPath TrueType
 */
export function printableIn(fontPath: string): (text: string) => string {
  const font = fontkit.openSync(fontPath);
  if (!('hasGlyphForCodePoint' in font)) throw new TypeError(`${fontPath} holds several fonts.`);
  return (text) => Array.from(text, (character) => (isShown(character) && font.hasGlyphForCodePoint(character.codePointAt(0) ?? 0) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)).join('');
}

function isShown(character: string): boolean {
  return character === ' ' || (!/[\p{C}\p{Z}\p{M}]/u.test(character) && !unset.test(character));
}

/** Hexadecimal in groups of four, for eyes. */
export function grouped(hexadecimal: string): string {
  return hexadecimal.match(/.{1,4}/g)?.join(' ') ?? '';
}

/** As many characters as fit, and a sign where something was left out. */
export function shortened(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
