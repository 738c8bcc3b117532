import { createHash } from 'node:crypto';

import { z } from 'zod';

import { acceptanceStates, deviceActions, diagnoses } from '../domain/acceptance';
import type { Acceptance, ActionEntry, ActionStep, ForeignDevice, SignOff, WatchedDevice } from '../domain/acceptance';
import { certificateStates } from '../domain/certificates';
import type { CertificateRow } from '../domain/certificates';
import { canonicalIdentity } from '../domain/identity';
import type { Identity } from '../domain/identity';
import { deviceStates, stepNames } from '../domain/job';
import type { Step } from '../domain/job';
import { keyTypes, publicKeyPem } from '../domain/keys';
import type { AcceptanceRow, DeviceRow, JobRow, KeyHolder } from '../domain/ports';
import { corruptRecord } from './sqlite-errors';

/*
 * What lies in the file was perhaps not written by this program: every row is checked on its way in, and one that
 * breaks a rule is a corrupt record.
 */

const timestamp = z.iso.datetime({ precision: 3 });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const deviceStateSchema = z.enum(deviceStates);
export const jobStateSchema = z.enum(['open', 'done', 'failed', 'cancelled', 'compensated', 'waiting']);

const deviceSchema = z.object({
  device_id: z.string().min(1),
  identity: z.string(),
  state: deviceStateSchema,
  key_type: z.enum(keyTypes),
  fingerprint: sha256.nullable(),
  spki: z.instanceof(Uint8Array).nullable(),
  server_kind: z.string(),
  server_url: z.string(),
  server_device_id: z.string().nullable(),
  profile_name: z.string(),
  batch: z.string().min(1).nullable(),
  created_at: timestamp,
  updated_at: timestamp,
});

/** Columns of a device, in SQL, for a table that is called `devices` in its query. */
export const deviceColumns = columnsOf(deviceSchema, 'devices');

const jobSchema = z.object({
  job_id: z.string().min(1),
  device_id: z.string().min(1),
  state: jobStateSchema,
  slot: z.string(),
  target_path: z.string(),
  operator: z.string(),
  image_sha256: sha256,
  profile_name: z.string(),
  profile_sha256: sha256,
  owner_pid: z.int(),
  owner_started: z.string(),
  started_at: timestamp,
  ended_at: timestamp.nullable(),
  sentence: z.string().nullable(),
});

/** Columns of a job, in SQL, for a table that is called `jobs` in its query. */
export const jobColumns = columnsOf(jobSchema, 'jobs');

const stepSchema = z.object({
  name: z.enum(stepNames),
  state: z.enum(['started', 'done', 'failed']),
  started_at: timestamp,
  ended_at: timestamp.nullable(),
  sentence: z.string().nullable(),
});

export const acceptanceStateSchema = z.enum(acceptanceStates);

/** What was seen at the server; `checked_at` is there, because a device that was not asked for has no acceptance. */
const acceptanceSchema = z.object({
  device_id: z.string().min(1),
  state: acceptanceStateSchema,
  diagnosis: z.enum(diagnoses).nullable(),
  sentence: z.string(),
  server_status: z.string().nullable(),
  server_device_id: z.string().nullable(),
  related_device_id: z.string().nullable(),
  checked_at: timestamp,
});

/** A device with the columns of its acceptance under names of their own: two tables have a `state`. */
const acceptanceRowSchema = deviceSchema.extend({
  acceptance: acceptanceStateSchema,
  diagnosis: z.enum(diagnoses).nullable(),
  sentence: z.string().nullable(),
  checked_at: timestamp.nullable(),
  accepted_at: timestamp.nullable(),
  preauthorized_at: timestamp.nullable(),
});

const watchedSchema = z.object({
  device_id: z.string().min(1),
  identity: z.string(),
  server_device_id: z.string().nullable(),
  fingerprint: sha256,
  acceptance: acceptanceStateSchema,
  diagnosis: z.enum(diagnoses).nullable(),
  finished_at: timestamp.nullable(),
  certificate_ends_at: timestamp.nullable(),
});

