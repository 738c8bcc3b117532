/** What stands in a signed update file, and what an installation remembers of its versions (docs/updates.md). */
import { z } from 'zod';
import type { InstalledVersion, UpdateManifest } from '../domain/update';
import { versionPattern } from '../domain/version';
import { sha256Schema } from './values';

export const versionSchema = z.string().regex(/^\d+\.\d+\.\d+$/).regex(versionPattern);

/** SECURITY: no name may lead out of the package, be hidden in a manifest as two names of one file, or have control characters. */
const pathSchema = z
  .string()
  .max(300)
  .regex(/^[A-Za-z0-9_@+,=(){}~ .-]+(?:\/[A-Za-z0-9_@+,=(){}~ .-]+)*$/)
  .refine((path) => path.split('/').every((part) => part !== '.' && part !== '..' && part.trim() === part));

export const updateManifestSchema = z
  .strictObject({
    format: z.literal(1),
    version: versionSchema,
    from: versionSchema,
    recordSchema: z.int().min(1),
    target: z.strictObject({ platform: z.string().regex(/^[a-z0-9]{1,20}$/), architecture: z.string().regex(/^[a-z0-9]{1,20}$/) }),
    program: pathSchema,
    madeAt: z.iso.datetime(),
    files: z
      .array(z.strictObject({ path: pathSchema, bytes: z.int().min(0).max(2 ** 31), sha256: sha256Schema, executable: z.boolean() }))
      .min(1)
      .max(20_000)
      .refine((files) => new Set(files.map(({ path }) => path.toLowerCase())).size === files.length, 'expected every file once')
      .readonly(),
  })
  .refine(({ program, files }) => files.some(({ path, executable }) => path === program && executable), 'expected a program among the files') satisfies z.ZodType<UpdateManifest>;

const installedSchema = z.strictObject({ version: versionSchema, recordSchema: z.int().optional(), backup: z.string().optional() }) satisfies z.ZodType<InstalledVersion>;

const changeSchema = z.strictObject({ what: z.enum(['apply', 'roll-back']), at: z.iso.datetime(), by: z.string(), from: versionSchema.optional(), to: versionSchema, override: z.string().optional() });
export type VersionChange = z.output<typeof changeSchema>;

/** `installation.json` beside the versions. */
export const installationSchema = z.strictObject({
  version: z.literal(1),
  current: installedSchema.optional(),
  previous: installedSchema.optional(),
  /** Newest last. */
  changes: z.array(changeSchema).max(200).readonly(),
});
export type InstallationState = z.output<typeof installationSchema>;

/** `installation-journal.json`: there while a change is under way. */
export const updateJournalSchema = z.strictObject({
  change: changeSchema,
  to: installedSchema,
  /** What was installed before, with its backup once that is made. */
  from: installedSchema.optional(),
  /** Set before the new version takes its place: whether one of the same name lay there already. */
  placing: z.strictObject({ replaces: z.boolean() }).optional(),
});
export type UpdateJournal = z.output<typeof updateJournalSchema>;
