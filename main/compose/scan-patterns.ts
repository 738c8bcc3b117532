import { RE2JS } from 're2js';
import type { ReadPattern, ScanPattern } from '../domain/scan-rules';

const ready = new Map<string, ScanPattern>();

/**
 * Patterns of scan rules by RE2's algorithm.
 *
 * SECURITY: a label is anybody's text. JavaScript's own expressions go back and try again, which a made-up code can stretch to
 * hours; this one goes through the code once, and refuses the syntax that could not (`\1`, `(?=…)`).
 */
export const readScanPattern: ReadPattern = (pattern) => {
  const known = ready.get(pattern);
  if (known !== undefined) return known;
  const compiled = RE2JS.compile(pattern);
  const groups = Object.keys(compiled.namedGroups());
  const made: ScanPattern = {
    groups,
    read(text) {
      const matcher = compiled.matcher(text);
      if (!matcher.matches()) return undefined;
      return Object.fromEntries(groups.flatMap((name) => {
        const value = matcher.group(name);
        return value === null ? [] : [[name, value]];
      }));
    },
  };
  ready.set(pattern, made);
  return made;
};
