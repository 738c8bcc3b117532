import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where a station keeps its data unless told otherwise (XDG Base Directory Specification). */
export function defaultDataFolder(): string {
  return join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'imprint');
}
