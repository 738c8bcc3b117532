/** Schemas of the values that cross a process boundary. Each is tied to its domain type, so the two cannot drift apart. */
import { z } from 'zod';
import type { Acceptance, AcceptanceState, ActionEntry, ActionStep, BatchSummary, ForeignDevice, SignOff, WatchedDevice } from '../domain/acceptance';
import { acceptanceStates, deviceActions, diagnoses } from '../domain/acceptance';
import type { CertificateFacts, CertificatePage, CertificateQuery, CertificateRow } from '../domain/certificates';
import { certificateStates } from '../domain/certificates';
import type { ErrorReport } from '../domain/errors';
import { errorCodes } from '../domain/errors';
import type { Identity } from '../domain/identity';
import type { JobOutcome, Progress, Step, StepFacts } from '../domain/job';
import { deviceStates, stepNames } from '../domain/job';
import type { PublicKey } from '../domain/keys';
import { keyTypes } from '../domain/keys';
import type {
  AcceptancePage,
  AcceptanceQuery,
  AcceptanceRow,
  CardFileFacts,
  CardKey,
  ContentPart,
  CustodyStatus,
  DayRow,
  DeliveredContent,
  DeviceDetails,
  DeviceRow,
  ImageReport,
  JobRow,
  KeyHolder,
  KeyReference,
  ListQuery,
  PreparedImage,
  ProcessOwner,
  TlsEndpoint,
  VerifyReceipt,
  WriteReceipt,
} from '../domain/ports';
import type { CardFile, ImageSettings, JsonObject, JsonValue, PartitionReference } from '../domain/profile';
import { erasures } from '../domain/profile';
import type { TargetFacts } from '../domain/targets';

/** A list; read-only, as the domain's lists are. */
export function listOf<Item extends z.ZodType>(item: Item): z.ZodReadonly<z.ZodArray<Item>> {
  return z.array(item).readonly();
}

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
export const bytesSchema = z.int().min(0);
/** Bytes in a message: Buffers arrive as plain Uint8Arrays after the structured clone. */
export const binarySchema = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'expected bytes');
export const timestampSchema = z.iso.datetime();

export const errorCodeSchema = z.enum(errorCodes);

export const errorReportSchema = z.object({
  code: errorCodeSchema,
  sentence: z.string().min(1),
  field: z.string().optional(),
  expected: z.string().optional(),
}) satisfies z.ZodType<ErrorReport>;

export const identitySchema = z.record(z.string(), z.string()) satisfies z.ZodType<Identity>;

export const keyTypeSchema = z.enum(keyTypes);

export const publicKeySchema = z.object({
  type: keyTypeSchema,
  spki: binarySchema,
  fingerprint: sha256Schema,
}) satisfies z.ZodType<PublicKey>;

export const stepNameSchema = z.enum(stepNames);
export const jobStateSchema = z.enum(['open', 'done', 'failed', 'cancelled', 'compensated', 'waiting']);
export const deviceStateSchema = z.enum(deviceStates);

export const progressSchema = z.object({
  phase: z.enum(['image', 'export', 'fetch', ...stepNames]),
  unit: z.literal('entries').optional(),
  doneBytes: bytesSchema,
  totalBytes: bytesSchema,
  bytesPerSecond: z.number().min(0),
  secondsLeft: z.number().min(0).optional(),
}) satisfies z.ZodType<Progress>;

export const partitionReferenceSchema = z.union([
  z.strictObject({ number: z.int().min(1).max(256) }),
  z.strictObject({ label: z.string().min(1).max(72) }),
]) satisfies z.ZodType<PartitionReference>;

export const cardFileSchema = z.object({
  content: z.string().regex(/^[a-z0-9-]{1,40}$/),
  partition: partitionReferenceSchema,
  path: z.string().regex(/^(?:\/[^/\0]+)+$/),
  mode: z.int().min(0).max(0o7777),
  uid: z.int().min(0).max(0xffffffff),
  gid: z.int().min(0).max(0xffffffff),
  createFolders: z.boolean(),
}) satisfies z.ZodType<CardFile>;

/** Longer files are none of a card's own (`mostFileBytes` of the image layer). */
const mostContentBytes = 12 * 1024;

