import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packProgram } from './package.mjs';
import { sha256 } from './package/contents.mjs';
import { setup } from './setup.mjs';
import { filesBelow } from './support/files.mjs';
import { cacheFolder, inRoot } from './support/paths.mjs';
import { isEntryPoint, Problem, runMain } from './support/problem.mjs';
import { endingChildrenOnSignals, run } from './support/run.mjs';

/**
 * Packs the program twice: here, and out of a copy of the sources in another folder, where the addon is compiled and everything is
 * bundled anew. What runs must be the same, byte for byte.
 * @returns {Promise<{hash: string, files: number}>} SHA-256 of app.asar, and how many files beside it were compared
 * @throws {Problem} naming what differs
 */
export async function reproduce({ smoke, say }) {
  await setup({ quiet: true });
  const folder = mkdtempSync(join(tmpdir(), 'imprint-reproduce-'));
  try {
    const copy = join(folder, 'elsewhere');
    const first = await packProgram({ smoke, output: join(cacheFolder, 'package', 'reproduced'), say });
    await copySources(copy);
    const { code, output } = await run(process.execPath, [join(copy, 'scripts', 'reproduce.mjs'), '--pack-only', join(folder, 'out'), ...(smoke ? ['--smoke'] : [])]);
    if (code !== 0) throw new Problem(`The copy could not be packed:\n${output.trim()}`);
    const ours = resourcesOf(first.program);
    const theirs = resourcesOf(output.trim().split('\n').at(-1));
    const differ = [...new Set([...ours.keys(), ...theirs.keys()])].filter((path) => ours.get(path) !== theirs.get(path));
    if (differ.length > 0) throw new Problem(`Two builds of the same sources differ: ${differ.join(', ')}.`);
    return { hash: ours.get('app.asar'), files: ours.size - 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(join(cacheFolder, 'package', 'reproduced'), { recursive: true, force: true });
  }
}

/** As they are now, changes that nobody committed included; packages and runtime are linked, nothing that was built comes along. */
async function copySources(copy) {
  const { code, output } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard']);
  if (code !== 0) throw new Problem(`The sources could not be listed:\n${output.trim()}`);
  for (const path of output.split('\n').filter(Boolean)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(inRoot(path), join(copy, path));
  }
  mkdirSync(join(copy, '.cache'), { recursive: true });
  for (const [from, to] of [['node_modules', 'node_modules'], [join('.cache', 'electron-runtime'), join('.cache', 'electron-runtime')], [join('.cache', 'electron-download-refused.json'), join('.cache', 'electron-download-refused.json')], [join('.cache', 'system-packages.json'), join('.cache', 'system-packages.json')]]) {
    // Hard links where they are possible: half a gigabyte that nobody changes.
    const linked = await run('cp', ['--archive', '--link', inRoot(from), join(copy, to)]);
    if (linked.code !== 0) cpSync(inRoot(from), join(copy, to), { recursive: true, verbatimSymlinks: true, force: true, errorOnExist: false });
  }
}

/** SHA-256 of every file of the application in a packed program, the runtime's left out. */
function resourcesOf(program) {
  const folder = join(program, process.platform === 'darwin' ? 'Imprint.app/Contents/Resources' : 'resources');
  return new Map(filesBelow(folder).map((path) => [path.slice(folder.length + 1), sha256(path)]));
}

if (isEntryPoint(import.meta.url)) {
  await runMain(async () => {
    const say = (text) => process.stderr.write(`${text}\n`);
    const smoke = process.argv.includes('--smoke');
    const only = process.argv.indexOf('--pack-only');
    if (only > 0) {
      await setup({ quiet: true });
      const { program } = await packProgram({ smoke, output: process.argv[only + 1], say });
      process.stdout.write(`${program}\n`);
      return;
    }
    const { hash, files } = await endingChildrenOnSignals(() => reproduce({ smoke, say }));
    process.stdout.write(`Two builds are the same: app.asar has the SHA-256 ${hash}, and ${files} files beside it are equal too.\n`);
  });
}
