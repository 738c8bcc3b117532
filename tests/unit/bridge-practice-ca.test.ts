/** The practice CA's own port: renewal, revocation and what is public, as measured at the real step-ca. */
import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Enrolled, WrongToken } from '../support/bridge-practice';
import { oneTimeToken, serialOf, Tenant, wrongTokens } from '../support/bridge-practice';

const run = promisify(execFile);
const sentence = {
  noCertificate: 'The request could not be completed: missing client certificate.',
  unauthorized: 'The request lacked necessary authorization to be completed. Please see the certificate authority logs for more info.',
  notImplemented: 'The requested method is not implemented by the certificate authority. Please see the certificate authority logs for more info.',
};
let tenant: Tenant;
let folder: string;
beforeAll(async () => {
  tenant = await Tenant.start();
  folder = await mkdtemp(join(tmpdir(), 'imprint-bridge-ca-'));
});
afterAll(async () => {
  await tenant.close();
  await rm(folder, { recursive: true });
});

const revokeUrl = () => `${tenant.servers.stepCaUrl}/1.0/revoke`;
const renew = (client: Client, method: 'GET' | 'POST' = 'POST') => client.send(`${tenant.servers.stepCaUrl}/1.0/renew`, { method });
const revoke = (client: Client, body: Readonly<Record<string, unknown>>) => client.send(revokeUrl(), { json: { reasonCode: 0, reason: '', passive: true, ...body } });
const claims = (serial: string, more: Readonly<Record<string, unknown>> = {}) => {
  const now = Math.floor(Date.now() / 1000);
  return { iss: tenant.servers.provisioner.name, sub: serial, aud: revokeUrl(), nbf: now, iat: now, exp: now + 300, jti: randomUUID(), ...more };
};

/** A session that can be resumed, from a connection of its own. */
async function tlsSession(cert: string, key: string): Promise<Buffer> {
  const { hostname, port } = new URL(tenant.servers.stepCaUrl);
  const socket = connect({ host: hostname, port: Number(port), ca: tenant.servers.rootPem, cert, key });
  // In TLS 1.3 the session's ticket comes with the first data.
  socket.resume();
  socket.write('GET /health HTTP/1.1\r\nHost: ca\r\n\r\n');
  const [session] = (await once(socket, 'session')) as [Buffer];
  socket.destroy();
  return session;
}

async function postRenew(options: RequestOptions): Promise<{ status: number | undefined; reused: boolean }> {
  const request = httpsRequest(`${tenant.servers.stepCaUrl}/1.0/renew`, { ...options, method: 'POST', agent: false });
  request.end();
  const [reply] = (await once(request, 'response')) as [IncomingMessage];
  const reused = reply.socket instanceof TLSSocket && reply.socket.isSessionReused();
  reply.resume();
  await once(reply, 'end');
  return { status: reply.statusCode, reused };
}

describe('what the CA tells everybody', () => {
  it('is that it is well, and its root', async () => {
    expect((await tenant.ca.send(`${tenant.servers.stepCaUrl}/health`)).json()).toEqual({ status: 'ok' });
    const roots = await tenant.ca.send(`${tenant.servers.stepCaUrl}/roots.pem`);
    expect(roots.text).toBe(tenant.servers.rootPem);
    expect(createHash('sha256').update(new X509Certificate(roots.text).raw).digest('hex')).toBe(tenant.servers.rootFingerprint);
    expect(roots.headers['content-type']).toBe('application/x-pem-file');
  });

  it('is nothing on other paths', async () => {
    const reply = await tenant.ca.send(`${tenant.servers.stepCaUrl}/nothing`);
    expect([reply.status, reply.text]).toEqual([404, '404 page not found\n']);
    expect((await renew(tenant.ca, 'GET')).status).toBe(405);
  });

  it('is said under the Provider Root, and to nobody who trusts another', async () => {
    await expect(tenant.web.send(`${tenant.servers.stepCaUrl}/health`)).rejects.toThrow();
  });
});