const contentPartSchema = z.union([
  z.object({ bytes: binarySchema.refine((bytes) => bytes.length <= mostContentBytes, 'too long') }),
  z.object({ secret: z.literal('agreement-key') }),
]) satisfies z.ZodType<ContentPart>;

export const deliveredContentSchema = z.object({ content: z.string(), parts: listOf(contentPartSchema) }) satisfies z.ZodType<DeliveredContent>;

export const keyReferenceSchema = z.union([z.object({ jobId: z.uuid() }), z.object({ targetPath: z.string(), files: listOf(cardFileSchema) })]) satisfies z.ZodType<KeyReference>;

export const tlsEndpointSchema = z.object({
  host: z.string().min(1),
  port: z.int().min(1).max(65535),
  serverName: z.string().optional(),
  certificateAuthority: z.string(),
  certificateChain: z.string(),
  timeout: z.int().min(1),
}) satisfies z.ZodType<TlsEndpoint>;

export const jsonValueSchema: z.ZodType<JsonValue> = z.lazy(() => z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(jsonValueSchema), z.record(z.string(), jsonValueSchema)]));
export const jsonObjectSchema: z.ZodType<JsonObject> = z.record(z.string(), jsonValueSchema);

export const erasureSchema = z.enum(erasures);

export const imageSettingsSchema = z.object({ path: z.string().min(1), sha256: sha256Schema }) satisfies z.ZodType<ImageSettings>;

const imageFormatSchema = z.enum(['raw', 'gzip', 'xz', 'zstd']);

export const preparedImageSchema = z.object({
  path: z.string(),
  sha256: sha256Schema,
  format: imageFormatSchema,
  decodedPath: z.string(),
  decodedBytes: bytesSchema,
  decodedSha256: sha256Schema,
  stamp: z.string(),
}) satisfies z.ZodType<PreparedImage>;

export const imageReportSchema = z.object({
  path: z.string(),
  format: imageFormatSchema,
  bytes: bytesSchema,
  sha256: sha256Schema,
  decodedBytes: bytesSchema,
  table: z.enum(['mbr', 'gpt']),
  partitions: listOf(
    z.object({
      number: z.int(),
      offset: bytesSchema,
      bytes: bytesSchema,
      type: z.string(),
      name: z.string().optional(),
      filesystem: z.object({
        kind: z.enum(['ext2', 'ext3', 'ext4', 'vfat', 'other']),
        label: z.string().optional(),
        uuid: z.string().optional(),
        blockSize: bytesSchema.optional(),
        freeBytes: bytesSchema.optional(),
        totalBytes: bytesSchema.optional(),
        features: listOf(z.string()),
        refusal: z.string().optional(),
      }),
    }),
  ),
  keyPlaces: listOf(z.object({ partition: z.int(), path: z.string(), possible: z.boolean(), sentence: z.string() })),
}) satisfies z.ZodType<ImageReport>;

export const targetFactsSchema = z.object({
  path: z.string(),
  realPath: z.string(),
  kind: z.enum(['block-device', 'file', 'missing']),
  bytes: bytesSchema,
  readOnly: z.boolean(),
  removable: z.boolean(),
  loop: z.boolean(),
  wholeDisk: z.boolean(),
  usedBy: listOf(z.string()),
  systemDisk: z.boolean(),
  model: z.string().optional(),
  serial: z.string().optional(),
  portPath: z.string().optional(),
  identity: z.string(),
  looksLikeCard: z.boolean(),
}) satisfies z.ZodType<TargetFacts>;

export const writeReceiptSchema = z.object({
  bytesWritten: bytesSchema,
  overlayBytes: bytesSchema,
  untouchedBytes: bytesSchema,
  milliseconds: z.number(),
  directIo: z.boolean(),
}) satisfies z.ZodType<WriteReceipt>;

export const cardFileFactsSchema = z.object({
  path: z.string(),
  partition: z.int(),
  bytes: bytesSchema,
  mode: z.int(),
  uid: z.int(),
  gid: z.int(),
}) satisfies z.ZodType<CardFileFacts>;

export const verifyReceiptSchema = z.object({
  bytesRead: bytesSchema,
  milliseconds: z.number(),
  directIo: z.boolean(),
  files: listOf(cardFileFactsSchema),
  publicKey: publicKeySchema,
}) satisfies z.ZodType<VerifyReceipt>;

