/** What a scanned command code asks of the bench; the printed codes are main's (main/domain/command-codes.ts), and a test compares both. */
export type BenchCode = { readonly command: 'start' | 'cancel' | 'next' | 'reject' | 'repeat' | 'sign-in' | 'unknown' } | { readonly command: 'slot'; readonly slot: number };

const words: Readonly<Record<string, 'start' | 'cancel' | 'next' | 'reject' | 'repeat' | 'sign-in' | undefined>> = {
  'START': 'start',
  'CANCEL': 'cancel',
  'NEXT': 'next',
  'REJECT': 'reject',
  'REPEAT': 'repeat',
  'SIGN-IN': 'sign-in',
  'LOCK': 'sign-in',
};

/** @returns undefined for a text that is no command; `unknown` for a command that this version does not know */
export function readBenchCode(text: string): BenchCode | undefined {
  const word = /^IMPRINT-CMD-(.*)$/.exec(text.trim().toUpperCase())?.[1];
  if (word === undefined) return undefined;
  const slot = /^SLOT-([1-9]|10)$/.exec(word)?.[1];
  if (slot !== undefined) return { command: 'slot', slot: Number(slot) };
  const command = Object.hasOwn(words, word) ? words[word] : undefined;
  return { command: command ?? 'unknown' };
}
