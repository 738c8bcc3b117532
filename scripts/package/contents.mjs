import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { filesBelow } from '../support/files.mjs';
import { Problem } from '../support/problem.mjs';

/** @typedef {{path: string, size: number, unpacked: boolean}} PackedFile */

/** The files of an archive, from its header. @returns {PackedFile[]} */
export function filesOfAsar(path) {
  const descriptor = openSync(path, 'r');
  try {
    const sizes = Buffer.alloc(16);
    readSync(descriptor, sizes, 0, 16, 0);
    const header = Buffer.alloc(sizes.readUInt32LE(12));
    readSync(descriptor, header, 0, header.length, 16);
    return flatten(JSON.parse(header.toString('utf8')).files, '');
  } finally {
    closeSync(descriptor);
  }
}

function flatten(files, above) {
  return Object.entries(files).flatMap(([name, entry]) =>
    entry.files === undefined ? [{ path: `${above}${name}`, size: entry.size ?? 0, unpacked: entry.unpacked === true }] : flatten(entry.files, `${above}${name}/`),
  );
}

/** What runs nowhere: sources, what only developers have, builds for other systems. */
const FORBIDDEN = [
  /\.(ts|tsx|mts|cts|map|c|cc|cpp|h|gyp|gypi|md|sh)$/,
  /(^|\/)(tests?|__tests__|examples?|benchmarks?|docs?|\.github|\.yarn)\//,
  /^(main|renderer|scripts|tests|docs|native\/(?!build\/imprint\.node))/,
  /^node_modules\/(electron|electron-builder|app-builder-lib|playwright|playwright-core|vitest|eslint|typescript|esbuild|@types|react|react-dom|@electron)\//,
  new RegExp(`(${['darwin', 'win32', 'linux-', 'musl'].filter((system) => !system.startsWith(process.platform)).join('|')}).*\\.node$`),
];

/** @throws {Problem} naming what does not belong into a package, and whatever has to be there and is not */
export function assertContents(files) {
  const paths = files.map(({ path }) => path);
  const strange = paths.filter((path) => FORBIDDEN.some((pattern) => pattern.test(path)));
  if (strange.length > 0) throw new Problem(`A package holds what does not run: ${strange.slice(0, 8).join(', ')}${strange.length > 8 ? ` and ${strange.length - 8} more` : ''}.`);
  const needed = ['dist/main/index.cjs', 'dist/main/workers/custody.cjs', 'dist/main/workers/storage.cjs', 'dist/main/workers/export.cjs', 'dist/preload/index.cjs', 'dist/renderer/index.html', 'native/build/imprint.node'];
  const missing = needed.filter((path) => !paths.includes(path));
  if (missing.length > 0) throw new Problem(`A package lacks ${missing.join(', ')}.`);
  const loose = files.filter(({ path, unpacked }) => unpacked && !path.endsWith('.node') && !path.startsWith('dist/main/practice/assets/'));
  if (loose.length > 0) throw new Problem(`Outside of the archive lies what needs not to: ${loose.map(({ path }) => path).join(', ')}.`);
}

export const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Bytes of a file, or of all files below a folder. */
export const sizeOf = (path) => (statSync(path).isDirectory() ? filesBelow(path).reduce((sum, each) => sum + statSync(each).size, 0) : statSync(path).size);

export const inMebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
