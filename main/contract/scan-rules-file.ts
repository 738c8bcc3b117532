/** The `scan` section of a profile (docs/profiles.md): as a person writes it, and as the station keeps it. */
import { z } from 'zod';
import { ImprintError } from '../domain/errors';
import { isKnownIdentifier } from '../domain/gs1';
import type { IdentityAttribute } from '../domain/identity';
import { attributesOf, type ReadPattern, type ScanRule } from '../domain/scan-rules';

const name = z.string().min(1).max(100);
const cut = z.string().max(100);
const separator = z.string('expected what stands between the values').min(1).max(10);
const patternText = z.string().min(1).max(500);
const atLeastOne = (members: Readonly<Record<string, unknown>>): boolean => Object.keys(members).length > 0;
const identifierText = 'expected a GS1 application identifier that Imprint knows, such as "21"';

const ruleFileSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('plain'), attribute: name.optional() }),
  z
    .strictObject({ kind: z.literal('affix'), prefix: cut.default(''), suffix: cut.default(''), attribute: name.optional() })
    .refine(({ prefix, suffix }) => prefix + suffix !== '', 'expected "prefix", "suffix" or both'),
  z.strictObject({ kind: z.literal('pattern'), pattern: patternText }),
  z.strictObject({
    kind: z.literal('gs1'),
    attributes: z.record(name, z.string(identifierText).refine(isKnownIdentifier, identifierText)).refine(atLeastOne, 'expected an attribute with its application identifier'),
    separator: separator.optional(),
  }),
  z
    .strictObject({ kind: z.literal('separated'), separator, attributes: z.array(name.nullable()).min(2).max(30) })
    .refine(({ attributes }) => attributes.some((each) => each !== null), 'expected an attribute'),
  z.strictObject({ kind: z.literal('json'), attributes: z.record(name, name).refine(atLeastOne, 'expected an attribute with its member') }),
]);

export const scanRulesFileSchema = z.array(ruleFileSchema).min(1).max(20);

/** Rules as the record keeps them. */
export const scanRulesSchema = z.array(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('plain'), attribute: z.string() }),
    z.object({ kind: z.literal('affix'), prefix: z.string(), suffix: z.string(), attribute: z.string() }),
    z.object({ kind: z.literal('pattern'), pattern: z.string() }),
    z.object({ kind: z.literal('gs1'), attributes: z.record(z.string(), z.string()), separator: z.string().optional() }),
    z.object({ kind: z.literal('separated'), separator: z.string(), attributes: z.array(z.string().nullable()) }),
    z.object({ kind: z.literal('json'), attributes: z.record(z.string(), z.string()) }),
  ]),
) satisfies z.ZodType<readonly ScanRule[]>;

/**
 * The rules of a profile against its identity.
 *
 * @throws ImprintError profile-invalid naming the rule that is wrong
 */
export function checkScanRules(rules: z.output<typeof scanRulesFileSchema>, identity: readonly IdentityAttribute[], readPattern: ReadPattern): readonly ScanRule[] {
  const usual = identity.find(({ scan }) => scan)?.name;
  return rules.map((rule, index): ScanRule => {
    const field = `scan.${String(index)}`;
    const made = rule.kind === 'plain' || rule.kind === 'affix' ? { ...rule, attribute: rule.attribute ?? usual ?? missing(field) } : rule;
    if (made.kind === 'plain' && index < rules.length - 1) throw mistake(field, 'a plain rule takes every code, so no rule behind it is ever asked', 'the plain rule as the last one');
    const names = namesOf(made, field, readPattern);
    if (names.length === 0) throw mistake(field, 'it fills no attribute', 'a named group such as (?<mac>[0-9A-F]{12})');
    for (const [at, each] of names.entries()) {
      const attribute = identity.find((candidate) => candidate.name === each);
      if (attribute === undefined) throw mistake(field, `the identity has no attribute "${each}"`, `one of ${identity.map((known) => known.name).join(', ')}`);
      if (attribute.constant !== undefined) throw mistake(field, `${each} is the same for every device`, 'an attribute that varies');
      if (names.indexOf(each) !== at) throw mistake(field, `${each} is filled twice`, 'each attribute once');
    }
    return made;
  });
}

function namesOf(rule: ScanRule, field: string, readPattern: ReadPattern): readonly string[] {
  try {
    return attributesOf(rule, readPattern);
  } catch {
    throw mistake(`${field}.pattern`, 'this is no regular expression of RE2: references back (\\1) and looking around ((?=…)) are not allowed', 'a pattern such as S(?<serial>[0-9]+)');
  }
}

function missing(field: string): never {
  throw mistake(`${field}.attribute`, 'no attribute of the identity has "scan": true', 'the name of an attribute');
}

function mistake(field: string, what: string, expected: string): ImprintError {
  return new ImprintError('profile-invalid', `The profile has a mistake at ${field}: ${what}; expected ${expected}.`, { field, expected });
}
