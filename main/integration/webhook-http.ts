import { getCACertificates } from 'node:tls';
import { Agent, EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { asImprintError, cancelled } from '../domain/errors';
import type { Clock } from '../domain/ports';
import type { SecretReference } from '../domain/profile';
import type { DeliveryOutcome, Receiver, Webhook, WebhookEvent, WebhookMessage } from '../domain/webhooks';
import { readWebhookSecret, webhookHeaders } from './webhook-signature';

/** Of a reply only its status counts; more than this of it is not even read. */
const mostOfReply = 16 * 1024;

export interface WebhookHttpOptions {
  readonly clock: Clock;
  /** @throws ImprintError credential-missing */
  readonly resolve: (reference: SecretReference) => Promise<string>;
  /** HTTPS_PROXY and NO_PROXY of the session. */
  readonly httpsProxy?: string | undefined;
  readonly noProxy?: string | undefined;
}

/**
 * POSTs messages, signed as Standard Webhooks has it. One connection for each attempt: they are rare.
 *
 * SECURITY: TLS is always checked, redirects are never followed (a signed message goes to nobody but the address in the
 * settings), and nothing of a reply but its status is used.
 */
export class WebhookHttp implements Receiver {
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  readonly #webhook: Webhook;
  readonly #options: WebhookHttpOptions;

  constructor(webhook: Webhook, options: WebhookHttpOptions) {
    this.url = webhook.url;
    this.events = webhook.events;
    this.#webhook = webhook;
    this.#options = options;
  }

  async send({ id, body }: Pick<WebhookMessage, 'id' | 'body'>, signal: AbortSignal): Promise<DeliveryOutcome> {
    const webhook = this.#webhook;
    let secret: Buffer;
    try {
      secret = readWebhookSecret(await this.#options.resolve(webhook.secret), 'webhooks.secret');
    } catch (thrown) {
      return failed(asImprintError(thrown).message);
    }
    const seconds = Math.floor(this.#options.clock.now().getTime() / 1000);
    const dispatcher = this.#dispatcher();
    const ends = AbortSignal.any([signal, AbortSignal.timeout(webhook.timeout)]);
    try {
      const { statusCode, body: reply } = await request(webhook.url, {
        dispatcher,
        method: 'POST',
        signal: ends,
        headers: { 'content-type': 'application/json', 'user-agent': 'imprint', 'accept': '*/*', ...webhookHeaders(secret, id, seconds, body) },
        body,
      });
      await readSome(reply).catch(() => undefined);
      return outcomeOf(statusCode);
    } catch (thrown) {
      if (isAborted(signal)) throw cancelled();
      return failed(reasonOf(thrown, webhook.timeout, ends));
    } finally {
      await dispatcher.destroy().catch(() => undefined);
    }
  }

  #dispatcher(): Dispatcher {
    const { url, timeout, certificateAuthority } = this.#webhook;
    const { httpsProxy, noProxy } = this.#options;
    const ca = certificateAuthority ?? [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
    const common = { allowH2: false, headersTimeout: timeout, bodyTimeout: timeout, connect: { timeout, ca } };
    if (httpsProxy === undefined || httpsProxy === '' || !url.startsWith('https:')) return new Agent(common);
    return new EnvHttpProxyAgent({ ...common, proxyTunnel: true, requestTls: { ca, timeout }, httpProxy: '', httpsProxy, noProxy: noProxy ?? '' });
  }
}

/** As a function, because the compiler takes a property that it has seen once for settled. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** A reply that goes on for ever ends here. */
async function readSome(reply: AsyncIterable<Uint8Array>): Promise<void> {
  let read = 0;
  for await (const chunk of reply) {
    read += chunk.length;
    if (read > mostOfReply) return;
  }
}

function outcomeOf(status: number): DeliveryOutcome {
  if (status >= 200 && status < 300) return { kind: 'delivered', sentence: `HTTP ${String(status)}` };
  if (status === 410) return { kind: 'gone', sentence: 'The receiver says that it wants no more messages (HTTP 410).' };
  if (status >= 300 && status < 400) return failed(`The receiver wants to redirect (HTTP ${String(status)}), which is not followed: put its new address into the settings.`);
  return failed(`The receiver did not take it (HTTP ${String(status)}).`);
}

function failed(sentence: string): DeliveryOutcome {
  return { kind: 'failed', sentence };
}

const certificateCodes: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_REVOKED', 'INVALID_CA',
]);

/** SECURITY: codes of the system only; a foreign message may hold whatever the other side sent. */
function reasonOf(thrown: unknown, timeout: number, ends: AbortSignal): string {
  if (ends.aborted) return `The receiver did not answer within ${String(timeout / 1000)} s.`;
  const code = codeOf(thrown);
  if (certificateCodes.has(code)) return `The receiver's certificate is not trusted (${code}).`;
  return `The receiver cannot be reached (${code}).`;
}

function codeOf(thrown: unknown): string {
  for (let at = thrown; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string' && !at.code.startsWith('UND_ERR_ABORTED')) return at.code;
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
  }
  return 'unknown';
}