describe('renewal', () => {
  it('gives the same certificate with a new time', async () => {
    const enrolled = await tenant.enrol('device-001');
    const reply = await renew(tenant.device(enrolled));
    expect(reply.status).toBe(201);
    const body = reply.json() as { crt: string; ca: string; certChain: string[]; tlsOptions: unknown };
    expect(Object.keys(body)).toEqual(['crt', 'ca', 'certChain', 'tlsOptions']);
    expect(body.ca).toBe(tenant.servers.issuingPem);
    expect(body.certChain).toEqual([body.crt, body.ca, tenant.servers.intermediatePem]);
    expect(body.tlsOptions).toMatchObject({ minVersion: 1.2, maxVersion: 1.3 });
    const [before, after] = [enrolled.certificate, body.crt].map((pem) => new X509Certificate(pem)) as [X509Certificate, X509Certificate];
    expect(after.publicKey.equals(before.publicKey)).toBe(true);
    expect([after.subject, after.subjectAltName, after.keyUsage]).toEqual([before.subject, before.subjectAltName, before.keyUsage]);
    expect(Date.parse(after.validTo) - Date.parse(after.validFrom)).toBe(Date.parse(before.validTo) - Date.parse(before.validFrom));
    expect(after.serialNumber).not.toBe(before.serialNumber);
    expect(tenant.servers.issued().at(-1)).toMatchObject({ deviceId: 'device-001', serial: serialOf(body.crt), revoked: false });
    expect((await renew(tenant.device({ ...enrolled, certificate: body.crt }))).status).toBe(201);
  });

  it('knows the certificate on a connection that goes on with the session of an earlier one', async () => {
    const { key, certificate, chain, serial } = await tenant.enrol('device-004');
    const first = await tlsSession(certificate + chain, key.pem);
    const options = { ca: tenant.servers.rootPem, cert: certificate + chain, key: key.pem, session: first };
    const { status, reused } = await postRenew(options);
    expect([status, reused]).toEqual([201, true]);
    await revoke(tenant.device({ id: 'device-004', key, certificate, chain, reply: {}, serial }), { serial });
    expect((await postRenew(options)).status).toBe(401);
  });

  it('wants a certificate', async () => {
    const reply = await renew(tenant.ca);
    expect([reply.status, reply.json()]).toEqual([400, { status: 400, message: sentence.noCertificate }]);
  });

  it('refuses one that was revoked', async () => {
    const enrolled = await tenant.enrol('device-002');
    const device = tenant.device(enrolled);
    expect((await revoke(device, { serial: enrolled.serial })).json()).toEqual({ status: 'ok' });
    const reply = await renew(device);
    expect([reply.status, reply.json()]).toEqual([401, { status: 401, message: sentence.unauthorized }]);
  });

  it.each(['foreign-chain', 'expired', 'without-client-auth'] as const)('has no connection for a certificate that is %s', async (breakage) => {
    tenant.servers.breakNextEnrolment(breakage);
    await expect(renew(tenant.device(await tenant.enrol('device-003')))).rejects.toThrow();
  });
});

describe('revocation by the certificate itself', () => {
  it('is for its own serial number only', async () => {
    const [mine, other] = [await tenant.enrol('device-010'), await tenant.enrol('device-011')];
    const reply = await revoke(tenant.device(mine), { serial: other.serial });
    expect([reply.status, reply.json()]).toEqual([400, { status: 400, message: 'The request could not be completed: serial number in client certificate different than body.' }]);
    expect([mine, other].map(({ serial }) => tenant.servers.isRevoked(serial))).toEqual([false, false]);
  });

  it('is done once', async () => {
    const mine = await tenant.enrol('device-012');
    const device = tenant.device(mine);
    expect((await revoke(device, { serial: mine.serial, reasonCode: 5, reason: 'out of use' })).status).toBe(200);
    expect(tenant.servers.isRevoked(mine.serial)).toBe(true);
    expect(tenant.servers.issued().find(({ serial }) => serial === mine.serial)?.revoked).toBe(true);
    const again = await revoke(device, { serial: mine.serial });
    expect([again.status, again.json()]).toEqual([400, { status: 400, message: `The request could not be completed: certificate with serial number '${mine.serial}' is already revoked.` }]);
  });

  it('wants a certificate or a token', async () => {
    const reply = await revoke(tenant.ca, { serial: '1' });
    expect([reply.status, (reply.json() as { message: string }).message]).toEqual([400, 'The request could not be completed: missing ott or client certificate.']);
  });

  it.each([
    ['active', { serial: '1', passive: false }, 501, sentence.notImplemented],
    ['of nothing', { passive: true }, 400, 'The request could not be completed: missing serial.'],
    ['for no known reason', { serial: '1', reasonCode: 11, passive: true }, 400, 'The request could not be completed: reasonCode out of bounds.'],
    ['in the wrong types', { serial: 1, passive: true }, 400, 'The request could not be completed: error decoding json.'],
    ['without passive', { serial: '1' }, 501, sentence.notImplemented],
  ])('is not %s', async (_what, json, status, message) => {
    const reply = await tenant.ca.send(revokeUrl(), { json });
    expect([reply.status, reply.json()]).toEqual([status, { status, message }]);
  });
});

