import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleForElectron } from './bench/harness/bundle.mjs';
import { spawnElectron } from './electron.mjs';
import { setup } from './setup.mjs';
import { writeFileAtomic } from './support/files.mjs';
import { withLock } from './support/lock.mjs';
import { cacheFolder, inRoot } from './support/paths.mjs';
import { Problem, runMain } from './support/problem.mjs';
import { endingChildrenOnSignals } from './support/run.mjs';

const usage = `npm run soak -- [--devices NUMBER] [--seed NUMBER] [--minutes NUMBER] [--keep]
  --devices NUMBER   how many devices are made (default 10000, at most 100000)
  --seed NUMBER      chooses identities, fates and faults (default 1)
  --minutes NUMBER   what is not finished by then fails (default 45)
  --keep             writes the result into docs/soak.md`;

const folder = join(cacheFolder, 'soak');
const document = inRoot('docs', 'soak.md');
const heading = '## Results\n';
const processes = ['coordinator', 'server-process', 'station-process', 'watch-process'];

async function soak({ devices, seed, minutes, keep }) {
  await setup({ quiet: true });
  mkdirSync(folder, { recursive: true });
  // CRASH: what a run that was killed left behind.
  for (const old of readdirSync(folder).filter((name) => name.startsWith('run-'))) rmSync(join(folder, old), { recursive: true, force: true });
  const run = mkdtempSync(join(folder, 'run-'));
  const remove = () => rmSync(run, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    for (const name of processes) await bundleForElectron(run, 'tests', 'soak', `${name}.ts`);
    const code = await spawnElectron([join(run, 'coordinator.cjs'), run, String(devices), String(seed), String(minutes)], { asNode: true });
    if (keep) keepResult(readFileSync(join(run, 'result.md'), 'utf8'), process.argv.slice(2));
    return code;
  } finally {
    process.removeListener('exit', remove);
    remove();
  }
}

function keepResult(result, args) {
  const text = readFileSync(document, 'utf8');
  const at = text.indexOf(heading);
  if (at < 0) throw new Problem(`${document} has no heading "${heading.trim()}".`);
  const command = ['npm run soak --', ...args].join(' ');
  writeFileAtomic(document, `${text.slice(0, at)}${heading}\`${command}\`, ${new Date().toISOString().slice(0, 10)}.\n\n${result}`);
}

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: { devices: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' }, minutes: { type: 'string', default: '45' }, keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    }));
  } catch (error) {
    throw new Problem(`${error.message}\n${usage}`);
  }
  const whole = (name, least, most) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < least || value > most) throw new Problem(`--${name} is a whole number from ${least} to ${most}.\n${usage}`);
    return value;
  };
  return { devices: whole('devices', 1, 100_000), seed: whole('seed', 0, 0xffffffff), minutes: whole('minutes', 1, 24 * 60), keep: values.keep, help: values.help };
}

await runMain(async () => {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const wait = () => process.stderr.write('Another soak runs in this checkout; waiting for its end …\n');
  return endingChildrenOnSignals(() => withLock(join(cacheFolder, 'soak.lock'), wait, () => soak(options)));
});
