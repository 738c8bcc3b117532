/** How the record's log stands, and what is handed out of it: exports and receipts. Nothing here writes into the record. */
import { z } from 'zod';
import { exportSelectionSchema, loggedEntrySchema } from './log-values';
import type { Methods } from './methods';
import { errorReportSchema, listOf, progressSchema, sha256Schema, timestampSchema } from './values';

const nothing = z.void();
const count = z.int().min(0);

export const logHealthSchema = z.object({
  /** Why the log cannot be read; what is known besides is there all the same. */
  trouble: z.string().optional(),
  /** Number of entries. */
  size: count.optional(),
  /** Public key that signs, `name+id+base64`. */
  key: z.string().optional(),
  checkpoint: z.object({ size: count, at: timestampSchema }).optional(),
  anchor: z.object({ size: count, at: timestampSchema, place: z.string() }).optional(),
  /** The check of the whole log by itself. */
  check: z.object({
    /** Entries; `total` is 0 until it is known. The one of a start cannot be cancelled. */
    running: z.object({ done: count, total: count, canCancel: z.boolean() }).optional(),
    /** unfinished: the record could not be read to its end. */
    last: z.object({ result: z.enum(['sound', 'broken', 'unfinished']), sentence: z.string(), at: timestampSchema, entry: count.optional() }).optional(),
  }),
  /** Where the key lies, checkpoints that could not be signed, places that no anchor could be brought to. */
  warnings: listOf(z.string()),
});
export type LogHealthView = z.output<typeof logHealthSchema>;

/** What an export has. Its place is no member: main asks for that itself. */
export const exportWishSchema = z.object({ zip: z.boolean(), selection: exportSelectionSchema, summary: z.boolean(), publicKeys: z.boolean(), receipts: z.boolean() });
export type ExportWishView = z.output<typeof exportWishSchema>;

export const writtenExportSchema = z.object({
  outcome: z.literal('written'),
  to: z.string(),
  origin: z.string(),
  entries: count,
  devices: count,
  files: count,
  manifestSha256: sha256Schema,
  logKey: z.string(),
  certificateSha256: sha256Schema,
  /** Where the key that signs exports lies. */
  warning: z.string().optional(),
});
export type WrittenExport = z.output<typeof writtenExportSchema>;

export const exportViewSchema = z.object({
  running: z.object({ to: z.string(), progress: progressSchema.optional(), cancelling: z.boolean() }).optional(),
  /** How the last one ended. */
  last: z.discriminatedUnion('outcome', [writtenExportSchema, z.object({ outcome: z.literal('cancelled') }), z.object({ outcome: z.literal('failed'), error: errorReportSchema })]).optional(),
});
export type ExportView = z.output<typeof exportViewSchema>;

export const deviceLogSchema = z.object({
  /** What the log says of the device, oldest first. */
  entries: listOf(loggedEntrySchema),
  /** Why this person gets no receipt now, one sentence. */
  noReceipt: z.string().optional(),
});
export type DeviceLogView = z.output<typeof deviceLogSchema>;

export const savedReceiptSchema = z.object({ path: z.string(), entry: count, size: count, sentence: z.string() });

export const evidenceMethods = {
  logHealth: { params: z.object({}), result: logHealthSchema },
  /** Begins a check of the whole log, where none is under way; the `logHealth` event tells how it goes. */
  checkLog: { params: z.object({}), result: nothing },
  cancelLogCheck: { params: z.object({}), result: nothing },
  exports: { params: z.object({}), result: exportViewSchema },
  /** Asks for a place and begins to write there; the `exports` event tells how it goes. False where the person closed the question. */
  exportRecord: { params: exportWishSchema, result: z.boolean() },
  cancelExport: { params: z.object({}), result: nothing },
  deviceLog: { params: z.object({ deviceId: z.string() }), result: deviceLogSchema },
  /** Asks for a place and writes the receipt of the device's key there; undefined where the person closed the question. */
  saveReceipt: { params: z.object({ deviceId: z.string() }), result: savedReceiptSchema.optional() },
} as const satisfies Methods;
export type EvidenceMethods = typeof evidenceMethods;
