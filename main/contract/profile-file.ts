/** The profile: as a person writes it (docs/profiles.md), and as the station keeps it. */
import { z } from 'zod';
import { ImprintError } from '../domain/errors';
import { readIdentity, type IdentityAttribute } from '../domain/identity';
import type { Credentials, Profile, SecretReference, ServerSettings, SlotSettings } from '../domain/profile';
import { cardFileSchema, erasureSchema, imageSettingsSchema, keyTypeSchema, partitionReferenceSchema, sha256Schema } from './values';

const nameSchema = z.string().min(1).max(100);

const secretFileSchema = z.union(
  [
    z.strictObject({ environment: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
    z.strictObject({ keyring: nameSchema }),
    z.strictObject({ ask: nameSchema }),
  ],
  'expected a reference: {"environment": "VARIABLE"}, {"keyring": "name"} or {"ask": "name"}; a secret never stands in a profile',
);

const credentialsFileSchema = z.union(
  [
    z.strictObject({ username: nameSchema, password: secretFileSchema }),
    z.strictObject({ token: secretFileSchema }),
  ],
  'expected {"username": "…", "password": {…}} or {"token": {…}}, each secret as a reference such as {"environment": "VARIABLE"}',
);

const octalDigits = 'expected octal digits in quotation marks, such as "0600"';
const octalSchema = z
  .string(octalDigits)
  .regex(/^0?[0-7]{3,4}$/, octalDigits)
  .transform((text) => parseInt(text, 8));

const attributeFileSchema = z
  .strictObject({
    name: nameSchema.refine((name) => name !== '__proto__' && !name.includes('='), 'expected another name'),
    kind: z.enum(['text', 'mac']).default('text'),
    pattern: z.string().refine(isPattern, 'expected a regular expression').optional(),
    normalise: z.array(z.enum(['trim', 'lower-case', 'upper-case'])).optional(),
    scan: z.boolean().default(false),
    constant: z.string().min(1).optional(),
  })
  .refine((attribute) => !(attribute.scan && attribute.constant !== undefined), 'an attribute is either scanned or constant');

const identityFileSchema = z
  .array(attributeFileSchema)
  .min(1)
  .refine((attributes) => areDifferent(attributes.map(({ name }) => name)), 'expected every attribute once')
  .refine((attributes) => attributes.filter(({ scan }) => scan).length <= 1, 'expected one attribute with "scan": true')
  .refine((attributes) => attributes.some(({ constant }) => constant === undefined), 'expected an attribute that differs from device to device');

const partitionText = 'expected a partition number or label';

const fileFileSchema = z.strictObject({
  content: z.literal('private-key').default('private-key'),
  partition: z.union([z.int(partitionText).min(1, partitionText).max(256, partitionText), z.string().min(1, partitionText).max(72, partitionText)], partitionText).default(4),
  path: z
    .string()
    .regex(/^(?:\/[^/\0]+)+$/, 'expected an absolute path inside the partition, such as "/mender/mender-agent.pem"')
    .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'expected a path without . or ..')
    .default('/mender/mender-agent.pem'),
  mode: octalSchema.default(0o600),
  uid: z.int().min(0).max(0xffffffff).default(0),
  gid: z.int().min(0).max(0xffffffff).default(0),
  createFolders: z.boolean().default(false),
});

const slotFileSchema = z
  .strictObject({ name: nameSchema, path: z.string().min(1).optional(), port: z.string().min(1).max(300).optional(), fixedDisk: z.boolean().default(false) })
  .refine(({ path, port }) => (path === undefined) !== (port === undefined), 'expected either "path" or "port"');

const proxyText = 'expected the address of an HTTP proxy such as "http://proxy.example:3128", without user and password; those stand in HTTPS_PROXY of the session';

const usualOutboxLimit = 8;
const outboxText = 'expected how many verified cards may wait for a server that is away: 0 to 1000';

const batchText = 'expected the name of a batch: up to 200 printable characters';
const batchSchema = z
  .string(batchText)
  .trim()
  .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]{1,200}$/u, batchText);