const holderSchema = z.object({ fingerprint: sha256, identity: z.string(), device_id: z.string().nullable() });

const signOffSchema = z.object({
  batch: z.string(),
  signed_by: z.string(),
  signed_at: timestamp,
  total: z.int(),
  accepted: z.int(),
  remark: z.string().nullable(),
});

/** Columns of a sign-off, in SQL, for a table that is called `sign_offs` in its query. */
export const signOffColumns = columnsOf(signOffSchema, 'sign_offs');

const foreignDeviceSchema = z.object({
  identity: z.string(),
  fingerprint: sha256,
  spki: z.instanceof(Uint8Array),
  source: z.string(),
  imported_by: z.string(),
  imported_at: timestamp,
});

/** Columns of a foreign device, in SQL, for a table that is called `foreign_devices` in its query. */
export const foreignDeviceColumns = columnsOf(foreignDeviceSchema, 'foreign_devices');

const actionSchema = z.object({
  action_id: z.string().min(1),
  action: z.enum(deviceActions),
  device_id: z.string().nullable(),
  server_url: z.string(),
  server_device_id: z.string(),
  auth_set_id: z.string().nullable(),
  identity: z.string(),
  state: z.enum(['started', 'done', 'failed']),
  started_by: z.string(),
  started_at: timestamp,
  ended_at: timestamp.nullable(),
  sentence: z.string().nullable(),
  reason: z.string().nullable(),
});

/** Columns of an action, in SQL, for a table that is called `actions` in its query. */
export const actionColumns = columnsOf(actionSchema, 'actions');

const actionStepSchema = z.object({ part: z.string().min(1), sentence: z.string(), done_at: timestamp });

const certificateShape = {
  device_id: z.string().min(1),
  serial: z.string().regex(/^[0-9a-f]+$/),
  issuer: z.string(),
  not_before: timestamp,
  not_after: timestamp,
  sha256,
  certificate: z.string(),
  state: z.enum(certificateStates),
  recorded_at: timestamp,
  revoked_at: timestamp.nullable(),
  revocation_reason: z.string().nullable(),
};
const certificateSchema = z.object({ ...certificateShape, identity: z.string(), batch: z.string().nullable() });

/** Columns of a certificate, in SQL, for a table that is called `certificates` in its query. */
export const certificateColumns = columnsOf(z.object(certificateShape), 'certificates');

function columnsOf(schema: z.ZodObject, table: string): string {
  return Object.keys(schema.shape)
    .map((column) => `${table}.${column}`)
    .join(', ');
}

/** @throws ImprintError record-corrupt */
export function readDevice(row: unknown, path: string): DeviceRow {
  return deviceOf(parse(deviceSchema, row, 'device', path), path);
}

function deviceOf(device: z.output<typeof deviceSchema>, path: string): DeviceRow {
  return {
    deviceId: device.device_id,
    identity: readIdentityText(device.identity, path),
    state: device.state,
    keyType: device.key_type,
    ...readDeviceKey(device.fingerprint, device.spki, path),
    serverKind: device.server_kind,
    serverUrl: device.server_url,
    ...(device.server_device_id === null ? {} : { serverDeviceId: device.server_device_id }),
    profileName: device.profile_name,
    ...(device.batch === null ? {} : { batch: device.batch }),
    createdAt: device.created_at,
    updatedAt: device.updated_at,
  };
}

/** @throws ImprintError record-corrupt */
export function readJob(row: unknown, stepRows: readonly unknown[], path: string): JobRow {
  const job = parse(jobSchema, row, 'job', path);
  return {
    jobId: job.job_id,
    deviceId: job.device_id,
    state: job.state,
    slot: job.slot,
    targetPath: job.target_path,
    operator: job.operator,
    imageSha256: job.image_sha256,
    profileName: job.profile_name,
    profileSha256: job.profile_sha256,
    owner: { pid: job.owner_pid, started: job.owner_started },
    startedAt: job.started_at,
    ...(job.ended_at === null ? {} : { endedAt: job.ended_at }),
    ...(job.sentence === null ? {} : { sentence: job.sentence }),
    steps: stepRows.map((step) => readStep(step, path)),
  };
}

