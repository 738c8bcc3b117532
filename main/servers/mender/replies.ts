import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { HttpReply } from '../http/http-exchange';
import { serverWords } from '../http/server-words';

/** Values are strings in practice; the server takes any JSON, and a number is another identity than its text. */
const identityData = z.record(z.string(), z.unknown());

/** Times are for people: a server that leaves one out is none that cannot be worked with. */
const time = z.string().nullish().transform((value) => value ?? undefined);

const authSet = z.object({
  id: z.string().min(1),
  identity_data: identityData.nullish().transform((value) => value ?? {}),
  pubkey: z.string(),
  status: z.string(),
  ts: time,
});

const device = z.object({
  id: z.string().min(1),
  identity_data: identityData.nullish().transform((value) => value ?? {}),
  status: z.string(),
  decommissioning: z.boolean().nullish().transform((value) => value ?? false),
  auth_sets: z.array(authSet).nullish().transform((value) => value ?? undefined),
  created_ts: time,
  updated_ts: time,
  check_in_time: time,
});

/** Device JSON of the device authentication service; `auth_sets` is undefined where the server left it out (409). */
export type DeviceReply = z.infer<typeof device>;

const deviceList = z.array(device);
const inventoryHits = z.array(z.object({ id: z.string().min(1) }));
const countBody = z.object({ count: z.int().min(0) });
const limitBody = z.object({ limit: z.int() });
/** What a login answers instead of a token where the account signs in elsewhere. */
const elsewhereBody = z.object({ id: z.string(), kind: z.string().startsWith('sso/') });

function parsed<T>(schema: z.ZodType<T>, reply: HttpReply, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(reply.text);
  } catch (cause) {
    throw new ImprintError('server-reply-invalid', `The server's reply (${what}) is not JSON: is ${reply.origin} really a Mender server?`, { field: 'server.url', cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const at = result.error.issues[0]?.path.join('.') ?? '';
  throw new ImprintError('server-reply-invalid', `The server's reply (${what}) is not in the form that Mender documents${at === '' ? '' : ` (at ${at})`}: is ${reply.origin} really a Mender server?`, {
    field: 'server.url',
  });
}

/** @throws ImprintError server-reply-invalid */
export function parseDevice(reply: HttpReply): DeviceReply {
  return parsed(device, reply, 'a device');
}

/** @throws ImprintError server-reply-invalid */
export function parseDevices(reply: HttpReply): readonly DeviceReply[] {
  return parsed(deviceList, reply, 'the list of devices');
}

/** @throws ImprintError server-reply-invalid */
export function parseCount(reply: HttpReply): number {
  return parsed(countBody, reply, 'the number of devices').count;
}

/** How many devices may be accepted; undefined for any number. @throws ImprintError server-reply-invalid */
export function parseLimit(reply: HttpReply): number | undefined {
  const { limit } = parsed(limitBody, reply, 'the limit of devices');
  // -1 says so; up to version 3.7 it was 0, and nobody runs a server that may accept nothing.
  return limit > 0 ? limit : undefined;
}

/** Whether this reply to a login sends the person to single sign-on. */
export function isSingleSignOn(reply: HttpReply): boolean {
  try {
    return elsewhereBody.safeParse(JSON.parse(reply.text)).success;
  } catch {
    return false;
  }
}

/** Whether this refusal of a login is only about the code of a second factor (`2fa needed`). */
export function wantsOneTimeCode(reply: HttpReply): boolean {
  return reply.status === 401 && /\b2fa\b/i.test(serverWords(reply) ?? '');
}

/** Ids that the inventory found; undefined where its reply is of no use, because it is only a hint. */
export function parseInventoryHits(reply: HttpReply): readonly string[] | undefined {
  try {
    return parsed(inventoryHits, reply, 'the inventory').map((hit) => hit.id);
  } catch {
    return undefined;
  }
}

/**
 * The id in `Location: devices/<id>`, which the server sends without a leading slash (and a proxy may make absolute).
 */
export function deviceIdOfLocation(location: string | undefined): string | undefined {
  const id = /(?:^|\/)devices\/([^/?#\s]+)$/.exec(location ?? '')?.[1];
  return id === undefined ? undefined : decodeURIComponent(id);
}

/** A JWT in compact form (RFC 7519, 3) as login answers it: three base64url parts, no JSON around them. */
export function isCompactToken(text: string): boolean {
  return /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(text);
}

const claims = z.object({ exp: z.number().optional(), iat: z.number().optional() });

/** Seconds for which a token is valid by its own claims, or undefined where it does not say. Nothing is verified. */
export function tokenLifetime(token: string, now: Date): number | undefined {
  try {
    const body = claims.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')));
    if (body.exp === undefined) return undefined;
    // From the server's own two times where it gives both: a workstation whose clock is wrong must not sign in for
    // every request.
    return body.exp - (body.iat ?? now.getTime() / 1000);
  } catch {
    return undefined;
  }
}
