/** What the doctor found, as programs and the window get it. */
import { z } from 'zod';
import { healthChecks, healthStates, type HealthFinding } from '../domain/health';
import type { Methods } from './methods';
import { listOf } from './values';

export const healthFindingSchema = z.object({
  check: z.enum(healthChecks),
  state: z.enum(healthStates),
  sentence: z.string().max(4000),
  command: z.string().max(4000).optional(),
}) satisfies z.ZodType<HealthFinding>;
export type HealthFindingView = z.output<typeof healthFindingSchema>;

/** `imprint doctor --json`: one such line, in `result`. */
export const healthReportSchema = z.object({
  state: z.enum(healthStates),
  at: z.iso.datetime(),
  version: z.string(),
  findings: listOf(healthFindingSchema),
});
export type HealthReport = z.output<typeof healthReportSchema>;

export const healthMethods = {
  /** Looks at everything anew: it may take some seconds where the server does not answer. */
  stationHealth: { params: z.object({}), result: healthReportSchema },
  /** Asks for a place by the system's dialog; undefined where the person closed it. */
  saveDiagnostics: { params: z.object({}), result: z.object({ sentence: z.string() }).optional() },
} as const satisfies Methods;
