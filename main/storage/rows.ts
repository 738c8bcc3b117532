import { createHash } from 'node:crypto';

import { z } from 'zod';

import { canonicalIdentity } from '../domain/identity';
import type { Identity } from '../domain/identity';
import { stepNames } from '../domain/job';
import type { Step } from '../domain/job';
import { keyTypes, publicKeyPem } from '../domain/keys';
import type { DeviceRow, JobRow } from '../domain/ports';
import { corruptRecord } from './sqlite-errors';

/*
 * What lies in the file was perhaps not written by this program: every row is checked on its way in, and one that
 * breaks a rule is a corrupt record.
 */

const timestamp = z.iso.datetime({ precision: 3 });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const deviceStateSchema = z.enum(['reserved', 'preauthorized', 'accepted', 'released']);
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
  created_at: timestamp,
  updated_at: timestamp,
});

/** Columns of a device, in SQL, for a table that is called `devices` in its query. */
export const deviceColumns = Object.keys(deviceSchema.shape)
  .map((column) => `devices.${column}`)
  .join(', ');

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
export const jobColumns = Object.keys(jobSchema.shape)
  .map((column) => `jobs.${column}`)
  .join(', ');

const stepSchema = z.object({
  name: z.enum(stepNames),
  state: z.enum(['started', 'done', 'failed']),
  started_at: timestamp,
  ended_at: timestamp.nullable(),
  sentence: z.string().nullable(),
});

/** @throws ImprintError record-corrupt */
export function readDevice(row: unknown, path: string): DeviceRow {
  const device = parse(deviceSchema, row, 'device', path);
  return {
    deviceId: device.device_id,
    identity: readIdentityText(device.identity, path),
    state: device.state,
    keyType: device.key_type,
    ...readPublicKey(device.fingerprint, device.spki, path),
    serverKind: device.server_kind,
    serverUrl: device.server_url,
    ...(device.server_device_id === null ? {} : { serverDeviceId: device.server_device_id }),
    profileName: device.profile_name,
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

function readIdentityText(text: string, path: string): Identity {
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

function readPublicKey(fingerprint: string | null, spki: Uint8Array | null, path: string): Pick<DeviceRow, 'fingerprint' | 'publicKeyPem'> {
  if (fingerprint === null && spki === null) return {};
  if (fingerprint === null || spki === null || fingerprintOf(spki) !== fingerprint) {
    throw corruptRecord(path, 'a public key in it does not have the hash that stands beside it');
  }
  return { fingerprint, publicKeyPem: publicKeyPem(spki) };
}
