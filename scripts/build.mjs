import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, extname, join, relative } from 'node:path';
import { filesBelow, hashFiles, readJson, writeFileAtomic } from './support/files.mjs';
import { inRoot, root } from './support/paths.mjs';
import { isEntryPoint, Problem, runMain } from './support/problem.mjs';

const distFolder = inRoot('dist');

/** Files that only development needs: never copied into the application. */
const NOT_ASSETS = ['.ts', '.mts', '.tsx', '.css', '.md', '.sh'];

/** @typedef {{version: string, madeFor: 'checkout' | 'smoke' | 'release', folder: string}} Made what a build is to be, and where */

export const sourceVersion = () => readJson(inRoot('package.json')).version;

/** @returns {Made} */
const checkout = () => ({ version: sourceVersion(), madeFor: 'checkout', folder: distFolder });
const stampIn = (folder) => join(folder, 'build.json');

/** What the sources declare and the build knows. */
const definitions = ({ version, madeFor }) => ({ IMPRINT_VERSION: JSON.stringify(version), IMPRINT_BUILD: JSON.stringify(buildHash(version)), IMPRINT_MADE_FOR: JSON.stringify(madeFor) });

const sourceFiles = () =>
  [...filesBelow(inRoot('main')), ...filesBelow(inRoot('renderer')), ...filesBelow(inRoot('native'))].filter(
    (path) => !path.startsWith(join(root, 'native')) || path.endsWith('.ts'),
  );

/** Whether dist/ is the build of the sources as they are. Looks at sizes and times, so it takes milliseconds. */
export function buildIsCurrent() {
  const last = readJson(stampIn(distFolder));
  return last !== undefined && last.sources === stateOfSources() && last.outputs.every((path) => existsSync(join(distFolder, path)));
}

/**
 * SHA-256 over everything that the bundles and the addon are made of, by name and content: the same on every machine.
 * @param {string} version another one than that of the sources counts as if it stood there
 */
export function buildHash(version = sourceVersion()) {
  const paths = [...filesBelow(inRoot('main')), ...filesBelow(inRoot('renderer')), ...filesBelow(inRoot('native')).filter((path) => /\.(ts|c|h)$/.test(path)), inRoot('scripts', 'build.mjs'), inRoot('package.json'), inRoot('package-lock.json')];
  const hash = createHash('sha256');
  const contentOf = (path) => (path === 'package.json' ? readFileSync(inRoot(path), 'utf8').replace(`"version": "${sourceVersion()}"`, `"version": "${version}"`) : readFileSync(inRoot(path)));
  for (const path of paths.map((each) => relative(root, each)).sort()) hash.update(`${path} ${createHash('sha256').update(contentOf(path)).digest('hex')}\n`);
  return hash.digest('hex');
}

