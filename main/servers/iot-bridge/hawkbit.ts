import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { Secrets } from '../../domain/ports';
import type { HttpReply } from '../http/http-exchange';
import type { TenantSurroundings } from './endpoint';
import { Endpoint, jsonOf } from './endpoint';
import type { PlatformOptions } from './options';

const field = 'server.options.hawkBit';
const targetSchema = z.object({
  controllerId: z.string(),
  createdAt: z.number().optional(),
  /** Milliseconds since 1970; there once its update client has polled. */
  lastControllerRequestAt: z.number().nullish(),
  updateStatus: z.string().optional(),
});
export type HawkBitTarget = z.output<typeof targetSchema>;

const path = (deviceId: string): string => `/rest/v1/targets/${encodeURIComponent(deviceId)}`;

/** Management API of hawkBit, as far as targets go. */
export class HawkBit {
  readonly #endpoint: Endpoint;
  readonly #options: PlatformOptions;
  readonly #secrets: Secrets;

  constructor(options: PlatformOptions, secrets: Secrets, surroundings: TenantSurroundings) {
    this.#endpoint = new Endpoint(options.url, options.certificateAuthority, { product: 'hawkBit', urlField: `${field}.url`, authorityField: `${field}.caFile` }, surroundings);
    this.#options = options;
    this.#secrets = secrets;
  }

  /** @throws ImprintError server-* */
  async target(deviceId: string, signal: AbortSignal): Promise<HawkBitTarget | undefined> {
    const reply = await this.#ask('GET', path(deviceId), signal);
    if (reply.status === 404) return undefined;
    if (reply.status !== 200) throw this.#endpoint.refusal(reply, `looking for ${deviceId}`, field);
    const parsed = targetSchema.safeParse(jsonOf(reply));
    if (!parsed.success) throw new ImprintError('server-reply-invalid', `What answers at ${reply.origin} does not describe a target as hawkBit does.`, { field: `${field}.url` });
    return parsed.data;
  }

  /** Idempotent. @returns whether it was there @throws ImprintError server-* */
  async remove(deviceId: string, signal: AbortSignal): Promise<boolean> {
    const reply = await this.#ask('DELETE', path(deviceId), signal);
    if (reply.status !== 200 && reply.status !== 204 && reply.status !== 404) throw this.#endpoint.refusal(reply, `removing ${deviceId}`, field);
    return reply.status !== 404;
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  async #ask(method: 'GET' | 'DELETE', path: string, signal: AbortSignal): Promise<HttpReply> {
    const { username, password } = this.#options;
    const authorization = `Basic ${Buffer.from(`${username}:${await this.#secrets.resolve(password)}`, 'utf8').toString('base64')}`;
    // To remove twice is the same as once.
    const reply = await this.#endpoint.ask({ method, path }, authorization, true, signal);
    if (reply.status === 401) this.#secrets.forget(password);
    return reply;
  }
}
