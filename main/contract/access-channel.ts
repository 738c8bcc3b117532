/** Who is at the window: what the page may ask and do before anybody is let in. */
import { z } from 'zod';
import { languages } from '../domain/languages';
import { roles } from '../domain/roles';
import { slotWords } from '../domain/slot-words';
import type { Methods } from './methods';
import { accessModeSchema, claimSchema, operatorChangeSchema, operatorRoleSchema, operatorSchema } from './operators-channel';
import { identitySchema, listOf, progressSchema } from './values';

/** A card that is being written while nobody is signed in: its progress, and nothing to press. */
export const runningSlotSchema = z.object({ name: z.string(), word: z.enum(slotWords), identity: identitySchema.optional(), progress: progressSchema.optional() });

/** Why a window locked by itself. */
export const lockReasons = ['idle', 'rights-changed'] as const;
export type LockReason = (typeof lockReasons)[number];

export const accessViewSchema = z.object({
  /** set-up: nobody has decided yet who works here. locked: somebody must sign in. open: the pages are there. */
  state: z.enum(['set-up', 'locked', 'open']),
  mode: accessModeSchema,
  /** Who is signed in; in single-person mode the user of the computer. Absent unless open. */
  operator: z.string().optional(),
  role: z.enum(roles).optional(),
  /** Who may be chosen from at the lock. Absent unless locked. */
  people: listOf(z.object({ name: z.string(), role: operatorRoleSchema })).optional(),
  /** Why it is locked, where that is not plain: nobody touched it for a while. */
  sentence: z.string().optional(),
  /** The same as one of a closed set. */
  why: z.enum(lockReasons).optional(),
  running: listOf(runningSlotSchema),
});
export type AccessView = z.output<typeof accessViewSchema>;

/** Who works at this station, for whoever manages them. */
export const operatorsViewSchema = z.object({
  mode: accessModeSchema,
  idleMinutes: z.int(),
  /** By name; none where nobody signs in. */
  operators: listOf(operatorSchema),
});
export type OperatorsView = z.output<typeof operatorsViewSchema>;

const nothing = z.void();
const pin = z.string().max(100);
const name = z.string().max(200);
const badge = z.string().max(1000).optional();
const adminSchema = z.object({ name, pin, badge });

export const accessMethods = {
  access: { params: z.object({}), result: accessViewSchema },
  /** @throws sign-in-refused, sign-in-paused */
  signIn: { params: z.object({ claim: claimSchema, pin }), result: nothing },
  lock: { params: z.object({}), result: nothing },
  /** Of the station. The page is loaded anew in it, and cards that run go on. @throws record-full-disk, record-unavailable */
  setLanguage: { params: z.object({ language: z.enum(languages) }), result: nothing },
  /** The first start, once. `admin` absent: one person works here. @throws operator-invalid, operator-exists */
  setUp: { params: z.object({ admin: adminSchema.optional() }), result: nothing },

  operators: { params: z.object({}), result: operatorsViewSchema },
  /** A station of a single person becomes one with operators; this admin is signed in. @throws operator-invalid, operator-exists */
  makeFirstAdmin: { params: adminSchema, result: nothing },
  /** @throws operator-invalid, operator-exists */
  addOperator: { params: adminSchema.extend({ role: operatorRoleSchema }), result: nothing },
  /** @throws operator-invalid, operator-exists, no-such-operator, last-admin */
  changeOperator: { params: z.object({ name, change: operatorChangeSchema }), result: nothing },
  /** @throws operator-invalid */
  setIdleMinutes: { params: z.object({ minutes: z.number() }), result: nothing },
  /** Of whoever is signed in. @throws operator-invalid, sign-in-refused, sign-in-paused, no-such-operator where nobody signs in */
  changeMyPin: { params: z.object({ pin, newPin: pin }), result: nothing },
} as const satisfies Methods;
export type AccessMethods = typeof accessMethods;
