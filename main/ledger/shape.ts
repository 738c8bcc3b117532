import type { Json, JsonObject } from './canonical-json';
import { isJsonObject } from './canonical-json';

/** What a value must be like, with the type that it then has. This layer has no schema library; it must be readable without one. */
export interface Shape<Value> {
  /** For the sentence: `a SHA-256 in hexadecimal`. */
  readonly words: string;
  is(value: Json | undefined): value is Json & Value;
}

type ValueOf<S> = S extends Shape<infer Value> ? Value : never;
type Members = Readonly<Record<string, Shape<unknown>>>;
type Required<M extends Members> = { readonly [Name in keyof M]: ValueOf<M[Name]> };
type Optional<M extends Members> = { readonly [Name in keyof M]?: ValueOf<M[Name]> };

/** An object with exactly these members. */
export interface ObjectShape<Value> extends Shape<Value> {
  /** The first member that is wrong, or undefined where none is. */
  problem(value: JsonObject): string | undefined;
}

function shape<Value>(words: string, is: (value: Json | undefined) => boolean): Shape<Value> {
  return { words, is: is as Shape<Value>['is'] };
}

const pattern = (words: string, expression: RegExp): Shape<string> => shape(words, (value) => typeof value === 'string' && expression.test(value));

/** Any text up to 4096 UTF-16 units, also an empty one. */
export const anyText = shape<string>('a text', (value) => typeof value === 'string' && value.length <= 4096);
export const text = shape<string>('a text that is not empty', (value) => typeof value === 'string' && value !== '' && value.length <= 4096);
export const wholeNumber = shape<number>('a whole number from 0', (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0);
export const flag = shape<boolean>('true or false', (value) => typeof value === 'boolean');
export const sha256 = pattern('a SHA-256 in 64 lower-case hexadecimal digits', /^[0-9a-f]{64}$/);
/** Standard base64 with padding (RFC 4648, 4) whose unused bits are zero: one text for each content. */
export const base64 = shape<string>('base64', (value) => typeof value === 'string' && value !== '' && Buffer.from(value, 'base64').toString('base64') === value);
/** 32 bytes. */
export const base64Hash = pattern('the base64 of 32 bytes', /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/);

/** As `Date.toISOString` makes it: of one width, so that its order is the order in time. */
export const moment = shape<string>(
  'a moment such as 2026-11-22T08:00:00.000Z',
  (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value)),
);

export function oneOf<const Names extends readonly string[]>(names: Names): Shape<Names[number]> {
  return shape(`one of ${names.join(', ')}`, (value) => typeof value === 'string' && names.includes(value));
}

export function listOf<Value>(item: Shape<Value>): Shape<readonly Value[]> {
  return shape(`a list of ${item.words}`, (value) => Array.isArray(value) && value.every((each: Json) => item.is(each)));
}

/** Attribute name → value, at least one. */
export const identity = shape<Readonly<Record<string, string>>>('an identity', (value) => {
  if (!isJsonObject(value)) return false;
  const attributes = Object.entries(value);
  return attributes.length > 0 && attributes.every(([name, each]) => name !== '' && text.is(each));
});

/** @param optional members that may be absent; null is never a value */
export function object<const R extends Members>(required: R): ObjectShape<Required<R>>;
export function object<const R extends Members, const O extends Members>(required: R, optional: O): ObjectShape<Required<R> & Optional<O>>;
export function object(required: Members, optional?: Members): ObjectShape<unknown> {
  const problem = (value: JsonObject): string | undefined => {
    for (const [name, each] of Object.entries(required)) {
      if (!Object.hasOwn(value, name) || !each.is(value[name])) return `${name} is not ${each.words}`;
    }
    for (const name of Object.keys(value)) {
      if (Object.hasOwn(required, name)) continue;
      const each = optional !== undefined && Object.hasOwn(optional, name) ? optional[name] : undefined;
      if (each === undefined) return `${name} has no meaning here`;
      if (!each.is(value[name])) return `${name} is not ${each.words}`;
    }
    return undefined;
  };
  return { ...shape('an object', (value) => isJsonObject(value) && problem(value) === undefined), problem };
}
