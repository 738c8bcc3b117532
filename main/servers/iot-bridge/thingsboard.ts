import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { Secrets } from '../../domain/ports';
import type { HttpReply, HttpRequest } from '../http/http-exchange';
import type { TenantSurroundings } from './endpoint';
import { Endpoint, jsonOf } from './endpoint';
import type { PlatformOptions } from './options';

const field = 'server.options.thingsBoard';
const tokenSchema = z.object({ token: z.string().min(1) });
const deviceSchema = z.object({ id: z.object({ id: z.string().min(1) }), name: z.string(), createdTime: z.number().optional() });
const attributesSchema = z.array(z.object({ key: z.string(), value: z.unknown() }));

export interface ThingsBoardDevice {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number | undefined;
  /** When it was last connected or active, milliseconds since 1970; undefined where ThingsBoard does not say. */
  readonly seenAt: number | undefined;
}

/** REST API of ThingsBoard, as far as one device by its name goes. */
export class ThingsBoard {
  readonly #endpoint: Endpoint;
  readonly #options: PlatformOptions;
  readonly #secrets: Secrets;
  #token: string | undefined;

  constructor(options: PlatformOptions, secrets: Secrets, surroundings: TenantSurroundings) {
    this.#endpoint = new Endpoint(options.url, options.certificateAuthority, { product: 'ThingsBoard', urlField: `${field}.url`, authorityField: `${field}.caFile` }, surroundings);
    this.#options = options;
    this.#secrets = secrets;
  }

  /** @throws ImprintError server-* */
  async device(deviceId: string, signal: AbortSignal): Promise<ThingsBoardDevice | undefined> {
    const device = await this.#find(deviceId, signal);
    if (device === undefined) return undefined;
    const reply = await this.#ask({ method: 'GET', path: `/api/plugins/telemetry/DEVICE/${device.id.id}/values/attributes/SERVER_SCOPE` }, signal);
    const attributes = attributesSchema.safeParse(jsonOf(reply));
    const times = (attributes.success && reply.status === 200 ? attributes.data : []).filter(({ key }) => key === 'lastConnectTime' || key === 'lastActivityTime').flatMap(({ value }) => (typeof value === 'number' && value > 0 ? [value] : []));
    return { id: device.id.id, createdAt: device.createdTime, seenAt: times.length === 0 ? undefined : Math.max(...times) };
  }

  /** Idempotent. @returns whether it was there @throws ImprintError server-* */
  async remove(deviceId: string, signal: AbortSignal): Promise<boolean> {
    const device = await this.#find(deviceId, signal);
    if (device === undefined) return false;
    const reply = await this.#ask({ method: 'DELETE', path: `/api/device/${device.id.id}` }, signal);
    if (reply.status !== 200 && reply.status !== 204 && reply.status !== 404) throw this.#endpoint.refusal(reply, `removing ${deviceId}`, field);
    return reply.status !== 404;
  }

  close(): Promise<void> {
    this.#token = undefined;
    return this.#endpoint.close();
  }

  async #find(deviceId: string, signal: AbortSignal): Promise<z.output<typeof deviceSchema> | undefined> {
    const reply = await this.#ask({ method: 'GET', path: `/api/tenant/devices?deviceName=${encodeURIComponent(deviceId)}` }, signal);
    if (reply.status === 404) return undefined;
    if (reply.status !== 200) throw this.#endpoint.refusal(reply, `looking for ${deviceId}`, field);
    const parsed = deviceSchema.safeParse(jsonOf(reply));
    if (!parsed.success) throw new ImprintError('server-reply-invalid', `What answers at ${reply.origin} does not describe a device as ThingsBoard does.`, { field: `${field}.url` });
    return parsed.data;
  }

  async #ask(request: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
    const send = async (): Promise<HttpReply> => {
      this.#token ??= await this.#signIn(signal);
      return this.#endpoint.ask({ ...request, headers: { 'x-authorization': `Bearer ${this.#token}` } }, undefined, true, signal);
    };
    const reply = await send();
    if (reply.status !== 401) return reply;
    // The token of an earlier request may have expired.
    this.#token = undefined;
    return send();
  }

  async #signIn(signal: AbortSignal): Promise<string> {
    const { username, password } = this.#options;
    const reply = await this.#endpoint.ask({ method: 'POST', path: '/api/auth/login', body: { username, password: await this.#secrets.resolve(password) } }, undefined, true, signal);
    if (reply.status === 401) this.#secrets.forget(password);
    if (reply.status !== 200) throw this.#endpoint.refusal(reply, 'signing in', field);
    const parsed = tokenSchema.safeParse(jsonOf(reply));
    if (!parsed.success) throw new ImprintError('server-reply-invalid', `The sign-in at ${reply.origin} did not answer with a token: is it really ThingsBoard?`, { field: `${field}.url` });
    return parsed.data.token;
  }
}