/** @throws ImprintError record-corrupt */
export function readStep(row: unknown, path: string): Step {
  const step = parse(stepSchema, row, 'step', path);
  return {
    name: step.name,
    state: step.state,
    startedAt: step.started_at,
    ...(step.ended_at === null ? {} : { endedAt: step.ended_at }),
    ...(step.sentence === null ? {} : { sentence: step.sentence }),
  };
}

/** @throws ImprintError record-corrupt */
export function readAcceptance(row: unknown, path: string): Acceptance {
  const acceptance = parse(acceptanceSchema, row, 'look at the server', path);
  return {
    deviceId: acceptance.device_id,
    state: acceptance.state,
    ...(acceptance.diagnosis === null ? {} : { diagnosis: acceptance.diagnosis }),
    sentence: acceptance.sentence,
    ...(acceptance.server_status === null ? {} : { serverStatus: acceptance.server_status }),
    ...(acceptance.server_device_id === null ? {} : { serverDeviceId: acceptance.server_device_id }),
    ...(acceptance.related_device_id === null ? {} : { relatedDeviceId: acceptance.related_device_id }),
    checkedAt: acceptance.checked_at,
  };
}

/** @throws ImprintError record-corrupt */
export function readAcceptanceRow(row: unknown, path: string): AcceptanceRow {
  const device = parse(acceptanceRowSchema, row, 'device', path);
  return {
    ...deviceOf(device, path),
    ...(device.preauthorized_at === null ? {} : { preauthorizedAt: device.preauthorized_at }),
    ...(device.accepted_at === null ? {} : { acceptedAt: device.accepted_at }),
    acceptance: device.acceptance,
    ...(device.diagnosis === null ? {} : { diagnosis: device.diagnosis }),
    ...(device.sentence === null ? {} : { sentence: device.sentence }),
    ...(device.checked_at === null ? {} : { checkedAt: device.checked_at }),
  };
}

/** @throws ImprintError record-corrupt */
export function readWatched(row: unknown, path: string): WatchedDevice {
  const device = parse(watchedSchema, row, 'device', path);
  return {
    deviceId: device.device_id,
    identity: readIdentityText(device.identity, path),
    ...(device.server_device_id === null ? {} : { serverDeviceId: device.server_device_id }),
    fingerprint: device.fingerprint,
    acceptance: device.acceptance,
    ...(device.diagnosis === null ? {} : { diagnosis: device.diagnosis }),
    ...(device.finished_at === null ? {} : { finishedAt: device.finished_at }),
    ...(device.certificate_ends_at === null ? {} : { certificateEndsAt: device.certificate_ends_at }),
  };
}

/** @throws ImprintError record-corrupt */
export function readHolder(row: unknown, path: string): KeyHolder {
  const holder = parse(holderSchema, row, 'device', path);
  return {
    fingerprint: holder.fingerprint,
    identity: readIdentityText(holder.identity, path),
    ...(holder.device_id === null ? {} : { deviceId: holder.device_id }),
  };
}

/** @throws ImprintError record-corrupt */
export function readSignOff(row: unknown, path: string): SignOff {
  const signOff = parse(signOffSchema, row, 'sign-off', path);
  return {
    batch: signOff.batch,
    by: signOff.signed_by,
    at: signOff.signed_at,
    total: signOff.total,
    accepted: signOff.accepted,
    ...(signOff.remark === null ? {} : { remark: signOff.remark }),
  };
}

/** @throws ImprintError record-corrupt */
export function readForeignDevice(row: unknown, path: string): ForeignDevice {
  const device = parse(foreignDeviceSchema, row, 'imported device', path);
  return {
    identity: readIdentityText(device.identity, path),
    ...readPublicKey(device.fingerprint, device.spki, path),
    source: device.source,
    importedBy: device.imported_by,
    importedAt: device.imported_at,
  };
}

