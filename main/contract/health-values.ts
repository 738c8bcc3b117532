/** How many cards failed where, as it crosses between processes. */
import { z } from 'zod';
import type { BenchHealth, CardHealth, CardNames, FailureCount, HealthQuery, SlotHealth } from '../domain/slot-health';
import { listOf, timestampSchema } from './values';

export const cardNamesSchema = z.object({ lot: z.string().min(1), card: z.string().min(1).optional() }) satisfies z.ZodType<CardNames>;

export const healthQuerySchema = z.object({ slots: listOf(z.string()).optional(), weekFrom: timestampSchema, monthFrom: timestampSchema }) satisfies z.ZodType<HealthQuery>;

export const failureCountSchema = z.object({ failed: z.int(), of: z.int() }) satisfies z.ZodType<FailureCount>;

export const slotHealthSchema = z.object({ slot: z.string(), recent: failureCountSchema, week: failureCountSchema, month: failureCountSchema, sentence: z.string().optional() }) satisfies z.ZodType<SlotHealth>;

export const cardHealthSchema = z.object({ lot: z.string(), card: z.string().optional(), month: failureCountSchema, slots: z.int() }) satisfies z.ZodType<CardHealth>;

export const benchHealthSchema = z.object({ slots: listOf(slotHealthSchema), lots: listOf(cardHealthSchema), cards: listOf(cardHealthSchema) }) satisfies z.ZodType<BenchHealth>;
