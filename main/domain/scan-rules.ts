import { isCommandCode } from './command-codes';
import { ImprintError } from './errors';
import { readGs1 } from './gs1';

/** How one scanned code becomes attributes of an identity. The first rule of a profile that fits a code reads it. */
export type ScanRule =
  /** The whole code is the value. It fits whatever no rule before it took. */
  | { readonly kind: 'plain'; readonly attribute: string }
  /** What stands before and behind the value is cut; a code without them does not fit. */
  | { readonly kind: 'affix'; readonly prefix: string; readonly suffix: string; readonly attribute: string }
  /** A regular expression over the whole code, in the syntax of RE2; its named groups are the attributes. */
  | { readonly kind: 'pattern'; readonly pattern: string }
  /** GS1 elements: attribute → application identifier. `separator`: what the scanner types for FNC1, where that is not 0x1D. */
  | { readonly kind: 'gs1'; readonly attributes: Readonly<Record<string, string>>; readonly separator?: string | undefined }
  /** Values side by side; null: this one is not used. A code with another number of values does not fit. */
  | { readonly kind: 'separated'; readonly separator: string; readonly attributes: readonly (string | null)[] }
  /** A JSON object: attribute → member. */
  | { readonly kind: 'json'; readonly attributes: Readonly<Record<string, string>> };

/** Longest code that is read. A data matrix has room for 2335 characters; no label of a board needs so many. */
export const longestCode = 1000;

/** A regular expression that is ready to be used. Its time is linear in the length of the text, whatever the pattern is. */
export interface ScanPattern {
  readonly groups: readonly string[];
  /** The named groups that took part, where the whole text matches. */
  read(text: string): Readonly<Record<string, string>> | undefined;
}

/** Makes a pattern ready. @throws where it is none, or needs more than linear time (a reference back, a look around) */
export type ReadPattern = (pattern: string) => ScanPattern;

type Read = Readonly<Record<string, string>> | undefined;

/** The rules of a profile that has none: the code is the attribute that the scanner fills. */
export function rulesOf(profile: { readonly scan?: readonly ScanRule[] | undefined; readonly identity: readonly { readonly name: string; readonly scan: boolean }[] }): readonly ScanRule[] {
  if (profile.scan !== undefined) return profile.scan;
  const scanned = profile.identity.find(({ scan }) => scan);
  if (scanned === undefined) throw new ImprintError('profile-invalid', 'The profile names no attribute that the scanner fills.', { field: 'identity' });
  return [{ kind: 'plain', attribute: scanned.name }];
}

/** The attributes that a rule can fill. */
export function attributesOf(rule: ScanRule, readPattern: ReadPattern): readonly string[] {
  switch (rule.kind) {
    case 'plain':
    case 'affix':
      return [rule.attribute];
    case 'pattern':
      return readPattern(rule.pattern).groups;
    case 'gs1':
    case 'json':
      return Object.keys(rule.attributes);
    case 'separated':
      return rule.attributes.filter((name) => name !== null);
  }
}

/**
 * Reads a scanned code by the rules of a profile: the first that fits counts. The values are as they stand in the code;
 * `readIdentity` checks them.
 *
 * @throws ImprintError identity-invalid for a command, a code that fits no rule, and a GS1 code that is damaged
 */
export function readScan(rules: readonly ScanRule[], code: string, readPattern: ReadPattern): Readonly<Record<string, string>> {
  if (isCommandCode(code)) throw new ImprintError('identity-invalid', 'This is a command of the bench and no label of a board.', { field: 'scan', expected: 'the label of a board' });
  if (code.length > longestCode) throw foreign(rules, `The code has ${String(code.length)} characters, which is more than the label of a board has.`);
  for (const rule of rules) {
    const read = apply(rule, code, readPattern);
    if (read !== undefined) return read;
  }
  throw foreign(rules, 'This code is not the label of a board of this profile.');
}

function apply(rule: ScanRule, code: string, readPattern: ReadPattern): Read {
  switch (rule.kind) {
    case 'plain':
      return { [rule.attribute]: code };
    case 'affix': {
      const { prefix, suffix, attribute } = rule;
      const whole = code.trim();
      const fits = whole.length > prefix.length + suffix.length && whole.startsWith(prefix) && whole.endsWith(suffix);
      return fits ? { [attribute]: whole.slice(prefix.length, whole.length - suffix.length) } : undefined;
    }
    case 'pattern':
      return readPattern(rule.pattern).read(code.trim());
    case 'gs1':
      return fromGs1(rule, code);
    case 'separated': {
      const values = code.split(rule.separator);
      if (values.length !== rule.attributes.length) return undefined;
      return Object.fromEntries(rule.attributes.flatMap((name, index) => (name === null ? [] : [[name, values[index] ?? '']])));
    }
    case 'json':
      return fromJson(rule.attributes, code);
  }
}

function fromGs1({ attributes, separator }: Extract<ScanRule, { kind: 'gs1' }>, code: string): Read {
  const read = readGs1(code.trimStart(), separator);
  if (!read.ok) {
    // Not for the next rule: a misread label must not become an identity of another form.
    if (read.certain) throw new ImprintError('identity-invalid', `The GS1 code cannot be read: ${read.sentence}`, { field: 'scan', expected: gs1Words(attributes) });
    return undefined;
  }
  const found = Object.entries(attributes).map(([name, identifier]) => [name, read.elements.get(identifier)] as const);
  return found.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(found.map(([name, value]) => [name, value ?? '']));
}

function fromJson(attributes: Readonly<Record<string, string>>, code: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(code);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const members = new Map<string, unknown>(Object.entries(value));
  const found: [string, string][] = [];
  for (const [name, member] of Object.entries(attributes)) {
    const given = members.get(member);
    // A number would lose the zeros at its beginning and its digits behind the sixteenth.
    if (typeof given === 'string') found.push([name, given]);
    else if (typeof given === 'number' && Number.isSafeInteger(given)) found.push([name, String(given)]);
    else return undefined;
  }
  return Object.fromEntries(found);
}

function foreign(rules: readonly ScanRule[], sentence: string): ImprintError {
  return new ImprintError('identity-invalid', sentence, { field: 'scan', expected: rules.map(describeRule).join('; or ') });
}

function describeRule(rule: ScanRule): string {
  switch (rule.kind) {
    case 'plain':
      return `the ${rule.attribute}`;
    case 'affix':
      return `${rule.prefix}…${rule.suffix} (${rule.attribute})`;
    case 'pattern':
      return `text that matches ${rule.pattern}`;
    case 'gs1':
      return gs1Words(rule.attributes);
    case 'separated':
      return rule.attributes.map((name) => name ?? '…').join(rule.separator);
    case 'json':
      return `JSON with ${Object.values(rule.attributes).join(', ')}`;
  }
}

function gs1Words(attributes: Readonly<Record<string, string>>): string {
  return `a GS1 code with ${Object.entries(attributes).map(([name, identifier]) => `(${identifier}) ${name}`).join(', ')}`;
}
