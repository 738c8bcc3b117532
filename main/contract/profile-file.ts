/** The profile: as a person writes it (docs/profiles.md), and as the station keeps it. */
import { z } from 'zod';
import { ImprintError } from '../domain/errors';
import { readIdentity, type IdentityAttribute } from '../domain/identity';
import type { LabelSettings } from '../domain/labels';
import type { ServerKind } from '../domain/ports';
import type { CardFile, Credentials, Profile, SecretReference, ServerSettings, SlotSettings } from '../domain/profile';
import { isSecretFile, privateKeyContent } from '../domain/profile';
import { labelFileSchema, labelObjection, labelSettingsSchema, type LabelFile } from './label-file';
import type { ReadPattern } from '../domain/scan-rules';
import { checkScanRules, scanRulesFileSchema, scanRulesSchema } from './scan-rules-file';
import { cardFileSchema, erasureSchema, imageSettingsSchema, jsonObjectSchema, keyTypeSchema, partitionReferenceSchema, sha256Schema } from './values';

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

/** The default identity of the Mender client. */
const usualIdentity = identityFileSchema.parse([{ name: 'mac', kind: 'mac', scan: true }]);

const partitionText = 'expected a partition number or label';

const fileFileSchema = z.strictObject({
  content: z.string().min(1).default(privateKeyContent),
  partition: z.union([z.int(partitionText).min(1, partitionText).max(256, partitionText), z.string().min(1, partitionText).max(72, partitionText)], partitionText).optional(),
  path: z
    .string()
    .regex(/^(?:\/[^/\0]+)+$/, 'expected an absolute path inside the partition, such as "/mender/mender-agent.pem"')
    .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'expected a path without . or ..')
    .optional(),
  mode: octalSchema.optional(),
  uid: z.int().min(0).max(0xffffffff).optional(),
  gid: z.int().min(0).max(0xffffffff).optional(),
  createFolders: z.boolean().optional(),
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
    credentials: credentialsFileSchema.optional(),
    proxy: z
      .url({ protocol: /^https?$/, error: proxyText })
      .refine((url) => isBaseUrl(url) && /^[a-z]+:\/\/[^/]+\/?$/i.test(url), proxyText)
      .optional(),
    clientVersion: z.string().regex(/^\d+\.\d+(?:\.\d+)?$/, 'expected a version such as "4.0"').optional(),
    /** Checked by the kind of server itself. */
    options: z.record(z.string(), z.unknown()).optional(),
  }),
  identity: identityFileSchema.optional(),
  scan: scanRulesFileSchema.optional(),
  keyType: keyTypeSchema.optional(),
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
  label: labelFileSchema.optional(),
  files: z.array(fileFileSchema).min(1).max(16).optional(),
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
  readonly serverKinds: readonly ServerKind[];
  /** Absolute form of a path that is relative to the profile's folder. */
  resolvePath(path: string): string;
  /** @throws where the file cannot be read */
  readText(path: string): string;
  /** Makes a pattern of a scan rule ready. @throws for one that is not safe */
  readonly readPattern: ReadPattern;
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
  const { name, server, identity, scan, keyType, image, files, targets, erase, batch, outboxLimit, label } = parsed.data;
  const kind = readKind(server.kind, surroundings);
  const scheme = readScheme(identity ?? usualIdentity);
  const profile: Profile = {
    name,
    practice: false,
    server: readServer(server, kind, surroundings),
    identity: scheme,
    ...(scan === undefined ? {} : { scan: checkScanRules(scan, scheme, surroundings.readPattern) }),
    keyType: keyType ?? kind.usualKeyType,
    image: { path: surroundings.resolvePath(image.path), sha256: image.sha256 },
    files: readFiles(files, kind),
    targets: { ...targets, slots: targets.slots.map((slot) => readSlot(slot, surroundings)) },
    erase,
    batch,
    outboxLimit,
    ...(label === undefined ? {} : { label: readLabel(label, scheme, surroundings) }),
  };
  kind.checkProfile?.(profile);
  return profile;
}

function readKind(name: string, { serverKinds }: ProfileSurroundings): ServerKind {
  const kind = serverKinds.find((candidate) => candidate.kind === name);
  if (kind !== undefined) return kind;
  throw new ImprintError('profile-invalid', `Imprint knows no server of kind "${name}".`, { field: 'server.kind', expected: `one of ${serverKinds.map((candidate) => candidate.kind).join(', ')}` });
}

/** What a file of a profile does not say, where its kind of server does not either. */
const usualFile = { partition: { number: 4 }, mode: 0o600, uid: 0, gid: 0, createFolders: false } as const;