describe('revocation by a one-time token', () => {
  let enrolled: Enrolled;
  beforeAll(async () => {
    enrolled = await tenant.enrol('device-020');
  });

  it.each<WrongToken>([['another certificate', { sub: '1' }, {}], ...wrongTokens])('refuses one with %s', async (_what, wrong, head) => {
    const reply = await revoke(tenant.ca, { serial: enrolled.serial, ott: oneTimeToken(tenant.servers.provisioner, claims(enrolled.serial, wrong), head) });
    expect([reply.status, reply.json()]).toEqual([401, { status: 401, message: sentence.unauthorized }]);
    expect(tenant.servers.isRevoked(enrolled.serial)).toBe(false);
  });

  it('refuses one that another key signed, or that is no token', async () => {
    const privateJwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
    const forged = oneTimeToken({ ...tenant.servers.provisioner, privateJwk }, claims(enrolled.serial));
    expect((await revoke(tenant.ca, { serial: enrolled.serial, ott: forged })).status).toBe(401);
    expect((await revoke(tenant.ca, { serial: enrolled.serial, ott: 'token' })).status).toBe(401);
  });

  it('needs no certificate, and works once', async () => {
    const ott = oneTimeToken(tenant.servers.provisioner, claims(enrolled.serial));
    const reply = await revoke(tenant.ca, { serial: enrolled.serial, ott });
    expect([reply.status, reply.json()]).toEqual([200, { status: 'ok' }]);
    expect(tenant.servers.isRevoked(enrolled.serial)).toBe(true);
    expect((await revoke(tenant.ca, { serial: enrolled.serial, ott })).status).toBe(401);
    expect((await revoke(tenant.ca, { serial: enrolled.serial, ott: oneTimeToken(tenant.servers.provisioner, claims(enrolled.serial)) })).status).toBe(400);
  });
});

describe('openssl', () => {
  const verify = (leaf: string, more: readonly string[] = []) => run('openssl', ['verify', '-CAfile', join(folder, 'root.pem'), '-untrusted', join(folder, 'above.pem'), '-purpose', 'sslclient', '-x509_strict', ...more, leaf]);
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };

  it('finds the chain in order, and a revoked certificate in the list', async () => {
    await file('root.pem', tenant.servers.rootPem);
    await file('above.pem', `${tenant.servers.issuingPem}${tenant.servers.intermediatePem}`);
    const [good, bad] = [await tenant.enrol('device-030'), await tenant.enrol('device-031')];
    await revoke(tenant.device(bad), { serial: bad.serial });
    const [goodFile, badFile] = [await file('good.pem', good.certificate), await file('bad.pem', bad.certificate)];
    const list = ['-crl_check', '-CRLfile', await file('list.pem', await tenant.servers.revocationList())];
    expect((await verify(goodFile)).stdout).toContain('OK');
    expect((await verify(badFile)).stdout).toContain('OK');
    expect((await verify(goodFile, list)).stdout).toContain('OK');
    await expect(verify(badFile, list)).rejects.toThrow(/certificate revoked/);
  });
});
