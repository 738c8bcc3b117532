import { ImprintError } from '../../domain/errors';
import type { Identity } from '../../domain/identity';
import { canonicalIdentity, normaliseMac } from '../../domain/identity';

/** How a device comes to its enrolment, in OpenMDM's words. */
export const enrolmentMethods = ['qr', 'nfc', 'zero-touch', 'knox', 'manual', 'app-only', 'adb'] as const;
export type EnrolmentMethod = (typeof enrolmentMethods)[number];

/** What tells a device from others. The first that is present is its enrollmentId at the server, so the order is a rule. */
export const identifierNames = ['macAddress', 'serialNumber', 'imei', 'androidId'] as const;
/** What every device must say besides; usually constants of the profile. */
const descriptionNames = ['model', 'manufacturer', 'osVersion', 'method'] as const;
export const mdmAttributes: readonly string[] = [...identifierNames, ...descriptionNames];

type IdentifierName = (typeof identifierNames)[number];

/** An identity as the server takes it. */
export interface MdmIdentity extends Readonly<Partial<Record<IdentifierName, string | undefined>>> {
  readonly model: string;
  readonly manufacturer: string;
  readonly osVersion: string;
  readonly method: EnrolmentMethod;
}

/** Characters for which the server's columns have room (its Drizzle schema); a longer value ends there as a bare 500. */
const mostCharacters: Readonly<Partial<Record<string, number>>> = { model: 255, manufacturer: 255, osVersion: 50, serialNumber: 255 };

/** What makes a signed message ambiguous, because its fields are joined by `|` in one line. */
export const separators = /[|\r\n\u2028\u2029]/;

function invalid(name: string, sentence: string, expected: string): ImprintError {
  return new ImprintError('identity-invalid', sentence, { field: `identity.${name}`, expected });
}

/**
 * Reads an Imprint identity, whose attributes have OpenMDM's own names.
 *
 * No value is changed here: the server compares texts, so what it is told must be what the record and the card say. The
 * profile's `normalise` is the place for notations.
 *
 * @param usualMethod of an identity that names none
 * @throws ImprintError identity-unknown-attribute, identity-missing-attribute, identity-invalid
 */
export function readMdmIdentity(identity: Identity, usualMethod?: EnrolmentMethod): MdmIdentity {
  const unknown = Object.keys(identity).find((name) => !mdmAttributes.includes(name));
  if (unknown !== undefined) {
    throw new ImprintError('identity-unknown-attribute', `OpenMDM has no identity attribute ${unknown}; rename or remove it in the profile.`, { field: `identity.${unknown}`, expected: `one of ${mdmAttributes.join(', ')}` });
  }
  const valueOf = (name: string): string | undefined => (Object.hasOwn(identity, name) ? checked(name, identity[name] ?? '') : undefined);
  const required = (name: string): string => {
    const value = valueOf(name);
    if (value === undefined) {
      throw new ImprintError('identity-missing-attribute', `OpenMDM enrols no device without ${name}; add it to the profile's identity, as a constant where all devices share it.`, { field: `identity.${name}`, expected: 'a value' });
    }
    return value;
  };
  const model = required('model');
  const manufacturer = required('manufacturer');
  const osVersion = required('osVersion');
  const method = readMethod(valueOf('method') ?? usualMethod ?? required('method'));
  const identifiers = Object.fromEntries(
    identifierNames.flatMap((name): [IdentifierName, string][] => {
      const value = valueOf(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  if (Object.keys(identifiers).length === 0) {
    throw new ImprintError('identity-missing-attribute', `Nothing tells this device from others: OpenMDM needs at least one of ${identifierNames.join(', ')}.`, { field: 'identity', expected: `one of ${identifierNames.join(', ')}` });
  }
  return { ...identifiers, model, manufacturer, osVersion, method };
}

/**
 * The name under which the server keeps the device: the first identifier that is present.
 *
 * @throws ImprintError identity-missing-attribute
 */
export function enrollmentIdOf(identity: MdmIdentity): string {
  // An empty text counts as absent, as it does at the server.
  const id = identifierNames.map((name) => identity[name]).find((value) => value !== undefined && value !== '');
  if (id === undefined) {
    throw new ImprintError('identity-missing-attribute', `Nothing tells this device from others: OpenMDM needs at least one of ${identifierNames.join(', ')}.`, { field: 'identity', expected: `one of ${identifierNames.join(', ')}` });
  }
  return id;
}

/** The same of any identity; the server knows a device by this alone, so an update of its system makes it no other one. */
export function identifierOf(identity: Identity): string {
  return identifierNames.map((name) => identity[name]).find((value) => value !== undefined && value !== '') ?? canonicalIdentity(identity);
}

function readMethod(value: string): EnrolmentMethod {
  const method = enrolmentMethods.find((known) => known === value);
  if (method === undefined) throw invalid('method', `OpenMDM knows no enrolment method "${value}".`, `one of ${enrolmentMethods.join(', ')}`);
  return method;
}

/** One value as it stands. @throws ImprintError identity-invalid */
function checked(name: string, value: string): string {
  if (value.trim() === '') throw invalid(name, `${name} is empty.`, 'a value');
  if (separators.test(value)) {
    throw invalid(name, `${name} holds a "|" or a line break, which OpenMDM's signatures cannot tell from the end of the value.`, 'text without "|" and line breaks');
  }
  const most = mostCharacters[name];
  if (most !== undefined && Array.from(value).length > most) throw invalid(name, `${name} is longer than OpenMDM can keep.`, `at most ${String(most)} characters`);
  if (name === 'imei') checkImei(value);
  if (name === 'macAddress' && normaliseMac(value) !== value) {
    throw invalid(name, `${value} is not a MAC address in the notation that OpenMDM's devices are kept under; give macAddress the normalisation "mac" in the profile.`, 'a MAC address such as 02:12:61:13:6c:42');
  }
  if (name === 'androidId' && !/^[0-9a-f]{16}$/.test(value)) {
    throw invalid(name, `"${value}" is not an Android ID, which has 16 hexadecimal digits in lower case.`, '16 hexadecimal digits in lower case');
  }
  return value;
}

/** 14 digits and their check digit by Luhn's formula (3GPP TS 23.003, 6.2.1 and annex B). */
function checkImei(imei: string): void {
  const expected = '15 digits with a check digit';
  if (/^\d{14}$/.test(imei)) throw invalid('imei', `The IMEI ${imei} lacks its check digit; scan or type all 15 digits.`, expected);
  if (/^\d{16}$/.test(imei)) throw invalid('imei', `${imei} has 16 digits: that is an IMEISV, with the software's version at its end; use the IMEI.`, expected);
  if (!/^\d{15}$/.test(imei)) throw invalid('imei', `"${imei}" is not an IMEI, which has 15 digits.`, expected);
  if (luhnSum(imei) % 10 !== 0) throw invalid('imei', `The check digit of the IMEI ${imei} is wrong: a digit was misread; scan or type it again.`, expected);
  if (/^0+$/.test(imei)) throw invalid('imei', 'The IMEI of zeros alone is that of a device that never got one.', expected);
}

function luhnSum(digits: string): number {
  return Array.from(digits, Number)
    .reverse()
    .map((digit, at) => (at % 2 === 0 ? digit : digit * 2 > 9 ? digit * 2 - 9 : digit * 2))
    .reduce((sum, digit) => sum + digit, 0);
}
