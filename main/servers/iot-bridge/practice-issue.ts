// The library's registry of algorithms needs the metadata of classes before it is loaded itself.
import 'reflect-metadata';
import { signingKey, serialNumber, pemOfCertificate, newKeyPair, subjectPublicKeyInfo } from '../practice/practice-certificates';
import * as x509 from '@peculiar/x509';
import type { Clock, Randomness } from '../../domain/ports';
import type { TenantAuthority } from './practice-authority';
import type { SignableRequest } from './practice-requests';

/** How a leaf differs from what the CA would sign; tests ask for one that is wrong. */
export interface LeafWishes {
  readonly commonName?: string | undefined;
  readonly extraName?: string | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  readonly withoutClientAuth?: boolean | undefined;
  /** For a key that nobody has, instead of the request's. */
  readonly anotherKey?: boolean | undefined;
}

export interface Leaf {
  readonly pem: string;
  /** Decimal, as step-ca names certificates. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** step-ca dates certificates one minute back, for devices whose clock is a little behind. */
export const backdateMs = 60_000;

/** @param lifetimeMs validity from now on, in milliseconds */
export async function issueLeaf(authority: TenantAuthority, id: string, request: SignableRequest, lifetimeMs: number, clock: Clock, randomness: Randomness, wishes: LeafWishes = {}): Promise<Leaf> {
  const issuer = new x509.X509Certificate(authority.issuing.pem);
  const issuerKeyIdentifier = issuer.getExtension(x509.SubjectKeyIdentifierExtension);
  const spki = wishes.anotherKey === true ? subjectPublicKeyInfo(newKeyPair().publicKey) : Buffer.from(request.spki);
  const now = clock.now().getTime();
  const commonName = wishes.commonName ?? id;
  const name: x509.JsonGeneralName = wishes.commonName === undefined ? request.name : { type: 'dns', value: wishes.commonName };
  const extraName: x509.JsonGeneralName[] = wishes.extraName === undefined ? [] : [{ type: 'dns', value: wishes.extraName }];
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: [{ O: [authority.organization] }, { OU: ['Devices'] }, { CN: [commonName] }],
      issuer: issuer.subjectName,
      publicKey: spki,
      signingKey: await signingKey(authority.issuing.key),
      notBefore: wishes.from ?? new Date(now - backdateMs),
      notAfter: wishes.until ?? new Date(now + lifetimeMs),
      serialNumber: serialNumber(randomness),
      extensions: [
        keyUsageOf(request),
        new x509.ExtendedKeyUsageExtension([wishes.withoutClientAuth === true ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth]),
        await x509.SubjectKeyIdentifierExtension.create(spki, false, crypto),
        ...(issuerKeyIdentifier === null ? [] : [new x509.AuthorityKeyIdentifierExtension(issuerKeyIdentifier.keyId)]),
        new x509.SubjectAlternativeNameExtension([name, ...extraName]),
      ],
    },
    crypto,
  );
  return { pem: pemOfCertificate(certificate), ...factsOf(certificate) };
}

/** As step-ca's template has it: only RSA can encipher a key. */
function keyUsageOf({ isRsa }: SignableRequest): x509.KeyUsagesExtension {
  if (isRsa) return new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true);
  return new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true);
}

/** The same certificate again with the same length of validity from now on, as step-ca renews. @param pem the current one */
export async function renewLeaf(authority: TenantAuthority, pem: string, clock: Clock, randomness: Randomness): Promise<Leaf> {
  const old = new x509.X509Certificate(pem);
  const issuer = new x509.X509Certificate(authority.issuing.pem);
  const now = clock.now().getTime();
  const validity = old.notAfter.getTime() - old.notBefore.getTime();
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: old.subjectName,
      issuer: issuer.subjectName,
      publicKey: old.publicKey.rawData,
      signingKey: await signingKey(authority.issuing.key),
      notBefore: new Date(now - backdateMs),
      notAfter: new Date(now - backdateMs + validity),
      serialNumber: serialNumber(randomness),
      extensions: old.extensions,
    },
    crypto,
  );
  return { pem: pemOfCertificate(certificate), ...factsOf(certificate) };
}

function factsOf(certificate: x509.X509Certificate): Omit<Leaf, 'pem'> {
  return { serial: BigInt(`0x${certificate.serialNumber}`).toString(), notBefore: certificate.notBefore, notAfter: certificate.notAfter };
}

const { unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold, removeFromCRL, privilegeWithdrawn, aACompromise } = x509.X509CrlReason;
/** By their numbers; 7 is not used (RFC 5280, 5.3.1). */
const crlReasons = [unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold, undefined, removeFromCRL, privilegeWithdrawn, aACompromise];

function reasonOf(code: number): { readonly reason: x509.X509CrlReason } {
  return { reason: crlReasons[code] ?? unspecified };
}

export interface RevokedSerial {
  /** Decimal. */
  readonly serial: string;
  readonly at: Date;
  /** RFC 5280, 5.3.1. */
  readonly reasonCode: number;
}

/** A revocation list of the Tenant Sub-CA (RFC 5280, 5), valid for a day, for parts like a broker that read one. */
export async function revocationList(authority: TenantAuthority, revoked: readonly RevokedSerial[], clock: Clock): Promise<string> {
  const now = clock.now();
  const issuer = new x509.X509Certificate(authority.issuing.pem);
  const issuerKeyIdentifier = issuer.getExtension(x509.SubjectKeyIdentifierExtension);
  const listNumber = Buffer.from(`0206${now.getTime().toString(16).padStart(12, '0')}`, 'hex');
  const list = await x509.X509CrlGenerator.create(
    {
      issuer: issuer.subjectName,
      thisUpdate: now,
      nextUpdate: new Date(now.getTime() + 24 * 60 * 60 * 1000),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      signingKey: await signingKey(authority.issuing.key),
      entries: revoked.map(({ serial, at, reasonCode }) => ({ serialNumber: hexOf(serial), revocationDate: at, ...reasonOf(reasonCode) })),
      // Both are required of a list (RFC 5280, 5.2); a list made later has the higher number.
      extensions: [
        new x509.Extension('2.5.29.20', false, listNumber),
        ...(issuerKeyIdentifier === null ? [] : [new x509.AuthorityKeyIdentifierExtension(issuerKeyIdentifier.keyId)]),
      ],
    },
    crypto,
  );
  // RFC 7468, 6: the library writes `CRL`, which OpenSSL does not read.
  const lines = list.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN X509 CRL-----\n${lines.join('\n')}\n-----END X509 CRL-----\n`;
}

function hexOf(serial: string): string {
  const hex = BigInt(serial).toString(16);
  // A serial number is a positive integer: a first bit that is set would make it a negative one.
  const whole = hex.length % 2 === 0 ? hex : `0${hex}`;
  return parseInt(whole.slice(0, 2), 16) > 0x7f ? `00${whole}` : whole;
}
