import { createHmac } from 'node:crypto';
import type { ErrorCode } from '../../domain/errors';
import { ImprintError } from '../../domain/errors';
import type { MdmIdentity } from './identifiers';
import { separators } from './identifiers';

/**
 * The texts that OpenMDM's signatures are over, byte for byte as @openmdm/core 0.11 makes them: fields in a fixed order,
 * joined by `|`, UTF-8, an absent field as an empty one. Any difference here is a signature that the server refuses.
 */

/** What both ways of enrolling sign. */
export interface EnrolmentFields extends MdmIdentity {
  /** ISO 8601. */
  readonly timestamp: string;
}

/** What a device with a key of its own signs. */
export interface PinnedKeyFields extends EnrolmentFields {
  /** SPKI, DER, standard base64: the server compares this very text later. */
  readonly publicKey: string;
  /** As the server gave it. */
  readonly challenge: string;
}

export interface DeviceRequestFields {
  /** As the server gave it. */
  readonly deviceId: string;
  readonly timestamp: string;
  /** The request's body as it is sent. */
  readonly body: string;
  readonly nonce?: string | undefined;
}

/** Whose fault a field is that cannot be signed; every other is an attribute of the identity. */
const faultOf: Readonly<Partial<Record<string, ErrorCode>>> = { challenge: 'server-reply-invalid', deviceId: 'server-reply-invalid', publicKey: 'unexpected', timestamp: 'unexpected', nonce: 'unexpected' };

/**
 * Two different devices must never sign the same text: `A|B` and nothing would read like `A` and `B`. The server does not
 * look, so it is looked at here.
 *
 * @throws ImprintError identity-invalid, server-reply-invalid, unexpected
 */
function joined(fields: readonly (readonly [name: string, value: string | undefined])[]): string {
  return fields
    .map(([name, value = '']) => {
      // Only the body may hold anything: there are two fields before it and one behind it, none with a separator.
      if (name !== 'body' && separators.test(value)) {
        const code = faultOf[name] ?? 'identity-invalid';
        throw new ImprintError(code, `${name} holds a "|" or a line break, so what OpenMDM signs would be ambiguous.`, {
          field: code === 'identity-invalid' ? `identity.${name}` : name,
          expected: 'text without "|" and line breaks',
        });
      }
      return value;
    })
    .join('|');
}

function enrolmentFields(fields: EnrolmentFields): [string, string | undefined][] {
  return [
    ['model', fields.model],
    ['manufacturer', fields.manufacturer],
    ['osVersion', fields.osVersion],
    ['serialNumber', fields.serialNumber],
    ['imei', fields.imei],
    ['macAddress', fields.macAddress],
    ['androidId', fields.androidId],
    ['method', fields.method],
    ['timestamp', fields.timestamp],
  ];
}

/** Eleven fields, for the device's own key (ECDSA P-256, SHA-256, DER). @throws ImprintError where a field is ambiguous */
export function pinnedKeyMessage(fields: PinnedKeyFields): string {
  return joined([['publicKey', fields.publicKey], ...enrolmentFields(fields), ['challenge', fields.challenge]]);
}

/** Nine fields, for the secret that a fleet shares. @throws ImprintError where a field is ambiguous */
export function sharedSecretMessage(fields: EnrolmentFields): string {
  return joined(enrolmentFields(fields));
}

/** Four fields; without a nonce the text ends with `|`. @throws ImprintError where a field is ambiguous */
export function deviceRequestMessage(fields: DeviceRequestFields): string {
  return joined([
    ['deviceId', fields.deviceId],
    ['timestamp', fields.timestamp],
    ['body', fields.body],
    ['nonce', fields.nonce],
  ]);
}

/** HMAC-SHA256 over the nine fields as lower-case hexadecimal digits: what enrols without a key of the device's own. */
export function sharedSecretSignature(secret: string, message: string): string {
  return createHmac('sha256', secret).update(message, 'utf8').digest('hex');
}
