/** What main may ask of the storage process about operators. */
import { z } from 'zod';
import { operatorRoles, type AccessSettings, type Claim, type Operator, type OperatorChange } from '../domain/operators';
import type { Methods } from './methods';
import { listOf, timestampSchema } from './values';

const nothing = z.void();
const at = timestampSchema;

export const accessModeSchema = z.enum(['undecided', 'single-person', 'operators']);
export const operatorRoleSchema = z.enum(operatorRoles);

export const operatorSchema = z.object({
  name: z.string(),
  role: operatorRoleSchema,
  enabled: z.boolean(),
  hasBadge: z.boolean(),
  createdBy: z.string(),
  createdAt: timestampSchema,
}) satisfies z.ZodType<Operator>;

export const accessSettingsSchema = z.object({ mode: accessModeSchema, idleMinutes: z.int(), used: z.boolean() }) satisfies z.ZodType<AccessSettings>;

const pin = z.string().max(100);
const badge = z.string().max(1000);

export const claimSchema = z.union([z.strictObject({ badge }), z.strictObject({ name: z.string().max(200) })]) satisfies z.ZodType<Claim>;

export const operatorChangeSchema = z.discriminatedUnion('what', [
  z.object({ what: z.literal('role'), role: operatorRoleSchema }),
  z.object({ what: z.literal('pin'), pin }),
  z.object({ what: z.literal('badge'), badge: badge.optional() }),
  z.object({ what: z.literal('enabled'), enabled: z.boolean() }),
]) satisfies z.ZodType<OperatorChange>;

export const operatorMethods = {
  accessSettings: { params: z.object({}), result: accessSettingsSchema },
  operators: { params: z.object({}), result: listOf(operatorSchema) },
  operator: { params: z.object({ name: z.string() }), result: operatorSchema.optional() },
  chooseSinglePerson: { params: z.object({ at }), result: nothing },
  addOperator: {
    params: z.object({ operator: z.object({ name: z.string(), role: operatorRoleSchema, pin, badge: badge.optional() }), by: z.string(), at }),
    result: nothing,
  },
  changeOperator: { params: z.object({ name: z.string(), change: operatorChangeSchema, by: z.string(), at }), result: nothing },
  setIdleMinutes: { params: z.object({ minutes: z.int(), by: z.string(), at }), result: nothing },
  signIn: { params: z.object({ claim: claimSchema, pin, at }), result: operatorSchema },
  changeOwnPin: { params: z.object({ name: z.string(), pin, newPin: pin, at }), result: nothing },
} as const satisfies Methods;
export type OperatorMethods = typeof operatorMethods;
