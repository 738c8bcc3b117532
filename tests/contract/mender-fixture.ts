import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Clock, Randomness, Secrets } from '../../main/domain/ports';
import type { Identity } from '../../main/domain/identity';
import type { KeyType, PublicKey } from '../../main/domain/keys';
import type { ServerSettings } from '../../main/domain/profile';
import { publicKeyPem } from '../../main/domain/keys';
import { ImprintError } from '../../main/domain/errors';
import type { MenderOptions } from '../../main/servers/mender/adapter';
import { createMenderServer } from '../../main/servers/mender/adapter';
import type { PracticeServer, PracticeServerOptions } from '../../main/servers/mender/practice-server';
import { startPracticeServer } from '../../main/servers/mender/practice-server';

export const systemClock: Clock = { now: () => new Date() };
export const systemRandomness: Randomness = { uuid: () => randomUUID() };

/** The adapter with waits that a test can sit out; the order of its steps is the usual one. */
export const quickOptions: MenderOptions = { patience: { delays: [1, 5, 20], longestWaitSeconds: 2, waits: 2 }, settle: 1, timeouts: { connect: 5000, headers: 5000, body: 5000 }, proxyEnvironment: {} };
export const quickMender = createMenderServer(quickOptions);

/** @param oneTimeCode what the person answers who is asked for a code; nobody can be asked without it */
export function secretsOf(values: Readonly<Record<string, string>>, oneTimeCode?: (account: string) => Promise<string>): Secrets {
  return {
    forget: () => undefined,
    oneTimeCode: oneTimeCode ?? ((account) => Promise.reject(new ImprintError('credential-missing', `Nobody is there to type a code for ${account}.`))),
    resolve: ({ name }) => {
      const value = values[name];
      return value === undefined ? Promise.reject(new ImprintError('credential-missing', `${name} is not set.`)) : Promise.resolve(value);
    },
  };
}

export interface TestKey {
  readonly publicKey: PublicKey;
  readonly pem: string;
  readonly privateKey: KeyObject;
  sign(body: string): string;
}

export function newKey(type: KeyType = 'ec-p256'): TestKey {
  const pair =
    type === 'ed25519' ? generateKeyPairSync('ed25519') : type === 'ec-p256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: Number(type.slice(4)) });
  const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
  return {
    publicKey: { type, spki, fingerprint: createHash('sha256').update(spki).digest('hex') },
    pem: publicKeyPem(spki),
    privateKey: pair.privateKey,
    sign: (body) => sign(type === 'ed25519' ? null : 'sha256', Buffer.from(body), pair.privateKey).toString('base64'),
  };
}

/** What the addresses of tests begin with, so that what a broken run leaves at a real server can be told from devices. */
const testPrefix = [0x02, 0x49];

/** A locally administered address that no other run uses. */
export function newIdentity(): Identity {
  const bytes = [...testPrefix, ...randomBytes(4)];
  return { mac: bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':') };
}

export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; fails the test where it is none. */
  json(): unknown;
}

/** The server's API as curl would use it: nothing is retried, checked or hidden. */
export class RawApi {
  readonly #agent: Agent;
  token = '';
  /** What devices of a server with several tenants send along. */
  tenantToken: string | undefined;

  constructor(
    readonly url: string,
    certificateAuthority: string | undefined,
  ) {
    this.#agent = new Agent({ connect: certificateAuthority === undefined ? {} : { ca: certificateAuthority }, allowH2: false, connections: 4 });
  }

