import { containing } from './checks';
import type { Value } from './session';

/** A select of `sequence` numbers with the values that are bound in it. */
export interface DeviceSelect {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** The index knows every three characters in a row; of less it knows nothing. */
const shortest = 3;

/**
 * Devices with this text in a value of their identity, in any letter case. Text of one or two characters looks at every
 * identity instead.
 *
 * @param text not empty
 */
export function identitiesWith(text: string): DeviceSelect {
  if (Array.from(text).length >= shortest && !text.includes('\0')) {
    // One phrase: a quotation mark in it is doubled, and nothing else has a meaning.
    return { sql: 'SELECT rowid AS sequence FROM identity_parts WHERE identity_parts MATCH ?', values: [`"${text.replaceAll('"', '""')}"`] };
  }
  // The whole text first, where the part stands with JSON's escapes: taking it apart is what costs.
  return {
    sql: `SELECT devices.sequence FROM devices INDEXED BY devices_identity_history WHERE devices.identity LIKE ? ESCAPE '\\'
      AND EXISTS (SELECT 1 FROM json_each(devices.identity) AS attribute WHERE attribute.value LIKE ? ESCAPE '\\')`,
    values: [containing(JSON.stringify(text).slice(1, -1)), containing(text)],
  };
}

/** Devices whose fingerprint begins so; undefined where no fingerprint does. */
export function fingerprintsFrom(text: string): DeviceSelect | undefined {
  if (!/^[0-9a-f]{1,64}$/i.test(text)) return undefined;
  const beginning = text.toLowerCase();
  // No hexadecimal digit comes after g.
  return { sql: 'SELECT devices.sequence FROM devices WHERE devices.fingerprint >= ? AND devices.fingerprint < ?', values: [beginning, `${beginning}g`] };
}
