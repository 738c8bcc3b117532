/**
 * Element strings of the GS1 General Specifications (release 24, 3.2 and 7.8): application identifiers with their data, from
 * GS1-128, GS1 DataMatrix and GS1 QR codes as a scanner types them.
 */

/** What ends an element of variable length: FNC1 as scanners transmit it. */
export const groupSeparator = '\u001d';

interface Format {
  /** Digits at the beginning that are always there. */
  readonly digits: number;
  /** Most characters behind them; none where the length is fixed. */
  readonly more: number;
  /** What may stand behind the digits. */
  readonly only?: 'digits';
  /** At least one of them must be there. */
  readonly needed?: boolean;
  /** How many of the digits end with a check digit (7.9). */
  readonly checked?: number;
  readonly date?: boolean;
}

const text = (more: number): Format => ({ digits: 0, more, needed: true });
const number = (more: number): Format => ({ digits: 0, more, only: 'digits', needed: true });
const fixed = (digits: number, checked?: number): Format => ({ digits, more: 0, ...(checked === undefined ? {} : { checked }) });
const date: Format = { digits: 6, more: 0, date: true };

/** The identifiers that stand on boards, parts and boxes. One that is not here is refused, because where it ends is not known. */
const formats: Readonly<Record<string, Format>> = {
  '00': fixed(18, 18), '01': fixed(14, 14), '02': fixed(14, 14), '10': text(20),
  '11': date, '12': date, '13': date, '15': date, '16': date, '17': date,
  '20': fixed(2), '21': text(20), '22': text(20), '30': number(8), '37': number(8),
  '235': text(28), '240': text(30), '241': text(30), '242': number(6), '243': text(20), '250': text(30), '251': text(30),
  '253': { digits: 13, more: 17, checked: 13 }, '254': text(20), '400': text(30), '401': text(30), '403': text(30),
  '410': fixed(13, 13), '411': fixed(13, 13), '412': fixed(13, 13), '413': fixed(13, 13), '414': fixed(13, 13), '415': fixed(13, 13), '416': fixed(13, 13), '417': fixed(13, 13),
  '420': text(20), '8001': fixed(14), '8002': text(20), '8003': { digits: 14, more: 16, checked: 14 }, '8004': text(30), '8006': fixed(18, 14),
  '8008': { digits: 8, more: 4, only: 'digits' }, '8010': text(30), '8012': text(20), '8013': text(25), '8017': fixed(18, 18), '8018': fixed(18, 18), '8020': text(25),
  '90': text(30), '91': text(90), '92': text(90), '93': text(90), '94': text(90), '95': text(90), '96': text(90), '97': text(90), '98': text(90), '99': text(90),
};

export function isKnownIdentifier(identifier: string): boolean {
  return Object.hasOwn(formats, identifier);
}

export type Elements =
  | { readonly ok: true; readonly elements: ReadonlyMap<string, string> }
  /** `certain`: the code says itself that it is a GS1 code, or is one but for a digit, so it must not be taken for something else. */
  | { readonly ok: false; readonly sentence: string; readonly certain: boolean };

/** AIM symbology identifiers that say GS1 (ISO/IEC 15424): GS1-128, DataBar, DataMatrix, QR, Dot Code. */
const symbologies = ['C1', 'e0', 'd2', 'Q3', 'J1'];

class Damaged extends Error {
  readonly certain: boolean;

  constructor(sentence: string, certain = false) {
    super(sentence);
    this.certain = certain;
  }
}

/**
 * Reads a scanned code as GS1 elements: with a symbology identifier or without, with FNC1 as character 0x1D, or as the text
 * with parentheses that stands under the bars.
 *
 * @param separator what the scanner types for FNC1 where it is set to something else than 0x1D
 */
export function readGs1(code: string, separator: string = groupSeparator): Elements {
  const named = symbologies.find((symbology) => code.startsWith(`]${symbology}`));
  const body = named === undefined ? code : code.slice(3);
  const written = /^\(\d{2,4}\)/.test(body);
  const certain = named !== undefined || written || body.includes(separator);
  try {
    return { ok: true, elements: written ? readWritten(body) : readString(body, separator) };
  } catch (thrown) {
    if (!(thrown instanceof Damaged)) throw thrown;
    return { ok: false, sentence: thrown.message, certain: certain || thrown.certain };
  }
}