  async send(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<RawReply> {
    const all: Record<string, string> = { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers };
    const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
    const reply = await request(this.url + path, { dispatcher: this.#agent, method, headers: kept, body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body) });
    const text = await reply.body.text();
    return { status: reply.statusCode, headers: reply.headers, text, json: () => JSON.parse(text) as unknown };
  }

  async logIn(username: string, password: string, code?: string): Promise<RawReply> {
    return this.send('POST', '/api/management/v1/useradm/auth/login', code === undefined ? undefined : { token2fa: code }, { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` });
  }

  preauthorize(identity: unknown, pubkey: unknown, more: object = {}): Promise<RawReply> {
    return this.send('POST', devices, { identity_data: identity, pubkey, ...more });
  }

  /** What a device does when it is switched on. `idData` is the JSON text, so that its spelling can be tested. */
  authRequest(idData: string, key: TestKey, signer: TestKey = key): Promise<RawReply> {
    const body = JSON.stringify({ id_data: idData, pubkey: key.pem, ...(this.tenantToken === undefined ? {} : { tenant_token: this.tenantToken }) });
    return this.send('POST', '/api/devices/v1/authentication/auth_requests', body, { 'authorization': '', 'x-men-signature': signer.sign(body) });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

export const devices = '/api/management/v2/devauth/devices';

export interface SecondFactor {
  readonly username: string;
  readonly password: string;
  /** What the person's device shows now. */
  code(): string;
  /** Half a minute later it shows another one. */
  nextCode(): string;
}

/** A server that the contract runs against. */
export interface MenderUnderTest {
  readonly settings: ServerSettings;
  readonly secrets: Secrets;
  readonly wrong: { readonly settings: ServerSettings; readonly secrets: Secrets };
  readonly raw: RawApi;
  /** Only where it is ours: a user whose password is not enough. */
  readonly secondFactor?: SecondFactor | undefined;
  /** Only where it is ours: then faults and limits can be set. */
  readonly practice?: PracticeServer | undefined;
  /** Every request that was answered, as `METHOD path status`. */
  readonly requests: string[];
  /** Lets the server's clock jump, where it is ours: nothing here waits for time to pass. */
  passTime(milliseconds: number): void;
  close(): Promise<void>;
}

export async function practiceUnderTest(more: Partial<PracticeServerOptions> = {}): Promise<MenderUnderTest> {
  const requests: string[] = [];
  let passed = 0;
  let code = 123_456;
  const secondFactor: SecondFactor = {
    username: 'two-factors@imprint.test',
    password: randomUUID(),
    code: () => String(code),
    nextCode: () => String((code += 1)),
  };
  const practice = await startPracticeServer({
    port: 0,
    clock: { now: () => new Date(Date.now() + passed) },
    randomness: systemRandomness,
    tls: true,
    decommissioning: 3_600_000,
    users: [{ username: 'practice@imprint.test', password: randomUUID() }, { ...secondFactor, oneTimeCode: secondFactor.code }],
    onRequest: (method, path, status) => requests.push(`${method} ${path} ${String(status)}`),
    ...more,
  });
  const raw = new RawApi(practice.url, practice.certificateAuthorityPem);
  raw.token = (await raw.logIn(practice.username, practice.password)).text;
  const settings: ServerSettings = {
    kind: 'mender',
    url: practice.url,
    certificateAuthority: practice.certificateAuthorityPem,
    credentials: { type: 'password', username: practice.username, password: { from: 'environment', name: 'PASSWORD' } },
  };
  return {
    settings,
    secrets: secretsOf({ PASSWORD: practice.password }),
    wrong: { settings, secrets: secretsOf({ PASSWORD: 'not-the-password' }) },
    raw,
    practice,
    secondFactor,
    requests,
    passTime: (milliseconds) => {
      passed += milliseconds;
    },
    close: async () => {
      await raw.close();
      await practice.close();
    },
  };
}

export const realServerUrl = process.env['IMPRINT_MENDER_URL'];

/** The server of IMPRINT_MENDER_URL; all variables are in docs/contract-suite.md. */
export async function realUnderTest(): Promise<MenderUnderTest> {
  const { IMPRINT_MENDER_TOKEN: token, IMPRINT_MENDER_USERNAME: username = '', IMPRINT_MENDER_PASSWORD: password = '', IMPRINT_MENDER_CA: ca } = process.env;
  const certificateAuthority = ca === undefined ? undefined : readFileSync(ca, 'utf8');
  const base = { kind: 'mender', url: (realServerUrl ?? '').replace(/\/+$/, ''), certificateAuthority };
  const withPassword: ServerSettings = { ...base, credentials: { type: 'password', username, password: { from: 'environment', name: 'SECRET' } } };
  const settings: ServerSettings = token === undefined ? withPassword : { ...base, credentials: { type: 'token', token: { from: 'environment', name: 'SECRET' } } };
  const raw = new RawApi(base.url, certificateAuthority);
  raw.token = token ?? (await raw.logIn(username, password)).text;
  raw.tenantToken = process.env['IMPRINT_MENDER_TENANT_TOKEN'];
  const nobody: ServerSettings = { ...base, credentials: { type: 'password', username: 'nobody@imprint.test', password: { from: 'environment', name: 'SECRET' } } };
  return {
    settings,
    secrets: secretsOf({ SECRET: token ?? password }),
    wrong: { settings: nobody, secrets: secretsOf({ SECRET: 'not-the-password' }) },
    raw,
    requests: [],
    passTime: () => undefined,
    close: () => raw.close(),
  };
}

/** Removes what a test put onto the server, and waits until it is gone. */
export async function removeDevices(server: MenderUnderTest, identities: readonly Identity[]): Promise<void> {
  // A practice server ends with its test.
  if (identities.length === 0 || server.practice !== undefined) return;
  const ours = new Set(identities.map((identity) => identity['mac']));
  const ids: string[] = [];
  for (let page = 1; ; page += 1) {
    // The whole list first: pages shift under whoever removes while reading.
    const list = (await server.raw.send('GET', `${devices}?per_page=500&page=${String(page)}`)).json() as { id: string; identity_data: Identity }[];
    ids.push(...list.filter((device) => ours.has(device.identity_data['mac'])).map(({ id }) => id));
    if (list.length < 500) break;
  }
  for (const id of ids) await server.raw.send('DELETE', `${devices}/${id}`);
  for (const id of ids) {
    while ((await server.raw.send('GET', `${devices}/${id}`)).status !== 404) await sleep(500);
  }
}
