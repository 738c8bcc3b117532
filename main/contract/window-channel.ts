/** What the window may ask of main and what main tells the window. Both sides use this one map. */
import { z } from 'zod';
import type { ErrorReport } from '../domain/errors';
import type { Methods } from './methods';
import { dayRowSchema, deviceDetailsSchema, deviceRowSchema, deviceStateSchema, identitySchema, listOf, progressSchema, sha256Schema } from './values';

/**
 * State of a slot. ready: an identity was scanned, the start key is awaited. done: preauthorized, take the card out.
 * waiting: the card is good, the server could not be told yet.
 */
export const slotStateSchema = z.enum(['free', 'ready', 'running', 'done', 'accepted', 'waiting', 'cancelled', 'failed']);
export type SlotState = z.output<typeof slotStateSchema>;

export const slotViewSchema = z.object({
  /** `Slot 1`; unique on the bench. */
  name: z.string(),
  /** Where the card is: `/dev/sdb`, or the practice card's file name. */
  place: z.string(),
  /** Whether a card is in it, and how large; absent where that is not known. */
  card: z.object({ present: z.boolean(), description: z.string() }).optional(),
  state: slotStateSchema,
  /** The result in one word: Free, Ready, Writing, Verifying, Preauthorized, Accepted, Waiting, Cancelled, Stopped … */
  word: z.string(),
  /** And in one sentence. */
  sentence: z.string(),
  identity: identitySchema.optional(),
  deviceId: z.string().optional(),
  jobId: z.string().optional(),
  fingerprint: sha256Schema.optional(),
  progress: progressSchema.optional(),
  canCancel: z.boolean(),
  /** Practice only: the simulated device can be powered on with this card. */
  canPowerOn: z.boolean(),
});
export type SlotView = z.output<typeof slotViewSchema>;

export const dayRowViewSchema = dayRowSchema;
export type DayRowView = z.output<typeof dayRowViewSchema>;

export const benchViewSchema = z.object({
  practice: z.boolean(),
  profileName: z.string(),
  /** What the scan field asks for: `mac`. */
  scanAttribute: z.string(),
  /** Attributes that must be typed besides the scanned one. */
  otherAttributes: listOf(z.string()),
  serverKind: z.string(),
  serverUrl: z.string(),
  imageName: z.string(),
  keyType: z.string(),
  /** Sentences that stay on screen: memory not locked, unofficial runtime … */
  warnings: listOf(z.string()),
  slots: listOf(slotViewSchema),
  /** The day's jobs, newest first. */
  today: listOf(dayRowViewSchema),
  counts: z.object({ done: z.int(), failed: z.int(), accepted: z.int() }),
});
export type BenchView = z.output<typeof benchViewSchema>;

export const serverViewSchema = z.object({
  /** Asked now; absent where the server could not be asked. */
  status: z.string().optional(),
  sentence: z.string(),
  authSets: listOf(z.object({ id: z.string(), status: z.string(), fingerprint: sha256Schema.optional(), ours: z.boolean() })),
});

export const deviceViewSchema = z.object({ device: deviceDetailsSchema, server: serverViewSchema.optional() });
export type DeviceView = z.output<typeof deviceViewSchema>;

export const deviceListSchema = z.object({ devices: listOf(deviceRowSchema), total: z.int() });
export type DeviceList = z.output<typeof deviceListSchema>;

export const driveViewSchema = z.object({
  path: z.string(),
  /** `Generic STORAGE DEVICE` */
  name: z.string(),
  /** `Card 31.9 GB`, `No card` */
  description: z.string(),
  /** `USB 2.3, slot 2` */
  port: z.string(),
  /** The slot that is bound to this port. */
  slot: z.string().optional(),
});

export const slotsViewSchema = z.object({
  /** Slots are bound for the station's own use; a profile that names its slots does not use them. */
  profileHasSlots: z.boolean(),
  /** What is bound now, or so far while slots are being bound. */
  slots: listOf(z.object({ name: z.string(), port: z.string() })),
  /** Drives that could be a slot, with a card or without. */
  drives: listOf(driveViewSchema),
  /** Slots are being bound: the next one is awaited. */
  binding: z.object({ next: z.string(), sentence: z.string() }).optional(),
});
export type SlotsView = z.output<typeof slotsViewSchema>;

