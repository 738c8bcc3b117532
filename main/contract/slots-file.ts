import { z } from 'zod';
import { ImprintError } from '../domain/errors';

/** The slots that were bound on this station, in the order of the bench. */
export const slotBindingsSchema = z
  .array(z.strictObject({ name: z.string().trim().min(1).max(100), port: z.string().min(1).max(300) }))
  .max(16)
  .refine((slots) => new Set(slots.map(({ name }) => name)).size === slots.length && new Set(slots.map(({ port }) => port)).size === slots.length, 'expected every slot with a name and a port of its own');
export type SlotBindings = z.output<typeof slotBindingsSchema>;
export type SlotBinding = SlotBindings[number];

const slotsFileSchema = z.strictObject({ version: z.literal(1), slots: slotBindingsSchema });

/** @throws ImprintError record-corrupt */
export function readSlotsFile(text: string): SlotBindings {
  try {
    return slotsFileSchema.parse(JSON.parse(text)).slots;
  } catch (thrown) {
    throw new ImprintError('record-corrupt', 'The file slots.json of this station is not as it was written: bind the slots of the reader again.', { field: 'slots.json', cause: thrown });
  }
}

/** @throws ImprintError usage where a name or a port is there twice, is empty or too long, or there are more than 16 */
export function slotsFileText(slots: SlotBindings): string {
  const parsed = slotsFileSchema.safeParse({ version: 1, slots });
  if (parsed.success) return `${JSON.stringify(parsed.data, null, 2)}\n`;
  throw new ImprintError('usage', 'These slots cannot be kept.', { field: 'slots', expected: 'up to 16 slots, every slot with a name and a port of its own', cause: parsed.error });
}