const profileFileSchema = z.strictObject({
  $schema: z.string().optional(),
  name: nameSchema,
  server: z.strictObject({
    kind: nameSchema.default('mender'),
    url: z
      .url({ protocol: /^https?$/, error: 'expected a URL such as "https://mender.example.com"' })
      .refine(isBaseUrl, 'expected a URL without user, password, ? and #; credentials stand beside it, as references'),
    caFile: z.string().min(1).optional(),
    credentials: credentialsFileSchema,
    proxy: z
      .url({ protocol: /^https?$/, error: proxyText })
      .refine((url) => isBaseUrl(url) && /^[a-z]+:\/\/[^/]+\/?$/i.test(url), proxyText)
      .optional(),
    clientVersion: z.string().regex(/^\d+\.\d+(?:\.\d+)?$/, 'expected a version such as "4.0"').optional(),
  }),
  identity: identityFileSchema.default([{ name: 'mac', kind: 'mac', scan: true }]),
  keyType: keyTypeSchema.default('rsa-3072'),
  image: z.strictObject({
    path: z.string().min(1),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, 'expected the SHA-256 of the image file: 64 hexadecimal digits')
      .transform((text) => text.toLowerCase()),
  }),
  erase: erasureSchema.optional(),
  batch: batchSchema.optional(),
  outboxLimit: z.int(outboxText).min(0, outboxText).max(1000, outboxText).default(usualOutboxLimit),
  files: z.array(fileFileSchema).min(1).max(1, 'expected one file: the private key').default([fileFileSchema.parse({})]),
  targets: z
    .strictObject({
      slots: z
        .array(slotFileSchema)
        .max(16)
        .refine((slots) => areDifferent(slots.map(({ name }) => name)) && areDifferent(slots.map(({ path, port }) => path ?? `port ${port ?? ''}`)), 'expected every slot with a name and a path of its own (or a port)')
        .default([]),
      minimumBytes: z.int().min(0).optional(),
      maximumBytes: z.int().min(0).optional(),
      startWhenInserted: z.boolean().optional(),
    })
    .refine(({ minimumBytes = 0, maximumBytes = Infinity }) => minimumBytes <= maximumBytes, 'expected a minimumBytes that is not above maximumBytes')
    .default({ slots: [] }),
});

/** What reading a profile needs from the file system. */
export interface ProfileSurroundings {
  /** Absolute form of a path that is relative to the profile's folder. */
  resolvePath(path: string): string;
  /** @throws where the file cannot be read */
  readText(path: string): string;
}

/**
 * Reads the text of a profile file.
 *
 * @throws ImprintError profile-invalid naming the first wrong field and what was expected there
 */
export function readProfile(text: string, surroundings: ProfileSurroundings): Profile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    // SECURITY: the parser's message and the error itself quote the text around the mistake, which may be a secret.
    const place = /line \d+ column \d+/.exec(thrown instanceof Error ? thrown.message : '')?.[0];
    throw new ImprintError('profile-invalid', `The profile is not valid JSON${place === undefined ? '' : ` (${place})`}.`, { field: 'profile', expected: 'one JSON object' });
  }
  const parsed = profileFileSchema.safeParse(json);
  if (!parsed.success) throw profileError(parsed.error);
  const { name, server, identity, keyType, image, files, targets, erase, batch, outboxLimit } = parsed.data;
  return {
    name,
    practice: false,
    server: readServer(server, surroundings),
    identity: readScheme(identity),
    keyType,
    image: { path: surroundings.resolvePath(image.path), sha256: image.sha256 },
    files: files.map((file) => ({ ...file, partition: typeof file.partition === 'number' ? { number: file.partition } : { label: file.partition } })),
    targets: { ...targets, slots: targets.slots.map((slot) => readSlot(slot, surroundings)) },
    erase,
    batch,
    outboxLimit,
  };
}

function readSlot({ name, fixedDisk, path, port = '' }: z.output<typeof slotFileSchema>, surroundings: ProfileSurroundings): SlotSettings {
  return path === undefined ? { name, fixedDisk, port } : { name, fixedDisk, path: surroundings.resolvePath(path) };
}

function readScheme(attributes: z.output<typeof identityFileSchema>): IdentityAttribute[] {
  const varying = attributes.filter(({ constant }) => constant === undefined);
  return attributes.map(({ kind, normalise, ...given }, index) => {
    const attribute: IdentityAttribute = {
      ...given,
      normalise: [...(normalise ?? ['trim' as const]), ...(kind === 'mac' ? ['mac' as const] : [])],
      // A single attribute that varies is the one that the scanner fills, whether the profile says so or not.
      scan: given.scan || (varying.length === 1 && given.constant === undefined),
    };
    return given.constant === undefined ? attribute : { ...attribute, constant: readConstant(attribute, given.constant, index) };
  });
}

/** A constant in the form that a device reports it: normalised and checked like a scanned value, but once and here. */
function readConstant(attribute: IdentityAttribute, constant: string, index: number): string {
  const { name } = attribute;
  try {
    return readIdentity([{ ...attribute, constant: undefined }], { [name]: constant })[name] ?? constant;
  } catch (thrown) {
    if (!(thrown instanceof ImprintError)) throw thrown;
    throw new ImprintError('profile-invalid', `The profile has a mistake at identity.${String(index)}.constant: ${thrown.message}`, {
      field: `identity.${String(index)}.constant`,
      expected: thrown.expected,
    });
  }
}

