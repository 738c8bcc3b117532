import { texts } from '../texts';

/** `Ctrl+PgUp` → `Strg+Bild↑`, as it stands on the keyboards of this language. */
export function keyNames(keys: string): string {
  return keys.replace(/[A-Za-z]+/g, (name) => texts.keys[name] ?? name);
}
