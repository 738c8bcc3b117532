/** What the window may ask of main and what main tells the window. Both sides use this one map. */
import { z } from 'zod';
import { errorCodes, type ErrorCode, type ErrorReport } from '../domain/errors';
import { revocationReasons, type RevocationReason } from '../domain/ports';
import { rights, roles, type Right } from '../domain/roles';
import { slotWords } from '../domain/slot-words';
import { accessMethods, accessViewSchema } from './access-channel';
import { auditMethods } from './audit-channel';
import { healthMethods } from './health';
import { evidenceMethods, exportViewSchema, logHealthSchema } from './evidence-channel';
import { reportWindowMethods } from './report-channel';
import { labelMethods, labelsViewSchema, slotLabelSchema } from './label-channel';
import { deskMethods, deskSchema } from './desk-channel';
import type { Methods } from './methods';
import { orderViewSchema, orderWindowMethods } from './orders-channel';
import { slotLayoutSchema } from './slots-file';
import {
  acceptanceStateSchema,
  actionEntrySchema,
  batchSummarySchema,
  certificatePageSchema,
  certificateRowSchema,
  certificateStateSchema,
  dayRowSchema,
  deviceDetailsSchema,
  deviceRowSchema,
  deviceStateSchema,
  diagnosisSchema,
  identitySchema,
  listOf,
  progressSchema,
  sha256Schema,
  signOffSchema,
  stateCountsSchema,
  timestampSchema,
} from './values';

export const rightSchema = z.enum(rights) satisfies z.ZodType<Right>;

export const revocationReasonSchema = z.enum(Object.keys(revocationReasons) as [RevocationReason, ...RevocationReason[]]);

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
  card: z.object({ present: z.boolean(), description: z.string(), bytes: z.number().optional() }).optional(),
  state: slotStateSchema,
  /** The result in one word. */
  word: z.enum(slotWords),
  /** And in one sentence. */
  sentence: z.string(),
  /** Why it stopped. */
  errorCode: z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]).optional(),
  identity: identitySchema.optional(),
  deviceId: z.string().optional(),
  jobId: z.string().optional(),
  fingerprint: sha256Schema.optional(),
  /** The label of its job, where the profile prints one. */
  label: slotLabelSchema.optional(),
  progress: progressSchema.optional(),
  canCancel: z.boolean(),
  /** The batch counts its identities: this one was given to the slot, not scanned. */
  counted: z.boolean().optional(),
  /** Practice only: the simulated device can be powered on with this card. */
  canPowerOn: z.boolean(),
  /** It stopped because this identity is at the server already: `conflict` tells what can be done. */
  hasConflict: z.boolean(),
});
export type SlotView = z.output<typeof slotViewSchema>;

export const dayRowViewSchema = dayRowSchema.extend({
  /** Its label, where that is not done with: not printed, or not scanned yet. */
  label: z.enum(['waiting', 'doubtful', 'failed', 'scan']).optional(),
});
export type DayRowView = z.output<typeof dayRowViewSchema>;

/** Verified cards that the server could not be told of yet. */
export const outboxViewSchema = z.object({
  waiting: z.int(),
  /** At this number no new card is started; 0: none may wait. */
  limit: z.int(),
  nextTryAt: timestampSchema.optional(),
  /** Why they wait. */
  sentence: z.string().optional(),
});
export type OutboxView = z.output<typeof outboxViewSchema>;

