/** The practice bridge's enrolment: every shape and refusal that was measured at the real one. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeviceKey } from '../support/bridge-practice';
import { newDeviceKey, newRequest, Tenant } from '../support/bridge-practice';

interface Complaint {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
}

const clientAuth = '1.3.6.1.5.5.7.3.2';
const hour = 3600 * 1000;
let tenant: Tenant;
beforeAll(async () => {
  tenant = await Tenant.start();
});
afterAll(() => tenant.close());

const detailOf = (reply: { json(): unknown }): unknown => (reply.json() as { detail: unknown }).detail;

describe('an enrolment in the words of the bridge\'s source', () => {
  it('answers certificate, Sub-CA, address and a file for the VPN', async () => {
    const enrolled = await tenant.enrol('device-001');
    expect(Object.keys(enrolled.reply)).toEqual(['certificate', 'ca_chain', 'wireguard_ip', 'wireguard_config']);
    expect(enrolled.chain).toBe(tenant.servers.issuingPem);
    expect(enrolled.reply['wireguard_ip']).toMatch(/^10\.13\.\d+\.\d+$/);
    expect(tenant.servers.issued()).toContainEqual({ serial: enrolled.serial, deviceId: 'device-001', pem: enrolled.certificate, revoked: false });
  });

  it('gives a certificate whose issuers read device, Tenant Sub-CA, Provider ICA, Provider Root', async () => {
    const { certificate, key } = await tenant.enrol('device-002');
    const leaf = new X509Certificate(certificate);
    const [issuing, intermediate, root] = [tenant.servers.issuingPem, tenant.servers.intermediatePem, tenant.servers.rootPem].map((pem) => new X509Certificate(pem));
    for (const [below, above] of [[leaf, issuing], [issuing, intermediate], [intermediate, root], [root, root]] as const) {
      expect(below?.checkIssued(above as X509Certificate)).toBe(true);
      expect(below?.verify((above as X509Certificate).publicKey)).toBe(true);
    }
    expect(root?.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(tenant.servers.rootFingerprint);
    expect(leaf.subject).toBe('O=Practice Tenant\nOU=Devices\nCN=device-002');
    expect(leaf.subjectAltName).toBe('DNS:device-002');
    expect(leaf.keyUsage).toEqual([clientAuth]);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkPrivateKey(key.privateKey)).toBe(true);
  });

  it('gives it for a day, and a minute back', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const leaf = new X509Certificate((await tenant.enrol('device-003')).certificate);
    const after = Date.now();
    const from = Date.parse(leaf.validFrom);
    expect(from).toBeGreaterThanOrEqual(before - 60_000);
    expect(from).toBeLessThanOrEqual(after - 60_000);
    expect(Date.parse(leaf.validTo) - from).toBe(24 * hour + 60_000);
  });

  it.each(['ec-p256', 'ec-p384', 'ed25519', 'rsa-2048'] as const)('takes a key of kind %s', async (kind) => {
    const key = newDeviceKey(kind);
    const { certificate } = await tenant.enrol(`device-${kind}`, key);
    const leaf = new X509Certificate(certificate);
    expect(leaf.publicKey.export({ format: 'der', type: 'spki' }).equals(key.spki)).toBe(true);
    expect(leaf.verify(new X509Certificate(tenant.servers.issuingPem).publicKey)).toBe(true);
  });

  it('takes a request with the right name once more, and one without any', async () => {
    const key = newDeviceKey();
    expect((await tenant.postEnrol('device-004', await newRequest(key, 'device-004', [{ type: 'dns', value: 'device-004' }]))).status).toBe(200);
    expect((await tenant.postEnrol('device-004', await newRequest(key, undefined))).status).toBe(200);
  });

  it('enrols again with a new key, and keeps the address', async () => {
    const first = await tenant.enrol('device-005');
    const second = await tenant.enrol('device-005');
    expect(second.serial).not.toBe(first.serial);
    expect(second.reply['wireguard_ip']).toBe(first.reply['wireguard_ip']);
    expect(tenant.servers.issued().filter(({ deviceId }) => deviceId === 'device-005')).toHaveLength(2);
  });

  it('makes no key for the VPN, and remembers the public one', async () => {
    const { reply } = await tenant.enrol('device-006', newDeviceKey(), { wg_public_key: 'mQv/yNG1bVGxTKn2KZLNhVKvX3w0HsFa0kyc4Vt5Vk8=' });
    const lines = (reply['wireguard_config'] ?? '').split('\n');
    expect(lines).toContain('PrivateKey = <REPLACE_WITH_DEVICE_PRIVATE_KEY>');
    expect(lines).toContain(`Address = ${reply['wireguard_ip'] ?? ''}/24`);
    expect(lines).toContain('PersistentKeepalive = 25');
    expect(lines.filter((line) => /^(DNS|Endpoint|AllowedIPs) = \S+$/.test(line))).toHaveLength(3);
    expect(lines.find((line) => line.startsWith('PublicKey'))).toMatch(/^PublicKey = [A-Za-z0-9+/]{43}=$/);
    expect(tenant.servers.wireguardPublicKey('device-006')).toBe('mQv/yNG1bVGxTKn2KZLNhVKvX3w0HsFa0kyc4Vt5Vk8=');
    expect(tenant.servers.wireguardPublicKey('device-005')).toBeUndefined();
  });
});

describe('a request that the bridge refuses', () => {
  it('lists all fields that are missing', async () => {
    const reply = await tenant.web.send(tenant.enrolUrl('device-010'), { json: { csr_pem: 'x' } });
    expect(reply.status).toBe(422);
    const complaints = detailOf(reply) as Complaint[];
    expect(complaints.map(({ type, loc, msg }) => ({ type, loc, msg }))).toEqual([
      { type: 'missing', loc: ['body', 'csr'], msg: 'Field required' },
      { type: 'missing', loc: ['body', 'device_name'], msg: 'Field required' },
    ]);
  });

  it.each([
    ['no body', {}, ['body'], 'missing'],
    ['a body that is no JSON', { body: '{"csr": ', headers: { 'content-type': 'application/json' } }, ['body', 8], 'json_invalid'],
    ['a list', { json: [] }, ['body'], 'model_attributes_type'],
    ['text of another type', { body: '{}', headers: { 'content-type': 'text/plain' } }, ['body'], 'model_attributes_type'],
    ['a number for a name', { json: { csr: 'x', device_name: 5 } }, ['body', 'device_name'], 'string_type'],
    ['nothing for a type', { json: { csr: 'x', device_name: 'x', device_type: null } }, ['body', 'device_type'], 'string_type'],
  ])('says what is wrong with %s', async (_what, call, loc, type) => {
    const reply = await tenant.web.send(tenant.enrolUrl('device-010'), { method: 'POST', ...call });
    expect(reply.status).toBe(422);
    expect(detailOf(reply)).toEqual([expect.objectContaining({ loc, type })]);
  });

  it('takes no key for the VPN as one that is not there', async () => {
    expect((await tenant.postEnrol('device-011', await newRequest(newDeviceKey(), 'device-011'), { wg_public_key: null })).status).toBe(200);
  });

  it.each([
    ['no PEM', (): string => 'not a request'],
    ['an empty text', (): string => ''],
    ['PEM of no request', (): string => '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'],
  ])('names the request: %s', async (_what, csr) => {
    const reply = await tenant.postEnrol('device-012', csr());
    expect(reply.status).toBe(422);
    expect(detailOf(reply)).toMatch(/^Invalid CSR: ./);
  });

  it('checks the signature', async () => {
    const der = Buffer.from((await newRequest(newDeviceKey(), 'device-013')).replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    // The subject's last letter: still a request, no longer the one that was signed.
    const at = der.indexOf('device-013') + 9;
    der[at] = 0x34;
    const reply = await tenant.postEnrol('device-014', `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`);
    expect(reply.status).toBe(422);
    expect(detailOf(reply)).toBe('Invalid CSR: CSR signature is invalid');
  });

  it('knows no other path and no other method', async () => {
    expect((await tenant.web.send(`${tenant.servers.bridgeUrl}/devices`)).json()).toEqual({ detail: 'Not Found' });
    expect((await tenant.web.send(`${tenant.servers.bridgeUrl}/devices/a%2Fb/enroll`, { json: {} })).status).toBe(404);
    expect((await tenant.web.send(tenant.enrolUrl('device-015'))).status).toBe(405);
  });
});

describe('a request that the CA refuses', () => {
  const inside = async (id: string, commonName: string | undefined, key: DeviceKey, names: Parameters<typeof newRequest>[2] = []): Promise<{ status: number; message: string }> => {
    const before = tenant.servers.issued().length;
    const reply = await tenant.postEnrol(id, await newRequest(key, commonName, names));
    expect(reply.status).toBe(502);
    const found = /^PKI signing failed: step-ca \/1\.0\/sign returned (\d+): ({.*})\n$/.exec(String(detailOf(reply)));
    expect(tenant.servers.issued()).toHaveLength(before);
    const body = JSON.parse(found?.[2] ?? '{}') as { status: number; message: string };
    expect(body.status).toBe(Number(found?.[1]));
    return body;
  };

  it('is for another device', async () => {
    expect(await inside('device-020', 'device-021', newDeviceKey())).toEqual({
      status: 403,
      message: 'The request was forbidden by the certificate authority: certificate request does not contain the valid common name - got device-021, want device-020.',
    });
  });

  it.each([
    ['name', [{ type: 'dns', value: 'device-020' }, { type: 'dns', value: 'other' }]],
    ['address', [{ type: 'ip', value: '192.0.2.1' }]],
    ['mail address', [{ type: 'email', value: 'device@example.com' }]],
    ['URI', [{ type: 'url', value: 'https://example.com/' }]],
  ] as const)('has one %s too many', async (_what, names) => {
    expect((await inside('device-020', 'device-020', newDeviceKey(), [...names])).status).toBe(403);
  });

  it('has a key that is too short', async () => {
    const { status, message } = await inside('device-020', 'device-020', newDeviceKey('rsa-1024'));
    expect(status).toBe(403);
    expect(message).toContain('RSA key must be at least 2048 bits');
  });

  it('has an id that no certificate can name', async () => {
    expect((await inside('gerät-1', 'gerät-1', newDeviceKey())).status).toBe(500);
  });
});

describe('an id that looks like something else', () => {
  it.each([
    ['00:11:22:33:44:55', 'DNS:00:11:22:33:44:55'],
    ['de:ad:be:ef:00:01', 'URI:de:ad:be:ef:00:01'],
    ['192.0.2.7', 'IP Address:192.0.2.7'],
    ['device@example.com', 'email:device@example.com'],
  ])('%s becomes %s in the certificate, as Go takes it', async (id, name) => {
    expect(new X509Certificate((await tenant.enrol(id)).certificate).subjectAltName).toBe(name);
  });
});

describe('a bridge that is as its walk-through says', () => {
  let documented: Tenant;
  beforeAll(async () => {
    documented = await Tenant.start({ api: 'documented', organization: 'Acme, Inc.', certificateLifetime: 90 * 24 * hour });
  });
  afterAll(() => documented.close());

  it('takes csr_pem alone, and sends the whole chain and a private key for the VPN', async () => {
    const key = newDeviceKey();
    const reply = await documented.web.send(documented.enrolUrl('device-001'), { json: { csr_pem: await newRequest(key, 'device-001') } });
    expect(reply.status).toBe(200);
    const body = reply.json() as Record<string, string>;
    expect(Object.keys(body)).toEqual(['device_id', 'certificate_pem', 'ca_chain_pem', 'wireguard_config']);
    expect(body['device_id']).toBe('device-001');
    expect(body['ca_chain_pem']).toBe(`${documented.servers.issuingPem}${documented.servers.intermediatePem}${documented.servers.rootPem}`);
    const leaf = new X509Certificate(body['certificate_pem'] ?? '');
    expect(leaf.checkPrivateKey(key.privateKey)).toBe(true);
    expect(leaf.subject).toContain('Acme');
    expect(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)).toBe(90 * 24 * hour + 60_000);
    const privateKey = /^PrivateKey = ([A-Za-z0-9+/]{43}=)$/m.exec(body['wireguard_config'] ?? '')?.[1] ?? '';
    const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), Buffer.from(privateKey, 'base64')]);
    const publicKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' }).x ?? '';
    expect(documented.servers.wireguardPublicKey('device-001')).toBe(Buffer.from(publicKey, 'base64url').toString('base64'));
  });

  it('misses csr_pem in the other shape', async () => {
    const reply = await documented.postEnrol('device-002', 'x');
    expect(reply.status).toBe(422);
    expect(detailOf(reply)).toEqual([expect.objectContaining({ type: 'missing', loc: ['body', 'csr_pem'] })]);
  });
});
