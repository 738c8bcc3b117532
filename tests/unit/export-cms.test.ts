/** The CMS signature of exports against openssl, which is what an auditor has. */
import { execFile } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { certificateFingerprint, exportKeyText, parseExportKey, signCms } from '../../main/export/cms';
import type { ExportKey } from '../../main/export/cms';
import { checkCms } from '../../main/export/cms-check';
import { makeExportKey, readPkcs12 } from '../../main/export/export-certificate';

let folder: string;
let key: ExportKey;
const now = new Date();
const manifest = Buffer.from('{"format": "imprint-export/v1"}\r\n');

const path = (name: string): string => join(folder, name);

function openssl(...args: string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile('openssl', args, { cwd: folder }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }));
  });
}

const verifies = (): ReturnType<typeof openssl> => openssl('cms', '-verify', '-binary', '-inform', 'DER', '-in', 'manifest.json.p7s', '-content', 'manifest.json', '-CAfile', 'cert.pem', '-out', 'content');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-cms-'));
  key = await makeExportKey('Line A, "Ünit" = 1', now);
  writeFileSync(path('manifest.json'), manifest);
  writeFileSync(path('cert.pem'), key.certificate);
  writeFileSync(path('manifest.json.p7s'), signCms(manifest, key, now));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the CMS signature of a manifest', () => {
  it('is accepted by openssl and by our own check, and refused over anything else', async () => {
    expect(await verifies()).toEqual({ code: 0, output: 'CMS Verification successful\n' });
    expect(readFileSync(path('content'))).toEqual(manifest);
    const signature = readFileSync(path('manifest.json.p7s'));
    expect(await checkCms(signature, manifest, key.certificate)).toEqual({ subject: expect.stringContaining('= 1: exports of Imprint'), fingerprint: certificateFingerprint(key.certificate) });
    const changed = Buffer.from(manifest);
    changed[3] = (changed[3] ?? 0) ^ 1;
    writeFileSync(path('manifest.json'), changed);
    const refused = await verifies();
    writeFileSync(path('manifest.json'), manifest);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain('Verification failure');
    expect(await checkCms(signature, changed, key.certificate)).toEqual({ problem: 'manifest.json is not what was signed' });
  });

  it('has SHA-256, signed attributes with the time, and the certificate, in the order of DER', async () => {
    const { output } = await openssl('cms', '-cmsout', '-print', '-inform', 'DER', '-in', 'manifest.json.p7s');
    expect(output).toMatch(/digestAlgorithm:\s+algorithm: sha256/);
    const attributes = ['contentType (1.2.840.113549.1.9.3)', 'signingTime (1.2.840.113549.1.9.5)', 'messageDigest (1.2.840.113549.1.9.4)'];
    const places = attributes.map((attribute) => output.indexOf(attribute));
    expect(places).toEqual([...places].sort((one, other) => one - other));
    expect(places[0]).toBeGreaterThan(0);
    expect(output).toContain('exports of Imprint');
    expect(output).toMatch(/eContent: <ABSENT>/);
    expect((await openssl('x509', '-in', 'cert.pem', '-noout', '-text')).output).toMatch(/Public-Key: \(3072 bit\)[\s\S]+Digital Signature, Non Repudiation/);
  });

  it('finds every turned bit of the signature itself', async () => {
    const signature = readFileSync(path('manifest.json.p7s'));
    const accepted: number[] = [];
    for (let at = 0; at < signature.length; at += 1) {
      const turned = Buffer.from(signature);
      turned[at] = (turned[at] ?? 0) ^ 0x10;
      const result = await checkCms(turned, manifest, key.certificate);
      // A bit of a certificate or of an unsigned name may be without meaning; what holds then must still be our certificate.
      if ('fingerprint' in result && result.fingerprint !== certificateFingerprint(key.certificate)) accepted.push(at);
    }
    expect(accepted).toEqual([]);
    const tail = Buffer.from(signature);
    tail[tail.length - 1] = (tail.at(-1) ?? 0) ^ 1;
    expect(await checkCms(tail, manifest, key.certificate)).toHaveProperty('problem');
  });

  it('is not taken from another certificate', async () => {
    const other = await makeExportKey('Other', now);
    const foreign = signCms(manifest, other, now);
    expect(await checkCms(foreign, manifest, key.certificate)).toEqual({ problem: 'another certificate signed it than the one in the export' });
    expect(await checkCms(Buffer.from('nothing'), manifest, key.certificate)).toEqual({ problem: 'it is no CMS signature' });
  });
});