export const benchViewSchema = z.object({
  practice: z.boolean(),
  /** Who is at the station, and what this person may do. */
  operator: z.string(),
  role: z.enum(roles),
  rights: listOf(rightSchema),
  /** The batch that the next devices belong to. */
  batch: z.string().optional(),
  /** Where that batch was ordered: how far it is. */
  order: orderViewSchema.optional(),
  /** Goes up whenever an order is new, or another one than before: whoever shows orders asks again. */
  ordersVersion: z.int(),
  outbox: outboxViewSchema,
  labels: labelsViewSchema,
  profileName: z.string(),
  /** What the scan field asks for: `mac`. */
  scanAttribute: z.string(),
  /** Attributes that must be typed besides the scanned one. */
  otherAttributes: listOf(z.string()),
  serverKind: z.string(),
  serverUrl: z.string(),
  imageName: z.string(),
  keyType: z.string(),
  /** What a finished device is called until its board came, by kind of server; the record has devices of several. */
  expectedWords: z.record(z.string(), z.enum(['Preauthorized', 'Enrolled'])),
  /** This server gives its devices something that can be renewed with the card in the bench: certificates, tokens. */
  renews: z.boolean(),
  /** Sentences that stay on screen: memory not locked, unofficial runtime … */
  warnings: listOf(z.string()),
  slots: listOf(slotViewSchema),
  desk: deskSchema,
  /** The day's jobs, newest first. */
  today: listOf(dayRowViewSchema),
  counts: z.object({ done: z.int(), failed: z.int(), accepted: z.int() }),
});
export type BenchView = z.output<typeof benchViewSchema>;

export const serverViewSchema = z.object({
  /** Asked now; absent where the server could not be asked. */
  status: z.string().optional(),
  sentence: z.string(),
  /** The device at the server; absent where the server has none. */
  serverDeviceId: z.string().optional(),
  decommissioning: z.boolean().optional(),
  /** This kind of server tells nobody which keys it expects. */
  keysHidden: z.boolean().optional(),
  /** What this kind of server lets an admin do to it. */
  acts: listOf(z.enum(['decommission', 'reject', 'remove-auth-set'])).optional(),
  createdAt: z.string().optional(),
  checkedInAt: z.string().optional(),
  authSets: listOf(z.object({ id: z.string(), status: z.string(), fingerprint: sha256Schema.optional(), ours: z.boolean(), at: z.string().optional() })),
});

export const deviceViewSchema = z.object({ device: deviceDetailsSchema, server: serverViewSchema.optional() });
export type DeviceView = z.output<typeof deviceViewSchema>;

export const deviceListSchema = z.object({ devices: listOf(deviceRowSchema), total: z.int() });
export type DeviceList = z.output<typeof deviceListSchema>;

/** One line of QA's page. */
export const acceptanceRowViewSchema = deviceRowSchema.pick({ deviceId: true, identity: true, profileName: true, batch: true }).extend({
  acceptance: acceptanceStateSchema,
  diagnosis: diagnosisSchema.optional(),
  sentence: z.string().optional(),
  preauthorizedAt: timestampSchema.optional(),
  acceptedAt: timestampSchema.optional(),
  checkedAt: timestampSchema.optional(),
});
export type AcceptanceRowView = z.output<typeof acceptanceRowViewSchema>;

export const acceptanceListSchema = z.object({
  rows: listOf(acceptanceRowViewSchema),
  /** How many rows the query has in all. */
  total: z.int(),
  /** By state, for the same query without its state. */
  counts: stateCountsSchema,
});
export type AcceptanceList = z.output<typeof acceptanceListSchema>;

/** One line of what expires when; the certificate itself stands on its device's page. */
export const certificateRowViewSchema = certificateRowSchema.omit({ pem: true, sha256: true });
export type CertificateRowView = z.output<typeof certificateRowViewSchema>;

export const certificateListSchema = certificatePageSchema.omit({ certificates: true }).extend({ rows: listOf(certificateRowViewSchema) });
export type CertificateList = z.output<typeof certificateListSchema>;

/** The rounds in which the server is asked about the devices. */
export const watchViewSchema = z.object({
  /** A round is under way. */
  asking: z.boolean(),
  /** How far, where that is known. */
  done: z.int().optional(),
  total: z.int().optional(),
  last: z.object({ at: timestampSchema, checked: z.int(), changed: z.int() }).optional(),
  nextAt: timestampSchema.optional(),
  /** Why the last round could not be ended. */
  trouble: z.string().optional(),
});
export type WatchView = z.output<typeof watchViewSchema>;