const slot = z.object({ slot: z.string() });
const nothing = z.void();

/** Requests from the window. Each is answered with its result or an ErrorReport. */
export const windowMethods = {
  bench: { params: z.object({}), result: benchViewSchema },
  /** The scanned text, checked and normalised; puts the slot into `ready`. `others` carries the typed attributes. */
  scan: { params: slot.extend({ text: z.string().max(1000), others: z.record(z.string(), z.string()) }), result: slotViewSchema },
  /** Starts the job of a slot that is `ready`. */
  start: { params: slot, result: nothing },
  cancel: { params: slot, result: nothing },
  /** Puts a slot that ended back to `free`. */
  clear: { params: slot, result: nothing },
  /** Practice only: the simulated device boots from the card of this slot. */
  powerOn: { params: slot, result: slotViewSchema },
  /** The slots of this station and the drives that are there. Refused on the practice bench. */
  slots: { params: z.object({}), result: slotsViewSchema },
  /** Begins to bind slots anew: each card that is plugged in makes its port the next slot. Nothing is kept yet. */
  bindSlots: { params: z.object({}), result: slotsViewSchema },
  /** Ends the binding: keeps the new slots, or leaves everything as it was. */
  endBinding: { params: z.object({ keep: z.boolean() }), result: slotsViewSchema },
  device: { params: z.object({ deviceId: z.string() }), result: deviceViewSchema },
  /** Asks the server how it sees this device. */
  askServer: { params: z.object({ deviceId: z.string() }), result: serverViewSchema },
  devices: {
    params: z.object({ identity: identitySchema.optional(), state: deviceStateSchema.optional(), limit: z.int().min(1).max(500), offset: z.int().min(0) }),
    result: deviceListSchema,
  },
  /** Opens the system's file dialog; undefined where the person closed it. */
  openProfile: { params: z.object({}), result: z.string().optional() },
  /** Back to the practice bench. */
  openPractice: { params: z.object({}), result: nothing },
  answerSecret: { params: z.object({ requestId: z.string(), value: z.string().max(10_000).optional(), keep: z.boolean() }), result: nothing },
} as const satisfies Methods;
export type WindowMethods = typeof windowMethods;

export const secretQuestionSchema = z.object({
  requestId: z.string(),
  /** `password of user ci@example.com at https://…` */
  question: z.string(),
  /** Whether the system's keyring can keep it. */
  canKeep: z.boolean(),
});
export type SecretQuestion = z.output<typeof secretQuestionSchema>;

/** Told by main without being asked. `slot` at most ten times a second for each slot. */
export const windowEvents = {
  slot: slotViewSchema,
  bench: benchViewSchema,
  /** While slots are being bound, and whenever drives come or go. */
  slots: slotsViewSchema,
  secretQuestion: secretQuestionSchema,
  notice: z.object({ sentence: z.string(), tone: z.enum(['information', 'success', 'problem']) }),
} as const;
export type WindowEvents = typeof windowEvents;
export type WindowEventName = keyof WindowEvents;

/** The name under which the preload script puts the API into the window. */
export const windowApiName = 'imprint';

type Fulfilled<Name extends keyof WindowMethods> = z.output<WindowMethods[Name]['result']>;

/** A reply as it crosses into the window: exceptions lose their fields on the way, so errors travel as values. */
export type WindowReply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorReport };

/** `window.imprint` in the renderer. */
export interface WindowApi {
  call<Name extends keyof WindowMethods>(name: Name, params: z.input<WindowMethods[Name]['params']>): Promise<WindowReply<Fulfilled<Name>>>;
  /** @returns a function that ends the subscription */
  on<Name extends WindowEventName>(name: Name, listener: (value: z.output<WindowEvents[Name]>) => void): () => void;
}
