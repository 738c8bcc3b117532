/** Values of the record's log that cross a process boundary, each tied to its domain type. */
import { z } from 'zod';
import type { Anchor, BackupReceipt, ExportDevice, ExportSelection, LogCheck, LoggedEntry, LogHead, LogSummary, OwnLogEntry } from '../domain/record-log';
import { signInMethods } from '../domain/record-log';
import { roles } from '../domain/roles';
import { binarySchema, bytesSchema, deviceStateSchema, identitySchema, jsonObjectSchema, keyTypeSchema, listOf, sha256Schema, timestampSchema } from './values';

const countSchema = z.int().min(0);
const rootSchema = binarySchema.refine((bytes) => bytes.length === 32, 'a root has 32 bytes');
const filled = z.string().min(1).max(4096);

export const logHeadSchema = z.object({ size: countSchema, root: rootSchema }) satisfies z.ZodType<LogHead>;

export const backupReceiptSchema = logHeadSchema.extend({ sha256: sha256Schema, bytes: bytesSchema }) satisfies z.ZodType<BackupReceipt>;

/** Signed notes are short (note.ts); a longer one is none. */
export const noteSchema = z.string().min(1).max(256 * 1024);

export const anchorSchema = z.object({ size: countSchema, note: noteSchema, place: z.string().min(1), at: timestampSchema }) satisfies z.ZodType<Anchor>;

export const logSummarySchema = z.object({
  size: countSchema,
  key: z.string().optional(),
  checkpoint: z.object({ size: countSchema, at: timestampSchema }).optional(),
  anchor: anchorSchema.omit({ note: true }).optional(),
}) satisfies z.ZodType<LogSummary>;

export const loggedEntrySchema = z.object({
  v: z.literal(1),
  seq: countSchema,
  at: timestampSchema,
  station: z.string(),
  by: z.string(),
  event: z.string(),
  data: jsonObjectSchema,
}) satisfies z.ZodType<LoggedEntry>;

export const logCheckSchema = z.union([
  z.object({ sound: z.literal(true), size: countSchema, root: rootSchema, checkpoints: countSchema, devices: countSchema }),
  z.object({ sound: z.literal(false), entry: countSchema.optional(), sentence: z.string().min(1) }),
]) satisfies z.ZodType<LogCheck>;

export const exportSelectionSchema = z.object({
  from: timestampSchema.optional(),
  before: timestampSchema.optional(),
  batch: z.string().min(1).optional(),
  profile: z.string().min(1).optional(),
  states: listOf(deviceStateSchema).optional(),
}) satisfies z.ZodType<ExportSelection>;

export const exportDeviceSchema = z.object({
  entry: countSchema,
  madeAt: timestampSchema,
  madeBy: z.string(),
  device: z.string(),
  identity: identitySchema,
  keyType: keyTypeSchema,
  fingerprint: sha256Schema,
  publicKey: z.string(),
  profile: z.string(),
  profileSha256: sha256Schema,
  serverKind: z.string(),
  server: z.string(),
  batch: z.string().optional(),
  state: deviceStateSchema,
  stateEntry: countSchema,
  stateAt: timestampSchema,
}) satisfies z.ZodType<ExportDevice>;

/** Entries of a portion, end to end: a thousand views of a thousand buffers would be cloned with all that lies around them. */
export const packedEntriesSchema = z.object({
  first: countSchema,
  lengths: listOf(bytesSchema),
  bytes: binarySchema,
  /** 32 bytes each. */
  leaves: binarySchema,
});
export type PackedEntries = z.output<typeof packedEntriesSchema>;

const common = { by: filled, at: timestampSchema };

export const ownLogEntrySchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('operator-signed-in'), ...common, data: z.strictObject({ operator: filled, role: z.enum(roles), method: z.enum(signInMethods) }) }),
  z.object({ event: z.literal('override'), ...common, data: z.strictObject({ what: filled, reason: filled, device: filled.optional(), batch: filled.optional() }) }),
  z.object({ event: z.literal('backup'), ...common, data: z.strictObject({ size: countSchema, root: z.string(), path: filled.optional(), sha256: sha256Schema.optional() }) }),
  z.object({
    event: z.literal('restore'),
    ...common,
    data: z.strictObject({ size: countSchema, root: z.string(), override: z.boolean(), anchorSize: countSchema.optional(), path: filled.optional(), reason: filled.optional() }),
  }),
  z.object({ event: z.literal('log-key'), ...common, data: z.strictObject({ key: filled, previous: filled.optional(), signature: z.string().optional(), previousSignature: z.string().optional() }) }),
]) satisfies z.ZodType<OwnLogEntry>;