function stateOfSources() {
  const hash = createHash('sha256');
  for (const path of sourceFiles()) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${relative(root, path)} ${size} ${mtimeMs}\n`);
  }
  return hash.update(hashFiles([inRoot('scripts', 'build.mjs'), inRoot('package.json'), inRoot('package-lock.json')])).digest('hex');
}

/**
 * Bundles every process into a folder and copies the assets beside it.
 * @param {(text: string) => void} say
 * @param {Made} made a package is built into a folder of its own: what the checkout runs meanwhile is no part of it
 * @throws {Problem} with esbuild's own words when a source does not compile; the folder then stays as it was
 */
export async function build(say, made = checkout()) {
  const started = performance.now();
  const { build: bundle, formatMessages } = await import('esbuild');
  const sources = stateOfSources();
  const { folder } = made;
  const stamp = stampIn(folder);
  const bundles = [...nodeBundles(made), preloadBundle(folder), rendererBundle(folder)].filter(({ entryPoints, outfile }) => {
    const exists = existsSync(entryPoints[0]);
    if (!exists) say(`Not built, for want of a source: ${relative(root, outfile)}`);
    return exists;
  });
  let results;
  try {
    results = await Promise.all(bundles.map((options) => bundle({ ...common, ...options })));
    for (const { outputFiles } of results) for (const file of outputFiles) if (file.path.endsWith('.cjs')) file.contents = new TextEncoder().encode(loadedLate(file.text));
  } catch (error) {
    if (!error.errors) throw error;
    const lines = await formatMessages(error.errors, { kind: 'error', color: process.stderr.isTTY });
    throw new Problem(`The build failed.\n${lines.join('')}`);
  }
  const warnings = results.flatMap((result) => result.warnings);
  for (const line of await formatMessages(warnings, { kind: 'warning', color: process.stderr.isTTY })) say(line);
  // CRASH: the stamp goes first and comes last, so a build that was killed is repeated.
  rmSync(stamp, { force: true });
  const outputs = [...results.flatMap((result) => result.outputFiles.map(({ path, contents }) => [path, contents])), ...assets(folder)];
  for (const [path, content] of outputs) writeFileAtomic(path, content);
  const kept = new Set(outputs.map(([path]) => path));
  for (const path of filesBelow(folder)) if (!kept.has(path)) rmSync(path);
  writeFileAtomic(stamp, JSON.stringify({ sources, outputs: outputs.map(([path]) => relative(folder, path)) }, null, 1));
  say(`Built ${results.length} bundles in ${Math.round(performance.now() - started)} ms.`);
}

/** Used at the first line of a module, or known by what it does when it is loaded. */
const LOADED_AT_ONCE = ['electron', 'reflect-metadata'];
const LATE = "var __late=(load)=>{let it;return new Proxy({},{get:(_,name)=>(it??=load())[name],has:(_,name)=>name in(it??=load())})};";

/**
 * A command that says its version needs neither HTTP nor certificates: packages are loaded where something of them is first
 * used. On one line more and none moved, so source maps stay right.
 */
function loadedLate(text) {
  const late = text.replace(/(\b[\w$]+) = ((?:__toESM\()?require\("([^"]+)"\)(?:, 1)?\)?);/g, (whole, name, load, id) => (id.startsWith('node:') || id.startsWith('.') || LOADED_AT_ONCE.includes(id) ? whole : `${name} = __late(() => ${load});`));
  return late === text ? text : late.replace('\n', `${LATE}\n`);
}

/** In every process and at its first line, so it is in the bundles; of its forty languages only the one that its errors are in. */
const ZOD = inRoot('node_modules', 'zod');
const zodInside = {
  name: 'zod',
  setup(builder) {
    builder.onResolve({ filter: /^zod$/ }, () => ({ path: join(ZOD, 'index.js'), sideEffects: false }));
    builder.onResolve({ filter: /locales\/index\.js$/ }, ({ importer }) => (importer.startsWith(ZOD) ? { path: join(ZOD, 'v4', 'locales', 'en.js'), sideEffects: false } : undefined));
  },
};

/** What a checkout's processes compiled at their start is there for the next, where the tests ask for that. They end without Node's own end. */
const KEPT_COMPILED = "setImmediate(require('node:module').flushCompileCache);";

const common = {
  bundle: true,
  write: false,
  absWorkingDir: root,
  sourcemap: 'linked',
  logLevel: 'silent',
  legalComments: 'none',
};

function nodeBundles(made) {
  const workers = filesBelow(inRoot('main', 'workers')).filter(
    (path) => relative(inRoot('main', 'workers'), path) === basename(path) && path.endsWith('.ts') && !path.endsWith('.d.ts'),
  );
  const entries = [inRoot('main', 'index.ts'), inRoot('main', 'cli.ts'), ...workers];
  const define = definitions(made);
  return entries.map((entry) => ({
    entryPoints: [entry],
    outfile: join(made.folder, relative(root, entry).replace(/\.ts$/, '.cjs')),
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    packages: 'external',
    plugins: [zodInside],
    external: ['electron'],
    footer: made.madeFor === 'checkout' ? { js: KEPT_COMPILED } : {},
    // The sources are ES modules, the bundles are not.
    define: { ...define, 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename', 'import.meta.url': '__moduleUrl' },
    banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  }));
}

/** A sandboxed preload can require electron and nothing else, so all else is bundled. */
function preloadBundle(folder) {
  return {
    entryPoints: [inRoot('main', 'preload', 'index.ts')],
    outfile: join(folder, 'preload', 'index.cjs'),
    format: 'cjs',
    platform: 'browser',
    target: 'chrome148',
    external: ['electron'],
  };
}

function rendererBundle(folder) {
  return {
    entryPoints: [inRoot('renderer', 'index.tsx')],
    outfile: join(folder, 'renderer', 'index.js'),
    format: 'esm',
    platform: 'browser',
    target: 'chrome148',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    loader: { '.svg': 'dataurl', '.woff2': 'file', '.png': 'file' },
    assetNames: 'assets/[name]-[hash]',
  };
}

/** Whatever lies beside the sources and is neither code nor configuration keeps its place. */
function assets(folder) {
  return ['main', 'renderer'].flatMap((part) =>
    filesBelow(inRoot(part))
      .filter((path) => !NOT_ASSETS.includes(extname(path)) && basename(path) !== 'tsconfig.json')
      .map((path) => [join(folder, relative(root, path)), readFileSync(path)]),
  );
}

if (isEntryPoint(import.meta.url)) {
  await runMain(async () => {
    const say = (text) => process.stderr.write(`${text}\n`);
    if (buildIsCurrent()) say('The build is up to date.');
    else await build(say);
  });
}
