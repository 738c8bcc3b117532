/**
 * What a key press means at the scan field. Scanners type fast and end with Enter, Tab, or both; some send CR LF, which
 * arrives as two Enters. The second one must not start the job that the first one only prepared.
 */
export interface ScanBuffer {
  /** When the text in the field was handed over, in milliseconds of any steady clock; undefined once it was changed. */
  readonly submittedAt: number | undefined;
  /** How many handed-over texts have no answer yet. */
  readonly pending: number;
}

export const emptyScanBuffer: ScanBuffer = { submittedAt: undefined, pending: 0 };

/** A terminator this soon after a scan still belongs to the scanner: people need longer to press a key again. */
export const terminatorTailMilliseconds = 300;

export type ScanMeaning =
  /** Hand this text over as an identity. */
  | { readonly action: 'submit'; readonly text: string }
  /** Start the slot that is ready. */
  | { readonly action: 'start' }
  /** Swallow the key. */
  | { readonly action: 'ignore' }
  /** Let the key do what it does everywhere: Tab moves the focus. */
  | { readonly action: 'pass' };

export interface Terminator {
  readonly key: 'Enter' | 'Tab';
  /** The key is held down and repeats itself. */
  readonly repeat: boolean;
  /** Text in the field at that moment. */
  readonly text: string;
  readonly at: number;
}

/** Decides about Enter or Tab in the scan field. */
export function readTerminator(buffer: ScanBuffer, terminator: Terminator): { readonly buffer: ScanBuffer; readonly meaning: ScanMeaning } {
  const { key, repeat, text, at } = terminator;
  if (repeat) return { buffer, meaning: { action: 'ignore' } };
  const scanned = text.trim();
  if (isTail(buffer, at) || (buffer.pending > 0 && buffer.submittedAt !== undefined)) return { buffer, meaning: { action: 'ignore' } };
  if (scanned !== '') {
    return { buffer: { submittedAt: at, pending: buffer.pending + 1 }, meaning: { action: 'submit', text: scanned } };
  }
  if (buffer.pending > 0) return { buffer, meaning: { action: 'ignore' } };
  return { buffer, meaning: { action: key === 'Enter' ? 'start' : 'pass' } };
}

/** The answer to one handed-over text came, whatever it was. */
export function answered(buffer: ScanBuffer): ScanBuffer {
  return { ...buffer, pending: Math.max(0, buffer.pending - 1) };
}

/** New text came in: the next terminator ends a new scan, however fast the scanner is. */
export function typed(buffer: ScanBuffer): ScanBuffer {
  return buffer.submittedAt === undefined ? buffer : { ...buffer, submittedAt: undefined };
}

function isTail(buffer: ScanBuffer, at: number): boolean {
  return buffer.submittedAt !== undefined && at - buffer.submittedAt < terminatorTailMilliseconds;
}
