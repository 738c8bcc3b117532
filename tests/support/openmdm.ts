/** An OpenMDM server with a clock that a test sets, and its API as curl would use it. */
import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { Agent, request } from 'undici';
import type { HttpReply } from '../../main/servers/http/http-exchange';
import { pinnedKeyMessage, sharedSecretMessage, sharedSecretSignature } from '../../main/servers/openmdm/canonical';
import type { MdmIdentity } from '../../main/servers/openmdm/identifiers';
import { parseChallenge } from '../../main/servers/openmdm/replies';
import type { PracticeOpenMdm, PracticeOpenMdmOptions } from '../../main/servers/openmdm/practice-server';
import { startPracticeOpenMdm } from '../../main/servers/openmdm/practice-server';

export class TestClock {
  #now = Date.parse('2026-04-15T12:00:00Z');

  now(): Date {
    return new Date(this.#now);
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

export interface DeviceKey {
  readonly privateKey: KeyObject;
  /** SPKI, DER, standard base64. */
  readonly publicKey: string;
  /** DER, base64. */
  sign(message: string): string;
}

export function deviceKey(namedCurve = 'P-256'): DeviceKey {
  return deviceKeyOf(generateKeyPairSync('ec', { namedCurve }));
}

export function deviceKeyOf(pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }): DeviceKey {
  return {
    privateKey: pair.privateKey,
    publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    sign: (message) => sign(pair.privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(message), pair.privateKey).toString('base64'),
  };
}

let serial = 0;

/** An identity that no other call has got. */
export function newMdmIdentity(more: Partial<MdmIdentity> = {}): MdmIdentity {
  serial += 1;
  return { model: 'Board A', manufacturer: 'Works', osVersion: '14', method: 'manual', serialNumber: `SN-${String(serial)}`, ...more };
}

export interface MdmReply extends HttpReply {
  json(): unknown;
}

/** Nothing is retried, checked or hidden. */
export class MdmApi {
  readonly #agent: Agent;
  readonly #url: string;

  constructor(url: string, certificateAuthority: string | undefined) {
    this.#url = url;
    this.#agent = new Agent({ connect: certificateAuthority === undefined ? {} : { ca: certificateAuthority } });
  }

  /** @param body text as it stands, anything else as JSON */
  async send(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<MdmReply> {
    const reply = await request(this.#url + path, { dispatcher: this.#agent, method, headers: { 'content-type': 'application/json', ...headers }, body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body) });
    const text = await reply.body.text();
    const names = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, String(value)]));
    return { status: reply.statusCode, headers: names, text, origin: new URL(this.#url).origin, json: () => JSON.parse(text) as unknown };
  }

  async challenge(): Promise<string> {
    return parseChallenge(await this.send('GET', '/agent/enroll/challenge'), 'testing').challenge;
  }

  /** Enrols by a key; `more` replaces what is sent, after it was signed. */
  async enrolByKey(identity: MdmIdentity, key: DeviceKey, more: Readonly<Record<string, unknown>> = {}, headers: Readonly<Record<string, string>> = {}): Promise<MdmReply> {
    const challenge = await this.challenge();
    const timestamp = '2026-04-15T12:00:00Z';
    const signature = key.sign(pinnedKeyMessage({ ...identity, publicKey: key.publicKey, timestamp, challenge }));
    return this.send('POST', '/agent/enroll', { ...identity, timestamp, publicKey: key.publicKey, attestationChallenge: challenge, signature, ...more }, headers);
  }

  enrolBySecret(identity: MdmIdentity, secret: string, timestamp: string, more: Readonly<Record<string, unknown>> = {}): Promise<MdmReply> {
    const signature = sharedSecretSignature(secret, sharedSecretMessage({ ...identity, timestamp }));
    return this.send('POST', '/agent/enroll', { ...identity, timestamp, signature, ...more });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

export interface MdmUnderTest {
  readonly server: PracticeOpenMdm;
  readonly api: MdmApi;
  readonly clock: TestClock;
  readonly admin: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function mdmUnderTest(options: Partial<PracticeOpenMdmOptions> = {}): Promise<MdmUnderTest> {
  const clock = new TestClock();
  const server = await startPracticeOpenMdm({ port: 0, clock, randomness: { uuid: () => randomUUID() }, tls: false, mostRequests: 1000, ...options });
  const api = new MdmApi(server.url, server.certificateAuthorityPem);
  return {
    server,
    api,
    clock,
    admin: { authorization: `Bearer ${server.adminToken}` },
    close: async () => {
      await api.close();
      await server.close();
    },
  };
}

/** A server of its own for one test, set up otherwise. */
export async function withMdm(options: Partial<PracticeOpenMdmOptions>, work: (mdm: MdmUnderTest) => Promise<void>): Promise<void> {
  const mdm = await mdmUnderTest(options);
  try {
    await work(mdm);
  } finally {
    await mdm.close();
  }
}
