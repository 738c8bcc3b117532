import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { audit } from './audit.mjs';
import { build, buildHash } from './build.mjs';
import { assertContents, filesOfAsar, inMebibytes, sha256, sizeOf } from './package/contents.mjs';
import { makeDeb } from './package/deb.mjs';
import { packageVersion, recordSchema } from './package/facts.mjs';
import { assertFuses } from './package/fuses.mjs';
import { softwareBill, thirdPartyLicences } from './package/provenance.mjs';
import { setup } from './setup.mjs';
import { findElectron } from './setup/electron-runtime.mjs';
import { readJson } from './support/files.mjs';
import { cacheFolder, inRoot } from './support/paths.mjs';
import { isEntryPoint, Problem, runMain } from './support/problem.mjs';
import { endingChildrenOnSignals, run } from './support/run.mjs';

const folder = join(cacheFolder, 'package');
const resources = join(folder, 'resources');
const BUILDER_TIMEOUT_MS = 15 * 60_000;

/** What electron-builder makes besides the unpacked program, by system; Debian's own tools make the rest. */
const TARGETS = { linux: ['AppImage'], darwin: ['dmg'], win32: ['nsis'] };
const SYSTEMS = { linux: 'linux', darwin: 'mac', win32: 'win' };

/**
 * The runtime that a package is made with.
 * SECURITY: only the official one, as its own downloader checked it: a release must not hold a binary that nobody vouches for.
 */
export function runtimeFor(smoke, electron = findElectron()) {
  if (electron === undefined) throw new Problem('Electron is not set up: run `npm run setup` first.');
  if (smoke || (electron.official && !process.env.ELECTRON_OVERRIDE_DIST_PATH)) return electron;
  throw new Problem(
    `No package is made with this Electron: ${electron.official ? 'ELECTRON_OVERRIDE_DIST_PATH names one that nobody checked' : 'it is the unofficial development runtime'}. Needed is the official Electron ${readJson(inRoot('package.json')).devDependencies.electron}: run \`npm run setup\` where its download can be reached. To try out the package itself: \`npm run package:smoke\`.`,
  );
}

/** The moment of the last commit: whoever packs the same sources later gets the same files. */
async function dateOfSources() {
  const epoch = process.env.SOURCE_DATE_EPOCH ?? (await run('git', ['log', '-1', '--format=%ct'])).output.trim();
  return new Date(Number(epoch) * 1000 || 0);
}

const runBuilder = (args) => run(process.execPath, [inRoot('node_modules', 'electron-builder', 'cli.js'), ...args, '--publish', 'never'], { timeoutMs: BUILDER_TIMEOUT_MS });

/**
 * Packs the program into a folder and looks into it: fuses, contents.
 * @param {{smoke: boolean, version?: string, output: string, say: (text: string) => void}} how `version`: of a smoke package, another one than that of the sources
 * @returns {Promise<{program: string, version: string, asar: string, hash: string}>} `hash`: SHA-256 of the archive
 */
export async function packProgram({ smoke, version: wanted, output, say }) {
  const electron = runtimeFor(smoke);
  const { number, text: version } = packageVersion(smoke, wanted);
  rmSync(resources, { recursive: true, force: true });
  mkdirSync(resources, { recursive: true });
  await build(say, { version: number, madeFor: smoke ? 'smoke' : 'release', folder: join(folder, 'app', 'dist') });
  const hash = buildHash(number);
  writeFileSync(join(resources, 'sbom.cdx.json'), `${JSON.stringify(await softwareBill({ version, build: hash, runtime: electron }), null, 1)}\n`);
  writeFileSync(join(resources, 'third-party-licences.txt'), thirdPartyLicences());
  writeFileSync(join(resources, 'build.json'), `${JSON.stringify({ version, build: hash, electron: electron.version, official: electron.official, recordSchema: recordSchema() }, null, 1)}\n`);
  putRights(join(resources, 'rights'));
  if (smoke) writeFileSync(join(resources, 'SMOKE-BUILD.txt'), 'Made to try out the package, on an unofficial runtime. No card for anybody may be made with it.\n');
  rmSync(output, { recursive: true, force: true });
  const { code, output: said } = await runBuilder([`--${SYSTEMS[process.platform]}`, 'dir', `--${process.arch}`, `-c.directories.output=${output}`, `-c.electronDist=${electron.folder}`, `-c.electronVersion=${electron.version}`, `-c.extraMetadata.version=${version}`]);
  if (code !== 0) throw new Problem(`The program could not be packed:\n${said.trim()}`);
  const unpacked = readdirSync(output, { withFileTypes: true }).find((entry) => entry.isDirectory());
  const program = join(output, unpacked.name);
  const asar = process.platform === 'darwin' ? join(program, 'Imprint.app/Contents/Resources/app.asar') : join(program, 'resources', 'app.asar');
  const files = filesOfAsar(asar);
  assertContents(files);
  return { program, version, asar, files, hash: sha256(asar) };
}

