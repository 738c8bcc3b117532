/** The report of a shift and the dashboards: what main asks the record for, and what the window is shown. */
import { z } from 'zod';
import type { Dashboard, DashboardQuery } from '../domain/dashboard';
import type { ReportQuery, ShiftReport } from '../domain/shift-report';
import type { Methods } from './methods';
import { batchSummarySchema, listOf, sha256Schema, timestampSchema } from './values';

const count = z.int().min(0);
const spanShape = { from: timestampSchema, until: timestampSchema };
const filterShape = { batch: z.string().max(200).optional(), operator: z.string().max(200).optional() };
const yieldSchema = z.object({ good: count, of: count });
const partSchema = z.object({ ...spanShape, done: count, failed: count });
const tallyShape = { done: count, accepted: count, failed: count, cancelled: count };
const namedSchema = z.object({ name: z.string(), ...tallyShape });
const checkpointSchema = z.object({ size: count, root: z.string(), keptAt: z.string(), note: z.string() });

export const reportQuerySchema = z.object({ ...spanShape, ...filterShape }) satisfies z.ZodType<ReportQuery>;

export const shiftReportSchema = z.object({
  query: reportQuerySchema,
  counts: z.object({ ...tallyShape, started: count, waiting: count, running: count }),
  firstPass: yieldSchema,
  finalYield: yieldSchema,
  interval: z.enum(['quarter', 'hour', 'day']),
  parts: listOf(partSchema),
  perHour: z.number(),
  causes: listOf(z.object({ cause: z.string(), word: z.string(), jobs: count })),
  slots: listOf(namedSchema),
  operators: listOf(namedSchema),
  batches: listOf(namedSchema),
  images: listOf(z.object({ sha256: sha256Schema, jobs: count })),
  profiles: listOf(z.object({ name: z.string(), sha256: sha256Schema, jobs: count })),
  speeds: listOf(
    z.object({ slot: z.string(), write: z.number().optional(), readBack: z.number().optional(), points: listOf(z.object({ at: timestampSchema, write: z.number() })) }),
  ),
  log: z.object({ first: checkpointSchema.optional(), last: checkpointSchema.optional(), key: z.string().optional() }),
}) satisfies z.ZodType<ShiftReport>;
export type ShiftReportView = z.output<typeof shiftReportSchema>;

const dayShape = { started: count, ...tallyShape, firstPass: yieldSchema };
export const dashboardSchema = z.object({
  at: timestampSchema,
  days: listOf(z.object({ day: z.string(), ...dayShape })),
  total: z.object({ ...dayShape, finalYield: yieldSchema }),
  hours: listOf(partSchema),
  perHour: z.number(),
  causes: listOf(z.object({ cause: z.string(), word: z.string(), today: count, jobs: count })),
  slots: listOf(z.object({ name: z.string(), done: count, failed: count, doneToday: count, failedToday: count })),
  batches: listOf(batchSummarySchema),
  waiting: count,
  running: count,
}) satisfies z.ZodType<Dashboard>;
export type DashboardView = z.output<typeof dashboardSchema>;

const dashboardQuerySchema = z.object({
  now: timestampSchema,
  days: listOf(z.object({ ...spanShape, day: z.string() })),
  hours: listOf(z.object(spanShape)),
}) satisfies z.ZodType<DashboardQuery>;

/** The storage process answers these. */
export const reportMethods = {
  shiftReport: { params: z.object({ query: reportQuerySchema }), result: shiftReportSchema },
  dashboard: { params: z.object({ query: dashboardQuerySchema }), result: dashboardSchema },
} as const satisfies Methods;
export type ReportMethods = typeof reportMethods;

/** shift: from the begin of this shift, or midnight. before: the shift before it. sign-in: since this person came. span: as told. */
export const reportSpans = ['shift', 'before', 'sign-in', 'span'] as const;
export const reportWishSchema = z.object({ which: z.enum(reportSpans), from: timestampSchema.optional(), until: timestampSchema.optional(), ...filterShape });
export type ReportWish = z.output<typeof reportWishSchema>;

export const savedReportSchema = z.object({ path: z.string(), sentence: z.string() });
export type SavedReport = z.output<typeof savedReportSchema>;

export const reportWindowMethods = {
  shiftReport: { params: reportWishSchema, result: shiftReportSchema },
  dashboard: { params: z.object({}), result: dashboardSchema },
  /** Asks for a place and writes the report as a PDF there; undefined where the person closed the question. */
  saveShiftReport: { params: reportWishSchema, result: savedReportSchema.optional() },
  /** The same with the log's head of this moment, signed now, and the record keeps that this paper is an anchor. */
  anchorShiftReport: { params: reportWishSchema, result: savedReportSchema.optional() },
} as const satisfies Methods;
