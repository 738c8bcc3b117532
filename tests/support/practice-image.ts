/** The practice bench's golden image for tests that bring a profile of their own. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const goldenImage = resolve(import.meta.dirname, '../../main/practice/assets/golden.sdimg.xz');

/** Decodes it into a folder. @returns the `image` part of a profile file */
export function decodedPracticeImage(folder: string): Promise<{ path: string; sha256: string }> {
  const path = join(folder, 'golden.sdimg');
  writeFileSync(path, execFileSync('xz', ['--decompress', '--stdout', goldenImage], { maxBuffer: 1024 ** 3 }));
  return Promise.resolve({ path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') });
}
