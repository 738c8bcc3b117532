/**
 * Tells a scanner from a person by the time between key presses, where a scan would land in something that did not ask for it: a
 * dialog, or another input. Pure: the hook beside it (state/use-wedge.ts) does what this says.
 */
export interface Burst {
  /** The characters so far. */
  readonly text: string;
  readonly startedAt: number;
  readonly lastAt: number;
}

/** The longest pause inside a scan. A slow wireless scanner needs 30 ms; nobody types ten keys a second from the first to the last. */
export const longestGap = 100;
/** On the average of all its characters a scan is faster than any person. */
export const averageGap = 50;
/** Fewer characters are no label. */
export const fewestCharacters = 4;
/** CR LF, or Enter and Tab: the second terminator still belongs to the scan. */
export const tailMilliseconds = 300;

/** One more character. Somebody who pauses begins anew. */
export function withCharacter(burst: Burst | undefined, character: string, at: number): Burst {
  if (burst === undefined || at - burst.lastAt > longestGap) return { text: character, startedAt: at, lastAt: at };
  return { text: burst.text + character, startedAt: burst.startedAt, lastAt: at };
}

/** Whether so many characters came so fast that a scanner is typing; its end is still to come. */
export function isScanning(burst: Burst | undefined, at: number): burst is Burst {
  return burst !== undefined && burst.text.length >= 2 && at - burst.lastAt <= longestGap && (burst.lastAt - burst.startedAt) / (burst.text.length - 1) <= averageGap;
}

/** The scanned text where Enter or Tab ends a scan. */
export function endOfScan(burst: Burst | undefined, at: number): string | undefined {
  return isScanning(burst, at) && burst.text.trim().length >= fewestCharacters ? burst.text.trim() : undefined;
}

/** FNC1 of a GS1 code: scanners type it as Ctrl and ]. */
export const groupSeparator = '\u001d';

export function characterOf({ key, ctrlKey, altKey, metaKey }: { readonly key: string; readonly ctrlKey: boolean; readonly altKey: boolean; readonly metaKey: boolean }): string | undefined {
  if (altKey || metaKey) return undefined;
  if (ctrlKey) return key === ']' || key === groupSeparator ? groupSeparator : undefined;
  return key.length === 1 ? key : undefined;
}
