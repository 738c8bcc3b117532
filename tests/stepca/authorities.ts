/** The practice CA and a real one behind the same questions. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { JsonWebKey } from 'node:crypto';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { DeviceKey, Reply } from '../support/bridge-practice';
import { Client, newDeviceKey, newRequest, oneTimeToken, serialOf, Tenant } from '../support/bridge-practice';

export interface Provisioner {
  readonly name: string;
  readonly keyId: string;
  readonly privateJwk: JsonWebKey;
}

export interface SignReply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Device {
  readonly id: string;
  readonly key: DeviceKey;
  readonly certificate: string;
  /** Decimal. */
  readonly serial: string;
}

/** One CA under comparison. */
export interface Authority {
  readonly url: string;
  readonly rootPem: string;
  readonly issuingPem: string;
  readonly intermediatePem: string;
  readonly provisioner: Provisioner;
  /** Signs for this id, or says what it has against the request. */
  sign(id: string, csr: string): Promise<SignReply>;
  close(): Promise<void>;
}

/** A device with a certificate of this CA. */
export async function enrolled(authority: Authority, id: string, key = newDeviceKey()): Promise<Device> {
  const { status, body } = await authority.sign(id, await newRequest(key, id));
  if (status !== 201) throw new Error(`${String(status)}: ${JSON.stringify(body)}`);
  const certificate = String(body['crt']);
  return { id, key, certificate, serial: serialOf(certificate) };
}

/** A client that shows a certificate, or none. */
export async function ask(authority: Authority, path: string, json?: unknown, device?: Device, method?: 'GET' | 'POST'): Promise<Reply> {
  const client = new Client(authority.rootPem, device === undefined ? undefined : `${device.certificate}${authority.issuingPem}`, device?.key);
  try {
    return await client.send(`${authority.url}${path}`, { json, ...(method === undefined ? {} : { method }) });
  } finally {
    await client.close();
  }
}

export function claimsFor(authority: Authority, path: string, subject: string, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const now = Math.floor(Date.now() / 1000);
  return { iss: authority.provisioner.name, sub: subject, aud: `${authority.url}${path}`, nbf: now, iat: now, exp: now + 300, jti: randomUUID(), ...more };
}

/** The practice CA signs only through its bridge, which hands the CA's refusals on inside its own. */
export async function practiceAuthority(): Promise<Authority> {
  const tenant = await Tenant.start();
  const { stepCaUrl: url, rootPem, issuingPem, intermediatePem, provisioner } = tenant.servers;
  return {
    url,
    rootPem,
    issuingPem,
    intermediatePem,
    provisioner,
    sign: async (id, csr) => {
      const reply = await tenant.postEnrol(id, csr);
      const body = reply.json() as Record<string, string>;
      if (reply.status === 200) return { status: 201, body: { crt: body['certificate'], ca: body['ca_chain'] } };
      const inside = /step-ca \/1\.0\/sign returned (\d+): ({.*})\n$/.exec(body['detail'] ?? '');
      return { status: Number(inside?.[1]), body: JSON.parse(inside?.[2] ?? '{}') as Record<string, unknown> };
    },
    close: () => tenant.close(),
  };
}

const announcement = z.object({
  url: z.string(),
  rootPem: z.string(),
  intermediatePem: z.string(),
  issuingPem: z.string(),
  provisioner: z.object({ name: z.string(), keyId: z.string(), privateJwk: z.record(z.string(), z.string()) }),
});

/** The CA that scripts/stepca.mjs built, as a process of its own. */
export async function realAuthority(): Promise<Authority> {
  const child = spawn(neededVariable('IMPRINT_STEPCA'), [neededVariable('IMPRINT_STEPCA_FOLDER')], { stdio: ['ignore', 'pipe', 'pipe'] });
  // It logs every refusal; that is worth a look only where it ends by itself.
  let log = '';
  child.stderr.on('data', (piece: Buffer) => {
    log += piece.toString();
  });
  const said = await firstLine(child).catch((error: unknown) => Promise.reject(new Error(`The CA did not start. ${log}`, { cause: error })));
  const authority: Authority = {
    ...announcement.parse(JSON.parse(said)),
    sign: async (id, csr) => {
      const ott = oneTimeToken(authority.provisioner, claimsFor(authority, '/1.0/sign', id, { sans: [id] }));
      const reply = await ask(authority, '/1.0/sign', { csr, ott });
      return { status: reply.status, body: reply.json() as Record<string, unknown> };
    },
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
  await untilItAnswers(authority, child).catch((error: unknown) => Promise.reject(new Error(`The CA did not answer. ${log}`, { cause: error })));
  // The CA takes no token from before its start, and tokens count in whole seconds.
  await sleep(1000);
  return authority;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The CA has no output.');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error('It ended before it said where it is.');
}

async function untilItAnswers(authority: Authority, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const reply = await ask(authority, '/health').catch(() => undefined);
    if (reply?.status === 200) return;
    await sleep(50);
  }
  throw new Error(`It ended with ${String(child.exitCode)}.`);
}

function neededVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run \`npm run test:stepca\``);
  return value;
}
