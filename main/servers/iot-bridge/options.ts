import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { OptionSurroundings } from '../../domain/ports';
import type { JsonObject, ServerSettings } from '../../domain/profile';

const field = 'server.options';
const name = z.string().min(1).max(200);
const secretReference = z.union([z.strictObject({ environment: name }), z.strictObject({ keyring: name }), z.strictObject({ ask: name })]).transform((given) => {
  if ('environment' in given) return { from: 'environment' as const, name: given.environment };
  if ('keyring' in given) return { from: 'keyring' as const, name: given.keyring };
  return { from: 'ask' as const, name: given.ask };
});
const keptReference = z.object({ from: z.enum(['environment', 'keyring', 'ask']), name });
const url = z
  .url({ protocol: /^https?$/, error: 'expected a URL such as "https://tenant.example.com"' })
  // SECURITY: a password in the URL would be kept in the record and printed.
  .refine((text) => !/^[a-z]+:\/\/[^/]*@/i.test(text) && !/[?#]/.test(text), 'expected a URL without user, password, ? and #')
  .transform((text) => text.replace(/\/+$/, ''));
const sha256 = z
  .string()
  .transform((text) => text.replaceAll(':', '').toLowerCase())
  .refine((text) => /^[0-9a-f]{64}$/.test(text), 'expected the SHA-256 fingerprint of the root certificate: 64 hexadecimal digits');

const common = {
  /** Names of the fields; tried out where the profile does not say. */
  api: z.enum(['documented', 'bridge']).optional(),
  /** The attribute of the identity that is the device's id at the server; the one that varies unless told. */
  deviceId: name.optional(),
  deviceType: name.default('generic'),
  /** Seconds that this workstation's clock and the server's may be apart. */
  clockSkew: z.int().min(0).max(86_400).default(300),
  /** Whose X25519 private key stands in the WireGuard file; the server's own where the API is as documented, else the station's. */
  wireguardKey: z.enum(['station', 'server']).optional(),
  /** Whether `ca-chain.crt` ends with the root. */
  appendRoot: z.boolean().default(false),
};
const mqttShape = { host: name, port: z.int().min(1).max(65535).default(8883), topic: z.string().min(1).max(500).default('v1/devices/me/telemetry'), required: z.boolean().default(true) };

const fileSchema = z.strictObject({
  ...common,
  trust: z.strictObject({ rootFile: name.optional(), rootSha256: sha256.optional(), intermediatesFile: name.optional() }).refine(({ rootFile, rootSha256 }) => rootFile !== undefined || rootSha256 !== undefined, 'expected "rootFile" or "rootSha256": the authority that every device\'s certificate must lead to'),
  mqtt: z.strictObject({ ...mqttShape, caFile: name.optional() }).optional(),
  hawkBit: z.strictObject({ url, username: name, password: secretReference, caFile: name.optional() }).optional(),
  thingsBoard: z.strictObject({ url, username: name, password: secretReference, caFile: name.optional() }).optional(),
  stepCa: z.strictObject({ url, provisioner: z.strictObject({ name, key: secretReference, password: secretReference.optional() }).optional() }).optional(),
});

const platform = z.object({ url: z.string(), username: z.string(), password: keptReference, certificateAuthority: z.string().optional() });
const keptSchema = z.object({
  ...common,
  trust: z.object({ root: z.string().optional(), rootSha256: z.string().optional(), intermediates: z.string().optional() }),
  mqtt: z.object({ ...mqttShape, certificateAuthority: z.string().optional() }).optional(),
  hawkBit: platform.optional(),
  thingsBoard: platform.optional(),
  stepCa: z.object({ url: z.string(), provisioner: z.object({ name: z.string(), key: keptReference, password: keptReference.optional() }).optional() }).optional(),
});

/** What a profile says of a tenant besides the bridge's URL, with the texts of the files that it names. */
export type BridgeOptions = z.output<typeof keptSchema>;
export type PlatformOptions = z.output<typeof platform>;

/** @throws ImprintError profile-invalid */
export function readBridgeOptions(given: unknown, surroundings: OptionSurroundings): JsonObject {
  const parsed = fileSchema.safeParse(given ?? {});
  if (!parsed.success) throw mistake(parsed.error);
  const { trust, mqtt, hawkBit, thingsBoard, ...rest } = parsed.data;
  const certificates = (path: string | undefined, at: string): string | undefined => (path === undefined ? undefined : readCertificates(surroundings.readFile(path, `${field}.${at}`), `${field}.${at}`));
  const root = certificates(trust.rootFile, 'trust.rootFile');
  if (root !== undefined && trust.rootSha256 !== undefined && new X509Certificate(root).fingerprint256.replaceAll(':', '').toLowerCase() !== trust.rootSha256) {
    throw new ImprintError('profile-invalid', 'The root certificate of the profile does not have the fingerprint that stands beside it.', { field: `${field}.trust.rootSha256`, expected: 'the SHA-256 of trust.rootFile' });
  }
  const resolvePlatform = (settings: { readonly caFile?: string | undefined } | undefined, at: string): object => {
    if (settings === undefined) return {};
    const { caFile, ...others } = settings;
    const certificateAuthority = certificates(caFile, `${at}.caFile`);
    return { [at]: { ...others, ...(certificateAuthority === undefined ? {} : { certificateAuthority }) } };
  };
  const intermediates = certificates(trust.intermediatesFile, 'trust.intermediatesFile');
  const resolved = {
    ...rest,
    trust: { ...(root === undefined ? {} : { root }), ...(trust.rootSha256 === undefined ? {} : { rootSha256: trust.rootSha256 }), ...(intermediates === undefined ? {} : { intermediates }) },
    ...resolvePlatform(mqtt, 'mqtt'),
    ...resolvePlatform(hawkBit, 'hawkBit'),
    ...resolvePlatform(thingsBoard, 'thingsBoard'),
  };
  // As plain JSON: what the record keeps has no place for undefined.
  return JSON.parse(JSON.stringify(resolved)) as JsonObject;
}

/** @throws ImprintError profile-invalid where the record's profile is none of this kind */
export function bridgeOptionsOf({ options }: Pick<ServerSettings, 'options'>): BridgeOptions {
  const parsed = keptSchema.safeParse(options);
  if (!parsed.success) throw mistake(parsed.error);
  return parsed.data;
}

function readCertificates(text: string, at: string): string {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  try {
    if (blocks === null) throw new RangeError('no certificate');
    return blocks.map((block) => new X509Certificate(block).toString()).join('');
  } catch {
    throw new ImprintError('profile-invalid', 'The file that the profile names holds no certificate that can be read.', { field: at, expected: 'one or more PEM blocks CERTIFICATE' });
  }
}

function mistake(error: z.ZodError): ImprintError {
  const issue = error.issues[0];
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = [field, ...(issue?.path.map(String) ?? []), unknownKey].filter((part) => part !== undefined).join('.');
  const expected = unknownKey === undefined ? (issue?.message ?? 'another value').replace(/^Invalid input: /, '') : 'no such field';
  return new ImprintError('profile-invalid', `The profile has a mistake at ${path}: ${expected}.`, { field: path, expected });
}