/** What gives a user the rights that cards need, where no dpkg has done it; the .deb runs the same script. */
function putRights(target) {
  mkdirSync(target, { recursive: true });
  for (const from of [inRoot('packaging', 'rights', 'install-rights'), inRoot('packaging', 'rights', 'limits.conf'), inRoot('scripts', 'udev', '70-imprint.rules')]) copyFileSync(from, join(target, basename(from)));
  chmodSync(join(target, 'install-rights'), 0o755);
}

/** Where the builder's own downloads are out of reach, one line says so; what can be made is made all the same. */
async function makeTarget(target, { program, version, smoke }) {
  const before = new Set(readdirSync(folder));
  const { code, output, timedOut } = await runBuilder([`--${SYSTEMS[process.platform]}`, target, `--${process.arch}`, '--prepackaged', program, `-c.directories.output=${folder}`, `-c.extraMetadata.version=${version}`, ...(smoke ? ['-c.artifactName=imprint-SMOKE-${version}-${os}-${arch}.${ext}'] : [])]);
  const made = readdirSync(folder).filter((name) => !before.has(name) && name.startsWith('imprint-'));
  if (code === 0 && made.length > 0) return { files: made.map((name) => join(folder, name)) };
  const network = output.match(/\b(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN)\b/)?.[1];
  return { files: [], reason: timedOut || network !== undefined ? `its download is out of reach: ${network ?? 'no answer'}` : (output.match(/⨯ ([^\n]*)/)?.[1] ?? output.trim().split('\n').at(-1)) };
}

/**
 * A .tar.gz, for systems without dpkg and for users without root: unpacked anywhere it is an installation as updates know it
 * (docs/updates.md). The same program gives the same archive.
 */
async function makeArchive(program, number, name) {
  const file = join(folder, `${name}.tar.gz`);
  const staged = join(folder, 'archive-root');
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(join(staged, 'imprint', 'versions'), { recursive: true });
  symlinkSync(join('versions', number), join(staged, 'imprint', 'current'));
  const linked = await run('cp', ['--archive', '--link', program, join(staged, 'imprint', 'versions', number)]);
  const date = (await dateOfSources()).toISOString();
  // Nobody but its owner may write it, whatever the umask was here; hard links would be told apart from files.
  const made = linked.code !== 0 ? linked : await run('tar', ['--sort=name', `--mtime=${date}`, '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX', '--hard-dereference', '--use-compress-program=gzip -n', '-cf', file, '-C', staged, 'imprint']);
  rmSync(staged, { recursive: true, force: true });
  if (made.code !== 0) throw new Problem(`${file} could not be made:\n${made.output.trim()}`);
  return file;
}

/** @returns {Promise<string[]>} what was made */
export async function makePackages({ smoke, version: wanted, targets = TARGETS[process.platform], say }) {
  const { number } = packageVersion(smoke, wanted);
  await setup({ quiet: true });
  const electron = runtimeFor(smoke);
  await audit({ require: !smoke }, say);
  const output = join(folder, 'out');
  const { program, version, asar, files, hash } = await packProgram({ smoke, version: number, output, say });
  const binary = process.platform === 'linux' ? join(program, 'imprint') : process.platform === 'darwin' ? join(program, 'Imprint.app') : join(program, 'Imprint.exe');
  const fuses = await assertFuses(binary);
  say(`Fuses: ${Object.entries(fuses).map(([name, on]) => `${name} ${on ? 'on' : 'off'}`).join(', ')}.`);
  say(`Electron ${electron.version}${electron.official ? '' : ' (unofficial)'}; ${files.length} files in app.asar, ${inMebibytes(sizeOf(asar))}, SHA-256 ${hash}; installed ${inMebibytes(sizeOf(program))}.`);
  for (const name of readdirSync(folder)) if (name.startsWith('imprint')) rmSync(join(folder, name), { recursive: true, force: true });
  const made = [];
  if (process.platform === 'linux') {
    const debVersion = smoke ? version.replace('-', '~') : version;
    const file = join(folder, `imprint${smoke ? '-SMOKE' : ''}_${debVersion}_${process.arch === 'x64' ? 'amd64' : process.arch}.deb`);
    await makeDeb({ quick: smoke, program, folder: join(folder, 'deb-root'), arch: process.arch, version: debVersion, file, date: await dateOfSources(), ...(smoke ? { note: 'SMOKE BUILD on an unofficial runtime: not for production.' } : {}) });
    made.push(file, await makeArchive(program, number, `imprint${smoke ? '-SMOKE' : ''}-${version}-linux-${process.arch}`));
  }
  for (const target of targets) {
    const { files: paths, reason } = await makeTarget(target, { program, version, smoke });
    made.push(...paths);
    if (reason !== undefined) say(`Not made: ${target}: ${reason}.`);
  }
  for (const path of made) say(`${basename(path)}: ${inMebibytes(sizeOf(path))}`);
  return made;
}

if (isEntryPoint(import.meta.url)) {
  await runMain(async () => {
    const say = (text) => process.stderr.write(`${text}\n`);
    const { values } = parseArgs({ options: { smoke: { type: 'boolean' }, version: { type: 'string' } } });
    const made = await endingChildrenOnSignals(() => makePackages({ smoke: values.smoke === true, version: values.version, say }));
    for (const path of made) process.stdout.write(`${path}\n`);
  });
}
