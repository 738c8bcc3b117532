/**
 * The files of a diagnostics bundle. Every member stands here or is not in it.
 *
 * SECURITY: a closed list of what may leave the station, not a list of what may not. Nothing here is a free text of a setting or
 * a profile but names that the line gave itself: of secrets only their kind, of addresses only scheme, host and port, of
 * identities only the names of their attributes.
 */
import { z } from 'zod';
import { driveBuses } from '../domain/drives';
import { errorCodes, type ErrorCode } from '../domain/errors';
import type { LoggedError } from '../domain/error-log';
import { healthReportSchema } from './health';
import { listOf } from './values';

export const loggedErrorSchema = z.strictObject({
  at: z.string(),
  version: z.string(),
  from: z.enum(['command', 'window', 'job']),
  name: z.string(),
  code: z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]),
  sentence: z.string(),
  field: z.string().optional(),
}) satisfies z.ZodType<LoggedError>;

const secretKind = z.enum(['environment', 'keyring', 'ask']);

export const profileSummarySchema = z.strictObject({
  name: z.string(),
  server: z.strictObject({
    kind: z.string(),
    origin: z.string(),
    credentials: z.strictObject({ type: z.enum(['password', 'token']), from: secretKind }).optional(),
    ownAuthority: z.boolean(),
    proxy: z.boolean(),
    clientVersion: z.string().optional(),
    /** Which options are set, not to what. */
    options: listOf(z.string()),
  }),
  identity: listOf(z.strictObject({ name: z.string(), scan: z.boolean(), constant: z.boolean(), pattern: z.boolean() })),
  keyType: z.string(),
  image: z.strictObject({ name: z.string(), sha256: z.string() }),
  files: listOf(z.strictObject({ content: z.string(), partition: z.string(), path: z.string(), mode: z.string(), uid: z.int(), gid: z.int(), createFolders: z.boolean() })),
  erase: z.string().optional(),
  slots: listOf(z.strictObject({ name: z.string(), fixedDisk: z.boolean(), port: z.string().optional() })),
  minimumBytes: z.number().optional(),
  maximumBytes: z.number().optional(),
  startWhenInserted: z.boolean(),
  outboxLimit: z.int(),
  station: z.strictObject({ atLeast: z.string().optional(), atMost: z.string().optional() }).optional(),
});
export type ProfileSummary = z.output<typeof profileSummarySchema>;

export const settingsSummarySchema = z.strictObject({
  name: z.string().optional(),
  shifts: listOf(z.string()),
  checkpointSeconds: z.int().optional(),
  anchors: listOf(z.strictObject({ to: z.enum(['file', 'url']), origin: z.string().optional() })),
  webhooks: listOf(z.strictObject({ origin: z.string(), events: listOf(z.string()), secretFrom: secretKind, ownAuthority: z.boolean(), timeoutSeconds: z.int().optional() })),
  mes: z.strictObject({ folder: z.boolean(), port: z.int().optional(), access: z.string().optional() }).optional(),
});
export type SettingsSummary = z.output<typeof settingsSummarySchema>;

export const diagnosticsSchema = z.strictObject({
  made: z.strictObject({ at: z.iso.datetime(), version: z.string(), electron: z.string(), chrome: z.string(), node: z.string(), system: z.string(), architecture: z.string(), packaged: z.boolean() }),
  health: healthReportSchema,
  limits: listOf(z.strictObject({ name: z.string(), soft: z.string(), hard: z.string() })),
  drives: listOf(
    z.strictObject({
      path: z.string(),
      bytes: z.number(),
      mediaPresent: z.boolean(),
      model: z.string().optional(),
      vendor: z.string().optional(),
      bus: z.enum(driveBuses),
      port: z.string().optional(),
      removable: z.boolean(),
      readOnly: z.boolean(),
      inUse: z.boolean(),
      systemDisk: z.boolean(),
      slot: z.string().optional(),
    }),
  ),
  /** What could not be read, one sentence each. */
  missing: listOf(z.string()),
  settings: settingsSummarySchema.optional(),
  profiles: listOf(profileSummarySchema),
  /** Jobs of the last thirty days that did not end well. */
  failedJobs: listOf(z.strictObject({ at: z.string(), slot: z.string(), profile: z.string(), state: z.string(), step: z.string().optional() })),
  errors: listOf(loggedErrorSchema),
});
export type Diagnostics = z.output<typeof diagnosticsSchema>;
