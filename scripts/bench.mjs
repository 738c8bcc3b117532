import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot } from './support/paths.mjs';
import { runMain } from './support/problem.mjs';
import { endingChildrenOnSignals } from './support/run.mjs';

/**
 * A bench is a module scripts/bench/<name>.mjs that exports
 *   description  one line for the list,
 *   run(args)    measures, prints its table, keeps docs/bench/<name>.json.
 * What benches share is in scripts/bench/harness/, what one needs beside it in scripts/bench/<name>/.
 */
const folder = inRoot('scripts', 'bench');

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => basename(file, '.mjs'))
  .sort();

const load = (name) => import(pathToFileURL(join(folder, `${name}.mjs`)).href);

async function list(write) {
  write('Usage: npm run bench -- NAME [--runs N]\n\nBenches:\n');
  for (const name of names) write(`  ${name.padEnd(10)} ${(await load(name)).description}\n`);
}

await runMain(async () => {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined) {
    await list((text) => process.stdout.write(text));
    return 0;
  }
  if (!names.includes(name)) {
    process.stderr.write(`There is no bench "${name}".\n\n`);
    await list((text) => process.stderr.write(text));
    return 2;
  }
  return endingChildrenOnSignals(async () => (await load(name)).run(args));
});
