import { isCommandCode } from './command-codes';
import { ImprintError } from './errors';

/** A device's identity: attribute name → normalised value. The order of attributes carries no meaning. */
export type Identity = Readonly<Record<string, string>>;

/** How one attribute is cleaned before it is checked. */
export type Normalisation = 'trim' | 'lower-case' | 'upper-case' | 'mac';

/** One attribute of a profile's identity scheme. */
export interface IdentityAttribute {
  readonly name: string;
  /** What the normalised value must match as a whole (a JavaScript pattern without anchors). */
  readonly pattern?: string | undefined;
  readonly normalise: readonly Normalisation[];
  /** The attribute that the scanner fills. */
  readonly scan: boolean;
  /** A value that is the same for every device of the profile; it is never asked for. */
  readonly constant?: string | undefined;
}

const macPattern = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

/**
 * A MAC address in the notation of the Mender client: lower case, colons. Accepts colons, hyphens, Cisco's dots and
 * twelve bare digits.
 *
 * @returns the normalised address, or undefined where the text is not a MAC address (IEEE 802, 48 bits)
 */
export function normaliseMac(text: string): string | undefined {
  const trimmed = text.trim().toLowerCase();
  const known =
    /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}$/.test(trimmed) ||
    /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/.test(trimmed) ||
    /^[0-9a-f]{12}$/.test(trimmed);
  if (!known) return undefined;
  const digits = trimmed.replace(/[^0-9a-f]/g, '');
  const mac = digits.match(/../g)?.join(':');
  return mac !== undefined && macPattern.test(mac) ? mac : undefined;
}

/** Why this MAC cannot be a single device's address, or undefined where it can. Group bit and all-zero: IEEE 802-2014, 8.2. */
function macObjection(mac: string): string | undefined {
  if (mac === '00:00:00:00:00:00') return 'is the empty address, which no device has';
  if (mac === 'ff:ff:ff:ff:ff:ff') return 'is the broadcast address, which no device has';
  if ((parseInt(mac.slice(0, 2), 16) & 1) === 1) return 'is a multicast address, which no device has';
  return undefined;
}

function normaliseValue(attribute: IdentityAttribute, given: string): string {
  const field = `identity.${attribute.name}`;
  let value = given;
  for (const step of attribute.normalise) {
    switch (step) {
      case 'trim':
        value = value.trim();
        break;
      case 'lower-case':
        value = value.toLowerCase();
        break;
      case 'upper-case':
        value = value.toUpperCase();
        break;
      case 'mac': {
        const mac = normaliseMac(value);
        const expected = 'a MAC address such as 02:12:61:13:6c:42';
        if (mac === undefined) {
          throw new ImprintError('identity-invalid', `"${printable(given)}" is not a MAC address; ${attribute.name} needs six pairs of hexadecimal digits.`, { field, expected });
        }
        const objection = macObjection(mac);
        if (objection !== undefined) {
          throw new ImprintError('identity-invalid', `${mac} ${objection}; scan the label of the board again.`, { field, expected });
        }
        value = mac;
        break;
      }
    }
  }
  if (value === '') {
    throw new ImprintError('identity-invalid', `${attribute.name} is empty.`, { field, expected: 'a value' });
  }
  if (hasControlCharacter(value)) {
    throw new ImprintError('identity-invalid', `${attribute.name} holds a control character; check the scanner's settings.`, { field, expected: 'printable text' });
  }
  // A command of the bench fits many patterns of serial numbers; scanned at the wrong moment, it must not become a device.
  if (isCommandCode(value)) {
    throw new ImprintError('identity-invalid', `"${printable(value)}" is a command of the bench and no ${attribute.name}.`, { field, expected: 'the label of a board' });
  }
  if (attribute.pattern !== undefined && !new RegExp(`^(?:${attribute.pattern})$`, 'u').test(value)) {
    throw new ImprintError('identity-invalid', `"${printable(value)}" is not a valid ${attribute.name} for this profile.`, {
      field,
      expected: `text that matches ${attribute.pattern}`,
    });
  }
  return value;
}

/** Control characters, line separators, and halves of surrogate pairs, which no JSON reader keeps as they are. */
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

function hasControlCharacter(text: string): boolean {
  return unprintable.test(text);
}

/** What was scanned, short enough and safe to stand inside a sentence. */
function printable(text: string): string {
  const characters = Array.from(text, (character) => (unprintable.test(character) ? '·' : character));
  return characters.length > 60 ? `${characters.slice(0, 60).join('')}…` : characters.join('');
}

/**
 * Reads an identity by a profile's scheme: normalises, checks, adds the constants.
 *
 * @param given attribute name → text as it was scanned, typed or passed on the command line
 * @throws ImprintError identity-unknown-attribute, identity-missing-attribute, identity-invalid
 */
export function readIdentity(scheme: readonly IdentityAttribute[], given: Readonly<Record<string, string>>): Identity {
  const names = scheme.map((attribute) => attribute.name);
  for (const name of Object.keys(given)) {
    const attribute = scheme.find((candidate) => candidate.name === name);
    if (attribute === undefined) {
      throw new ImprintError('identity-unknown-attribute', `The profile has no identity attribute "${printable(name)}".`, {
        field: `identity.${printable(name)}`,
        expected: `one of ${names.join(', ')}`,
      });
    }
    if (attribute.constant !== undefined && given[name] !== attribute.constant) {
      throw new ImprintError('identity-invalid', `The profile fixes ${name} to "${attribute.constant}" for every device.`, {
        field: `identity.${name}`,
        expected: attribute.constant,
      });
    }
  }
  const identity: [string, string][] = [];
  for (const attribute of scheme) {
    if (attribute.constant !== undefined) {
      identity.push([attribute.name, attribute.constant]);
      continue;
    }
    // Only what was really given: "constructor" is a name like any other.
    const value = Object.hasOwn(given, attribute.name) ? given[attribute.name] : undefined;
    if (value === undefined) {
      throw new ImprintError('identity-missing-attribute', `The identity lacks ${attribute.name}.`, {
        field: `identity.${attribute.name}`,
        expected: 'a value for every attribute of the profile',
      });
    }
    identity.push([attribute.name, normaliseValue(attribute, value)]);
  }
  return Object.fromEntries(identity);
}

/** Key-sorted compact JSON: the text by which Mender compares identities, and the record's unique key. */
export function canonicalIdentity(identity: Identity): string {
  // Not JSON.stringify of a sorted object: JavaScript puts names like "9" and "10" in its own order.
  const members = Object.keys(identity)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${JSON.stringify(identity[name])}`);
  return `{${members.join(',')}}`;
}

/** An identity as a person reads it: `mac 02:12:61:13:6c:42, serial 1928819`. */
export function describeIdentity(identity: Identity): string {
  return Object.entries(identity)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
