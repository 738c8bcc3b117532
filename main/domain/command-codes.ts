/** The command barcodes that the station prints: a whole shift is worked with the scanner alone. */

const prefix = 'IMPRINT-CMD-';

export const mostSlotCodes = 10;

/** What a command code can say besides `SLOT-1` … `SLOT-10`. */
export const commandWords = ['START', 'CANCEL', 'NEXT', 'REJECT', 'REPEAT', 'SIGN-IN'] as const;
export type CommandWord = (typeof commandWords)[number];

/** `LOCK` is another name of `SIGN-IN`: whoever goes locks, and whoever comes signs in. */
const otherNames: Readonly<Record<string, CommandWord>> = { LOCK: 'SIGN-IN' };

export type CommandCode = { readonly command: CommandWord } | { readonly command: 'SLOT'; readonly slot: number };

/** The text of a command's barcode: capitals, digits and hyphens, which every 1-D symbology has. */
export function commandCodeText(code: CommandCode): string {
  return code.command === 'SLOT' ? `${prefix}SLOT-${String(code.slot)}` : prefix + code.command;
}

/** Whether this text claims to be a command, known or not. Such a text is never an identity. */
export function isCommandCode(text: string): boolean {
  return text.trim().toUpperCase().startsWith(prefix);
}

/** @returns undefined for a text that is no command, or one that this version does not know */
export function readCommandCode(text: string): CommandCode | undefined {
  if (!isCommandCode(text)) return undefined;
  const word = text.trim().toUpperCase().slice(prefix.length);
  const slot = /^SLOT-([1-9]|10)$/.exec(word)?.[1];
  if (slot !== undefined) return { command: 'SLOT', slot: Number(slot) };
  const command = Object.hasOwn(otherNames, word) ? otherNames[word] : commandWords.find((known) => known === word);
  return command === undefined ? undefined : { command };
}

/** Every code, in the order of the printed sheet. */
export function allCommandCodes(): readonly CommandCode[] {
  return [...commandWords.map((command) => ({ command })), ...Array.from({ length: mostSlotCodes }, (_, index) => ({ command: 'SLOT' as const, slot: index + 1 }))];
}
