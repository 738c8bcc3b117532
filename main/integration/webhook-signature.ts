import { createHmac } from 'node:crypto';
import { ImprintError } from '../domain/errors';

const prefix = 'whsec_';
const shortest = 24;
const longest = 64;

/**
 * The bytes of a signing secret in the form of Standard Webhooks: `whsec_` and the base64 of 24 to 64 random bytes.
 *
 * @param field for the sentence, which never shows any of it
 * @throws ImprintError credential-missing
 */
export function readWebhookSecret(text: string, field: string): Buffer {
  const base64 = text.trim().startsWith(prefix) ? text.trim().slice(prefix.length) : '';
  const bytes = Buffer.from(base64, 'base64');
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(base64) && bytes.length >= shortest && bytes.length <= longest) return bytes;
  throw new ImprintError('credential-missing', 'The secret of this webhook is none that can sign.', { field, expected: 'whsec_ and the base64 of 24 to 64 random bytes, such as: echo "whsec_$(openssl rand -base64 32)"' });
}

/** The headers of one attempt (https://www.standardwebhooks.com). @param seconds of this attempt, since 1970: an old copy is found out by it */
export function webhookHeaders(secret: Uint8Array, id: string, seconds: number, body: string): Readonly<Record<string, string>> {
  const timestamp = String(seconds);
  const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`, 'utf8').digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
