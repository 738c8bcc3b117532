import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setup } from './setup.mjs';
import { commandExists, installOrExplain } from './setup/debian-packages.mjs';
import { withLock } from './support/lock.mjs';
import { cacheFolder, inRoot } from './support/paths.mjs';
import { Problem, runMain } from './support/problem.mjs';
import { endingChildrenOnSignals, run } from './support/run.mjs';
import { runVitest } from './vitest.mjs';

const folder = join(cacheFolder, 'stepca');
const runPrefix = 'run-';
const buildPrefix = 'build-';
const source = inRoot('tests', 'stepca', 'ca.go');
/** Where Debian puts the sources of Go packages. */
const debianSources = '/usr/share/gocode';
const library = 'golang-github-smallstep-certificates-dev';

async function requireTools(say) {
  const missing = [
    ...(commandExists('go') ? [] : ['golang-go']),
    ...(existsSync(join(debianSources, 'src/github.com/smallstep/certificates/ca/ca.go')) ? [] : [library]),
  ];
  if (missing.length > 0) await installOrExplain(missing, say);
}

async function versionOf(name) {
  const query = await run('dpkg-query', ['-W', '-f', '${Version}', name]);
  return query.code === 0 ? query.output : 'unknown';
}

/**
 * The CA service, built once for each version of its source and of Debian's packages.
 * @returns {Promise<string>} the executable
 */
async function builtCa(say) {
  const version = await versionOf(library);
  const go = await run('go', ['version']);
  const digest = createHash('sha256').update(readFileSync(source)).update(version).update(go.output).digest('hex').slice(0, 16);
  const executable = join(folder, `ca-${digest}`);
  if (existsSync(executable)) return executable;
  say(`Building a CA from ${library} ${version}, which takes a minute the first time …`);
  const work = mkdtempSync(join(folder, buildPrefix));
  try {
    // Debian's libraries are no modules: one tree for all of them, and nothing is fetched.
    const env = { ...process.env, GO111MODULE: 'off', GOPATH: debianSources, GOCACHE: join(folder, 'go-cache'), GOFLAGS: '', GOTOOLCHAIN: 'local' };
    const built = await run('go', ['build', '-o', join(work, 'ca'), source], { env });
    if (built.code !== 0) throw new Problem(`${built.output.trim()}\nThe CA could not be built from Debian's ${library} ${version}.`);
    // CRASH: under its own name only when it is whole.
    renameSync(join(work, 'ca'), executable);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return executable;
}

async function compareWithStepCa(filters) {
  const say = (text) => process.stderr.write(`${text}\n`);
  await setup({ quiet: true, tests: true });
  await requireTools(say);
  mkdirSync(folder, { recursive: true });
  // CRASH: what a run that was killed left behind.
  for (const old of readdirSync(folder).filter((name) => name.startsWith(runPrefix) || name.startsWith(buildPrefix))) rmSync(join(folder, old), { recursive: true, force: true });
  const executable = await builtCa(say);
  const runFolder = mkdtempSync(join(folder, runPrefix));
  const remove = () => rmSync(runFolder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    return await runVitest(['--config', 'tests/stepca/vitest.config.ts', '--reporter=verbose', ...filters], { ...process.env, IMPRINT_STEPCA_FOLDER: runFolder, IMPRINT_STEPCA: executable });
  } finally {
    process.removeListener('exit', remove);
    remove();
  }
}

await runMain(() => {
  const wait = () => process.stderr.write('Another run with the real CA goes on in this checkout; waiting for its end …\n');
  return endingChildrenOnSignals(() => withLock(join(cacheFolder, 'stepca.lock'), wait, () => compareWithStepCa(process.argv.slice(2))));
});
