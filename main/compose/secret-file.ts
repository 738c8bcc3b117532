import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a file for this user alone.
 *
 * CRASH: whole or not at all; what was there stays until then.
 *
 * @param replace whether it may take the place of another one; else the one that is there stays, and nothing is said
 */
export function writeSecretFile(path: string, content: string | Uint8Array, replace: boolean): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.new`;
  // SECURITY: readable by nobody else from the first moment, whatever the umask.
  writeFileSync(temporary, content, { mode: 0o600 });
  try {
    chmodSync(temporary, 0o600);
    if (replace) renameSync(temporary, path);
    else linkSync(temporary, path);
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw thrown;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** @returns undefined where there is none */
export function readSecretFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}
