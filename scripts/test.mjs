import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { check } from './check.mjs';
import { setup } from './setup.mjs';
import { readJson } from './support/files.mjs';
import { cacheFolder } from './support/paths.mjs';
import { sentenceFor } from './support/problem.mjs';
import { startXvfb } from './support/xvfb.mjs';
import { runVitest } from './vitest.mjs';

/** @typedef {{passed: number, failed: number, skipped: number}} Totals */

/**
 * Counts vitest's JSON report. A file that could not even be loaded has no test to fail, so it counts as one failure,
 * and so does a run that ended badly with nothing to show for it (an unhandled rejection, a crash).
 * @returns {Totals}
 */
function totalsOf(report, exitCode) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const filesNotLoaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((each) => each.status === 'failed'),
  ).length;
  const totals = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + filesNotLoaded,
    skipped: report.numPendingTests + report.numTodoTests,
  };
  const someRan = totals.passed + totals.failed > 0;
  if (exitCode !== 0 && totals.failed === 0 && someRan) totals.failed = 1;
  return totals;
}

async function runTests(args) {
  mkdirSync(cacheFolder, { recursive: true });
  const folder = mkdtempSync(join(cacheFolder, 'test-run-'));
  const reportPath = join(folder, 'report.json');
  // One for each worker: windows on one screen would take the focus and the clipboard from each other.
  const screens = [await startXvfb(), await startXvfb()];
  try {
    // Hundreds of tests start a process of their own: what V8 compiled for one is there for the next.
    const env = { ...process.env, DISPLAY: screens[0].display, IMPRINT_DISPLAYS: screens.map(({ display }) => display).join(' '), NODE_COMPILE_CACHE: join(cacheFolder, 'compiled') };
    delete env.WAYLAND_DISPLAY;
    const exitCode = await runVitest([...args, '--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`], env);
    return totalsOf(readJson(reportPath), exitCode);
  } finally {
    await Promise.all(screens.map((screen) => screen.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Filters (paths or vitest's options) mean "these tests, soon": the static checks are for the whole. */
async function testEverything(args) {
  await setup({ tests: true });
  const failedChecks = args.length > 0 ? 0 : await check();
  const totals = await runTests(args);
  return { ...totals, failed: totals.failed + failedChecks };
}

/** @type {Totals} */
let totals;
try {
  totals = await testEverything(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${sentenceFor(error)}\n`);
  totals = { passed: 0, failed: 1, skipped: 0 };
}
const { passed, failed, skipped } = totals;
if (passed + failed === 0) process.stderr.write('No test ran.\n');
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
