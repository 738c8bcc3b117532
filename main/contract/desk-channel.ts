/** The desk: how its slots stand, how many cards failed in each, and the codes that a scanner works it with. */
import { z } from 'zod';
import { failureCountSchema } from './health-values';
import type { Methods } from './methods';
import { slotLayoutSchema } from './slots-file';

/** A slot whose cards failed lately. Slots without a failure are not named. */
export const slotFailuresSchema = z.object({
  slot: z.string(),
  recent: failureCountSchema,
  /** So many that somebody should look at the port, the cable and the reader. */
  suspect: z.boolean(),
});
export type SlotFailures = z.output<typeof slotFailuresSchema>;

/** A lot of cards that fails in several slots. */
export const lotFailuresSchema = z.object({ lot: z.string(), month: failureCountSchema });

export const deskSchema = z.object({
  /** Absent: as the window thinks fit. */
  layout: slotLayoutSchema.optional(),
  failures: z.array(slotFailuresSchema).readonly(),
  badLots: z.array(lotFailuresSchema).readonly(),
});
export type DeskView = z.output<typeof deskSchema>;

export const deskMethods = {
  /** How the slots stand on the desk; undefined: as the window thinks fit. */
  setSlotLayout: { params: z.object({ layout: slotLayoutSchema.optional() }), result: z.void() },
  /** Asks where to, and writes the sheet of command codes there. @returns its path; undefined where the person closed the question */
  commandCodes: { params: z.object({}), result: z.string().optional() },
} as const satisfies Methods;