/** @throws ImprintError profile-invalid */
function readFiles(given: readonly z.output<typeof fileFileSchema>[] | undefined, kind: ServerKind): readonly CardFile[] {
  if (given === undefined) return kind.usualFiles;
  const files = given.map((file, index): CardFile => {
    const deliverable = kind.deliverables.find(({ content }) => content === file.content);
    if (file.content !== privateKeyContent && deliverable === undefined) {
      const known = [privateKeyContent, ...kind.deliverables.map(({ content }) => content)].join(', ');
      throw profileMistake(`files.${String(index)}.content`, `a ${kind.kind} server delivers no "${file.content}"`, `one of ${known}`);
    }
    const usual = kind.usualFiles.find(({ content }) => content === file.content);
    const { partition, path = usual?.path, ...rest } = file;
    if (path === undefined) throw profileMistake(`files.${String(index)}.path`, 'this file has no usual place', 'an absolute path inside the partition');
    const told = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const made: CardFile = { ...usualFile, ...usual, ...told, path, content: file.content, ...(partition === undefined ? {} : { partition: typeof partition === 'number' ? { number: partition } : { label: partition } }) };
    // SECURITY: what the server gave to this device alone must not be readable by everybody on it.
    if (deliverable?.secret === true && !isSecretFile(made)) throw profileMistake(`files.${String(index)}.mode`, `${file.content} is a secret of the device`, 'a mode that only the owner may read, such as "0600"');
    return made;
  });
  const once = (content: string): boolean => files.filter((file) => file.content === content).length === 1;
  if (!once(privateKeyContent)) throw profileMistake('files', 'the private key belongs on each card once', `one file with "content": "${privateKeyContent}"`);
  const missing = kind.deliverables.find(({ content, required }) => required && !files.some((file) => file.content === content));
  if (missing !== undefined) throw profileMistake('files', `a card for a ${kind.kind} server needs ${missing.content}`, `a file with "content": "${missing.content}"`);
  const twice = files.find(({ content }) => !once(content));
  if (twice !== undefined) throw profileMistake('files', `${twice.content} stands in two files`, 'each content once');
  return files;
}

/** @throws ImprintError profile-invalid */
function readLabel(label: LabelFile, scheme: readonly IdentityAttribute[], surroundings: ProfileSurroundings): LabelSettings {
  const wrong = labelObjection(label, scheme);
  if (wrong !== undefined) throw profileMistake(wrong.field, wrong.what, wrong.expected);
  return label.printer.kind === 'pdf' ? { ...label, printer: { ...label.printer, folder: surroundings.resolvePath(label.printer.folder) } } : label;
}

function profileMistake(field: string, what: string, expected: string): ImprintError {
  return new ImprintError('profile-invalid', `The profile has a mistake at ${field}: ${what}; expected ${expected}.`, { field, expected });
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

function readServer(server: z.output<typeof profileFileSchema>['server'], kind: ServerKind, surroundings: ProfileSurroundings): ServerSettings {
  const { caFile, credentials, url, options, ...rest } = server;
  if (kind.credentials === 'required' && credentials === undefined) throw profileMistake('server.credentials', 'this server wants a sign-in', '{"username": "…", "password": {…}} or {"token": {…}}');
  if (kind.credentials === 'none' && credentials !== undefined) throw profileMistake('server.credentials', `a ${kind.kind} server asks for no sign-in there`, 'no such field');
  const readFile = (path: string, field: string): string => readPublicFile(path, field, surroundings);
  const certificateAuthority = caFile === undefined ? undefined : readFile(caFile, 'server.caFile');
  if (certificateAuthority !== undefined && !certificateAuthority.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ImprintError('profile-invalid', `${caFile ?? ''} holds no PEM certificate.`, { field: 'server.caFile', expected: 'a PEM file' });
  }
  const read = kind.readOptions(options, { readFile });
  return {
    ...rest,
    url: url.replace(/\/+$/, ''),
    certificateAuthority,
    ...(credentials === undefined ? {} : { credentials: readCredentials(credentials) }),
    ...(read === undefined ? {} : { options: read }),
  };
}

/** A text file that stands beside the profile. */
function readPublicFile(path: string, field: string, surroundings: ProfileSurroundings): string {
  let text: string;
  try {
    text = surroundings.readText(surroundings.resolvePath(path));
  } catch (thrown) {
    throw new ImprintError('profile-invalid', `The file ${path} cannot be read.`, { field, expected: 'a PEM file', cause: thrown });
  }
  // SECURITY: the text is kept in the record and shown to auditors.
  if (text.includes('PRIVATE KEY-----')) {
    throw new ImprintError('profile-invalid', `${path} holds a private key beside the certificate: make a file of the certificate alone.`, { field, expected: 'a PEM file with certificates only' });
  }
  return text;
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
    credentials: z
      .union([
        z.object({ type: z.literal('password'), username: z.string(), password: secretReferenceSchema }),
        z.object({ type: z.literal('token'), token: secretReferenceSchema }),
      ])
      .optional(),
    proxy: z.string().optional(),
    clientVersion: z.string().optional(),
    options: jsonObjectSchema.optional(),
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
  scan: scanRulesSchema.optional(),
  keyType: keyTypeSchema,
  image: imageSettingsSchema.extend({ sha256: sha256Schema }),
  files: z.array(cardFileSchema.extend({ partition: partitionReferenceSchema })),
  erase: erasureSchema.optional(),
  batch: z.string().optional(),
  // Profiles of earlier versions have none, and are read again only to end their jobs.
  outboxLimit: z.int().default(usualOutboxLimit),
  label: labelSettingsSchema.optional(),
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