export const batchViewSchema = z.object({
  summary: batchSummarySchema,
  /** Those that are not accepted, the urgent ones first. */
  unaccepted: listOf(acceptanceRowViewSchema),
  /** How many more there are than `unaccepted` holds. */
  more: z.int(),
});
export type BatchView = z.output<typeof batchViewSchema>;

export const conflictChoiceSchema = z.enum(['other-identity', 'reject', 'decommission', 'wait']);
export type ConflictChoice = z.output<typeof conflictChoiceSchema>;

/** Who has an identity already, and what this person may do about it. */
export const conflictViewSchema = z.object({
  identity: identitySchema,
  /** What must be typed or scanned to confirm a decommission. */
  confirmation: z.string(),
  sentence: z.string(),
  choices: listOf(conflictChoiceSchema),
  /** The device that a decommission is about. */
  serverDeviceId: z.string().optional(),
  server: serverViewSchema.optional(),
  recorded: z
    .object({
      /** Absent for a device that another tool made. */
      deviceId: z.string().optional(),
      identity: identitySchema,
      fingerprint: sha256Schema.optional(),
      state: deviceStateSchema.optional(),
      serverKind: z.string().optional(),
      /** It has certificates that are revoked when it is decommissioned. */
      revokes: z.boolean(),
      createdAt: timestampSchema.optional(),
      batch: z.string().optional(),
    })
    .optional(),
});
export type ConflictView = z.output<typeof conflictViewSchema>;

export const driveViewSchema = z.object({
  path: z.string(),
  /** `Generic STORAGE DEVICE` */
  name: z.string(),
  /** `Card 31.9 GB`, `No card` */
  description: z.string(),
  /** How large the card is; absent where there is none. */
  bytes: z.number().optional(),
  /** `USB 2.3, slot 2` */
  port: z.string(),
  /** The slot that is bound to this port. */
  slot: z.string().optional(),
});

export const slotsViewSchema = z.object({
  /** Slots are bound for the station's own use; a profile that names its slots does not use them. */
  profileHasSlots: z.boolean(),
  /** How they stand on the desk. */
  layout: slotLayoutSchema.optional(),
  /** What is bound now, or so far while slots are being bound. */
  slots: listOf(z.object({ name: z.string(), port: z.string() })),
  /** Drives that could be a slot, with a card or without. */
  drives: listOf(driveViewSchema),
  /** Slots are being bound: the next one is awaited. */
  binding: z.object({ next: z.string(), sentence: z.string() }).optional(),
});
export type SlotsView = z.output<typeof slotsViewSchema>;

const slot = z.object({ slot: z.string() });
const serverDevice = z.object({ identity: identitySchema, serverDeviceId: z.string() });
const nothing = z.void();

