/** Labels: what a profile says of them, and the journal of what was printed. How one is laid out is label-layout.ts. */
import type { Identity } from './identity';

export const labelPrinterKinds = ['zpl', 'cups', 'pdf'] as const;
export type LabelPrinterKind = (typeof labelPrinterKinds)[number];

export type LabelPrinter =
  /** A printer that reads ZPL II from a raw TCP port. */
  | { readonly kind: 'zpl'; readonly host: string; readonly port: number }
  /** A queue of CUPS by its name. */
  | { readonly kind: 'cups'; readonly printer: string }
  /** A folder that gets a file for each label. */
  | { readonly kind: 'pdf'; readonly folder: string };

export const labelCodeKinds = ['qr', 'data-matrix', 'code-128'] as const;
export type LabelCodeKind = (typeof labelCodeKinds)[number];

interface Placed {
  /** Millimetres from the upper left corner of the label to that of the element. */
  readonly x: number;
  readonly y: number;
  /** Text with placeholders (label-layout.ts). */
  readonly content: string;
}

export type LabelElement =
  | (Placed & { readonly kind: 'text'; /** Millimetres from line to line. */ readonly height: number })
  /** `size`: most millimetres of its side; it is drawn as large as whole dots allow. */
  | (Placed & { readonly kind: 'qr' | 'data-matrix'; readonly size: number })
  /** `width`: most millimetres of all its bars. */
  | (Placed & { readonly kind: 'code-128'; readonly width: number; readonly height: number });

/** The resolutions that label printers have: 152, 203, 300 and 600 dpi. */
export const labelResolutions = [6, 8, 12, 24] as const;
export type LabelResolution = (typeof labelResolutions)[number];

export interface LabelSettings {
  readonly printer: LabelPrinter;
  /** Millimetres. */
  readonly size: { readonly width: number; readonly height: number };
  /** Dots per millimetre. */
  readonly dpmm: LabelResolution;
  readonly template: readonly LabelElement[];
  readonly copies: number;
  /** The printed label must be scanned before its job counts as closed. */
  readonly scanBack: boolean;
}

/**
 * waiting: for its printer. sending: a process is at it, or was killed there. doubtful: whether it was printed is not known, a
 * person is asked. printed. failed: a person gave it up.
 */
export const labelStates = ['waiting', 'sending', 'doubtful', 'printed', 'failed'] as const;
export type LabelState = (typeof labelStates)[number];

/** Which process sends it: ProcessOwner of ports.ts, which knows this file. */
export interface LabelOwner {
  readonly pid: number;
  readonly started: string;
}

/** One label that was asked for. */
export interface LabelPrint {
  readonly printId: number;
  readonly deviceId: string;
  /** The job that made the device. */
  readonly jobId: string;
  readonly identity: Identity;
  readonly fingerprint: string;
  readonly batch?: string | undefined;
  readonly profileName: string;
  /** The profile by which the device was made. */
  readonly profileSha256: string;
  /** When the device was finished. */
  readonly madeAt: string;
  readonly reprint: boolean;
  /** Why it is printed again. */
  readonly reason?: string | undefined;
  readonly askedBy: string;
  readonly askedAt: string;
  readonly state: LabelState;
  /** How often it was begun to send it. */
  readonly attempts: number;
  /** Who sends it. */
  readonly owner?: LabelOwner | undefined;
  /** Why it waits, or how it ended. */
  readonly sentence?: string | undefined;
  readonly changedAt: string;
  readonly printer?: LabelPrinterKind | undefined;
  readonly copies?: number | undefined;
  /** It must be scanned before its job is closed. */
  readonly scanBack: boolean;
  readonly scannedAt?: string | undefined;
  readonly scannedBy?: string | undefined;
}

export type LabelEnd =
  | { readonly state: 'waiting' | 'doubtful' | 'failed'; readonly sentence: string }
  | { readonly state: 'printed'; readonly sentence: string; readonly printer: LabelPrinterKind; readonly copies: number };

/**
 * The journal of the labels, in the record. The first label of a job is in it from the moment in which the job is done, by the
 * same transaction. Every method is durable when it returns. @throws ImprintError record-*, no-such-device
 */
export interface LabelStore {
  /** waiting, sending and doubtful, oldest first. */
  unfinishedLabels(): Promise<readonly LabelPrint[]>;
  /** Newest first. */
  labelsOfDevice(deviceId: string): Promise<readonly LabelPrint[]>;
  /** The first label of each of these jobs; jobs without one are left out. At most 1000. */
  labelsOfJobs(jobIds: readonly string[]): Promise<readonly LabelPrint[]>;
  /** Printed and not scanned yet, newest first. */
  labelsToScan(limit: number): Promise<readonly LabelPrint[]>;
  /** Asks for the label of a finished device once more. @throws no-such-device where it is none */
  askLabel(request: { readonly deviceId: string; readonly reason: string; readonly by: string; readonly at: string }): Promise<LabelPrint>;
  /** Takes a waiting label for sending. False where somebody else was faster. */
  startLabel(printId: number, owner: LabelOwner, at: string): Promise<boolean>;
  /** A label that has ended is never changed again; ending it twice in the same state changes nothing. */
  endLabel(printId: number, end: LabelEnd, at: string): Promise<LabelPrint>;
  /** The printed label was scanned; a second scan changes nothing. */
  scanLabel(printId: number, by: string, at: string): Promise<LabelPrint>;
}

/** `ZPL printer 192.168.1.40:9100` */
export function describePrinter(printer: LabelPrinter): string {
  switch (printer.kind) {
    case 'zpl':
      return `ZPL printer ${printer.host}:${String(printer.port)}`;
    case 'cups':
      return `CUPS printer ${printer.printer}`;
    case 'pdf':
      return `PDF files in ${printer.folder}`;
  }
}
