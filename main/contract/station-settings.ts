import { z } from 'zod';
import { ImprintError } from '../domain/errors';
import { languages } from '../domain/languages';
import { webhookEvents } from '../domain/webhooks';

/** `station/settings.json`: what is of the station and of no profile. Absent members have no effect. */
const time = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as 14:00');

const anchorPlaceSchema = z.union([
  z.strictObject({ file: z.string().regex(/^\//, 'expected an absolute path') }),
  z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
]);
export type AnchorPlace = z.output<typeof anchorPlaceSchema>;

const credentialText = 'expected {"keyring": "name"} or {"environment": "VARIABLE"}; a secret never stands in the settings';
const credentialSchema = z.union([z.strictObject({ keyring: z.string().min(1).max(100) }), z.strictObject({ environment: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) })], credentialText);
/** Where a secret of the integration comes from. Nobody is asked for it: it is needed when nobody is there. */
export type IntegrationCredential = z.output<typeof credentialSchema>;

const absolutePath = z.string().regex(/^\//, 'expected an absolute path');

const addressText = 'expected an https address without user, password and #; http only to this computer (127.0.0.1, localhost, [::1])';
const addressSchema = z.string(addressText).max(2000, addressText).refine(isPlainUrl, addressText);

const updatesSchema = z.strictObject({
  /** The folder of a web server with `latest-linux.yml` and the update file. */
  feed: addressSchema,
  /** PEM certificates that are trusted there instead of the system's. */
  caFile: absolutePath.optional(),
});

const webhookSchema = z.strictObject({
  url: addressSchema,
  events: z
    .array(z.enum(webhookEvents, `expected some of ${webhookEvents.join(', ')}`))
    .min(1, `expected some of ${webhookEvents.join(', ')}`)
    .refine((events) => new Set(events).size === events.length, 'expected every event once')
    .readonly(),
  secret: credentialSchema,
  /** How long one attempt may take. */
  timeoutSeconds: z.int().min(1).max(60).optional(),
  /** PEM certificates that are trusted there instead of the system's. */
  caFile: absolutePath.optional(),
});
export type WebhookSettings = z.output<typeof webhookSchema>;

const mesSchema = z.strictObject({
  /** Watched folder; `in`, `done`, `rejected` and `out` are made in it. */
  folder: absolutePath.optional(),
  http: z
    .strictObject({
      port: z.int('expected a port from 1024 to 65535').min(1024, 'expected a port from 1024 to 65535').max(65535, 'expected a port from 1024 to 65535'),
      token: credentialSchema,
      /** orders: batches may be put and results read. read: nothing can be put. */
      access: z.enum(['orders', 'read'], 'expected orders or read').optional(),
    })
    .optional(),
});
export type MesSettings = z.output<typeof mesSchema>;

const settingsSchema = z.strictObject({
  version: z.literal(1),
  /** Name of the station in the log, where its first entry is not made yet. */
  name: z.string().min(1).max(100).optional(),
  /** What the window speaks; absent: what the system does. */
  language: z.enum(languages, `expected one of ${languages.join(', ')}`).optional(),
  /** When the shifts begin, for the report: times of day on this computer. */
  shifts: z.array(time).min(1).max(24).readonly().optional(),
  log: z
    .strictObject({
      /** Shortest time between two checkpoints of a busy station. */
      checkpointSeconds: z.int().min(1).max(3600).optional(),
      /** Where checkpoints are brought by themselves. */
      anchors: z.array(anchorPlaceSchema).max(8).readonly().optional(),
      /** When: after so many entries, so many hours, or at the end of a shift (time of day on this computer). */
      anchorAfter: z.strictObject({ entries: z.int().min(1).optional(), hours: z.int().min(1).optional(), shifts: z.array(time).max(24).readonly().optional() }).optional(),
    })
    .optional(),
  /** Who is told of what happens to devices and batches (docs/integration.md). */
  webhooks: z
    .array(webhookSchema)
    .max(16)
    .refine((webhooks) => new Set(webhooks.map(({ url }) => url)).size === webhooks.length, 'expected every url once')
    .readonly()
    .optional(),
  /** How an MES orders batches and fetches their devices. */
  mes: mesSchema.optional(),
  /** Where versions of Imprint are offered. Absent: no feed is asked (docs/updates.md). */
  updates: updatesSchema.optional(),
});
export type StationSettings = z.output<typeof settingsSchema>;

export const noSettings: StationSettings = { version: 1 };

/** @param path for the sentence. @throws ImprintError profile-invalid naming the member */
export function readStationSettings(text: string, path: string): StationSettings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new ImprintError('profile-invalid', `The file ${path} is no JSON.`, { field: 'settings.json', cause: thrown });
  }
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ImprintError('profile-invalid', `The file ${path} is not as agreed: ${issue?.message ?? 'it cannot be read'}.`, { field: issue?.path.join('.') ?? 'settings.json' });
}

/** SECURITY: a password in the address would stand in lists and sentences. */
function isPlainUrl(text: string): boolean {
  const [, scheme, host] = /^(https?):\/\/((?:\[[0-9a-f:]+\]|[a-z0-9.-]+))(?::\d{1,5})?(?:[/?][\x21\x22\x24-\x7e]*)?$/i.exec(text) ?? [];
  if (scheme === undefined || host === undefined || !z.url().safeParse(text).success) return false;
  return scheme.toLowerCase() === 'https' || ['localhost', '127.0.0.1', '[::1]'].includes(host.toLowerCase());
}