export const cardKeySchema = z.object({ publicKey: publicKeySchema, file: cardFileFactsSchema }) satisfies z.ZodType<CardKey>;

export const custodyStatusSchema = z.object({
  memoryLocked: z.boolean(),
  warning: z.string().optional(),
  keysHeld: z.int(),
  keysAhead: z.int(),
}) satisfies z.ZodType<CustodyStatus>;

export const processOwnerSchema = z.object({ pid: z.int(), started: z.string() }) satisfies z.ZodType<ProcessOwner>;

export const stepSchema = z.object({
  name: stepNameSchema,
  state: z.enum(['started', 'done', 'failed']),
  startedAt: timestampSchema,
  endedAt: timestampSchema.optional(),
  sentence: z.string().optional(),
}) satisfies z.ZodType<Step>;

export const stepFactsSchema = z.strictObject({
  card: z.string().min(1).max(4096).optional(),
  bytes: bytesSchema.optional(),
  files: listOf(z.strictObject({ path: z.string(), partition: bytesSchema, mode: bytesSchema, uid: bytesSchema, gid: bytesSchema })).optional(),
  serverDevice: z.string().min(1).max(4096).optional(),
}) satisfies z.ZodType<StepFacts>;

export const deviceRowSchema = z.object({
  deviceId: z.string(),
  identity: identitySchema,
  state: deviceStateSchema,
  keyType: keyTypeSchema,
  fingerprint: sha256Schema.optional(),
  publicKeyPem: z.string().optional(),
  serverKind: z.string(),
  serverUrl: z.string(),
  serverDeviceId: z.string().optional(),
  profileName: z.string(),
  batch: z.string().optional(),
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
}) satisfies z.ZodType<DeviceRow>;

export const jobRowSchema = z.object({
  jobId: z.string(),
  deviceId: z.string(),
  state: jobStateSchema,
  slot: z.string(),
  targetPath: z.string(),
  operator: z.string(),
  imageSha256: sha256Schema,
  profileName: z.string(),
  profileSha256: sha256Schema,
  owner: processOwnerSchema,
  startedAt: timestampSchema,
  endedAt: timestampSchema.optional(),
  sentence: z.string().optional(),
  steps: listOf(stepSchema),
}) satisfies z.ZodType<JobRow>;

export const acceptanceStateSchema = z.enum(acceptanceStates);
export const diagnosisSchema = z.enum(diagnoses);

export const acceptanceSchema = z.object({
  deviceId: z.string(),
  state: acceptanceStateSchema,
  diagnosis: diagnosisSchema.optional(),
  sentence: z.string(),
  serverStatus: z.string().optional(),
  serverDeviceId: z.string().optional(),
  relatedDeviceId: z.string().optional(),
  checkedAt: timestampSchema,
}) satisfies z.ZodType<Acceptance>;

export const certificateFactsSchema = z.object({
  serial: z.string().regex(/^[0-9a-f]+$/),
  issuer: z.string(),
  notBefore: timestampSchema,
  notAfter: timestampSchema,
  sha256: sha256Schema,
  pem: z.string(),
}) satisfies z.ZodType<CertificateFacts>;

export const certificateStateSchema = z.enum(certificateStates);

export const certificateRowSchema = certificateFactsSchema.extend({
  deviceId: z.string(),
  identity: identitySchema,
  batch: z.string().optional(),
  state: certificateStateSchema,
  recordedAt: timestampSchema,
  revokedAt: timestampSchema.optional(),
  revocationReason: z.string().optional(),
}) satisfies z.ZodType<CertificateRow>;

export const actionStepSchema = z.object({ part: z.string().min(1), sentence: z.string(), at: timestampSchema }) satisfies z.ZodType<ActionStep>;

export const actionEntrySchema = z.object({
  actionId: z.string(),
  action: z.enum(deviceActions),
  deviceId: z.string().optional(),
  serverUrl: z.string(),
  serverDeviceId: z.string(),
  authSetId: z.string().optional(),
  identity: identitySchema,
  state: z.enum(['started', 'done', 'failed']),
  by: z.string(),
  startedAt: timestampSchema,
  endedAt: timestampSchema.optional(),
  sentence: z.string().optional(),
  reason: z.string().optional(),
  steps: listOf(actionStepSchema).optional(),
}) satisfies z.ZodType<ActionEntry>;

