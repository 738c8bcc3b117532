/** A device and a person at the practice servers of a tenant: real keys, real requests, real TLS. */
import 'reflect-metadata';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { createPrivateKey, generateKeyPairSync, randomUUID, sign, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { Agent, request } from 'undici';
import type { PracticeBridge, PracticeBridgeOptions } from '../../main/servers/iot-bridge/practice-server';
import { startPracticeBridge } from '../../main/servers/iot-bridge/practice-server';

export const keyKinds = ['ec-p256', 'ec-p384', 'ed25519', 'rsa-2048', 'rsa-1024'] as const;
export type KeyKind = (typeof keyKinds)[number];

const algorithms: Readonly<Record<KeyKind, RsaHashedImportParams | EcKeyImportParams | Algorithm>> = {
  'ec-p256': { name: 'ECDSA', namedCurve: 'P-256' },
  'ec-p384': { name: 'ECDSA', namedCurve: 'P-384' },
  'ed25519': { name: 'Ed25519' },
  'rsa-2048': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  'rsa-1024': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
};
const signingAlgorithms: Readonly<Record<KeyKind, Algorithm | EcdsaParams>> = {
  'ec-p256': { name: 'ECDSA', hash: 'SHA-256' },
  'ec-p384': { name: 'ECDSA', hash: 'SHA-384' },
  'ed25519': { name: 'Ed25519' },
  'rsa-2048': { name: 'RSASSA-PKCS1-v1_5' },
  'rsa-1024': { name: 'RSASSA-PKCS1-v1_5' },
};

export interface DeviceKey {
  readonly kind: KeyKind;
  readonly privateKey: KeyObject;
  readonly pem: string;
  readonly spki: Buffer;
}

export function newDeviceKey(kind: KeyKind = 'ec-p256'): DeviceKey {
  const pair =
    kind === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : kind === 'ec-p256' || kind === 'ec-p384'
        ? generateKeyPairSync('ec', { namedCurve: kind === 'ec-p256' ? 'P-256' : 'P-384' })
        : generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(4)) });
  return {
    kind,
    privateKey: pair.privateKey,
    pem: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    spki: pair.publicKey.export({ format: 'der', type: 'spki' }),
  };
}

/** @param names subject alternative names; the request has none unless told */
export async function newRequest(key: DeviceKey, commonName: string | undefined, names: x509.JsonGeneralNames = []): Promise<string> {
  const algorithm = algorithms[key.kind];
  const keys = {
    privateKey: await crypto.subtle.importKey('pkcs8', key.privateKey.export({ format: 'der', type: 'pkcs8' }), algorithm, true, ['sign']),
    publicKey: await crypto.subtle.importKey('spki', Uint8Array.from(key.spki), algorithm, true, ['verify']),
  };
  const made = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      ...(commonName === undefined ? {} : { name: [{ CN: [commonName] }] }),
      keys,
      signingAlgorithm: signingAlgorithms[key.kind],
      extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
    },
    crypto,
  );
  return made.toString('pem');
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  json(): unknown;
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly json?: unknown;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client with its own trust, and where it is a device, with its certificate. */
export class Client {
  readonly #agent: Agent;

  constructor(certificateAuthority: string, certificate?: string, key?: DeviceKey) {
    this.#agent = new Agent({ connect: { ca: certificateAuthority, ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key: key.pem }) } });
  }

  async send(url: string, call: Call = {}): Promise<Reply> {
    const body = call.json === undefined ? call.body : JSON.stringify(call.json);
    const reply = await request(url, {
      dispatcher: this.#agent,
      method: call.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...(call.json === undefined ? {} : { 'content-type': 'application/json' }), ...call.headers },
      body: body ?? null,
    });
    const text = await reply.body.text();
    return { status: reply.statusCode, headers: reply.headers, text, json: () => JSON.parse(text) as unknown };
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}

export interface Enrolled {
  readonly id: string;
  readonly key: DeviceKey;
  readonly certificate: string;
  readonly chain: string;
  readonly reply: Readonly<Record<string, string>>;
  /** Decimal. */
  readonly serial: string;
}

/** One tenant's practice servers with a client for each trust. */
export class Tenant {
  readonly #clients: Client[] = [];

  private constructor(
    readonly servers: PracticeBridge,
    readonly web: Client,
    readonly ca: Client,
  ) {
    this.#clients.push(web, ca);
  }

  static async start(options: Partial<PracticeBridgeOptions> = {}): Promise<Tenant> {
    const servers = await startPracticeBridge({ clock: { now: () => new Date() }, randomness: { uuid: () => randomUUID() }, ...options });
    return new Tenant(servers, new Client(servers.certificateAuthorityPem), new Client(servers.rootPem));
  }

  enrolUrl(id: string): string {
    return `${this.servers.bridgeUrl}/devices/${encodeURIComponent(id)}/enroll`;
  }

  async postEnrol(id: string, csr: string, more: Readonly<Record<string, unknown>> = {}): Promise<Reply> {
    return this.web.send(this.enrolUrl(id), { json: { csr, device_name: id, ...more } });
  }

  async enrol(id: string, key = newDeviceKey(), more: Readonly<Record<string, unknown>> = {}): Promise<Enrolled> {
    const reply = await this.postEnrol(id, await newRequest(key, id), more);
    if (reply.status !== 200) throw new Error(`${String(reply.status)}: ${reply.text}`);
    const body = reply.json() as Record<string, string>;
    const { certificate = '', ca_chain: chain = '' } = body;
    return { id, key, certificate, chain, reply: body, serial: serialOf(certificate) };
  }

  /** The device at the CA's own port. */
  device({ certificate, chain, key }: Enrolled): Client {
    const client = new Client(this.servers.rootPem, `${certificate}${chain}`, key);
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.servers.close();
  }
}

export const serialOf = (certificate: string): string => BigInt(`0x${new X509Certificate(certificate).serialNumber}`).toString();

/** What is wrong; the claims and the head that make it so. */
export type WrongToken = readonly [string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>];

/** One-time tokens for `/1.0/revoke` that no CA takes, the practice CA as little as the real one. */
export const wrongTokens: readonly WrongToken[] = [
  ['another issuer', { iss: 'somebody' }, {}],
  ['no subject', { sub: '' }, {}],
  ['another path', { aud: 'https://127.0.0.1/1.0/sign' }, {}],
  ['another host', { aud: ['https://ca.example.com/1.0/revoke'] }, {}],
  ['no audience', { aud: undefined }, {}],
  ['a time that is over', { exp: Math.floor(Date.now() / 1000) - 120 }, {}],
  ['a time to come', { nbf: Math.floor(Date.now() / 1000) + 600 }, {}],
  ['a time before the CA', { iat: 1_000_000_000 }, {}],
  ["another key's id", {}, { kid: 'another' }],
  ['no signature', {}, { alg: 'none' }],
];

/** A JWT with ES256, as `step ca token --revoke` makes it. */
export function oneTimeToken(provisioner: { readonly keyId: string; readonly privateJwk: JsonWebKey }, claims: Readonly<Record<string, unknown>>, head: Readonly<Record<string, unknown>> = {}): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'ES256', kid: provisioner.keyId, typ: 'JWT', ...head })}.${part(claims)}`;
  const key = createPrivateKey({ key: provisioner.privateJwk, format: 'jwk' });
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
