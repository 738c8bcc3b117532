import { CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, Attribute, AttributeTypeAndValue, AttributeValue, Extension, Extensions, GeneralName, id_ce_subjectAltName, Name, RelativeDistinguishedName, SubjectAlternativeName, SubjectPublicKeyInfo } from '@peculiar/asn1-x509';
import type { KeyType } from '../../domain/keys';
import type { DeviceKey } from '../../domain/ports';

const commonName = '2.5.4.3';
/** extensionRequest (RFC 2985, 5.4.2). */
const extensionRequest = '1.2.840.113549.1.9.14';
/** Signature algorithms as Custody.sign makes them (RFC 5758, 3.2; RFC 4055, 5; RFC 8410, 3). RSA has NULL parameters, the others none. */
const algorithms: Readonly<Record<KeyType, { readonly oid: string; readonly nullParameters: boolean }>> = {
  'rsa-2048': { oid: '1.2.840.113549.1.1.11', nullParameters: true },
  'rsa-3072': { oid: '1.2.840.113549.1.1.11', nullParameters: true },
  'rsa-4096': { oid: '1.2.840.113549.1.1.11', nullParameters: true },
  'ec-p256': { oid: '1.2.840.10045.4.3.2', nullParameters: false },
  'ec-p384': { oid: '1.2.840.10045.4.3.3', nullParameters: false },
  'ed25519': { oid: '1.3.101.112', nullParameters: false },
};

/**
 * A certificate signing request (PKCS #10, RFC 2986) for a device: CN and the one SAN are its id.
 *
 * SECURITY: the library gets the public key and the finished signature; the private key stays in custody.
 *
 * @returns PEM `CERTIFICATE REQUEST`
 */
export async function certificateRequest(deviceId: string, key: DeviceKey): Promise<string> {
  const subject = new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: commonName, value: new AttributeValue({ utf8String: deviceId }) })])]);
  const alternative = AsnConvert.serialize(new SubjectAlternativeName([new GeneralName({ dNSName: deviceId })]));
  const extensions = AsnConvert.serialize(new Extensions([new Extension({ extnID: id_ce_subjectAltName, critical: false, extnValue: new OctetString(alternative) })]));
  const info = new CertificationRequestInfo({ subject, subjectPKInfo: AsnConvert.parse(key.publicKey.spki, SubjectPublicKeyInfo) });
  info.attributes.push(new Attribute({ type: extensionRequest, values: [extensions] }));
  const signature = await key.sign(new Uint8Array(AsnConvert.serialize(info)));
  const { oid, nullParameters } = algorithms[key.publicKey.type];
  const request = new CertificationRequest({
    certificationRequestInfo: info,
    signatureAlgorithm: new AlgorithmIdentifier({ algorithm: oid, ...(nullParameters ? { parameters: null } : {}) }),
    signature: Uint8Array.from(signature).buffer,
  });
  const lines = Buffer.from(AsnConvert.serialize(request)).toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}
