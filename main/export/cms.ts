import { createHash, createPrivateKey, privateEncrypt, constants, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import forge from 'node-forge';

/** What signs the manifests of exports. */
export interface ExportKey {
  /** RSA. */
  readonly privateKey: KeyObject;
  /** PEM. */
  readonly certificate: string;
  /** PEM of what leads from it to an authority, where it was imported with that. */
  readonly chain: readonly string[];
}

/** DigestInfo of SHA-256 up to the hash itself (RFC 8017, 9.2, note 1). */
const sha256Prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/**
 * A detached CMS signature (RFC 5652) over bytes: SHA-256, RSA PKCS#1 v1.5, signed attributes, certificates included.
 *
 * SECURITY: node-forge would keep the private key as numbers and text that nothing erases. It gets a signer that asks
 * OpenSSL's relative in this process instead, and never sees the key.
 *
 * @returns DER
 */
export function signCms(content: Uint8Array, { privateKey, certificate, chain }: ExportKey, at: Date): Buffer {
  const message = forge.pkcs7.createSignedData();
  message.content = forge.util.createBuffer(Buffer.from(content).toString('binary'));
  message.addCertificate(certificate);
  const signer = {
    sign(digest: forge.md.MessageDigest): string {
      const hash = Buffer.from(digest.digest().getBytes(), 'binary');
      return privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([sha256Prefix, hash])).toString('binary');
    },
  };
  const { contentType, signingTime, messageDigest, data, sha256 } = forge.pki.oids;
  message.addSigner({
    // Its type asks for the numbers of a whole key; only this method is ever called.
    key: signer as unknown as forge.pki.rsa.PrivateKey,
    certificate,
    digestAlgorithm: sha256 ?? '',
    // In the order of their DER, as a SET OF has them (RFC 5652, 5.3); the digest itself is filled in.
    authenticatedAttributes: [
      { type: contentType ?? '', value: data ?? '' },
      { type: signingTime ?? '', value: at as unknown as string },
      { type: messageDigest ?? '' },
    ],
  });
  message.sign({ detached: true });
  const signed = message.toAsn1();
  putCertificates(signed, [certificate, ...chain].map((pem) => asn1Of(new X509Certificate(pem).raw)));
  return Buffer.from(forge.asn1.toDer(signed).getBytes(), 'binary');
}

/**
 * Puts certificates and the signer's issuer in as they are. The library writes names anew, which goes wrong beyond ASCII,
 * and reads no certificate of another key than RSA, which an authority may have.
 */
function putCertificates(message: forge.asn1.Asn1, certificates: readonly forge.asn1.Asn1[]): void {
  const [, explicit] = partsOf(message);
  const [, , , set, signerInfos] = partsOf(partsOf(explicit)[0]);
  const [, signerId] = partsOf(partsOf(signerInfos)[0]);
  const fields = partsOf(partsOf(certificates[0])[0]);
  // Version where there is one, serial number, algorithm, issuer (RFC 5280, 4.1).
  const issuer = fields[fields[0]?.tagClass === forge.asn1.Class.CONTEXT_SPECIFIC ? 3 : 2];
  if (set === undefined || signerId === undefined || issuer === undefined) throw new TypeError('The message or the certificate is of another form than expected.');
  set.value = [...certificates];
  signerId.value = [issuer, ...partsOf(signerId).slice(1)];
}

function asn1Of(der: Uint8Array): forge.asn1.Asn1 {
  const options = { strict: true, decodeBitStrings: false };
  return forge.asn1.fromDer(forge.util.createBuffer(Buffer.from(der).toString('binary')), options as unknown as boolean);
}

/** None where it is not constructed: the caller asks for each part by its place. */
function partsOf(node: forge.asn1.Asn1 | undefined): readonly forge.asn1.Asn1[] {
  return Array.isArray(node?.value) ? node.value : [];
}

/** Why a key and a certificate do not go together for this, as a clause; undefined where they do. */
export function exportKeyProblem({ privateKey, certificate }: ExportKey, now: Date): string | undefined {
  if (privateKey.asymmetricKeyType !== 'rsa') return 'its key is no RSA key';
  const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < 2048) return `its RSA key has ${bits} bits, and 2048 is the least`;
  const read = new X509Certificate(certificate);
  if (!read.checkPrivateKey(privateKey)) return 'its certificate is not the one of its key';
  if (read.validToDate < now || read.validFromDate > now) return `its certificate is valid from ${read.validFromDate.toISOString()} to ${read.validToDate.toISOString()}`;
  return undefined;
}

/**
 * Key and certificate as text, for a keyring.
 *
 * SECURITY: this string stays in memory until it is collected. It is the key that signs exports, never one of a device.
 */
export function exportKeyText({ privateKey, certificate, chain }: ExportKey): string {
  return [privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), certificate, ...chain].map((pem) => `${pem.trim()}\n`).join('');
}

/** The inverse of `exportKeyText`; undefined for anything else. */
export function parseExportKey(text: string): ExportKey | undefined {
  const [certificate, ...chain] = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n/g) ?? [];
  if (certificate === undefined) return undefined;
  try {
    return { privateKey: createPrivateKey(text), certificate, chain };
  } catch {
    return undefined;
  }
}

/** @returns SHA-256 of a certificate's DER, hexadecimal: by which people compare it */
export function certificateFingerprint(certificate: string | Uint8Array): string {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex');
}
