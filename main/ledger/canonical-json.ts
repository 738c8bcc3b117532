/**
 * JSON that has exactly one form (RFC 8785): members sorted by the UTF-16 code units of their names, no blanks, strings
 * escaped as ECMAScript does it, UTF-8. Of its numbers only whole ones below 2^53 are used, so that no reader in any
 * language has to print a fraction the way ECMAScript prints it.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** Deeper than any entry is; a parser elsewhere may use its stack for it. */
const deepest = 16;

/**
 * @throws TypeError for a value that has no canonical form: a fraction, an infinite number, minus zero, a number from 2^53,
 *   a lone surrogate, undefined, a function, or too deep a nesting
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

/**
 * The value of a text in its one form, or undefined where the text is no JSON or JSON in any other form: repeated or
 * unsorted names, blanks, another escape, another way to write a number.
 *
 * @param bytes UTF-8
 */
export function parseCanonicalJson(bytes: Uint8Array): Json | undefined {
  try {
    // A byte order mark counts as a character here, and so as no JSON.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value = JSON.parse(text) as Json;
    return canonicalJson(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function write(value: unknown, depth: number): string {
  if (depth > deepest) throw new TypeError('A value is nested too deeply');
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError(`${value} is no whole number below 2^53`);
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`JSON has no ${typeof value}`);
  // The default order of sort is the order of UTF-16 code units.
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${text(name)}:${write((value as Record<string, unknown>)[name], depth + 1)}`).join(',')}}`;
}

function text(value: string): string {
  // JSON.stringify would escape a lone surrogate, which RFC 8785, 3.2.2.2 refuses.
  if (!value.isWellFormed()) throw new TypeError('A text holds half of a character');
  return JSON.stringify(value);
}
