import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Something the person at the keyboard can mend: shown as a sentence, without a stack. */
export class Problem extends Error {}

/** Runs a script's main function; the number it returns becomes the exit code. */
export async function runMain(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    process.stderr.write(`${sentenceFor(error)}\n`);
    process.exitCode = 1;
  }
}

const NOT_WRITABLE = ['EACCES', 'EPERM', 'EROFS'];

/** What to tell the person; an error nobody foresaw keeps its stack. */
export function sentenceFor(error) {
  if (error instanceof Problem) return error.message;
  if (NOT_WRITABLE.includes(error.code) && error.path) {
    return `This user may not write ${error.path}: give this user the checkout, or make a clone of your own.`;
  }
  return error.stack ?? String(error);
}

/** True when the module was started by `node <file>`, not imported. */
export function isEntryPoint(moduleUrl) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(moduleUrl);
}
