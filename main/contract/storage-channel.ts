/** What main may ask of the storage process: the record's port, method by method. */
import { z } from 'zod';
import { labelStoreMethods } from './label-channel';
import { logMethods } from './log-methods';
import { searchMethods } from './audit-channel';
import { integrationMethods } from './integration-channel';
import { benchHealthSchema, cardNamesSchema, healthQuerySchema } from './health-values';
import type { Methods } from './methods';
import { operatorMethods } from './operators-channel';
import { orderMethods } from './orders-channel';
import { reportMethods } from './report-channel';
import {
  acceptancePageSchema,
  acceptanceQuerySchema,
  acceptanceSchema,
  acceptanceStateSchema,
  actionEntrySchema,
  actionStepSchema,
  batchSummarySchema,
  certificateFactsSchema,
  certificatePageSchema,
  certificateQuerySchema,
  dayRowSchema,
  deviceDetailsSchema,
  deviceRowSchema,
  deviceStateSchema,
  errorCodeSchema,
  foreignDeviceSchema,
  identitySchema,
  jobRowSchema,
  jobStateSchema,
  keyHolderSchema,
  keyTypeSchema,
  listOf,
  listQuerySchema,
  pageQuerySchema,
  preparedImageSchema,
  processOwnerSchema,
  publicKeySchema,
  sha256Schema,
  signOffSchema,
  stepFactsSchema,
  stepNameSchema,
  timestampSchema,
  watchedDeviceSchema,
} from './values';

const nothing = z.void();
const at = timestampSchema;

export const reservationSchema = z.object({
  jobId: z.uuid(),
  deviceId: z.uuid(),
  identity: identitySchema,
  profileName: z.string(),
  profileSha256: sha256Schema,
  imageSha256: sha256Schema,
  serverKind: z.string(),
  serverUrl: z.string(),
  keyType: keyTypeSchema,
  slot: z.string(),
  targetPath: z.string(),
  operator: z.string(),
  batch: z.string().min(1).optional(),
  counted: z.boolean().optional(),
  owner: processOwnerSchema,
  at,
});

export const storageMethods = {
  keepProfile: { params: z.object({ name: z.string(), sha256: sha256Schema, json: z.string(), at, by: z.string().optional() }), result: nothing },
  keptProfile: { params: z.object({ sha256: sha256Schema }), result: z.string().optional() },
  keepImage: { params: z.object({ image: preparedImageSchema, at, by: z.string().optional() }), result: nothing },
  reserve: { params: z.object({ reservation: reservationSchema }), result: identitySchema },
  startStep: { params: z.object({ jobId: z.string(), step: stepNameSchema, at }), result: nothing },
  endStep: {
    params: z.object({ jobId: z.string(), step: stepNameSchema, state: z.enum(['done', 'failed']), sentence: z.string(), at, facts: stepFactsSchema.optional() }),
    result: nothing,
  },
  recordPublicKey: { params: z.object({ jobId: z.string(), publicKey: publicKeySchema, at }), result: nothing },
  endJob: {
    params: z.object({
      jobId: z.string(),
      state: jobStateSchema,
      deviceState: deviceStateSchema,
      sentence: z.string(),
      at,
      serverDeviceId: z.string().optional(),
      cause: errorCodeSchema.optional(),
    }),
    result: nothing,
  },
  recordEnrolment: { params: z.object({ jobId: z.string(), serverDeviceId: z.string(), certificates: listOf(certificateFactsSchema), at }), result: nothing },
  addCertificates: { params: z.object({ deviceId: z.string(), certificates: listOf(certificateFactsSchema), supersede: z.boolean(), at }), result: nothing },
  revokeCertificate: { params: z.object({ deviceId: z.string(), serial: z.string(), reason: z.string(), at }), result: nothing },
  certificates: { params: z.object({ query: certificateQuerySchema }), result: certificatePageSchema },
  markAccepted: { params: z.object({ deviceId: z.string(), at }), result: nothing },
  unfinishedJobs: { params: z.object({}), result: listOf(jobRowSchema) },
  takeOver: { params: z.object({ jobId: z.string(), from: processOwnerSchema, to: processOwnerSchema }), result: z.boolean() },
  findByIdentity: { params: z.object({ identity: identitySchema }), result: deviceDetailsSchema.optional() },
  findByFingerprint: { params: z.object({ fingerprint: sha256Schema }), result: deviceDetailsSchema.optional() },
  device: { params: z.object({ deviceId: z.string() }), result: deviceDetailsSchema.optional() },
  list: { params: z.object({ query: listQuerySchema }), result: z.object({ devices: listOf(deviceRowSchema), total: z.int() }) },
  recordCard: { params: z.object({ jobId: z.string(), card: cardNamesSchema, at }), result: nothing },
  benchHealth: { params: z.object({ query: healthQuerySchema }), result: benchHealthSchema },
  jobsSince: { params: z.object({ since: timestampSchema, limit: z.int().min(1) }), result: listOf(dayRowSchema) },
  devicesToWatch: {
    params: z.object({
      query: z.object({ serverUrl: z.string(), states: listOf(acceptanceStateSchema), checkedBefore: timestampSchema, limit: z.int().min(1) }),
    }),
    result: listOf(watchedDeviceSchema),
  },
  // One transaction: longer ones would keep the jobs at the bench waiting.
  saveAcceptances: { params: z.object({ acceptances: z.array(acceptanceSchema).max(500).readonly() }), result: nothing },
  acceptancePage: { params: z.object({ query: acceptanceQuerySchema }), result: acceptancePageSchema },
  keyHolders: { params: z.object({ fingerprints: z.array(sha256Schema).max(1000).readonly() }), result: listOf(keyHolderSchema) },
  batches: { params: z.object({ limit: z.int().min(1) }), result: listOf(batchSummarySchema) },
  signOff: { params: z.object({ batch: z.string().min(1), by: z.string().min(1), at, remark: z.string().optional() }), result: signOffSchema },
  importForeign: { params: z.object({ devices: listOf(foreignDeviceSchema) }), result: z.object({ added: z.int(), known: z.int() }) },
  foreignDevices: { params: z.object({ query: pageQuerySchema }), result: z.object({ devices: listOf(foreignDeviceSchema), total: z.int() }) },
  startAction: { params: z.object({ action: actionEntrySchema.omit({ state: true, endedAt: true, sentence: true, steps: true }) }), result: nothing },
  endAction: { params: z.object({ actionId: z.string(), state: z.enum(['done', 'failed']), sentence: z.string(), at }), result: nothing },
  addActionStep: { params: z.object({ actionId: z.string(), step: actionStepSchema }), result: nothing },
  unfinishedActions: { params: z.object({}), result: listOf(actionEntrySchema) },
  ...logMethods,
  ...operatorMethods,
  ...orderMethods,
  ...searchMethods,
  ...integrationMethods,
  ...reportMethods,
  ...labelStoreMethods,
  close: { params: z.object({}), result: nothing },
} as const satisfies Methods;

export type StorageMethods = typeof storageMethods;