describe('the key of exports', () => {
  it('is the same after it was kept as text', () => {
    const kept = parseExportKey(exportKeyText(key));
    expect(kept?.certificate).toBe(key.certificate);
    expect(kept?.privateKey.equals(key.privateKey)).toBe(true);
    expect(parseExportKey('nothing')).toBeUndefined();
    expect(parseExportKey(key.certificate)).toBeUndefined();
  });

  const make = async (name: string, newKey: readonly string[], pack: readonly string[] = []): Promise<Buffer> => {
    await openssl('req', '-x509', '-newkey', ...newKey, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', '/CN=Audit GmbH', '-days', '30');
    const packed = await openssl('pkcs12', '-export', '-inkey', `${name}.key`, '-in', `${name}.pem`, '-out', `${name}.p12`, '-passout', 'pass:gehëim', ...pack);
    expect(packed.code).toBe(0);
    return readFileSync(path(`${name}.p12`));
  };

  it.each([
    ['as openssl makes it', []],
    ['as older programs make it', ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
    ['with a key that is not encrypted', ['-keypbe', 'NONE']],
  ])('comes from PKCS#12 %s', async (_, options) => {
    const imported = readPkcs12(await make('own', ['rsa:2048'], options), 'gehëim', new Date());
    expect(imported.privateKey.equals(createPrivateKey(readFileSync(path('own.key'))))).toBe(true);
    writeFileSync(path('imported.p7s'), signCms(manifest, imported, now));
    expect(await openssl('cms', '-verify', '-binary', '-inform', 'DER', '-in', 'imported.p7s', '-content', 'manifest.json', '-CAfile', 'own.pem', '-out', 'content')).toMatchObject({ code: 0 });
  });

  it('brings its chain', async () => {
    await openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Authority', '-days', '30');
    await openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=Leaf');
    await openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-out', 'leaf.pem');
    await openssl('pkcs12', '-export', '-inkey', 'leaf.key', '-in', 'leaf.pem', '-certfile', 'ca.pem', '-out', 'leaf.p12', '-passout', 'pass:a');
    const imported = readPkcs12(readFileSync(path('leaf.p12')), 'a', new Date());
    expect(imported.chain).toHaveLength(1);
    writeFileSync(path('leaf.p7s'), signCms(manifest, imported, now));
    expect(await openssl('cms', '-verify', '-binary', '-inform', 'DER', '-in', 'leaf.p7s', '-content', 'manifest.json', '-CAfile', 'ca.pem', '-out', 'content')).toMatchObject({ code: 0 });
    expect(await checkCms(readFileSync(path('leaf.p7s')), manifest, imported.certificate)).toMatchObject({ subject: 'CN=Leaf' });
  });

  it('is refused with a wrong password, of another kind, too short, expired, or from no such file', async () => {
    const good = await make('own', ['rsa:2048']);
    expect(() => readPkcs12(good, 'wrong', new Date())).toThrow(expect.objectContaining({ code: 'export-key-invalid', message: expect.stringContaining('password is wrong') }));
    expect(() => readPkcs12(Buffer.from('nothing'), 'gehëim', new Date())).toThrow(expect.objectContaining({ code: 'export-key-invalid' }));
    expect(() => readPkcs12(good, 'gehëim', new Date('2001-01-01'))).toThrow('valid from');
    const curve = await make('curve', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
    expect(() => readPkcs12(curve, 'gehëim', new Date())).toThrow('no RSA key');
    const short = await make('short', ['rsa:1024']);
    expect(() => readPkcs12(short, 'gehëim', new Date())).toThrow('1024 bits');
  });
});
