import { fork } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../support/problem.mjs';
import { bundleForElectron } from '../harness/bundle.mjs';
import { measureProcess } from '../harness/process.mjs';
import { checkResult } from './check.mjs';

/** Injections that are counted, over all runs. */
const countedInjections = 20;

/** Imprint as a process that starts, loads the image code, does one injection and ends: the rivals' terms. */
export async function wholeProcess(context) {
  const { electron, image, folder, bundleFolder } = context;
  const bundle = await bundleForElectron(bundleFolder, 'scripts', 'bench', 'inject', 'whole-process.mjs');
  const result = join(folder, 'overlay.json');
  const name = 'Imprint, whole process';
  const run = async () => {
    await rm(result, { force: true });
    const { milliseconds } = await measureProcess(electron.path, [bundle, image.path, result], electron.env);
    await checkOverlay(context, JSON.parse(await readFile(result, 'utf8')), name);
    return [milliseconds];
  };
  return { name, run };
}

/** Imprint as at the bench: a process that has put keys into images before does it for one more device. */
export async function runningStation(context, runs) {
  const { electron, image, bundleFolder } = context;
  const bundle = await bundleForElectron(bundleFolder, 'scripts', 'bench', 'inject', 'running-station.mjs');
  const name = 'Imprint, in the running station';
  const station = fork(bundle, [image.path], { execPath: electron.path, execArgv: [], env: electron.env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const stop = () => station.kill('SIGKILL');
  process.once('exit', stop);
  const ended = once(station, 'exit').then(() => {
    throw new Problem(`${name}: the process ended`);
  });
  ended.catch(() => undefined);
  const run = async () => {
    const answer = once(station, 'message');
    station.send(Math.ceil(countedInjections / runs));
    const [measured] = await Promise.race([answer, ended]);
    for (const { result } of measured) await checkOverlay(context, JSON.parse(result), name);
    return measured.map(({ milliseconds }) => milliseconds);
  };
  const close = async () => {
    process.removeListener('exit', stop);
    station.disconnect();
    await ended.catch(() => undefined);
  };
  return { name, run, close };
}

/**
 * Puts overlay and content onto the card that all checks share, as the card writer does, looks at it, and takes them off again. That card
 * must equal the golden image in the end: so nothing but what the check undoes was changed.
 */
async function checkOverlay({ images, image, card, key }, { overlay, extents }, who) {
  const golden = await open(image.path, 'r');
  const handle = await open(card, 'r+');
  try {
    for (const { offset, bytes } of overlay) await writeAll(handle, Buffer.from(bytes, 'base64'), offset);
    let done = 0;
    for (const { offset, length } of extents) {
      await writeAll(handle, key.subarray(done, done + length), offset);
      done += length;
    }
    await checkResult(images, image, card, key, who);
    for (const { offset, bytes } of overlay) {
      const original = Buffer.from(bytes, 'base64');
      await golden.read(original, 0, original.length, offset);
      await writeAll(handle, original, offset);
    }
    await handle.sync();
  } finally {
    await handle.close();
    await golden.close();
  }
}

async function writeAll(handle, bytes, position) {
  const { bytesWritten } = await handle.write(bytes, 0, bytes.length, position);
  if (bytesWritten !== bytes.length) throw new Problem('The disk is full.');
}
