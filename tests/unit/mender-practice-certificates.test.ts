import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueServerCertificate, openAuthority } from '../../main/servers/practice/practice-certificates';
import { systemClock, systemRandomness } from '../contract/mender-fixture';

const day = 24 * 3600 * 1000;
const at = (text: string) => ({ now: () => new Date(text) });

describe('the certificates of a practice server', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'imprint-certificates-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('come from an authority that signs servers and no further authority', async () => {
    const authority = await openAuthority(undefined, systemClock, systemRandomness);
    const certificate = new X509Certificate(authority.pem);
    expect(certificate.ca).toBe(true);
    expect(certificate.subject).toBe(certificate.issuer);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(authority.key)).toBe(true);
    expect(certificate.raw.includes(basicConstraintsOfAuthority)).toBe(true);
    expect(certificate.raw.includes(keyUsageOfAuthority)).toBe(true);
  });

  it('name the loopback interface in every spelling, for a server only', async () => {
    const authority = await openAuthority(undefined, systemClock, systemRandomness);
    const certificate = new X509Certificate((await issueServerCertificate(authority, systemClock, systemRandomness)).pem);
    const issuer = new X509Certificate(authority.pem);
    expect(certificate.checkIssued(issuer)).toBe(true);
    expect(certificate.verify(issuer.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    expect(certificate.checkHost('mender.example.com')).toBeUndefined();
  });

  it('are valid when they were wished to be, on both sides of 2050', async () => {
    const clock = at('2049-06-01T12:00:00.789Z');
    const authority = await openAuthority(undefined, clock, systemRandomness);
    const { pem } = await issueServerCertificate(authority, clock, systemRandomness);
    const certificate = new X509Certificate(pem);
    const now = Date.parse('2049-06-01T12:00:00Z');
    expect(Date.parse(certificate.validFrom)).toBe(now - day);
    expect(Date.parse(certificate.validTo)).toBe(now + 825 * day);
    expect(Date.parse(new X509Certificate(authority.pem).validTo)).toBe(now + 7300 * day);
  });

  it('keep their authority as long as it outlives a server certificate, and its key with it', async () => {
    const first = await openAuthority(folder, at('2030-01-01T00:00:00Z'), systemRandomness);
    const kept = await openAuthority(folder, at('2040-01-01T00:00:00Z'), systemRandomness);
    expect(kept.pem).toBe(first.pem);
    expect(new X509Certificate(kept.pem).checkPrivateKey(kept.key)).toBe(true);
    const server = new X509Certificate((await issueServerCertificate(kept, at('2040-01-01T00:00:00Z'), systemRandomness)).pem);
    expect(server.checkIssued(new X509Certificate(first.pem))).toBe(true);
    const renewed = await openAuthority(folder, at('2049-01-01T00:00:00Z'), systemRandomness);
    expect(renewed.pem).not.toBe(first.pem);
  });
});

/** Node shows neither: 2.5.29.19, critical, { cA TRUE, pathLenConstraint 0 } and 2.5.29.15, critical, { keyCertSign }. */
const basicConstraintsOfAuthority = Buffer.from('30120603551d130101ff040830060101ff020100', 'hex');
const keyUsageOfAuthority = Buffer.from('300e0603551d0f0101ff040403020204', 'hex');
