// The library's registry of algorithms needs the metadata of classes before it is loaded itself.
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { CertificateFacts } from '../../domain/certificates';
import { ImprintError } from '../../domain/errors';
import type { PublicKey } from '../../domain/keys';
import type { BridgeOptions } from './options';

/** A leaf, two authorities and a root are usual; more than this is no chain of this kind. */
const longestChain = 6;
const clientAuthentication = '1.3.6.1.5.5.7.3.2';

export interface CheckedChain {
  readonly leaf: CertificateFacts;
  /** Authorities above the leaf in their order, without the root, PEM. */
  readonly authorities: readonly string[];
  readonly root: string;
}

interface Expectation {
  readonly deviceId: string;
  readonly publicKey: PublicKey;
  readonly now: Date;
}

function invalid(sentence: string): ImprintError {
  return new ImprintError('server-reply-invalid', `${sentence} Nothing was written.`, { field: 'server.options.trust' });
}

/** The certificates in a PEM text, in their order. @throws ImprintError server-reply-invalid */
export function certificatesIn(pem: string, what: string): X509Certificate[] {
  // The walk-through's own page shows line breaks as HTML; a server that copied it would send them so.
  const blocks = pem.replaceAll('<br>', '\n').match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  try {
    return (blocks ?? []).map((block) => new X509Certificate(block));
  } catch {
    throw invalid(`The server's ${what} holds a certificate that cannot be read.`);
  }
}

/**
 * Checks all that a device, and whoever it talks to, will rely on: the chain from the leaf to the pinned root, the key, the names,
 * the purpose and the time (RFC 5280, 6.1, as far as these chains go).
 *
 * @throws ImprintError server-reply-invalid with the one thing that is wrong
 */
export function checkChain(certificatePem: string, chainPem: string, options: Pick<BridgeOptions, 'trust' | 'clockSkew'>, expected: Expectation): CheckedChain {
  const [leaf, ...beside] = certificatesIn(certificatePem, 'certificate');
  if (leaf === undefined) throw invalid('The server sent no certificate.');
  checkLeaf(leaf, expected);
  checkTime(leaf, 'The device\'s certificate', options, expected.now);
  const pool = [...beside, ...certificatesIn(chainPem, 'certificate chain'), ...certificatesIn(options.trust.intermediates ?? '', 'profile')];
  const roots = [...certificatesIn(options.trust.root ?? '', 'profile'), ...pool].filter((candidate) => isPinned(candidate, options.trust));
  const path: X509Certificate[] = [];
  let current = leaf;
  for (;;) {
    const root = roots.find((candidate) => issued(candidate, current));
    if (root !== undefined) {
      checkTime(root, 'The root certificate', options, expected.now);
      return { leaf: factsOf(leaf), authorities: path.map((each) => each.toString()), root: root.toString() };
    }
    const next = pool.find((candidate) => candidate !== current && !path.includes(candidate) && issued(candidate, current));
    if (next === undefined) throw invalid(describeBreak(current, leaf, roots.length));
    checkTime(next, `The certificate of the authority ${commonNameOf(next)}`, options, expected.now);
    path.push(next);
    if (path.length >= longestChain) throw invalid('The certificate chain does not come to an end.');
    current = next;
  }
}

function describeBreak(at: X509Certificate, leaf: X509Certificate, roots: number): string {
  const issuer = commonNameOfText(at.issuer);
  if (roots === 0) return 'The root that the profile pins by its fingerprint is neither in the profile nor in the reply: put its PEM file into server.options.trust.rootFile.';
  const whose = at === leaf ? 'The device\'s certificate' : `The certificate of ${commonNameOf(at)}`;
  return `${whose} was issued by ${issuer}, and that does not lead to the root that the profile pins: a foreign authority, or an authority in between that server.options.trust.intermediatesFile must name.`;
}

function checkLeaf(leaf: X509Certificate, { deviceId, publicKey }: Expectation): void {
  const spki = leaf.publicKey.export({ format: 'der', type: 'spki' });
  if (!spki.equals(Buffer.from(publicKey.spki))) throw invalid('The certificate is for another key than the one that was made for this device.');
  const names = new x509.X509Certificate(leaf.raw);
  const subject = names.subjectName.getField('CN');
  if (subject.length !== 1 || subject[0] !== deviceId) throw invalid(`The certificate is made out to "${subject.join(', ')}" and not to ${deviceId}.`);
  const alternative = names.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
  const other = alternative.find(({ type, value }) => type !== 'dns' || value !== deviceId);
  if (other !== undefined) throw invalid(`The certificate names ${other.value} besides ${deviceId}.`);
  if (alternative.length === 0) throw invalid(`The certificate does not name ${deviceId} as its alternative name.`);
  if (leaf.ca) throw invalid('The device\'s certificate is one of an authority: it could sign others.');
  const usages = names.getExtension(x509.ExtendedKeyUsageExtension)?.usages.map(String) ?? [];
  if (!usages.includes(clientAuthentication)) throw invalid('The certificate may not be used by a client (clientAuth is missing): no server would let the device in.');
}

function checkTime(certificate: X509Certificate, what: string, { clockSkew }: Pick<BridgeOptions, 'clockSkew'>, now: Date): void {
  const from = Date.parse(certificate.validFrom);
  const until = Date.parse(certificate.validTo);
  const skew = clockSkew * 1000;
  if (from > now.getTime() + skew) throw invalid(`${what} is not valid before ${new Date(from).toISOString()}: the clock of this workstation or of the authority is wrong.`);
  if (until <= now.getTime() - skew) throw invalid(`${what} has expired on ${new Date(until).toISOString()}: the clock of this workstation or of the authority is wrong, or the authority must be renewed.`);
  if (until <= now.getTime()) throw invalid(`${what} ends before the device could use it.`);
}

function isPinned(certificate: X509Certificate, { root, rootSha256 }: BridgeOptions['trust']): boolean {
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  if (rootSha256 !== undefined) return fingerprint === rootSha256;
  return certificatesIn(root ?? '', 'profile').some((pinned) => pinned.fingerprint256 === certificate.fingerprint256);
}

/** Whether one certificate really signed another, and may. */
function issued(authority: X509Certificate, certificate: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

export function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    serial: certificate.serialNumber.toLowerCase().replace(/^0+(?=.)/, ''),
    issuer: certificate.issuer.split('\n').join(', '),
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    pem: certificate.toString(),
  };
}

function commonNameOf(certificate: X509Certificate): string {
  return commonNameOfText(certificate.subject);
}

function commonNameOfText(name: string): string {
  return /^CN=(.*)$/m.exec(name)?.[1] ?? name.split('\n').join(', ');
}
