import { z } from 'zod';
import { ImprintError } from '../domain/errors';
import { mostColumns, slotOrders, type SlotLayout } from '../domain/slot-layout';

/** The slots that were bound on this station, in the order of the bench. */
export const slotBindingsSchema = z
  .array(z.strictObject({ name: z.string().trim().min(1).max(100), port: z.string().min(1).max(300) }))
  .max(16)
  .refine((slots) => new Set(slots.map(({ name }) => name)).size === slots.length && new Set(slots.map(({ port }) => port)).size === slots.length, 'expected every slot with a name and a port of its own');
export type SlotBindings = z.output<typeof slotBindingsSchema>;
export type SlotBinding = SlotBindings[number];

export const slotLayoutSchema = z.strictObject({ columns: z.int().min(1).max(mostColumns), order: z.enum(slotOrders) }) satisfies z.ZodType<SlotLayout>;

/** `layout` absent: as the window thinks fit. */
const slotsFileSchema = z.strictObject({ version: z.literal(1), slots: slotBindingsSchema, layout: slotLayoutSchema.optional() });
export type SlotsFile = Omit<z.output<typeof slotsFileSchema>, 'version'>;

/** @throws ImprintError record-corrupt */
export function readSlotsFile(text: string): SlotsFile {
  try {
    return slotsFileSchema.parse(JSON.parse(text));
  } catch (thrown) {
    throw new ImprintError('record-corrupt', 'The file slots.json of this station is not as it was written: bind the slots of the reader again.', { field: 'slots.json', cause: thrown });
  }
}

/** @throws ImprintError usage where a name or a port is there twice, is empty or too long, or there are more than 16 */
export function slotsFileText({ slots, layout }: SlotsFile): string {
  const parsed = slotsFileSchema.safeParse({ version: 1, slots, ...(layout === undefined ? {} : { layout }) });
  if (parsed.success) return `${JSON.stringify(parsed.data, null, 2)}\n`;
  throw new ImprintError('usage', 'These slots cannot be kept.', { field: 'slots', expected: 'up to 16 slots, every slot with a name and a port of its own', cause: parsed.error });
}
