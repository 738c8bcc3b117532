// The library's registry of algorithms needs the metadata of classes before it is loaded itself.
import 'reflect-metadata';
import { createPublicKey } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { PracticeProblem } from '../practice/practice-http';

/** A certificate request that the CA would sign for this device. */
export interface SignableRequest {
  readonly spki: Uint8Array;
  readonly isRsa: boolean;
  readonly name: x509.JsonGeneralName;
}

/** What step-ca answers where it has no words of its own for the outside. */
const seeLogs = 'Please see the certificate authority logs for more info.';
export const caWords = {
  badRequest: (reason: string) => `The request could not be completed: ${reason}.`,
  unauthorized: `The request lacked necessary authorization to be completed. ${seeLogs}`,
  forbidden: (reason: string) => `The request was forbidden by the certificate authority: ${reason}.`,
  internal: `The certificate authority encountered an Internal Server Error. ${seeLogs}`,
  notImplemented: `The requested method is not implemented by the certificate authority. ${seeLogs}`,
};

const forbidden = (reason: string): PracticeProblem => new PracticeProblem(403, caWords.forbidden(reason));
const ellipticCurves = ['prime256v1', 'secp384r1', 'secp521r1'];

/**
 * Reads a request (PKCS#10, RFC 2986) and checks its signature, as the bridge does before the CA sees it.
 *
 * @throws PracticeProblem 422
 */
export async function readCertificateRequest(pem: string): Promise<x509.Pkcs10CertificateRequest> {
  const invalid = (reason: string): PracticeProblem => new PracticeProblem(422, `Invalid CSR: ${reason}`);
  const unreadable = 'Unable to load PEM file. See https://cryptography.io/en/latest/faq/#why-can-t-i-import-my-pem-file for more details. MalformedFraming';
  const block = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----\s+([A-Za-z0-9+/=\s]+?)-----END (?:NEW )?CERTIFICATE REQUEST-----/.exec(pem)?.[1];
  if (block === undefined) throw invalid(unreadable);
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(Buffer.from(block, 'base64'));
  } catch {
    throw invalid('error parsing asn1 value: ParseError { kind: InvalidValue }');
  }
  if (!(await request.verify(crypto).catch(() => false))) throw invalid('CSR signature is invalid');
  return request;
}

/**
 * The rules by which the CA signs for one subject: its name and nothing else, and a key that is strong enough.
 *
 * @throws PracticeProblem 400, 403, 500 with the CA's words
 */
export function signableFor(id: string, request: x509.Pkcs10CertificateRequest): SignableRequest {
  const [commonName = ''] = request.subjectName.getField('CN');
  // An empty common name is no wrong one: the CA writes the subject itself.
  if (commonName !== '' && commonName !== id) throw forbidden(`certificate request does not contain the valid common name - got ${commonName}, want ${id}`);
  const spki = Buffer.from(request.publicKey.rawData);
  const { isRsa } = checkKey(spki);
  const name = generalName(id);
  checkNames(request, name);
  // Subject alternative names are IA5 strings (RFC 5280, 4.2.1.6): Go refuses to write this one, long after all checks.
  if (!/^\p{ASCII}*$/u.test(id)) throw new PracticeProblem(500, caWords.internal);
  return { spki, isRsa, name };
}

function checkKey(spki: Buffer): { readonly isRsa: boolean } {
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const type = key.asymmetricKeyType;
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (type === 'rsa') {
    if (modulusLength < 2048) throw forbidden('certificate request RSA key must be at least 2048 bits (256 bytes)');
    return { isRsa: true };
  }
  if (type === 'ed25519' || (type === 'ec' && ellipticCurves.includes(namedCurve))) return { isRsa: false };
  throw new PracticeProblem(400, caWords.badRequest(`certificate request key of type '${type ?? 'unknown'}' is not supported`));
}

/** Each kind of name that the request has must be there with exactly what the CA would write. */
function checkNames(request: x509.Pkcs10CertificateRequest, wanted: x509.JsonGeneralName): void {
  const asked = request.getExtension('2.5.29.17');
  if (!(asked instanceof x509.SubjectAlternativeNameExtension)) return;
  const names = asked.names.toJSON();
  const kinds = [['dns', 'DNS names'], ['email', 'email addresses'], ['ip', 'IP addresses'], ['url', 'URIs']] as const;
  for (const [kind, words] of kinds) {
    const got = new Set(names.filter(({ type }) => type === kind).map(({ value }) => value));
    const want = wanted.type === kind ? [wanted.value] : [];
    if (got.size === 0) continue;
    if (got.size !== want.length || !want.every((value) => got.has(value))) {
      throw forbidden(`certificate request does not contain the valid ${words} - got [${[...got].join(' ')}], want [${want.join(' ')}]`);
    }
  }
}

/**
 * The kind of name that the CA takes an id for: what looks like an address or has a scheme is no DNS name. A MAC that begins
 * with a letter (`de:ad:…`) has the scheme `de`; one that begins with a digit has none.
 */
export function generalName(id: string): x509.JsonGeneralName {
  if (isIP(id) !== 0) return { type: 'ip', value: id };
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(id)) return { type: 'url', value: id };
  if (id.includes('@')) return { type: 'email', value: id };
  return { type: 'dns', value: id };
}
