import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { JsonObject, SecretReference, ServerSettings } from '../../domain/profile';
import { enrolmentMethods } from './identifiers';

const referenceFile = z.union(
  [z.strictObject({ environment: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }), z.strictObject({ keyring: z.string().min(1).max(100) }), z.strictObject({ ask: z.string().min(1).max(100) })],
  'expected a reference: {"environment": "VARIABLE"}, {"keyring": "name"} or {"ask": "name"}; a secret never stands in a profile',
);

const idText = 'expected an id of the server: up to 255 printable characters';
const id = z.string(idText).regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]{1,255}$/u, idText);
const path = z.string().regex(/^\/[^?#\s]*$/, 'expected a path below server.url, such as "/device-request"');

/** What is the same in a profile and in the record. */
const common = {
  enrolment: z.enum(['pinned-key', 'hmac']).default('pinned-key'),
  pinnedKeyRequired: z.boolean().default(false),
  method: z.enum(enrolmentMethods).default('manual'),
  policyId: id.optional(),
  groupId: id.optional(),
  protocol: z.union([z.literal(1), z.literal(2)], 'expected 1 or 2').default(2),
  cardServerUrl: z.enum(['profile', 'server']).default('profile'),
  heartbeat: z.boolean().default(false),
  deviceRequests: path.optional(),
};

/** SECURITY: whoever has the secret of a fleet can enrol as any of its devices, so only the keyring is good enough for it. */
const keyringOnly = z.strictObject({ keyring: z.string().min(1).max(100) }, 'expected {"keyring": "name"}: the secret of a fleet is kept in the keyring and nowhere else');

/** As a person writes it. */
const optionsFile = z.strictObject({ ...common, deviceSecret: keyringOnly.optional(), adminToken: referenceFile.optional() });

const reference = z.object({ from: z.enum(['environment', 'keyring', 'ask']), name: z.string() });

/** As the record keeps it. */
const optionsKept = z.object({ ...common, deviceSecret: reference.optional(), adminToken: reference.optional() });

export type MdmOptions = z.infer<typeof optionsKept>;

function referenceOf(given: z.infer<typeof referenceFile>): SecretReference {
  if ('environment' in given) return { from: 'environment', name: given.environment };
  if ('keyring' in given) return { from: 'keyring', name: given.keyring };
  return { from: 'ask', name: given.ask };
}

function mistake(field: string, what: string, expected: string): ImprintError {
  return new ImprintError('profile-invalid', `The profile has a mistake at ${field}: ${what}; expected ${expected}.`, { field, expected });
}

/**
 * `server.options` of a profile, in the form that the record keeps.
 *
 * @throws ImprintError profile-invalid naming the field
 */
export function readMdmOptions(given: unknown): JsonObject {
  const parsed = optionsFile.safeParse(given ?? {});
  if (!parsed.success) throw mistakeOf(parsed.error);
  const { deviceSecret, adminToken, ...rest } = parsed.data;
  if (rest.enrolment === 'hmac' && rest.pinnedKeyRequired) {
    throw mistake('server.options.enrolment', 'this profile wants a key of its own for every device (pinnedKeyRequired), and the shared secret gives none', '"pinned-key"');
  }
  if (rest.enrolment === 'hmac' && deviceSecret === undefined) {
    throw mistake('server.options.deviceSecret', 'enrolment by the shared secret needs that secret', 'a reference such as {"keyring": "name"}');
  }
  if (rest.enrolment !== 'hmac' && deviceSecret !== undefined) {
    // SECURITY: a secret that is not used must not be asked for, nor be there for somebody to switch to.
    throw mistake('server.options.deviceSecret', 'a device with a key of its own enrols without the shared secret', 'no such field, or "enrolment": "hmac"');
  }
  const told = Object.fromEntries(Object.entries(rest).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  return {
    ...told,
    ...(deviceSecret === undefined ? {} : { deviceSecret: { ...referenceOf(deviceSecret) } }),
    ...(adminToken === undefined ? {} : { adminToken: { ...referenceOf(adminToken) } }),
  };
}

/** @throws ImprintError profile-invalid where a kept profile is not of this version's making */
export function optionsOf({ options }: ServerSettings): MdmOptions {
  const parsed = optionsKept.safeParse(options ?? {});
  if (!parsed.success) throw mistakeOf(parsed.error);
  return parsed.data;
}

function mistakeOf(error: z.ZodError): ImprintError {
  const issue = error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const field = ['server.options', ...(issue?.path.map(String) ?? []), ...(unknown === undefined ? [] : [unknown])].join('.');
  const expected = unknown === undefined ? (issue?.message ?? 'another value').replace(/^Invalid (input|option): /, '').replace(/^expected /, '') : 'no such field';
  return new ImprintError('profile-invalid', `The profile has a mistake at ${field}: expected ${expected}.`, { field, expected });
}

/** What stays on screen with such a profile, one sentence each. */
export function warningsOf(options: MdmOptions): readonly string[] {
  if (options.enrolment !== 'hmac') return [];
  return ['LEGACY: these devices enrol by a secret that the whole fleet shares; no key is pinned at the server, so whoever knows the secret can enrol as any of them.'];
}
