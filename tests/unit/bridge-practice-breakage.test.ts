/** What tests of an adapter ask the practice bridge to do wrong, and that it does so exactly once. */
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnrolmentBreakage } from '../../main/servers/iot-bridge/practice-breakage';
import { newDeviceKey, newRequest, Tenant } from '../support/bridge-practice';

const clientAuth = '1.3.6.1.5.5.7.3.2';
let tenant: Tenant;
beforeAll(async () => {
  tenant = await Tenant.start();
});
afterAll(() => tenant.close());

const issuing = () => new X509Certificate(tenant.servers.issuingPem);

async function enrolBroken(breakage: EnrolmentBreakage) {
  tenant.servers.breakNextEnrolment(breakage);
  const enrolled = await tenant.enrol('device-001');
  return { ...enrolled, leaf: new X509Certificate(enrolled.certificate), above: new X509Certificate(enrolled.chain) };
}

async function postBroken(breakage: EnrolmentBreakage, id: string) {
  const before = tenant.servers.issued().length;
  tenant.servers.breakNextEnrolment(breakage);
  const reply = await tenant.postEnrol(id, await newRequest(newDeviceKey(), id));
  return { reply, signed: tenant.servers.issued().length - before };
}

describe('a broken enrolment', () => {
  it('is whole again the next time', async () => {
    await enrolBroken('wrong-name');
    const { leaf } = await enrolBroken('extra-name');
    expect(leaf.subjectAltName).toBe('DNS:device-001, DNS:not-device-001');
    expect(new X509Certificate((await tenant.enrol('device-001')).certificate).subjectAltName).toBe('DNS:device-001');
  });

  it('waits for one that the CA would sign', async () => {
    tenant.servers.breakNextEnrolment('wrong-name');
    expect((await tenant.postEnrol('device-001', await newRequest(newDeviceKey(), 'other'))).status).toBe(502);
    expect(new X509Certificate((await tenant.enrol('device-001')).certificate).subject).toContain('CN=not-device-001');
  });

  it('comes from an authority with other keys and the same names', async () => {
    const { leaf, above } = await enrolBroken('foreign-chain');
    expect(above.subject).toBe(issuing().subject);
    expect(leaf.issuer).toBe(issuing().subject);
    expect(leaf.verify(above.publicKey)).toBe(true);
    expect(leaf.verify(issuing().publicKey)).toBe(false);
    expect(tenant.servers.issued().some(({ pem }) => pem === leaf.toString())).toBe(false);
  });

  it('mixes the right leaf with that authority\'s chain', async () => {
    const { leaf, above } = await enrolBroken('mixed-chain');
    expect(leaf.verify(issuing().publicKey)).toBe(true);
    expect(leaf.verify(above.publicKey)).toBe(false);
  });

  it('is for another key', async () => {
    const { leaf, key } = await enrolBroken('another-key');
    expect(leaf.checkPrivateKey(key.privateKey)).toBe(false);
    expect(leaf.verify(issuing().publicKey)).toBe(true);
  });

  it('is for another name', async () => {
    const { leaf } = await enrolBroken('wrong-name');
    expect(leaf.subject).toContain('CN=not-device-001');
    expect(leaf.subjectAltName).toBe('DNS:not-device-001');
  });

  it('is over, or has not begun', async () => {
    expect(Date.parse((await enrolBroken('expired')).leaf.validTo)).toBeLessThan(Date.now());
    expect(Date.parse((await enrolBroken('not-yet-valid')).leaf.validFrom)).toBeGreaterThan(Date.now());
  });

  it('is for servers only', async () => {
    expect((await enrolBroken('without-client-auth')).leaf.keyUsage).not.toContain(clientAuth);
  });

  it('has a placeholder where the VPN server\'s key should be', async () => {
    expect((await enrolBroken('server-key-placeholder')).reply['wireguard_config']).toMatch(/^PublicKey = <SERVER_PUBLIC_KEY .+>$/m);
  });

  it('ends in the middle', async () => {
    const { reply } = await postBroken('truncated-body', 'device-002');
    expect(reply.status).toBe(200);
    expect(() => reply.json()).toThrow(SyntaxError);
  });

  it.each([
    ['ca-unreachable', 503, /^step-ca unreachable: ./, 0],
    ['hawkbit-unreachable', 503, /^hawkBit unreachable: ./, 1],
    ['hawkbit-failure', 502, /^hawkBit provisioning failed: ./, 1],
  ] as const)('%s is %i, and leaves a certificate where the CA came first', async (breakage, status, words, certificates) => {
    const { reply, signed } = await postBroken(breakage, `device-${breakage}`);
    expect(reply.status).toBe(status);
    expect((reply.json() as { detail: string }).detail).toMatch(words);
    expect(signed).toBe(certificates);
    const { username, password } = tenant.servers.hawkBitUser;
    const target = await tenant.web.send(`${tenant.servers.hawkBitUrl}/rest/v1/targets/device-${breakage}`, { headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` } });
    expect(target.status).toBe(404);
  });

  it('fails inside in plain text, after all was done', async () => {
    const { reply, signed } = await postBroken('internal-error', 'device-003');
    expect([reply.status, reply.text, signed]).toEqual([500, 'Internal Server Error', 1]);
    expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('loses its answer on the way, as any server of the tenant can', async () => {
    tenant.servers.faults.bridge.add({ method: 'POST', path: /\/enroll$/, action: { kind: 'lost-reply' } });
    tenant.servers.faults.stepCa.add({ method: 'GET', path: /^\/health$/, action: { kind: 'reply', status: 502, text: 'Bad Gateway' } });
    const before = tenant.servers.issued().length;
    await expect(tenant.enrol('device-004')).rejects.toThrow();
    expect(tenant.servers.issued()).toHaveLength(before + 1);
    expect((await tenant.ca.send(`${tenant.servers.stepCaUrl}/health`)).status).toBe(502);
    expect((await tenant.ca.send(`${tenant.servers.stepCaUrl}/health`)).status).toBe(200);
  });
});
