import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { measureProcess, toolEnvironment } from '../harness/process.mjs';
import { checkResult } from './check.mjs';
import { copyImage, settle } from './golden-image.mjs';
import { task } from './task.mjs';

/** S_IFREG */
const regularFile = 0o100000;

/** Both rivals change an image in place. Each gets a fresh copy, already on the disk and in the page cache; making it is not counted. */
async function inCopy(name, { images, image, folder, key }, work) {
  const copy = join(folder, 'rival.img');
  await copyImage(image.path, copy);
  try {
    const { milliseconds } = await work(copy);
    // The next contender shall not pay for what this one left to be written.
    await settle(copy);
    await checkResult(images, image, copy, key, name);
    return [milliseconds];
  } finally {
    await rm(copy, { force: true });
  }
}

export async function menderArtifact(context) {
  const { output } = await measureProcess('mender-artifact', ['--version']);
  const version = /\d+\.\d+\.\d+/.exec(output)?.[0] ?? 'unknown';
  const name = `mender-artifact ${version}`;
  const { folder, keyFile } = context;
  const env = { ...toolEnvironment, TMPDIR: folder };
  const run = () => inCopy(name, context, (copy) => measureProcess('mender-artifact', ['install', '-m', '0600', keyFile, `${copy}:/data${task.path}`], env));
  return { name, version, run };
}

/** The fastest native way that is known: four requests to one process that knows where the filesystem lies. */
export async function debugfs(context) {
  const { output } = await measureProcess('debugfs', ['-V']);
  const version = /\d+\.\d+\.\d+/.exec(output)?.[0] ?? 'unknown';
  const name = `debugfs ${version}`;
  const { folder, image, keyFile } = context;
  const { offset } = image.partitions.find(({ index }) => index === task.partition);
  const requests = join(folder, 'debugfs-requests');
  const field = (what, value) => `set_inode_field ${task.path} ${what} ${value}`;
  await writeFile(requests, [`write "${keyFile}" ${task.path}`, field('mode', `0${(regularFile | task.mode).toString(8)}`), field('uid', 0), field('gid', 0), ''].join('\n'));
  const run = () => inCopy(name, context, (copy) => measureProcess('debugfs', ['-w', '-f', requests, `${copy}?offset=${offset}`]));
  return { name, version, run };
}