/** The check digit of a number (7.9.1): weights 3 and 1 from the right. @param digits without it */
export function checkDigit(digits: string): number {
  const sum = Array.from(digits).reverse().reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 3 : 1), 0);
  return (10 - (sum % 10)) % 10;
}

function readString(body: string, separator: string): ReadonlyMap<string, string> {
  const elements = new Map<string, string>();
  let rest = body.startsWith(separator) ? body.slice(separator.length) : body;
  while (rest !== '') {
    const identifier = identifierAt(rest);
    const format = formatOf(identifier);
    rest = rest.slice(identifier.length);
    const end = rest.indexOf(separator);
    const until = end < 0 ? rest.length : end;
    const value = rest.slice(0, format.more === 0 ? format.digits : until);
    keep(elements, identifier, value);
    rest = rest.slice(value.length);
    // A separator behind an element of fixed length is not needed, and allowed (7.8.6.2).
    if (rest.startsWith(separator)) rest = rest.slice(separator.length);
  }
  if (elements.size === 0) throw new Damaged('The code is empty.');
  return elements;
}

function readWritten(body: string): ReadonlyMap<string, string> {
  const elements = new Map<string, string>();
  let rest = body;
  while (rest !== '') {
    const identifier = /^\((\d{2,4})\)/.exec(rest)?.[1];
    if (identifier === undefined) throw new Damaged('What stands between two elements is no application identifier.');
    const format = formatOf(identifier);
    rest = rest.slice(identifier.length + 2);
    // Data may hold parentheses too: only those around an identifier that is known end it.
    const next = [...rest.matchAll(/\((\d{2,4})\)/g)].find(({ 1: name = '' }) => isKnownIdentifier(name));
    const value = rest.slice(0, format.more === 0 ? format.digits : (next?.index ?? rest.length));
    keep(elements, identifier, value);
    rest = rest.slice(value.length);
  }
  return elements;
}

function identifierAt(rest: string): string {
  const found = [2, 3, 4].map((length) => rest.slice(0, length)).find(isKnownIdentifier);
  if (found === undefined) throw new Damaged(`"${rest.slice(0, 4).replace(/[^ -~]/g, '·')}" begins with no application identifier that Imprint knows.`);
  return found;
}

function formatOf(identifier: string): Format {
  const format = Object.hasOwn(formats, identifier) ? formats[identifier] : undefined;
  if (format === undefined) throw new Damaged(`The application identifier (${identifier}) is not known to Imprint.`);
  return format;
}

/** Invariant characters of ISO/IEC 646, which GS1 allows in data (7.11, table 7.11-1). */
const allowed = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]*$/;

function keep(elements: Map<string, string>, identifier: string, value: string): void {
  const { digits, more, only, needed, checked, date: isDate } = formatOf(identifier);
  const [head, tail] = [value.slice(0, digits), value.slice(digits)];
  if (head.length < digits || !/^\d*$/.test(head)) throw new Damaged(`(${identifier}) needs ${String(digits)} digits.`);
  if (tail.length > more || (needed === true && tail === '')) throw new Damaged(`(${identifier}) has ${needed === true ? '1' : '0'} to ${String(more)} characters, and not ${String(tail.length)}.`);
  if (!(only === 'digits' ? /^\d*$/ : allowed).test(tail)) throw new Damaged(`(${identifier}) holds a character that it must not have.`);
  if (checked !== undefined && checkDigit(head.slice(0, checked - 1)) !== Number(head[checked - 1])) {
    throw new Damaged(`The check digit of (${identifier}) ${head} is wrong: the label is damaged or was misread.`, true);
  }
  if (isDate === true && !/^\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])$/.test(head)) throw new Damaged(`(${identifier}) ${head} is no date.`, false);
  const before = elements.get(identifier);
  if (before !== undefined && before !== value) throw new Damaged(`(${identifier}) is there twice, with different data.`);
  elements.set(identifier, value);
}