/** @throws ImprintError record-corrupt */
export function readCertificate(row: unknown, path: string): CertificateRow {
  const certificate = parse(certificateSchema, row, 'certificate', path);
  return {
    deviceId: certificate.device_id,
    identity: readIdentityText(certificate.identity, path),
    ...(certificate.batch === null ? {} : { batch: certificate.batch }),
    serial: certificate.serial,
    issuer: certificate.issuer,
    notBefore: certificate.not_before,
    notAfter: certificate.not_after,
    sha256: certificate.sha256,
    pem: certificate.certificate,
    state: certificate.state,
    recordedAt: certificate.recorded_at,
    ...(certificate.revoked_at === null ? {} : { revokedAt: certificate.revoked_at }),
    ...(certificate.revocation_reason === null ? {} : { revocationReason: certificate.revocation_reason }),
  };
}

/** @throws ImprintError record-corrupt */
export function readActionStep(row: unknown, path: string): ActionStep {
  const step = parse(actionStepSchema, row, 'step of an action', path);
  return { part: step.part, sentence: step.sentence, at: step.done_at };
}

/** @throws ImprintError record-corrupt */
export function readAction(row: unknown, path: string, steps: readonly ActionStep[] = []): ActionEntry {
  const entry = parse(actionSchema, row, 'action', path);
  return {
    actionId: entry.action_id,
    action: entry.action,
    ...(entry.device_id === null ? {} : { deviceId: entry.device_id }),
    serverUrl: entry.server_url,
    serverDeviceId: entry.server_device_id,
    ...(entry.auth_set_id === null ? {} : { authSetId: entry.auth_set_id }),
    identity: readIdentityText(entry.identity, path),
    state: entry.state,
    by: entry.started_by,
    startedAt: entry.started_at,
    ...(entry.ended_at === null ? {} : { endedAt: entry.ended_at }),
    ...(entry.sentence === null ? {} : { sentence: entry.sentence }),
    ...(entry.reason === null ? {} : { reason: entry.reason }),
    ...(steps.length === 0 ? {} : { steps }),
  };
}

/** SHA-256, hexadecimal: how a public key is named. */
export function fingerprintOf(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex');
}

/** @throws ImprintError record-corrupt where `row` is not as `schema` says; `kind` names it in the sentence */
export function parse<Schema extends z.ZodType>(schema: Schema, row: unknown, kind: string, path: string): z.output<Schema> {
  const result = schema.safeParse(row);
  if (result.success) return result.data;
  const places = result.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw corruptRecord(path, `a ${kind} in it has a wrong value in ${places === '' ? 'the row' : places}`, result.error);
}

/** @throws ImprintError record-corrupt */
export function readIdentityText(text: string, path: string): Identity {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw corruptRecord(path, 'an identity in it is no JSON', thrown);
  }
  if (!isIdentity(value) || canonicalIdentity(value) !== text) throw corruptRecord(path, 'an identity in it is not in its one canonical form');
  return value;
}

/** By hand, because a zod record drops an attribute that is called `__proto__`. */
function isIdentity(value: unknown): value is Identity {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((attribute) => typeof attribute === 'string');
}

function readDeviceKey(fingerprint: string | null, spki: Uint8Array | null, path: string): Pick<DeviceRow, 'fingerprint' | 'publicKeyPem'> {
  if (fingerprint === null && spki === null) return {};
  if (fingerprint === null || spki === null) throw corruptRecord(path, 'a public key in it or the hash of one stands alone');
  return readPublicKey(fingerprint, spki, path);
}

function readPublicKey(fingerprint: string, spki: Uint8Array, path: string): { readonly fingerprint: string; readonly publicKeyPem: string } {
  if (fingerprintOf(spki) !== fingerprint) throw corruptRecord(path, 'a public key in it does not have the hash that stands beside it');
  return { fingerprint, publicKeyPem: publicKeyPem(spki) };
}
