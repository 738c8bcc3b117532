/** Labels: what the storage process answers, and what the window asks of main. */
import { z } from 'zod';
import { labelPrinterKinds, labelStates, type LabelEnd, type LabelPrint } from '../domain/labels';
import type { Methods } from './methods';
import { identitySchema, listOf, processOwnerSchema, sha256Schema, timestampSchema } from './values';

const at = timestampSchema;
const printId = z.int().min(1);

export const labelPrintSchema = z.object({
  printId,
  deviceId: z.string(),
  jobId: z.string(),
  identity: identitySchema,
  fingerprint: sha256Schema,
  batch: z.string().optional(),
  profileName: z.string(),
  profileSha256: sha256Schema,
  madeAt: at,
  reprint: z.boolean(),
  reason: z.string().optional(),
  askedBy: z.string(),
  askedAt: at,
  state: z.enum(labelStates),
  attempts: z.int(),
  owner: processOwnerSchema.optional(),
  sentence: z.string().optional(),
  changedAt: at,
  printer: z.enum(labelPrinterKinds).optional(),
  copies: z.int().optional(),
  scanBack: z.boolean(),
  scannedAt: at.optional(),
  scannedBy: z.string().optional(),
}) satisfies z.ZodType<LabelPrint>;

const labelEndSchema = z.union([
  z.object({ state: z.enum(['waiting', 'doubtful', 'failed']), sentence: z.string() }),
  z.object({ state: z.literal('printed'), sentence: z.string(), printer: z.enum(labelPrinterKinds), copies: z.int().min(1) }),
]) satisfies z.ZodType<LabelEnd>;

export const labelStoreMethods = {
  unfinishedLabels: { params: z.object({}), result: listOf(labelPrintSchema) },
  labelsOfDevice: { params: z.object({ deviceId: z.string() }), result: listOf(labelPrintSchema) },
  labelsOfJobs: { params: z.object({ jobIds: z.array(z.string()).max(1000).readonly() }), result: listOf(labelPrintSchema) },
  labelsToScan: { params: z.object({ limit: z.int().min(1) }), result: listOf(labelPrintSchema) },
  askLabel: { params: z.object({ request: z.object({ deviceId: z.string(), reason: z.string().min(1).max(200), by: z.string(), at }) }), result: labelPrintSchema },
  startLabel: { params: z.object({ printId, owner: processOwnerSchema, at }), result: z.boolean() },
  endLabel: { params: z.object({ printId, end: labelEndSchema, at }), result: labelPrintSchema },
  scanLabel: { params: z.object({ printId, by: z.string(), at }), result: labelPrintSchema },
} as const satisfies Methods;
export type LabelStoreMethods = typeof labelStoreMethods;

/** The label of a slot's job. */
export const slotLabelSchema = z.object({
  state: z.enum(labelStates),
  sentence: z.string(),
  /** The printed label is to be scanned. */
  awaitsScan: z.boolean(),
});

const unfinishedLabelSchema = labelPrintSchema.pick({ printId: true, deviceId: true, jobId: true, identity: true, state: true, reprint: true, sentence: true, askedAt: true });

/** Labels that are not printed yet, and whether they come by themselves. */
export const labelsViewSchema = z.object({
  /** This profile prints labels. */
  on: z.boolean(),
  /** Those that wait for their printer, and those of which only a person can say whether they were printed. */
  unfinished: listOf(unfinishedLabelSchema),
  nextTryAt: timestampSchema.optional(),
  /** Why they wait. */
  sentence: z.string().optional(),
});
export type LabelsView = z.output<typeof labelsViewSchema>;

export const labelPreviewSchema = z.object({
  /** SVG; absent where the label cannot be laid out, and `problems` says why. */
  svg: z.string().optional(),
  /** Millimetres. */
  width: z.number(),
  height: z.number(),
  /** `ZPL printer 192.168.1.40:9100` */
  printer: z.string(),
  /** Whose label it is; absent for sample values. */
  identity: identitySchema.optional(),
  problems: listOf(z.string()),
});
export type LabelPreview = z.output<typeof labelPreviewSchema>;

export const labelMethods = {
  /** The label of this device, of the last one, or of none. Undefined where the profile prints no labels. */
  labelPreview: { params: z.object({ deviceId: z.string().optional() }), result: labelPreviewSchema.optional() },
  /** A label with values that no device has. */
  printTestLabel: { params: z.object({}), result: z.object({ sentence: z.string() }) },
  /** Sends the labels that wait for their printer now. */
  tryLabels: { params: z.object({}), result: z.void() },
  /** What only a person knows: it was printed, print it again, or it is not wanted any more. */
  decideLabel: { params: z.object({ printId, decision: z.enum(['printed', 'again', 'give-up']) }), result: z.void() },
  /** Newest first. */
  deviceLabels: { params: z.object({ deviceId: z.string() }), result: listOf(labelPrintSchema.omit({ owner: true })) },
  reprintLabel: { params: z.object({ deviceId: z.string(), reason: z.string().max(200) }), result: z.object({ sentence: z.string(), printed: z.boolean() }) },
} as const satisfies Methods;
