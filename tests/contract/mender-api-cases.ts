import { afterAll, beforeAll, expect } from 'vitest';
import type { Identity } from '../../main/domain/identity';
import type { MenderUnderTest, RawApi, RawReply, TestKey } from './mender-fixture';
import { devices, newIdentity, newKey, removeDevices } from './mender-fixture';

export interface DeviceJson {
  readonly id: string;
  readonly status: string;
  readonly decommissioning: boolean;
  readonly identity_data: Record<string, unknown>;
  readonly auth_sets: { readonly id: string; readonly status: string; readonly pubkey: string; readonly identity_data: Record<string, unknown> }[] | null;
}

/** A JWT in compact form. */
export const compactToken = /^[\w-]+\.[\w-]+\.[\w-]+$/;
export const device = (reply: RawReply): DeviceJson => reply.json() as DeviceJson;
export const list = (reply: RawReply): DeviceJson[] => reply.json() as DeviceJson[];
export const statusesOf = (json: DeviceJson): string[] => (json.auth_sets ?? []).map((set) => set.status).sort();

export function expectError(reply: RawReply, status: number, words?: string | RegExp): void {
  expect(reply.status).toBe(status);
  const body = reply.json() as { error: string; request_id: string };
  expect(body.error).toMatch(words ?? /./);
  expect(body.request_id).toMatch(/./);
}

export interface Preauthorized {
  readonly identity: Identity;
  readonly key: TestKey;
  readonly id: string;
  /** The identity as the JSON text that the device sends. */
  readonly text: string;
}

/** The server of a describe block: started before its cases, cleaned and closed after them. */
export class ApiCases {
  #server: MenderUnderTest | undefined;
  readonly #used: Identity[] = [];

  constructor(makeServer: () => Promise<MenderUnderTest>) {
    beforeAll(async () => {
      this.#server = await makeServer();
    });
    afterAll(async () => {
      await removeDevices(this.server, this.#used);
      await this.server.close();
    });
  }

  get server(): MenderUnderTest {
    if (this.#server === undefined) throw new Error('The server is not started yet.');
    return this.#server;
  }

  get api(): RawApi {
    return this.server.raw;
  }

  /** An identity that nobody has, removed in the end. */
  fresh(): Identity {
    const identity = newIdentity();
    this.#used.push(identity);
    return identity;
  }

  async preauthorized(key = newKey()): Promise<Preauthorized> {
    const identity = this.fresh();
    const reply = await this.api.preauthorize(identity, key.pem);
    expect(reply.status).toBe(201);
    return { identity, key, id: String(reply.headers['location']).replace('devices/', ''), text: JSON.stringify(identity) };
  }

  async read(id: string): Promise<DeviceJson> {
    return device(await this.api.send('GET', `${devices}/${id}`));
  }
}