export const deviceDetailsSchema = deviceRowSchema.extend({
  jobs: listOf(jobRowSchema),
  acceptance: acceptanceSchema.optional(),
  actions: listOf(actionEntrySchema),
  certificates: listOf(certificateRowSchema),
}) satisfies z.ZodType<DeviceDetails>;

export const watchedDeviceSchema = z.object({
  deviceId: z.string(),
  identity: identitySchema,
  serverDeviceId: z.string().optional(),
  fingerprint: sha256Schema,
  acceptance: acceptanceStateSchema,
  finishedAt: timestampSchema.optional(),
  certificateEndsAt: timestampSchema.optional(),
  diagnosis: diagnosisSchema.optional(),
}) satisfies z.ZodType<WatchedDevice>;

/** How many devices are in each state; every state is there. */
export const stateCountsSchema = z.record(acceptanceStateSchema, z.int().min(0)) satisfies z.ZodType<Record<AcceptanceState, number>>;

const pageShape = { limit: z.int().min(1), offset: z.int().min(0) };

export const certificateQuerySchema = z.object({
  deviceId: z.string().optional(),
  state: certificateStateSchema.optional(),
  endBefore: timestampSchema.optional(),
  issuer: z.string().optional(),
  text: z.string().optional(),
  ...pageShape,
}) satisfies z.ZodType<CertificateQuery>;

export const certificatePageSchema = z.object({
  certificates: listOf(certificateRowSchema),
  total: z.int(),
  counts: z.record(certificateStateSchema, z.int().min(0)),
}) satisfies z.ZodType<CertificatePage>;

export const acceptanceQuerySchema = z.object({
  state: acceptanceStateSchema.optional(),
  diagnosis: diagnosisSchema.optional(),
  batch: z.string().optional(),
  profileName: z.string().optional(),
  text: z.string().optional(),
  ...pageShape,
}) satisfies z.ZodType<AcceptanceQuery>;

export const acceptanceRowSchema = deviceRowSchema.extend({
  preauthorizedAt: timestampSchema.optional(),
  acceptedAt: timestampSchema.optional(),
  acceptance: acceptanceStateSchema,
  diagnosis: diagnosisSchema.optional(),
  sentence: z.string().optional(),
  checkedAt: timestampSchema.optional(),
}) satisfies z.ZodType<AcceptanceRow>;

export const acceptancePageSchema = z.object({
  rows: listOf(acceptanceRowSchema),
  total: z.int(),
  counts: stateCountsSchema,
}) satisfies z.ZodType<AcceptancePage>;

export const keyHolderSchema = z.object({
  fingerprint: sha256Schema,
  identity: identitySchema,
  deviceId: z.string().optional(),
}) satisfies z.ZodType<KeyHolder>;

export const signOffSchema = z.object({
  batch: z.string(),
  by: z.string(),
  at: timestampSchema,
  total: z.int(),
  accepted: z.int(),
  remark: z.string().optional(),
}) satisfies z.ZodType<SignOff>;

export const batchSummarySchema = z.object({
  batch: z.string(),
  total: z.int(),
  counts: stateCountsSchema,
  lastSignOff: signOffSchema.optional(),
}) satisfies z.ZodType<BatchSummary>;

export const foreignDeviceSchema = z.object({
  identity: identitySchema,
  fingerprint: sha256Schema,
  publicKeyPem: z.string(),
  source: z.string(),
  importedBy: z.string(),
  importedAt: timestampSchema,
}) satisfies z.ZodType<ForeignDevice>;

export const listQuerySchema = z.object({
  identity: identitySchema.optional(),
  state: deviceStateSchema.optional(),
  batch: z.string().optional(),
  ...pageShape,
}) satisfies z.ZodType<ListQuery>;

export const pageQuerySchema = z.object(pageShape);

/** One line of the day's list. */
export const dayRowSchema = jobRowSchema.extend({ identity: identitySchema, deviceState: deviceStateSchema, serverKind: z.string() }) satisfies z.ZodType<DayRow>;

export const jobOutcomeSchema = z.object({
  jobId: z.string(),
  deviceId: z.string(),
  state: jobStateSchema,
  sentence: z.string(),
  fingerprint: sha256Schema.optional(),
  error: errorReportSchema.optional(),
}) satisfies z.ZodType<JobOutcome>;
