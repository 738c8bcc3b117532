/** What main may ask of the record's log: the port RecordLog, method by method. */
import { z } from 'zod';
import { anchorSchema, backupReceiptSchema, exportDeviceSchema, exportSelectionSchema, logCheckSchema, loggedEntrySchema, logHeadSchema, logSummarySchema, noteSchema, ownLogEntrySchema, packedEntriesSchema } from './log-values';
import type { Methods } from './methods';
import { binarySchema, listOf, timestampSchema } from './values';

const nothing = z.void();
const at = timestampSchema;
const count = z.int().min(0);

export const logMethods = {
  logEntry: { params: z.object({ entry: ownLogEntrySchema, seq: count.optional() }), result: count.optional() },
  logHead: { params: z.object({}), result: logHeadSchema },
  logSummary: { params: z.object({}), result: logSummarySchema },
  currentLogKey: { params: z.object({}), result: z.string().optional() },
  lastCheckpoint: { params: z.object({}), result: z.string().optional() },
  checkpoints: { params: z.object({ afterSize: z.int().min(-1), limit: z.int().min(1).max(1000) }), result: listOf(z.string()) },
  keepCheckpoint: { params: z.object({ note: noteSchema, at }), result: nothing },
  anchors: { params: z.object({}), result: listOf(anchorSchema) },
  keepAnchor: { params: z.object({ note: noteSchema, place: z.string().min(1), at }), result: nothing },
  logEntries: { params: z.object({ from: count, limit: z.int().min(1).max(1000) }), result: packedEntriesSchema },
  logDevices: {
    params: z.object({ from: count, limit: z.int().min(1).max(500), size: count, selection: exportSelectionSchema }),
    result: z.object({ devices: listOf(exportDeviceSchema), next: count.optional() }),
  },
  entriesOfDevice: { params: z.object({ deviceId: z.string() }), result: listOf(loggedEntrySchema) },
  logReceipt: { params: z.object({ seq: count, checkpoint: noteSchema }), result: z.string() },
  logConsistency: { params: z.object({ first: count, second: count }), result: listOf(binarySchema) },
  checkLog: { params: z.object({ key: z.string().optional() }), result: logCheckSchema },
  backUp: { params: z.object({ path: z.string().startsWith('/') }), result: backupReceiptSchema },
} as const satisfies Methods;
