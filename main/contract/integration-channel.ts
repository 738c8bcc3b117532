/** What main may ask of the storage process about webhooks, and for an MES. Orders are in orders-channel.ts. */
import { z } from 'zod';
import type { BatchDevice } from '../domain/mes-orders';
import { attemptOutcomes, webhookEvents, webhookStates, type DeliveryAttempt, type DeliveryOutcome, type NextDelivery, type WebhookProgress } from '../domain/webhooks';
import type { Methods } from './methods';
import { deviceStateSchema, identitySchema, listOf, sha256Schema, timestampSchema } from './values';

const nothing = z.void();
const at = timestampSchema;
const url = z.string().min(1).max(4000);
const entry = z.int().min(0);
const by = z.string().min(1);

export const webhookEventSchema = z.enum(webhookEvents);
const events = listOf(webhookEventSchema);

export const webhookProgressSchema = z.object({
  url: z.string(),
  state: z.enum(webhookStates),
  nextEntry: entry,
  attempts: z.int(),
  nextTryAt: timestampSchema.optional(),
  failingSince: timestampSchema.optional(),
  sentence: z.string().optional(),
  deliveredAt: timestampSchema.optional(),
  openedAt: timestampSchema,
}) satisfies z.ZodType<WebhookProgress>;

const messageSchema = z.object({ id: z.string(), event: webhookEventSchema, entry, body: z.string() });

export const nextDeliverySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('message'), message: messageSchema, progress: webhookProgressSchema }),
  z.object({ kind: z.literal('nothing'), progress: webhookProgressSchema }),
  z.object({ kind: z.literal('more') }),
]) satisfies z.ZodType<NextDelivery>;

const outcomeSchema = z.object({ kind: z.enum(['delivered', 'gone', 'failed']), sentence: z.string() }) satisfies z.ZodType<DeliveryOutcome>;

export const deliveryAttemptSchema = z.object({
  entry,
  begunAt: timestampSchema,
  endedAt: timestampSchema.optional(),
  outcome: z.enum(attemptOutcomes).optional(),
  sentence: z.string().optional(),
  by: z.string().optional(),
}) satisfies z.ZodType<DeliveryAttempt>;

export const batchDeviceSchema = z.object({
  deviceId: z.string(),
  identity: identitySchema,
  state: deviceStateSchema,
  keyType: z.string(),
  fingerprint: sha256Schema.optional(),
  publicKeyPem: z.string().optional(),
  serverKind: z.string(),
  profile: z.string(),
  batch: z.string().optional(),
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
  acceptedAt: timestampSchema.optional(),
}) satisfies z.ZodType<BatchDevice>;

const batch = z.string().min(1).max(200);

export const integrationMethods = {
  openWebhook: { params: z.object({ url, at }), result: nothing },
  nextDelivery: { params: z.object({ url, events }), result: nextDeliverySchema },
  beginDelivery: { params: z.object({ url, from: entry, entry, at, nextTryAt: at }), result: z.boolean() },
  endDelivery: { params: z.object({ url, entry, outcome: outcomeSchema, state: z.enum(webhookStates), at }), result: nothing },
  webhookProgress: { params: z.object({}), result: listOf(webhookProgressSchema) },
  waitingDeliveries: { params: z.object({ url, events, limit: z.int().min(1).max(10_000) }), result: z.object({ count: z.int(), first: entry.optional() }) },
  deliveryAttempts: { params: z.object({ url, limit: z.int().min(1).max(1000) }), result: listOf(deliveryAttemptSchema) },
  retryWebhook: { params: z.object({ url, by, at, entry: entry.optional() }), result: webhookProgressSchema },
  skipDelivery: { params: z.object({ url, from: entry, entry, by, at }), result: webhookProgressSchema },

  newestProfile: { params: z.object({ name: z.string() }), result: z.string().optional() },
  devicesOfBatch: {
    params: z.object({ batch, after: z.string().max(100).optional(), limit: z.int().min(1).max(1000) }),
    result: z.object({ devices: listOf(batchDeviceSchema), next: z.string().optional() }),
  },
  batchCounts: { params: z.object({ batch }), result: z.record(deviceStateSchema, z.int()) },
  batchSignedOffAt: { params: z.object({ batch }), result: timestampSchema.optional() },
} as const satisfies Methods;
export type IntegrationMethods = typeof integrationMethods;
