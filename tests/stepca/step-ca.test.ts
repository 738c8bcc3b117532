/** The practice CA beside a real one of smallstep's library: the same questions, and the answers must be alike. */
// The library's registry of algorithms needs the metadata of classes before it is loaded itself.
import 'reflect-metadata';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyKind, Reply } from '../support/bridge-practice';
import { keyKinds, newDeviceKey, newRequest, oneTimeToken, wrongTokens } from '../support/bridge-practice';
import type { Authority, Device } from './authorities';
import { ask, claimsFor, enrolled, practiceAuthority, realAuthority } from './authorities';

/** The extension in which smallstep's library notes the provisioner; the practice CA leaves it out. */
const provisionerExtension = '1.3.6.1.4.1.37476.9000.64.1';
let practice: Authority;
let real: Authority;
beforeAll(async () => {
  [practice, real] = await Promise.all([practiceAuthority(), realAuthority()]);
});
afterAll(() => Promise.all([practice.close(), real.close()]));

/** Asks both. */
async function both<Answer>(question: (authority: Authority) => Promise<Answer>): Promise<{ practice: Answer; real: Answer }> {
  return { practice: await question(practice), real: await question(real) };
}

async function expectAlike<Answer>(question: (authority: Authority) => Promise<Answer>): Promise<Answer> {
  const answers = await both(question);
  expect(answers.practice).toEqual(answers.real);
  return answers.real;
}

const withoutSerial = (text: string, serial: string): string => text.replaceAll(serial, 'SERIAL');
const facts = (reply: Reply, serial = 'SERIAL') => ({ status: reply.status, contentType: reply.headers['content-type'], body: JSON.parse(withoutSerial(reply.text, serial)) as unknown });

/** What two certificates for the same request have in common. */
function shape(pem: string) {
  const node = new X509Certificate(pem);
  const certificate = new x509.X509Certificate(pem);
  const extensions = certificate.extensions.filter(({ type }) => type !== provisionerExtension);
  return {
    subject: node.subject,
    issuer: node.issuer,
    names: node.subjectAltName,
    ca: node.ca,
    keyType: node.publicKey.asymmetricKeyType,
    signature: certificate.signatureAlgorithm,
    validity: Date.parse(node.validTo) - Date.parse(node.validFrom),
    extensions: extensions.map(({ type, critical }) => `${type} ${String(critical)}`).sort(),
    extendedKeyUsage: node.keyUsage,
    keyUsage: certificate.getExtension(x509.KeyUsagesExtension)?.usages,
  };
}

describe('sign', () => {
  it.each(keyKinds.filter((kind) => kind !== 'rsa-1024'))('makes the same of a key of kind %s', async (kind) => {
    const { practice: ours, real: theirs } = await both((authority) => enrolled(authority, 'device-001', newDeviceKey(kind)));
    expect(shape(ours.certificate)).toEqual(shape(theirs.certificate));
  });

  it.each(['00:11:22:33:44:55', 'de:ad:be:ef:00:01', 'DE-AD-BE-EF-00-01', '192.0.2.7', '2001:db8::1', 'device@example.com', 'Pump 7', 'x_1'])('takes the id %s for the same kind of name', async (id) => {
    await expectAlike(async (authority) => shape((await enrolled(authority, id)).certificate).names);
  });

  it.each([
    ['another name', 'device-002', 'device-001', 'ec-p256', []],
    ['one DNS name too many', 'device-001', 'device-001', 'ec-p256', [{ type: 'dns', value: 'device-001' }, { type: 'dns', value: 'other' }]],
    ['another DNS name', 'device-001', 'device-001', 'ec-p256', [{ type: 'dns', value: 'other' }]],
    ['an address', 'device-001', 'device-001', 'ec-p256', [{ type: 'ip', value: '192.0.2.1' }]],
    ['a mail address', 'device-001', 'device-001', 'ec-p256', [{ type: 'email', value: 'device@example.com' }]],
    ['a URI', 'device-001', 'device-001', 'ec-p256', [{ type: 'url', value: 'https://example.com/' }]],
    ['a DNS name for a MAC that is no DNS name', 'de:ad:be:ef:00:01', 'de:ad:be:ef:00:01', 'ec-p256', [{ type: 'dns', value: 'de:ad:be:ef:00:01' }]],
    ['a key that is too short', 'device-001', 'device-001', 'rsa-1024', []],
    ['an id that is no ASCII', 'gerät-1', 'gerät-1', 'ec-p256', []],
  ] satisfies [string, string, string, KeyKind, x509.JsonGeneralNames][])('refuses %s in the same words', async (_what, id, commonName, kind, names) => {
    const { body, status } = await expectAlike(async (authority) => authority.sign(id, await newRequest(newDeviceKey(kind), commonName, names)));
    expect([400, 403, 500]).toContain(status);
    expect(Object.keys(body)).toEqual(['status', 'message']);
  });

  it('takes a request without any name', async () => {
    await expectAlike(async (authority) => (await authority.sign('device-001', await newRequest(newDeviceKey(), undefined))).status);
  });
});

