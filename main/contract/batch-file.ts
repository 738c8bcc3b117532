/** A batch as an MES offers it, in a file or over HTTP (docs/integration.md). */
import { z } from 'zod';
import type { OfferedBatch } from '../domain/mes-orders';
import { mostPlacedAtOnce } from '../domain/work-orders';

const printable = /^[^\p{Cc}\p{Cs}\u2028\u2029]{1,200}$/u;
const words = 'expected up to 200 printable characters';
const line = z.string(words).trim().regex(printable, words);
const quantityText = 'expected a whole number from 1 to 100000';

/** Devices that one batch may name. */
export const mostIdentities = mostPlacedAtOnce;

export const batchFileSchema = z.strictObject({
  v: z.literal(1, 'expected 1'),
  name: line,
  profile: line,
  quantity: z.int(quantityText).min(1, quantityText).max(100_000, quantityText).optional(),
  customer: line.optional(),
  workOrder: line.optional(),
  pallet: line.optional(),
  identities: z.array(z.record(z.string(), z.string('expected text'), 'expected an object such as {"mac": "02:00:00:00:00:01"}')).max(mostIdentities, `expected up to ${String(mostIdentities)} identities`).default([]),
});

/** Asks for the result file of a batch. */
export const resultRequestSchema = z.strictObject({ v: z.literal(1), results: line });

export function offeredBatch({ v: _, ...batch }: z.output<typeof batchFileSchema>): OfferedBatch {
  return batch;
}
