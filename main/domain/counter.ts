import { ImprintError } from './errors';
import { canonicalIdentity, readIdentity, type Identity, type IdentityAttribute } from './identity';

/** One attribute of a counter: a text that stays, and digits of one width that count. */
export interface CountingAttribute {
  readonly name: string;
  /** What stands in front of the digits: an OUI, the letters of a serial number. */
  readonly prefix: string;
  readonly first: number;
  /** Digits, with zeros in front. */
  readonly width: number;
  readonly base: 10 | 16;
  /** From one device to the next; boards with two interfaces take two addresses. */
  readonly step: number;
  readonly upperCase: boolean;
}

/** Identities that are counted and not listed. It has its profile's scheme in itself, so that the record can count alone. */
export interface Counter {
  readonly scheme: readonly IdentityAttribute[];
  readonly attributes: readonly CountingAttribute[];
}

/** A counting attribute as a person writes it. */
export interface GivenCount {
  readonly name: string;
  readonly prefix: string;
  /** The first digits, as many as there always are: `000100`, `00ff`. */
  readonly first: string;
  readonly hexadecimal: boolean;
  readonly step: number;
}

/** Beyond it the counter would be looked through for too long when it is made. */
export const mostCounted = 1_000_000;

/** @throws ImprintError batch-invalid naming the attribute */
export function readCounter(scheme: readonly IdentityAttribute[], given: readonly GivenCount[], quantity: number): Counter {
  if (quantity > mostCounted) {
    throw new ImprintError('batch-invalid', `A counter makes at most ${mostCounted.toLocaleString('en')} identities: make several batches.`, { field: 'quantity', expected: `1 to ${String(mostCounted)}` });
  }
  const named = new Set<string>();
  for (const { name } of given) {
    const attribute = scheme.find((each) => each.name === name);
    const free = scheme.filter((each) => each.constant === undefined).map((each) => each.name);
    if (attribute === undefined || attribute.constant !== undefined || named.has(name)) {
      throw new ImprintError('batch-invalid', `"${name}" is no attribute of this profile that can count${named.has(name) ? ' twice' : ''}.`, { field: `counter.${name}`, expected: `each of ${free.join(', ')} once` });
    }
    named.add(name);
  }
  const missing = scheme.find((attribute) => attribute.constant === undefined && !named.has(attribute.name));
  if (missing !== undefined) throw new ImprintError('batch-invalid', `The counter does not say how ${missing.name} counts.`, { field: `counter.${missing.name}`, expected: 'a prefix and the first digits' });
  const counter = { scheme, attributes: given.map((count) => countingAttribute(isMac(scheme, count.name) ? bareMac(count) : count, quantity)) };
  for (const position of [0, quantity - 1]) {
    try {
      counterIdentity(counter, position);
    } catch (thrown) {
      if (!(thrown instanceof ImprintError)) throw thrown;
      const field = thrown.field?.replace(/^identity\./, 'counter.');
      throw new ImprintError('batch-invalid', `${position === 0 ? 'The first' : 'The last'} identity of the counter is not one of this profile: ${thrown.message}`, { field, expected: thrown.expected });
    }
  }
  return counter;
}

function countingAttribute({ name, prefix, first, hexadecimal, step }: GivenCount, quantity: number): CountingAttribute {
  const field = `counter.${name}`;
  const digits = hexadecimal ? /^[0-9a-f]{1,12}$/i : /^[0-9]{1,15}$/;
  if (!digits.test(first)) {
    throw new ImprintError('batch-invalid', `"${first}" is not where ${name} can begin to count.`, { field, expected: hexadecimal ? '1 to 12 hexadecimal digits' : '1 to 15 digits' });
  }
  if (!Number.isSafeInteger(step) || step < 1) throw new ImprintError('batch-invalid', `The step of ${name} is no whole number from 1.`, { field, expected: 'a whole number from 1' });
  const base = hexadecimal ? 16 : 10;
  const begin = parseInt(first, base);
  const room = Math.floor((base ** first.length - 1 - begin) / step) + 1;
  if (quantity > room) {
    throw new ImprintError('batch-invalid', `From ${first} on ${name} has room for ${String(room)} devices, and ${String(quantity)} are to be made.`, { field, expected: `at most ${String(room)} devices, or a lower first number` });
  }
  return { name, prefix, first: begin, width: first.length, base, step, upperCase: hexadecimal && first === first.toUpperCase() };
}

/** A block of addresses however its OUI is written: digits are what both halves have in common. */
function bareMac(count: GivenCount): GivenCount {
  const digits = (text: string): string => text.trim().toLowerCase().replace(/[:.-]/g, '');
  return { ...count, prefix: digits(count.prefix), first: digits(count.first), hexadecimal: true };
}

/** @param position from 0 */
export function counterIdentity({ scheme, attributes }: Counter, position: number): Identity {
  return readIdentity(
    scheme,
    Object.fromEntries(
      attributes.map(({ name, prefix, first, width, base, step, upperCase }) => {
        const digits = (first + position * step).toString(base).padStart(width, '0');
        return [name, prefix + (upperCase ? digits.toUpperCase() : digits)];
      }),
    ),
  );
}

/** Which one of the first `quantity` identities of a counter this is, or undefined. */
export function counterPosition(counter: Counter, quantity: number, identity: Identity): number | undefined {
  const [attribute] = counter.attributes;
  const value = attribute === undefined ? undefined : identity[attribute.name];
  if (attribute === undefined || value === undefined) return undefined;
  // The value is normalised and the prefix is not: the digits at its end are what both have.
  const text = isMac(counter.scheme, attribute.name) ? value.replaceAll(':', '') : value;
  const digits = text.slice(-attribute.width).toLowerCase();
  if (!(attribute.base === 16 ? /^[0-9a-f]+$/ : /^[0-9]+$/).test(digits)) return undefined;
  const position = (parseInt(digits, attribute.base) - attribute.first) / attribute.step;
  if (!Number.isInteger(position) || position < 0 || position >= quantity) return undefined;
  return canonicalIdentity(counterIdentity(counter, position)) === canonicalIdentity(identity) ? position : undefined;
}

function isMac(scheme: readonly IdentityAttribute[], name: string): boolean {
  return scheme.some((attribute) => attribute.name === name && attribute.normalise.includes('mac'));
}
