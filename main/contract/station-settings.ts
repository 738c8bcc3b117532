import { z } from 'zod';
import { ImprintError } from '../domain/errors';

/** `station/settings.json`: what is of the station and of no profile. Absent members have no effect. */
const time = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as 14:00');

const anchorPlaceSchema = z.union([
  z.strictObject({ file: z.string().regex(/^\//, 'expected an absolute path') }),
  z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
]);
export type AnchorPlace = z.output<typeof anchorPlaceSchema>;

const settingsSchema = z.strictObject({
  version: z.literal(1),
  /** Name of the station in the log, where its first entry is not made yet. */
  name: z.string().min(1).max(100).optional(),
  /** When the shifts begin, for the report: times of day on this computer. */
  shifts: z.array(time).min(1).max(24).readonly().optional(),
  log: z
    .strictObject({
      /** Shortest time between two checkpoints of a busy station. */
      checkpointSeconds: z.int().min(1).max(3600).optional(),
      /** Where checkpoints are brought by themselves. */
      anchors: z.array(anchorPlaceSchema).max(8).readonly().optional(),
      /** When: after so many entries, so many hours, or at the end of a shift (time of day on this computer). */
      anchorAfter: z.strictObject({ entries: z.int().min(1).optional(), hours: z.int().min(1).optional(), shifts: z.array(time).max(24).readonly().optional() }).optional(),
    })
    .optional(),
});
export type StationSettings = z.output<typeof settingsSchema>;

export const noSettings: StationSettings = { version: 1 };

/** @param path for the sentence. @throws ImprintError profile-invalid naming the member */
export function readStationSettings(text: string, path: string): StationSettings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new ImprintError('profile-invalid', `The file ${path} is no JSON.`, { field: 'settings.json', cause: thrown });
  }
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ImprintError('profile-invalid', `The file ${path} is not as agreed: ${issue?.message ?? 'it cannot be read'}.`, { field: issue?.path.join('.') ?? 'settings.json' });
}
