// The library's registry of algorithms needs the metadata of classes before it is loaded itself.
import 'reflect-metadata';
import type { KeyObject } from 'node:crypto';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { Clock, Randomness } from '../../domain/ports';
import { replaceFile } from './practice-journal';

/** The practice server's own authority. SECURITY: its key stands for this practice server only, never for a device. */
export interface PracticeAuthority {
  readonly key: KeyObject;
  readonly pem: string;
}

/** What the server's certificate says; tests ask for one that is wrong. */
export interface CertificateWishes {
  readonly names?: readonly string[] | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
}

const day = 24 * 60 * 60 * 1000;
export const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const authorityName = 'Imprint practice authority';
const fileName = 'practice-authority.pem';

export const newKeyPair = () => generateKeyPairSync('ec', { namedCurve: algorithm.namedCurve });
export const subjectPublicKeyInfo = (key: KeyObject) => key.export({ format: 'der', type: 'spki' });
/** The key as the library wants it: it signs with Web Cryptography, not with node:crypto. */
export const signingKey = (key: KeyObject) => crypto.subtle.importKey('pkcs8', key.export({ format: 'der', type: 'pkcs8' }), algorithm, false, ['sign']);
export const pemOfKey = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();
export const pemOfCertificate = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`;
/** As an object: in a string, a comma or an equals sign would be syntax (RFC 4514). */
const distinguishedName = (commonName: string): x509.JsonName => [{ CN: [commonName] }];
export const serialNumber = (randomness: Randomness): string => randomness.uuid().replaceAll('-', '');

/** The authority of this folder, made at the first start; without a folder a new one for this run. */
export async function openAuthority(folder: string | undefined, clock: Clock, randomness: Randomness): Promise<PracticeAuthority> {
  if (folder !== undefined) {
    const kept = await readFile(join(folder, fileName), 'utf8').catch(() => '');
    const pem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/.exec(kept)?.[0];
    if (pem !== undefined && new x509.X509Certificate(pem).notAfter.getTime() > clock.now().getTime() + 900 * day) return { key: createPrivateKey(kept), pem };
  }
  const { privateKey, publicKey } = newKeyPair();
  const now = clock.now().getTime();
  const keyIdentifier = await x509.SubjectKeyIdentifierExtension.create(subjectPublicKeyInfo(publicKey), false, crypto);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: distinguishedName(authorityName),
      issuer: distinguishedName(authorityName),
      publicKey: subjectPublicKeyInfo(publicKey),
      signingKey: await signingKey(privateKey),
      notBefore: new Date(now - day),
      notAfter: new Date(now + 7300 * day),
      serialNumber: serialNumber(randomness),
      extensions: [
        // A CA that may not sign further CAs, for signing certificates only (RFC 5280, 4.2.1.9 and 4.2.1.3).
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        keyIdentifier,
        new x509.AuthorityKeyIdentifierExtension(keyIdentifier.keyId),
      ],
    },
    crypto,
  );
  const pem = pemOfCertificate(certificate);
  if (folder !== undefined) await replaceFile(join(folder, fileName), `${pem}${pemOfKey(privateKey)}`);
  return { key: privateKey, pem };
}

/** A key and certificate for this run of the server: it needs not outlive it, the authority does. */
export async function issueServerCertificate(authority: PracticeAuthority, clock: Clock, randomness: Randomness, wishes: CertificateWishes = {}): Promise<{ readonly key: string; readonly pem: string }> {
  const { privateKey, publicKey } = newKeyPair();
  const now = clock.now().getTime();
  const names = wishes.names ?? ['localhost', '127.0.0.1', '::1'];
  const issuer = new x509.X509Certificate(authority.pem);
  // Copied and not computed again: RFC 5280, 4.2.1.1 wants the issuer's own, however it was made.
  const issuerKeyIdentifier = issuer.getExtension(x509.SubjectKeyIdentifierExtension);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: distinguishedName(names[0] ?? 'localhost'),
      issuer: issuer.subjectName,
      publicKey: subjectPublicKeyInfo(publicKey),
      signingKey: await signingKey(authority.key),
      notBefore: wishes.from ?? new Date(now - day),
      notAfter: wishes.until ?? new Date(now + 825 * day),
      serialNumber: serialNumber(randomness),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }))),
        await x509.SubjectKeyIdentifierExtension.create(subjectPublicKeyInfo(publicKey), false, crypto),
        ...(issuerKeyIdentifier === null ? [] : [new x509.AuthorityKeyIdentifierExtension(issuerKeyIdentifier.keyId)]),
      ],
    },
    crypto,
  );
  return { key: pemOfKey(privateKey), pem: pemOfCertificate(certificate) };
}
