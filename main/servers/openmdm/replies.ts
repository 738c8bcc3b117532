import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { HttpReply } from '../http/http-exchange';
import { refusalOfAction, refusalOfMdm } from './refusals';

/** The header that asks for envelopes (protocol 2), and its value. Refusals of an enrolment keep their status under it. */
export const protocolHeader = 'x-openmdm-protocol';
export const protocolVersion = '2';

/** Database columns that are empty come as null, fields that the server left out not at all. */
const text = z.string().nullish().transform((value) => value ?? undefined);
const time = z.iso.datetime({ offset: true });

/** Standard base64 with its padding (RFC 4648, 4): it is signed and given back as this very text. */
const challenge = z.object({
  challenge: z.base64().min(22),
  expiresAt: time,
  ttlSeconds: z.number().positive(),
});

/** The server may add settings of its push service; all of them belong to the device. */
const pushConfig = z.looseObject({
  provider: z.string().min(1),
  mqttUrl: text,
  mqttTopic: text,
  pollingInterval: z.number().positive().nullish().transform((value) => value ?? undefined),
});

/**
 * SECURITY: `token` lets its bearer speak for the device for a year. It goes onto the card and nowhere else: into no
 * sentence, log or record.
 */
const enrolment = z.object({
  deviceId: z.string().min(1).regex(/^[^|\r\n]+$/),
  enrollmentId: z.string().min(1),
  policyId: text,
  policy: z.looseObject({ id: z.string(), name: z.string() }).nullish().transform((value) => value ?? undefined),
  serverUrl: z.string(),
  pushConfig,
  // A JSON Web Token in compact form (RFC 7519, 3).
  token: z.string().regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/),
  tokenExpiresAt: time.nullish().transform((value) => value ?? undefined),
});

const heartbeat = z.object({
  success: z.literal(true),
  pendingCommands: z.array(z.unknown()).nullish().transform((value) => value ?? []),
  desiredStateVersion: z.number().nullish().transform((value) => value ?? undefined),
});

const config = z.object({ device: z.object({ id: z.string().min(1) }) });

/** In the server's words; a device that was let in by autoEnroll is `pending` until it enrols a second time. */
export const mdmDeviceStatuses = ['pending', 'enrolled', 'unenrolling', 'unenrolled', 'blocked'] as const;

const device = z.object({
  id: z.string().min(1),
  enrollmentId: z.string().min(1),
  status: z.enum(mdmDeviceStatuses),
  model: text,
  manufacturer: text,
  osVersion: text,
  serialNumber: text,
  imei: text,
  macAddress: text,
  androidId: text,
  // The pinned key as the text that was submitted; a device without one came by the shared secret.
  publicKey: text,
  enrollmentMethod: text,
  // By the device's own clock, as it sent it.
  lastHeartbeat: text,
  lastSync: text,
  createdAt: text,
  updatedAt: text,
});

const devices = z.object({ devices: z.array(device), total: z.int().min(0), limit: z.int().min(0), offset: z.int().min(0) });

const envelope = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), action: z.literal('none'), data: z.unknown() }),
  z.object({ ok: z.literal(false), action: z.enum(['retry', 'reauth', 'unenroll']), message: z.string().optional() }),
]);

export type MdmChallenge = z.infer<typeof challenge>;
export type MdmEnrolment = z.infer<typeof enrolment>;
export type MdmHeartbeat = z.infer<typeof heartbeat>;
export type MdmConfig = z.infer<typeof config>;
export type MdmDevice = z.infer<typeof device>;
export type MdmDevices = z.infer<typeof devices>;

function isEnvelope(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'ok' in value && 'action' in value;
}

/** What to read: `what` completes "The server's reply (…)", `doing` completes "while …". */
interface Reading<T> {
  readonly schema: z.ZodType<T>;
  readonly what: string;
  readonly doing: string;
}

/** The payload of a reply, flat or in an envelope. @throws ImprintError server-*, identity-*, device-not-accepted */
function read<T>(reply: HttpReply, { schema, what, doing }: Reading<T>): T {
  if (reply.status !== 200 && reply.status !== 201) throw refusalOfMdm(reply, doing);
  const unlike = (at: string, cause?: unknown): ImprintError =>
    new ImprintError('server-reply-invalid', `The server's reply (${what}) is not in the form of OpenMDM${at === '' ? '' : ` (at ${at})`}: is server.url the address at which OpenMDM is mounted?`, { field: 'server.url', cause });
  let value: unknown;
  try {
    value = JSON.parse(reply.text);
  } catch {
    // SECURITY: the complaint of the parser quotes the text, which may hold a token; it is no cause.
    throw unlike('');
  }
  if (isEnvelope(value)) {
    const wrapped = envelope.safeParse(value);
    if (!wrapped.success) throw unlike(placeOf(wrapped.error));
    if (!wrapped.data.ok) throw refusalOfAction(wrapped.data.action, wrapped.data.message, doing);
    value = wrapped.data.data;
  }
  const result = schema.safeParse(value);
  if (!result.success) throw unlike(placeOf(result.error));
  return result.data;
}

function placeOf(error: z.ZodError): string {
  return error.issues[0]?.path.join('.') ?? '';
}

export function parseChallenge(reply: HttpReply, doing: string): MdmChallenge {
  return read(reply, { schema: challenge, what: 'a challenge', doing });
}

/** What the card gets besides its key. */
export function parseEnrolment(reply: HttpReply, doing: string): MdmEnrolment {
  return read(reply, { schema: enrolment, what: 'an enrolment', doing });
}

export function parseHeartbeat(reply: HttpReply, doing: string): MdmHeartbeat {
  return read(reply, { schema: heartbeat, what: 'a heartbeat', doing });
}

/** What a device is to be like (`GET /agent/config`); only whose it is matters here. */
export function parseConfig(reply: HttpReply, doing: string): MdmConfig {
  return read(reply, { schema: config, what: 'a configuration', doing });
}

/** One device of the admin's part (`GET /devices/:id`). */
export function parseMdmDevice(reply: HttpReply, doing: string): MdmDevice {
  return read(reply, { schema: device, what: 'a device', doing });
}

/** A page of the admin's list (`GET /devices`), newest first. */
export function parseMdmDevices(reply: HttpReply, doing: string): MdmDevices {
  return read(reply, { schema: devices, what: 'the list of devices', doing });
}