describe('what is public', () => {
  it.each(['/health', '/1.0/health'])('%s', async (path) => {
    await expectAlike(async (authority) => facts(await ask(authority, path)));
  });

  it.each(['/roots.pem', '/1.0/roots.pem'])('%s', async (path) => {
    const { status, contentType } = await expectAlike(async (authority) => {
      const reply = await ask(authority, path);
      expect(reply.text).toBe(authority.rootPem);
      return { status: reply.status, contentType: reply.headers['content-type'] };
    });
    expect([status, contentType]).toEqual([200, 'application/x-pem-file']);
  });

  it('/roots', async () => {
    await expectAlike(async (authority) => {
      const reply = await ask(authority, '/roots');
      return { status: reply.status, text: reply.text.trim().replace(JSON.stringify(authority.rootPem), 'ROOT') };
    });
  });
});

const renew = (authority: Authority, device?: Device) => ask(authority, '/1.0/renew', undefined, device, 'POST');
const revoke = (authority: Authority, body: unknown, device?: Device) => ask(authority, '/1.0/revoke', body, device, 'POST');

describe('a path that is none', () => {
  it.each(['/nothing', '/1.0/nothing', '/1.0/renew'])('%s', async (path) => {
    const { status } = await expectAlike(async (authority) => {
      const reply = await ask(authority, path);
      return { status: reply.status, contentType: reply.headers['content-type'], text: reply.text };
    });
    expect(status).toBe(path === '/1.0/renew' ? 405 : 404);
  });
});

describe('renew', () => {
  it('answers the same fields, and the same certificate with a new time', async () => {
    const replies = await both(async (authority) => {
      const device = await enrolled(authority, 'device-010');
      const reply = await renew(authority, device);
      const { crt, ca, certChain, ...rest } = reply.json() as { crt: string; ca: string; certChain: string[] };
      expect(ca).toBe(authority.issuingPem);
      expect(certChain).toEqual([crt, authority.issuingPem, authority.intermediatePem]);
      expect(shape(crt)).toEqual(shape(device.certificate));
      return { status: reply.status, fields: Object.keys(reply.json() as object), rest };
    });
    expect(replies.practice).toEqual(replies.real);
    expect(replies.real.status).toBe(201);
  });

  it('wants a certificate', async () => {
    expect((await expectAlike(async (authority) => facts(await renew(authority)))).status).toBe(400);
  });

  it('refuses one that was revoked', async () => {
    const { status } = await expectAlike(async (authority) => {
      const device = await enrolled(authority, 'device-011');
      await revoke(authority, { serial: device.serial, passive: true }, device);
      return facts(await renew(authority, device));
    });
    expect(status).toBe(401);
  });

  it('has no connection for a certificate of another CA', async () => {
    const [ours, theirs] = [await enrolled(practice, 'device-012'), await enrolled(real, 'device-012')];
    await expect(renew(practice, theirs)).rejects.toThrow();
    await expect(renew(real, ours)).rejects.toThrow();
  });
});

