// The library's registry of algorithms needs the metadata of classes before it is loaded itself.
import 'reflect-metadata';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newKeyPair, pemOfCertificate, pemOfKey, serialNumber, signingKey, subjectPublicKeyInfo } from '../practice/practice-certificates';
import * as x509 from '@peculiar/x509';
import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { Clock, Randomness } from '../../domain/ports';
import type { PracticeAuthority } from '../practice/practice-certificates';
import { replaceFile } from '../practice/practice-journal';

/** The provisioner of the tenant's CA: who holds this key may ask for certificates and revoke them. */
export interface PracticeProvisioner {
  readonly name: string;
  /** RFC 7638 thumbprint of the public key. */
  readonly keyId: string;
  readonly publicKey: KeyObject;
  readonly privateJwk: JsonWebKey;
}

/**
 * Provider Root, Provider ICA, Tenant Sub-CA: what stands above a device's certificate.
 * SECURITY: all keys in here are the practice server's own, and never a device's.
 */
export interface TenantAuthority {
  readonly organization: string;
  readonly root: PracticeAuthority;
  readonly intermediate: PracticeAuthority;
  readonly issuing: PracticeAuthority;
  readonly provisioner: PracticeProvisioner;
  /** Public half of the VPN server's X25519 key, base64 of 32 bytes. */
  readonly wireguardPublicKey: string;
}

export interface TenantAuthorityWishes {
  readonly organization: string;
  readonly provisionerName: string;
}

const day = 24 * 60 * 60 * 1000;
const fileName = 'practice-tenant-authority.json';
const levelSchema = z.object({ certificate: z.string(), key: z.string() });
const fileSchema = z.object({
  format: z.literal(1),
  organization: z.string(),
  root: levelSchema,
  intermediate: levelSchema,
  issuing: levelSchema,
  provisionerName: z.string(),
  provisionerKey: z.string(),
  wireguardPublicKey: z.string(),
});
type AuthorityFile = z.infer<typeof fileSchema>;

/**
 * The tenant's authority of this folder, made at the first start; without a folder a new one for this run.
 *
 * @throws ImprintError record-corrupt where the folder's file is not of its own making
 */
export async function openTenantAuthority(folder: string | undefined, wishes: TenantAuthorityWishes, clock: Clock, randomness: Randomness): Promise<TenantAuthority> {
  const path = folder === undefined ? undefined : join(folder, fileName);
  const kept = path === undefined ? undefined : await readAuthority(path);
  if (kept !== undefined && new x509.X509Certificate(kept.issuing.certificate).notAfter.getTime() > clock.now().getTime() + 900 * day) return opened(kept);
  const made = await makeAuthority(wishes, clock, randomness);
  if (path !== undefined) await replaceFile(path, `${JSON.stringify(made)}\n`);
  return opened(made);
}

/** An authority for forged replies: other keys under the very same names. */
export async function forgeTenantAuthority(genuine: TenantAuthority, clock: Clock, randomness: Randomness): Promise<TenantAuthority> {
  return opened(await makeAuthority({ organization: genuine.organization, provisionerName: genuine.provisioner.name }, clock, randomness));
}

async function readAuthority(path: string): Promise<AuthorityFile | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ImprintError('record-corrupt', `${path} is not of the practice server's own making; remove its folder to start empty.`, { cause });
  }
}

async function makeAuthority(wishes: TenantAuthorityWishes, clock: Clock, randomness: Randomness): Promise<AuthorityFile> {
  const root = await makeLevel({ commonName: 'Practice Provider Root CA', below: 2, days: 7300 }, undefined, wishes, clock, randomness);
  const intermediate = await makeLevel({ commonName: 'Practice Provider ICA', below: 1, days: 5475 }, root, wishes, clock, randomness);
  const issuing = await makeLevel({ commonName: `${wishes.organization} Sub-CA`, below: 0, days: 3650 }, intermediate, wishes, clock, randomness);
  const text = ({ key, pem }: PracticeAuthority) => ({ certificate: pem, key: pemOfKey(key) });
  return {
    format: 1,
    organization: wishes.organization,
    root: text(root),
    intermediate: text(intermediate),
    issuing: text(issuing),
    provisionerName: wishes.provisionerName,
    provisionerKey: pemOfKey(newKeyPair().privateKey),
    wireguardPublicKey: newWireGuardKeys().publicKey,
  };
}

interface Level {
  readonly commonName: string;
  /** How many CAs may follow below this one (pathLenConstraint, RFC 5280, 4.2.1.9). */
  readonly below: number;
  readonly days: number;
}

async function makeLevel(level: Level, above: PracticeAuthority | undefined, wishes: TenantAuthorityWishes, clock: Clock, randomness: Randomness): Promise<PracticeAuthority> {
  const { privateKey, publicKey } = newKeyPair();
  const now = clock.now().getTime();
  const subject: x509.JsonName = [{ O: [wishes.organization] }, { CN: [level.commonName] }];
  const keyIdentifier = await x509.SubjectKeyIdentifierExtension.create(subjectPublicKeyInfo(publicKey), false, crypto);
  const issuer = above === undefined ? undefined : new x509.X509Certificate(above.pem);
  const issuerKeyIdentifier = issuer?.getExtension(x509.SubjectKeyIdentifierExtension) ?? keyIdentifier;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject,
      issuer: issuer?.subjectName ?? subject,
      publicKey: subjectPublicKeyInfo(publicKey),
      signingKey: await signingKey(above?.key ?? privateKey),
      notBefore: new Date(now - day),
      notAfter: new Date(now + level.days * day),
      serialNumber: serialNumber(randomness),
      extensions: [
        new x509.BasicConstraintsExtension(true, level.below, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        keyIdentifier,
        new x509.AuthorityKeyIdentifierExtension(issuerKeyIdentifier.keyId),
      ],
    },
    crypto,
  );
  return { key: privateKey, pem: pemOfCertificate(certificate) };
}

function opened(file: AuthorityFile): TenantAuthority {
  const level = ({ certificate, key }: z.infer<typeof levelSchema>): PracticeAuthority => ({ pem: certificate, key: createPrivateKey(key) });
  const provisionerKey = createPrivateKey(file.provisionerKey);
  const publicKey = createPublicKey(provisionerKey);
  return {
    organization: file.organization,
    root: level(file.root),
    intermediate: level(file.intermediate),
    issuing: level(file.issuing),
    provisioner: { name: file.provisionerName, keyId: thumbprint(publicKey), publicKey, privateJwk: provisionerKey.export({ format: 'jwk' }) },
    wireguardPublicKey: file.wireguardPublicKey,
  };
}

/** RFC 7638: SHA-256 over the required members in the order of their names, base64url. */
function thumbprint(key: KeyObject): string {
  const { crv, kty, x, y } = key.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** An X25519 pair as WireGuard writes it: base64 of the 32 bytes that end both encodings (RFC 8410). */
export function newWireGuardKeys(): { readonly privateKey: string; readonly publicKey: string } {
  const pair = generateKeyPairSync('x25519');
  return {
    privateKey: pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64'),
    publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64'),
  };
}
