import { X509Certificate } from 'node:crypto';

import { ContentInfo, CryptoEngine, setEngine, SignedData } from 'pkijs';
import type { Certificate } from 'pkijs';

import { certificateFingerprint } from './cms';

/** Who signed a manifest. */
export interface CmsSignature {
  /** As the certificate has it. */
  readonly subject: string;
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string;
}

/**
 * Checks a detached CMS signature with other code than made it. Whether the certificate is to be trusted is for the person
 * who compares its fingerprint, or for openssl with an authority.
 *
 * @param certificate PEM of the one that must have signed
 * @returns who signed, or why it does not hold, as a clause
 */
export async function checkCms(signature: Uint8Array, content: Uint8Array, certificate: string): Promise<CmsSignature | { readonly problem: string }> {
  setEngine('node', new CryptoEngine({ name: 'node', crypto }));
  let signed: SignedData;
  try {
    const info = ContentInfo.fromBER(exactly(signature));
    if (info.contentType !== ContentInfo.SIGNED_DATA) return { problem: 'it is no signature' };
    signed = new SignedData({ schema: info.content });
  } catch {
    return { problem: 'it is no CMS signature' };
  }
  if (signed.signerInfos.length !== 1) return { problem: `it has ${signed.signerInfos.length} signers, and an export has one` };
  const verified = await signed.verify({ signer: 0, data: exactly(content), checkChain: false, extendedMode: true }).catch((thrown: unknown) => ({
    signatureVerified: false,
    signerCertificate: undefined,
    message: thrown instanceof Error ? thrown.message : '',
  }));
  if (verified.signatureVerified !== true) return { problem: 'manifest.json is not what was signed' };
  const signer = readCertificate(verified.signerCertificate);
  if (signer === undefined || certificateFingerprint(signer.raw) !== certificateFingerprint(certificate)) return { problem: 'another certificate signed it than the one in the export' };
  return { subject: signer.subject.replaceAll('\n', ', '), fingerprint: certificateFingerprint(signer.raw) };
}

/** The library takes the whole buffer under a view. */
function exactly(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function readCertificate(certificate: Certificate | null | undefined): X509Certificate | undefined {
  try {
    return certificate ? new X509Certificate(Buffer.from(certificate.toSchema().toBER())) : undefined;
  } catch {
    return undefined;
  }
}