describe('revoke', () => {
  it('works once for a certificate by itself', async () => {
    const answers = await expectAlike(async (authority) => {
      const device = await enrolled(authority, 'device-020');
      const first = facts(await revoke(authority, { serial: device.serial, reasonCode: 1, reason: 'lost', passive: true }, device));
      return [first, facts(await revoke(authority, { serial: device.serial, passive: true }, device), device.serial)];
    });
    expect(answers.map(({ status }) => status)).toEqual([200, 400]);
  });

  it('is for the certificate\'s own serial number', async () => {
    const { status } = await expectAlike(async (authority) => facts(await revoke(authority, { serial: '1', passive: true }, await enrolled(authority, 'device-021'))));
    expect(status).toBe(400);
  });

  it.each([
    ['no certificate and no token', { serial: '1', passive: true }, 400],
    ['no serial number', { passive: true }, 400],
    ['a reason too high', { serial: '1', reasonCode: 11, passive: true }, 400],
    ['a reason below zero', { serial: '1', reasonCode: -1, passive: true }, 400],
    ['an active one', { serial: '1', passive: false }, 501],
    ['nothing about passive', { serial: '1' }, 501],
    ['a number for a serial number', { serial: 1, passive: true }, 400],
    ['a list', [], 400],
    ['nothing at all', undefined, 400],
  ])('says the same to %s', async (_what, body, status) => {
    expect((await expectAlike(async (authority) => facts(await revoke(authority, body)))).status).toBe(status);
  });

  it('works once with a token, without a certificate', async () => {
    const answers = await expectAlike(async (authority) => {
      const { serial } = await enrolled(authority, 'device-022');
      const ott = oneTimeToken(authority.provisioner, claimsFor(authority, '/1.0/revoke', serial));
      const another = oneTimeToken(authority.provisioner, claimsFor(authority, '/1.0/revoke', serial));
      return [
        facts(await revoke(authority, { serial, ott, passive: true })),
        facts(await revoke(authority, { serial, ott, passive: true }), serial),
        facts(await revoke(authority, { serial, ott: another, passive: true }), serial),
      ];
    });
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 400]);
  });

  it('takes a serial number that was never given', async () => {
    await expectAlike(async (authority) => facts(await revoke(authority, { serial: '4711', ott: oneTimeToken(authority.provisioner, claimsFor(authority, '/1.0/revoke', '4711')), passive: true })));
  });

  it.each(wrongTokens)('refuses a token with %s', async (_what, wrong, head) => {
    const { status } = await expectAlike(async (authority) => {
      const { serial } = await enrolled(authority, 'device-023');
      return facts(await revoke(authority, { serial, ott: oneTimeToken(authority.provisioner, claimsFor(authority, '/1.0/revoke', serial, wrong), head), passive: true }));
    });
    expect(status).toBe(401);
  });

  it.each([
    ['without the port', (): Record<string, unknown> => ({ aud: 'https://127.0.0.1/1.0/revoke' })],
    ['with the old path', (): Record<string, unknown> => ({ aud: 'https://localhost/revoke' })],
    ['among others', (): Record<string, unknown> => ({ aud: ['https://ca.example.com/', 'https://127.0.0.1:9/1.0/revoke'] })],
    ['and no id of its own', (): Record<string, unknown> => ({ jti: undefined })],
  ])('takes a token for this CA %s', async (_what, right) => {
    const { status } = await expectAlike(async (authority) => {
      const { serial } = await enrolled(authority, 'device-024');
      return facts(await revoke(authority, { serial, ott: oneTimeToken(authority.provisioner, claimsFor(authority, '/1.0/revoke', serial, right())), passive: true }));
    });
    expect(status).toBe(200);
  });

  it('refuses a token that another key signed', async () => {
    const privateJwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
    const { status } = await expectAlike(async (authority) => {
      const { serial } = await enrolled(authority, 'device-025');
      return facts(await revoke(authority, { serial, ott: oneTimeToken({ ...authority.provisioner, privateJwk }, claimsFor(authority, '/1.0/revoke', serial)), passive: true }));
    });
    expect(status).toBe(401);
  });

  it('differs on purpose: the real CA takes a token for another certificate', async () => {
    const answers = await both(async (authority) => {
      const { serial } = await enrolled(authority, 'device-026');
      return (await revoke(authority, { serial, ott: oneTimeToken(authority.provisioner, claimsFor(authority, '/1.0/revoke', '1')), passive: true })).status;
    });
    expect(answers).toEqual({ practice: 401, real: 200 });
  });
});
