import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { bundleForElectron } from '../harness/bundle.mjs';
import { measureProcess, toolEnvironment } from '../harness/process.mjs';
import { inRoot } from '../../support/paths.mjs';
import { keyFile } from './task.mjs';

/**
 * What one turn measured, in seconds. `write` ends when the last card is written, `work` when the last one is verified; both begin with
 * the first write. `whole` is the whole process, `prepare` what is done once for an image before any card. `peak` is in MiB.
 * @typedef {{write: number, work: number, whole: number, cards: number[], prepare?: number, cpu?: number, peak?: number}} Measured
 *
 * @typedef {{name: string, key: boolean, erases: boolean, everything: boolean, measure: (image: import('./images.mjs').BenchImage, cards: import('./cards.mjs').Card[],
 *   compressed: boolean) => Promise<Measured>}} Contender `key`: whether it also puts a key onto each card; `erases`: whether old
 *   bytes in unmapped blocks are gone afterwards; `everything`: whether it writes unmapped blocks too
 */

/**
 * The engine of the station, as it runs in the custody process.
 * @param {'zero' | 'discard-verified'} erasure what it does with the blocks that the image does not map
 * @returns {Promise<Contender>}
 */
export async function imprint({ electron, bundleFolder, folder }, erasure) {
  const bundle = await bundleForElectron(bundleFolder, 'scripts', 'bench', 'flash', 'imprint-driver.mjs');
  const measure = async (image, cards, compressed) => {
    // A cache of its own for every turn: so its preparation is that of an image never seen before.
    const cacheFolder = await mkdtemp(join(folder, 'cache-'));
    try {
      const files = [{ content: 'private-key', partition: { number: image.keyPartition.index }, createFolders: false, ...keyFile }];
      const settings = compressed ? image.zst : { path: image.path, sha256: image.sha256 };
      return await drive(folder, electron.path, bundle, electron.env, { cacheFolder, settings, files, erasure, devices: devicesOf(cards) });
    } finally {
      await rm(cacheFolder, { recursive: true, force: true });
    }
  };
  return { name: erasure === 'zero' ? 'Imprint' : 'Imprint (discard-verified)', key: true, erases: true, everything: false, measure };
}

/** etcher-sdk as balenaEtcher uses it: trim of ext partitions, verification, its number of buffers and of threads. @returns {Contender} */
export function etcher({ folder }, sdk) {
  const env = { ...toolEnvironment, UV_THREADPOOL_SIZE: String(16 * cpus().length) };
  const driver = inRoot('scripts', 'bench', 'flash', 'etcher-driver.cjs');
  const measure = (image, cards) => drive(folder, process.execPath, driver, env, { folder: sdk.folder, image: image.path, devices: devicesOf(cards) });
  return { name: `etcher-sdk ${sdk.version}`, key: false, erases: false, everything: false, measure };
}

/** One dd per card, then one dd and cmp per card. @returns {Contender} */
export function dd({ versions }) {
  const write = ({ path, zst }, { device }, compressed) =>
    compressed
      ? ['bash', '-c', 'set -o pipefail; zstd -dcq "$0" | dd of="$1" bs=4M iflag=fullblock oflag=direct conv=fsync,nocreat status=none', zst.path, device]
      : ['dd', `if=${path}`, `of=${device}`, 'bs=4M', 'oflag=direct', 'conv=fsync,nocreat', 'status=none'];
  return { name: `dd ${versions.coreutils} + cmp`, key: false, erases: true, everything: true, measure: commands(write, readBack) };
}

/** @param {boolean} withMap whether it is told which blocks to write @returns {Contender} */
export function bmaptool({ versions }, withMap) {
  const write = ({ path, zst, bmap }, { device }, compressed) =>
    ['bmaptool', '--quiet', 'copy', ...(withMap ? ['--bmap', bmap] : ['--nobmap']), compressed ? zst.path : path, device];
  return { name: `bmaptool ${versions.bmaptool} ${withMap ? 'with' : 'without'} bmap + cmp`, key: false, erases: !withMap, everything: !withMap, measure: commands(write, readBack) };
}

function readBack({ path, bytes, zst }, { device }, compressed) {
  const read = 'dd if="$1" bs=4M iflag=direct,count_bytes count="$2" status=none';
  const script = compressed ? `set -o pipefail; ${read} | cmp -n "$2" - <(zstd -dcq "$0")` : `set -o pipefail; ${read} | cmp -n "$2" - "$0"`;
  return ['bash', '-c', script, compressed ? zst.path : path, device, String(bytes)];
}

/** Two commands per card, one after the other, all cards at once. */
function commands(writeCommand, readCommand) {
  return async (image, cards, compressed) => {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    const ends = await Promise.all(
      cards.map(async (card) => {
        const [writer, ...writerArgs] = writeCommand(image, card, compressed);
        await measureProcess(writer, writerArgs);
        const write = seconds();
        const [reader, ...readerArgs] = readCommand(image, card, compressed);
        await measureProcess(reader, readerArgs);
        return { write, work: seconds() };
      }),
    );
    const work = Math.max(...ends.map((end) => end.work));
    return { write: Math.max(...ends.map((end) => end.write)), work, whole: work, cards: ends.map((end) => end.work) };
  };
}

const devicesOf = (cards) => cards.map(({ device, bytes }) => ({ path: device, bytes }));

/** Runs a driver script that takes its request and leaves its result in JSON files. */
async function drive(folder, program, script, env, request) {
  const requestPath = join(folder, 'request.json');
  const resultPath = join(folder, 'result.json');
  await rm(resultPath, { force: true });
  await writeFile(requestPath, JSON.stringify(request));
  const { milliseconds } = await measureProcess(program, [script, requestPath, resultPath], env);
  return { ...JSON.parse(await readFile(resultPath, 'utf8')), whole: milliseconds / 1000 };
}
