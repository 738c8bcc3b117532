/** The auditor's page. Every method here reads; what an export writes is a folder that the person chose. */
import { z } from 'zod';
import type { Methods } from './methods';
import { deviceRowSchema, listOf, timestampSchema } from './values';

const text = z.string().max(1000).optional();

export const deviceSearchSchema = z.object({
  text,
  batch: z.string().max(200).optional(),
  operator: z.string().max(200).optional(),
  from: timestampSchema.optional(),
  before: timestampSchema.optional(),
  limit: z.int().min(1).max(500),
  offset: z.int().min(0).max(10_000),
});

export const foundDevicesSchema = z.object({ devices: listOf(deviceRowSchema.extend({ operator: z.string() })), total: z.int(), more: z.boolean() });
export type FoundDevicesView = z.output<typeof foundDevicesSchema>;

/** The storage process answers the search too. */
export const searchMethods = {
  searchDevices: { params: z.object({ search: deviceSearchSchema }), result: foundDevicesSchema },
} as const satisfies Methods;
export type SearchMethods = typeof searchMethods;

/** How the record's log stands. `available` false: this station has none, and the sentence says why. */
export const logHealthSchema = z.object({
  available: z.boolean(),
  sentence: z.string(),
  /** Number of entries. */
  size: z.int().optional(),
  checkpoint: z.object({ size: z.int(), at: timestampSchema }).optional(),
  anchor: z.object({ size: z.int(), at: timestampSchema, place: z.string() }).optional(),
  /** The last check of the whole log by itself. */
  check: z.object({ result: z.enum(['running', 'sound', 'broken']), sentence: z.string(), at: timestampSchema.optional() }).optional(),
});
export type LogHealthView = z.output<typeof logHealthSchema>;

export const exportResultSchema = z.object({
  /** Where it is; absent where nothing was written. */
  path: z.string().optional(),
  sentence: z.string(),
});
export type ExportResult = z.output<typeof exportResultSchema>;

export const auditMethods = {
  searchDevices: { params: deviceSearchSchema, result: foundDevicesSchema },
  logHealth: { params: z.object({}), result: logHealthSchema },
  /** Asks for a folder and writes an export of these devices into it; undefined where the person closed the question. */
  exportRecord: { params: deviceSearchSchema.pick({ batch: true, from: true, before: true }), result: exportResultSchema.optional() },
} as const satisfies Methods;