/** Requests from the window. Each is answered with its result or an ErrorReport. */
export const windowMethods = {
  bench: { params: z.object({}), result: benchViewSchema },
  /** The scanned text, checked and normalised; puts the slot into `ready`. `others` carries the typed attributes. */
  scan: { params: slot.extend({ text: z.string().max(1000), others: z.record(z.string(), z.string()) }), result: slotViewSchema },
  /** Gives the slot the next identity of a batch that counts; puts it into `ready`. */
  give: { params: slot, result: slotViewSchema },
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
  /** Which batch the next devices belong to; undefined: none. */
  setBatch: { params: z.object({ batch: z.string().max(200).optional() }), result: nothing },
  /** Sends the cards that wait for the server now. */
  tryOutbox: { params: z.object({}), result: nothing },
  acceptances: {
    params: z.object({
      state: acceptanceStateSchema.optional(),
      batch: z.string().max(200).optional(),
      profileName: z.string().max(200).optional(),
      /** Scanned or typed: a part of an identity, or the beginning of a fingerprint. */
      text: z.string().max(1000).optional(),
      limit: z.int().min(1).max(500),
      offset: z.int().min(0),
    }),
    result: acceptanceListSchema,
  },
  /** What expires when, soonest first. */
  certificates: {
    params: z.object({
      state: certificateStateSchema.optional(),
      /** Only those that end within so many hours from now, and those that have ended. */
      withinHours: z.int().min(0).max(1_000_000).optional(),
      /** A part of an identity or of the issuer's name, or the beginning of a serial number. */
      text: z.string().max(1000).optional(),
      limit: z.int().min(1).max(500),
      offset: z.int().min(0),
    }),
    result: certificateListSchema,
  },
  /** What the server gave to the card in this slot, given anew. Answers when it is on the card. */
  renew: { params: slot, result: actionEntrySchema },
  watch: { params: z.object({}), result: watchViewSchema },
  /** A round of the watch now; the `watch` event tells how it goes. */
  askNow: { params: z.object({}), result: nothing },
  /** Batches with devices, newest first. */
  batches: { params: z.object({}), result: listOf(batchSummarySchema) },
  batch: { params: z.object({ batch: z.string().max(200) }), result: batchViewSchema },
  signOff: { params: z.object({ batch: z.string().max(200), remark: z.string().max(2000).optional() }), result: signOffSchema },
  /** Who has this identity, or that of this scan; undefined where nobody has. */
  conflict: {
    params: z.union([z.object({ identity: identitySchema }), z.object({ text: z.string().max(1000), others: z.record(z.string(), z.string()) })]),
    result: conflictViewSchema.optional(),
  },
  /** Answers when it is done at the server: a decommission may take a minute. */
  reject: { params: serverDevice.extend({ authSetId: z.string() }), result: actionEntrySchema },
  removeKey: { params: serverDevice.extend({ authSetId: z.string(), confirmation: z.string().max(1000) }), result: actionEntrySchema },
  /** `reason`: why its certificates are revoked, where it has any. */
  decommission: { params: serverDevice.extend({ confirmation: z.string().max(1000), reason: revocationReasonSchema.optional() }), result: actionEntrySchema },
  /** Opens the system's file dialog; undefined where the person closed it. */
  openProfile: { params: z.object({}), result: z.string().optional() },
  /** Back to the practice bench. */
  openPractice: { params: z.object({}), result: nothing },
  ...accessMethods,
  ...auditMethods,
  ...evidenceMethods,
  ...orderWindowMethods,
  ...reportWindowMethods,
  ...labelMethods,
  ...deskMethods,
  ...healthMethods,
  answerSecret: { params: z.object({ requestId: z.string(), value: z.string().max(10_000).optional(), keep: z.boolean() }), result: nothing },
  /** The code of the moment; it is used once and kept nowhere. */
  answerCode: { params: z.object({ requestId: z.string(), code: z.string().regex(/^[0-9]{4,12}$/).optional() }), result: nothing },
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

export const codeQuestionSchema = z.object({
  requestId: z.string(),
  /** Whose code: `ci@example.com at https://…` */
  account: z.string(),
});
export type CodeQuestion = z.output<typeof codeQuestionSchema>;

/** Told by main without being asked. `slot` at most ten times a second for each slot. */
export const windowEvents = {
  /** Somebody came or went. */
  access: accessViewSchema,
  slot: slotViewSchema,
  bench: benchViewSchema,
  /** While slots are being bound, and whenever drives come or go. */
  slots: slotsViewSchema,
  secretQuestion: secretQuestionSchema,
  codeQuestion: codeQuestionSchema,
  outbox: outboxViewSchema,
  /** A round of the watch begins, goes on or has ended: rows of QA's page may be new. */
  watch: watchViewSchema,
  /** A check of the log goes on or has ended. What other processes log comes by no event. */
  logHealth: logHealthSchema,
  /** An export goes on or has ended. */
  exports: exportViewSchema,
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
