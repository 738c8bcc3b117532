// The library's registry of algorithms needs the metadata of classes before it is loaded itself.
import 'reflect-metadata';
import { createPrivateKey, generateKeyPair, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';

import * as x509 from '@peculiar/x509';
import forge from 'node-forge';

import { ImprintError } from '../domain/errors';
import { exportKeyProblem } from './cms';
import type { ExportKey } from './cms';

const day = 24 * 60 * 60 * 1000;
/** Evidence is kept for long, and nobody renews a certificate in an archive. */
const years = 25;
const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

/**
 * The station's own key for exports: RSA-3072 with a certificate that it signs itself, for signatures only.
 *
 * @param name of the station, for the person who looks at the certificate
 */
export async function makeExportKey(name: string, now: Date): Promise<ExportKey> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 3072 });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  // As an object: in a string of this library a quotation mark, a comma or an equals sign would be syntax.
  const subject = new x509.Name([{ CN: [{ utf8String: `${name}: exports of Imprint` }] }]);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject,
      issuer: subject,
      publicKey: spki,
      signingAlgorithm: algorithm,
      signingKey: await crypto.subtle.importKey('pkcs8', privateKey.export({ format: 'der', type: 'pkcs8' }), algorithm, false, ['sign']),
      // A workstation's clock may be set back by hand.
      notBefore: new Date(now.getTime() - day),
      notAfter: new Date(now.getTime() + years * 365.25 * day),
      serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex'),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.nonRepudiation, true),
        await x509.SubjectKeyIdentifierExtension.create(spki, false, crypto),
      ],
    },
    crypto,
  );
  return { privateKey, certificate: `${certificate.toString('pem')}\n`, chain: [] };
}

/**
 * The key and certificates of a PKCS#12 file (RFC 7292), as a certification authority gives them to a person or a station.
 *
 * SECURITY: Node reads no PKCS#12 by itself, so node-forge has this one key in memory while the file is imported.
 *
 * @throws ImprintError export-key-invalid for a wrong password, a file that is none, or a key that cannot sign exports
 */
export function readPkcs12(bytes: Uint8Array, password: string, now: Date): ExportKey {
  const { keys, certificates } = openPkcs12(bytes, password);
  const [key] = keys;
  if (keys.length !== 1 || key === undefined) throw invalid(`it has ${keys.length} private keys, and one is needed`);
  const privateKey = readKey(key);
  const own = certificates.find((pem) => new X509Certificate(pem).checkPrivateKey(privateKey));
  if (own === undefined) throw invalid('it has no certificate of its key');
  const read: ExportKey = { privateKey, certificate: own, chain: certificates.filter((pem) => pem !== own) };
  const problem = exportKeyProblem(read, now);
  if (problem !== undefined) throw invalid(problem);
  return read;
}

interface Opened {
  readonly keys: readonly forge.asn1.Asn1[];
  /** PEM. */
  readonly certificates: readonly string[];
}

function openPkcs12(bytes: Uint8Array, password: string): Opened {
  const { asn1, util } = forge;
  const read = (): forge.asn1.Asn1 => asn1.fromDer(util.createBuffer(Buffer.from(bytes).toString('binary')));
  try {
    return contentOf(read(), password);
  } catch (thrown) {
    try {
      // Beyond ASCII the two halves of a file want two forms of a password (RFC 7292, B.1; RFC 8018, 5.2): the library
      // knows one at a time. Its checksum is left out then; that the certificate fits the key is asked below.
      return contentOf(withoutMac(read()), util.encodeUtf8(password));
    } catch {
      throw invalid('the password is wrong, or the file is damaged or no PKCS#12', thrown);
    }
  }
}

function contentOf(file: forge.asn1.Asn1, password: string): Opened {
  const { pki, pkcs12 } = forge;
  const opened = pkcs12.pkcs12FromAsn1(file, password);
  const bags = (type: string | undefined): readonly forge.pkcs12.Bag[] => opened.getBags({ bagType: type ?? '' })[type ?? ''] ?? [];
  const keys = [...bags(pki.oids['pkcs8ShroudedKeyBag']), ...bags(pki.oids['keyBag'])].map((bag) => (bag.key ? pki.privateKeyToAsn1(bag.key) : bag.asn1));
  return { keys, certificates: bags(pki.oids['certBag']).map(pemOf) };
}

/** PFX is version, content, and optionally its checksum (RFC 7292, 4). */
function withoutMac(file: forge.asn1.Asn1): forge.asn1.Asn1 {
  const parts = file.value;
  return Array.isArray(parts) ? { ...file, value: parts.slice(0, 2) } : file;
}

/** Certificates with another kind of key than RSA are there without having been read. */
function pemOf(bag: forge.pkcs12.Bag): string {
  const der = forge.asn1.toDer(bag.cert ? forge.pki.certificateToAsn1(bag.cert) : bag.asn1).getBytes();
  return `${new X509Certificate(Buffer.from(der, 'binary')).toString().trim()}\n`;
}

function readKey(key: forge.asn1.Asn1): ExportKey['privateKey'] {
  const der = Buffer.from(forge.asn1.toDer(key).getBytes(), 'binary');
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs1' });
  } catch {
    // A key that node-forge does not know stays in its PKCS#8.
    try {
      return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    } catch (thrown) {
      throw invalid('its private key is of a kind that cannot be read', thrown);
    }
  } finally {
    der.fill(0);
  }
}

function invalid(what: string, cause?: unknown): ImprintError {
  return new ImprintError('export-key-invalid', `This PKCS#12 file cannot sign exports: ${what}.`, { field: 'FILE', expected: 'an RSA key of 2048 bits or more with its certificate', cause });
}
