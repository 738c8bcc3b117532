import { readFileSync } from 'node:fs';
import { sourceVersion } from '../build.mjs';
import { inRoot } from '../support/paths.mjs';
import { Problem } from '../support/problem.mjs';

/** As main/domain/version.ts has it. */
export const SMOKE_SUFFIX = '-smoke.unofficial-runtime';

/**
 * The version of a package.
 * @param {boolean} smoke
 * @param {string} [wanted] SECURITY: for a smoke package alone; a release has the version of its sources
 */
export function packageVersion(smoke, wanted = sourceVersion()) {
  if (!/^\d+\.\d+\.\d+$/.test(wanted)) throw new Problem(`"${wanted}" is no version: three numbers, such as 0.2.0.`);
  if (!smoke && wanted !== sourceVersion()) throw new Problem(`A release has the version of its sources, ${sourceVersion()}; only a smoke package is made with another one.`);
  return { number: wanted, text: `${wanted}${smoke ? SMOKE_SUFFIX : ''}` };
}

/** The schema to which this checkout brings a record. */
export function recordSchema() {
  const numbers = [...readFileSync(inRoot('main', 'storage', 'migrations.ts'), 'utf8').matchAll(/\{ number: (\d+), up:/g)].map(([, number]) => Number(number));
  if (numbers.length === 0) throw new Problem('The migrations of the record cannot be counted.');
  return Math.max(...numbers);
}
