/** What main may ask of the export process. SECURITY: no schema here has a place for a key that signs, or for a change of the record. */
import { z } from 'zod';
import { exportSelectionSchema } from './log-values';
import type { Methods } from './methods';
import { shiftReportSchema } from './report-channel';
import { binarySchema, listOf, sha256Schema, timestampSchema } from './values';

const nothing = z.void();

export const exportMethods = {
  /** The head that the export will stand under, once it is signed by the key that the log names; the station as its newest entry calls it. */
  head: { params: z.object({}), result: z.object({ size: z.int().min(0), root: binarySchema, logKey: z.string(), station: z.string() }) },
  write: {
    params: z.object({
      wish: z.object({
        to: z.string().min(1),
        zip: z.boolean(),
        selection: exportSelectionSchema,
        summary: z.boolean(),
        publicKeys: z.boolean(),
        receipts: z.boolean(),
        checkpoint: z.string(),
        logKey: z.string(),
        certificate: z.string(),
        madeAt: timestampSchema,
        madeBy: z.string().min(1),
      }),
    }),
    result: z.object({ entries: z.int(), devices: z.int(), files: z.int(), manifest: binarySchema, manifestSha256: sha256Schema }),
  },
  /** The report of a shift as a PDF. It comes with all that is printed: the record is not looked at. */
  printReport: {
    params: z.object({
      report: shiftReportSchema,
      madeAt: timestampSchema,
      madeBy: z.string().min(1),
      practice: z.boolean(),
      /** By this name the record says that the paper is an anchor. */
      anchor: z.string().optional(),
    }),
    result: binarySchema,
  },
  seal: { params: z.object({ note: z.string(), cms: binarySchema }), result: nothing },
  discard: { params: z.object({}), result: nothing },
  /** `findings` has the first ones as lines; `total` all of them. */
  check: {
    params: z.object({ path: z.string().min(1), key: z.string().optional(), anchors: listOf(z.string()) }),
    result: z.object({
      findings: listOf(z.string()),
      total: z.int(),
      files: z.int(),
      entries: z.int(),
      devices: z.int().optional(),
      anchors: z.int(),
      origin: z.string().optional(),
      key: z.string().optional(),
      root: z.string().optional(),
      signature: z.object({ subject: z.string(), fingerprint: sha256Schema }).optional(),
    }),
  },
} as const satisfies Methods;

export type ExportMethods = typeof exportMethods;