function readServer(server: z.output<typeof profileFileSchema>['server'], surroundings: ProfileSurroundings): ServerSettings {
  const { caFile, credentials, url, ...rest } = server;
  let certificateAuthority: string | undefined;
  if (caFile !== undefined) {
    const field = 'server.caFile';
    try {
      certificateAuthority = surroundings.readText(surroundings.resolvePath(caFile));
    } catch (thrown) {
      throw new ImprintError('profile-invalid', `The CA certificate ${caFile} cannot be read.`, { field, expected: 'a PEM file', cause: thrown });
    }
    if (!certificateAuthority.includes('-----BEGIN CERTIFICATE-----')) {
      throw new ImprintError('profile-invalid', `${caFile} holds no PEM certificate.`, { field, expected: 'a PEM file' });
    }
    // SECURITY: the text is kept in the record and shown to auditors.
    if (certificateAuthority.includes('PRIVATE KEY-----')) {
      throw new ImprintError('profile-invalid', `${caFile} holds a private key beside the certificate: make a file of the certificate alone.`, { field, expected: 'a PEM file with certificates only' });
    }
  }
  return { ...rest, url: url.replace(/\/+$/, ''), certificateAuthority, credentials: readCredentials(credentials) };
}

function readCredentials(credentials: z.output<typeof credentialsFileSchema>): Credentials {
  if ('token' in credentials) return { type: 'token', token: readSecret(credentials.token) };
  return { type: 'password', username: credentials.username, password: readSecret(credentials.password) };
}

function readSecret(secret: z.output<typeof secretFileSchema>): SecretReference {
  if ('environment' in secret) return { from: 'environment', name: secret.environment };
  if ('keyring' in secret) return { from: 'keyring', name: secret.keyring };
  return { from: 'ask', name: secret.ask };
}

function areDifferent(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}

/** SECURITY: a password in the URL would be kept in the record and printed. */
function isBaseUrl(text: string): boolean {
  return !/^[a-z]+:\/\/[^/]*@/i.test(text) && !/[?#]/.test(text);
}

function isPattern(text: string): boolean {
  try {
    new RegExp(`^(?:${text})$`, 'u');
    return true;
  } catch {
    return false;
  }
}

function profileError(error: z.ZodError): ImprintError {
  const issue = error.issues[0];
  const path = issue?.path.map(String).join('.') ?? '';
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const field = [path, unknownKey].filter((part) => part !== undefined && part !== '').join('.') || 'profile';
  const expected = unknownKey === undefined ? (issue?.message ?? 'another value').replace(/^Invalid input: /, '') : 'no such field';
  const more = error.issues.length > 1 ? ` (and ${String(error.issues.length - 1)} more)` : '';
  return new ImprintError('profile-invalid', `The profile has a mistake at ${field}: ${expected}${more}.`, { field, expected });
}

const secretReferenceSchema = z.object({ from: z.enum(['environment', 'keyring', 'ask']), name: z.string() });

/** A profile as the record keeps it: resolved, with its CA certificate, without any secret. */
export const profileSchema = z.object({
  name: z.string(),
  practice: z.boolean(),
  server: z.object({
    kind: z.string(),
    url: z.string(),
    certificateAuthority: z.string().optional(),
    credentials: z.union([
      z.object({ type: z.literal('password'), username: z.string(), password: secretReferenceSchema }),
      z.object({ type: z.literal('token'), token: secretReferenceSchema }),
    ]),
    proxy: z.string().optional(),
    clientVersion: z.string().optional(),
  }),
  identity: z.array(
    z.object({
      name: z.string(),
      pattern: z.string().optional(),
      normalise: z.array(z.enum(['trim', 'lower-case', 'upper-case', 'mac'])),
      scan: z.boolean(),
      constant: z.string().optional(),
    }),
  ),
  keyType: keyTypeSchema,
  image: imageSettingsSchema.extend({ sha256: sha256Schema }),
  files: z.array(cardFileSchema.extend({ partition: partitionReferenceSchema })),
  erase: erasureSchema.optional(),
  batch: z.string().optional(),
  // Profiles of earlier versions have none, and are read again only to end their jobs.
  outboxLimit: z.int().default(usualOutboxLimit),
  targets: z.object({
    slots: z.array(
      z.union([
        z.object({ name: z.string(), path: z.string(), port: z.undefined().optional(), fixedDisk: z.boolean() }),
        z.object({ name: z.string(), port: z.string(), path: z.undefined().optional(), fixedDisk: z.boolean() }),
      ]),
    ),
    minimumBytes: z.number().optional(),
    maximumBytes: z.number().optional(),
    startWhenInserted: z.boolean().optional(),
  }),
}) satisfies z.ZodType<Profile>;
