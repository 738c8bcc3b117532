/** The auditor's search. What is handed out of the record is evidence-channel.ts. */
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

export const auditMethods = {
  searchDevices: { params: deviceSearchSchema, result: foundDevicesSchema },
} as const satisfies Methods;
