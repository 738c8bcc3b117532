import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleForElectron } from '../bench/harness/bundle.mjs';
import { electronPath } from '../electron.mjs';
import { setup } from '../setup.mjs';
import { withLock } from '../support/lock.mjs';
import { cacheFolder, inRoot } from '../support/paths.mjs';
import { Problem, runMain } from '../support/problem.mjs';
import { endingChildrenOnSignals } from '../support/run.mjs';
import { Bench } from './bench.mjs';
import { Cards } from './cards.mjs';
import { baseline } from './cases/baseline.mjs';
import { mapperFaults } from './cases/mapper-faults.mjs';
import { neighbours } from './cases/neighbours.mjs';
import { pulls } from './cases/pulls.mjs';
import { readOnlyCards } from './cases/read-only-cards.mjs';
import { resets } from './cases/resets.mjs';
import { rights } from './cases/rights.mjs';
import { sectorErrors } from './cases/sector-errors.mjs';
import { swaps } from './cases/swaps.mjs';
import { makeGoldenImage } from './golden.mjs';
import { Guest } from './guest.mjs';
import { guestKernel, requireTools } from './guest-kernel.mjs';
import { makeInitialRamDisk } from './initial-ram-disk.mjs';
import { Report } from './report.mjs';

const cases = { baseline, pulls, 'sector-errors': sectorErrors, 'mapper-faults': mapperFaults, 'read-only': readOnlyCards, swaps, resets, rights, neighbours };

const usage = `npm run test:qemu -- [--seed NUMBER] [--case NAME]… [--only NUMBER]… [--keep]
  --seed NUMBER   chooses the moments at which cards are pulled (default 1)
  --case NAME     ${Object.keys(cases).join(', ')}; all without it
  --only NUMBER   only these of the moments
  --keep          leaves the run's folder (logs, cards) in .cache/qemu`;

/** The flashing engine on a USB bus whose cards fail: in a guest, with nothing of the engine replaced. */
async function campaign(options) {
  const say = (text) => process.stdout.write(`${text}\n`);
  await setup({ quiet: true });
  await requireTools(say);
  const kernel = await guestKernel(say);
  // CRASH: what a campaign that was killed left behind.
  for (const old of readdirSync(join(cacheFolder, 'qemu')).filter((name) => name.startsWith('run-'))) rmSync(join(cacheFolder, 'qemu', old), { recursive: true, force: true });
  const folder = mkdtempSync(join(cacheFolder, 'qemu', 'run-'));
  const driver = await bundleForElectron(folder, 'tests', 'qemu', 'driver.ts');
  // The bundle looks for the addon beside itself first: a build meanwhile does not change a campaign that runs.
  mkdirSync(join(folder, 'native', 'build'), { recursive: true });
  copyFileSync(inRoot('native', 'build', 'imprint.node'), join(folder, 'native', 'build', 'imprint.node'));
  const resetAsUser = await bundleForElectron(folder, 'tests', 'qemu', 'reset-as-user.ts');
  const golden = await makeGoldenImage(folder);
  const initrd = makeInitialRamDisk({ folder, modules: kernel.modules, electron: electronPath(), driver });
  const started = performance.now();
  const guest = await Guest.boot({ folder, kernel: kernel.image, initrd, processors: 2 });
  const report = new Report(say);
  try {
    await guest.ask('prepare', { path: golden.path, sha256: golden.sha256 }, 300);
    say(`Linux ${kernel.release} in the guest after ${((performance.now() - started) / 1000).toFixed(0)} s; seed ${options.seed}`);
    const crashes = [];
    guest.onEvent((event) => {
      if (event.event === 'crash') crashes.push(event.sentence);
    });
    const bench = new Bench(guest, await Cards.prepare(guest, folder, golden), golden, { electron: electronPath(), resetAsUser });
    for (const name of options.cases) {
      crashes.length = 0;
      try {
        await cases[name](bench, report, options);
      } catch (error) {
        report.add({ group: name, name: 'did not come to its end', phase: '', outcome: 'broken', faults: [error instanceof Problem ? error.message : error.stack] });
      }
      if (crashes.length > 0) report.add({ group: name, name: 'errors that nobody caught', phase: '', outcome: 'crash', faults: crashes });
    }
  } finally {
    await guest.stop();
    writeFileSync(join(cacheFolder, 'qemu', 'result.json'), JSON.stringify({ seed: options.seed, kernel: kernel.release, rows: report.rows, sentences: [...report.notes] }, null, 1));
    if (!options.keep) rmSync(folder, { recursive: true, force: true });
  }
  say(`\n${report.table()}\n`);
  for (const sentence of report.notes) say(`  “${sentence}”`);
  say(`\nSeed ${options.seed}, ${((performance.now() - started) / 60_000).toFixed(1)} minutes.\n${report.passed} passed, ${report.failed} failed`);
  return report.failed > 0 ? 1 : 0;
}

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({ options: { seed: { type: 'string', default: '1' }, case: { type: 'string', multiple: true }, only: { type: 'string', multiple: true, default: [] }, keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } }));
  } catch (error) {
    throw new Problem(`${error.message}\n${usage}`);
  }
  const chosen = values.case ?? Object.keys(cases);
  const unknown = chosen.find((name) => !Object.hasOwn(cases, name));
  if (unknown !== undefined) throw new Problem(`There is no case ${unknown}.\n${usage}`);
  return { seed: Number(values.seed), cases: chosen, only: values.only.map(Number), keep: values.keep, help: values.help };
}

await runMain(async () => {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  // The guest emulates a whole computer; whatever else runs here goes first.
  setPriority(15);
  const wait = () => process.stderr.write('Another campaign runs in this checkout; waiting for its end …\n');
  return endingChildrenOnSignals(() => withLock(join(cacheFolder, 'qemu.lock'), wait, () => campaign(options)));
});
