import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { toolEnvironment } from '../harness/process.mjs';
import { Problem } from '../../support/problem.mjs';
import { keyFile, mebibyte } from './task.mjs';

const keyStart = Buffer.from('-----BEGIN PRIVATE KEY-----');

/** More differing bytes than any overlay has. */
const mostDifferences = mebibyte;

/**
 * Whether every card holds the image, byte by byte, or its mapped blocks where old bytes of a `used` card may stay in the others; with `key`, all
 * but some blocks of the partition where a file with the right mode and owner lies, in a filesystem that e2fsck finds clean.
 * @throws {Problem}
 */
export async function checkCards({ images, image }, cards, who, { key, erases }, used) {
  await Promise.all(cards.map((card) => checkCard(images, image, card, who, key, used && !erases)));
}

async function checkCard(images, image, { device, backing }, who, key, mappedOnly) {
  const wrong = (what) => new Problem(`${who} gave a wrong card at ${device}: ${what}`);
  const ranges = mappedOnly ? image.mapped : [{ offset: 0, length: image.bytes }];
  const places = [];
  for (const range of ranges) places.push(...(await differences(image.path, backing, range)));
  if (!key) {
    if (places.length > 0) throw wrong(`differs from the image, first at byte ${places[0]}`);
    return;
  }
  const { offset, bytes } = image.keyPartition;
  const outside = places.find((place) => place < offset || place >= offset + bytes);
  if (outside !== undefined) throw wrong(`differs from the image at byte ${outside}, where no key belongs`);
  if (places.length >= mostDifferences) throw wrong('differs from the image in more than a key and its inode');
  const inode = await images.debugfs(backing, offset, `stat "${keyFile.path}"`);
  const [, mode] = /Mode:\s+(\d+)/.exec(inode) ?? [];
  const [, user, group] = /User:\s+(\d+)\s+Group:\s+(\d+)/.exec(inode) ?? [];
  if (Number.parseInt(mode, 8) !== keyFile.mode || user !== '0' || group !== '0') throw wrong(`the key has mode ${mode} and owner ${user}:${group}`);
  const content = await images.readFileInImage(backing, offset, keyFile.path);
  const isKey = content.subarray(0, keyStart.length).equals(keyStart);
  content.fill(0);
  if (!isKey) throw wrong('there is no key in the file of the key');
  const { code, output } = await images.e2fsck(backing, offset);
  if (code !== 0) throw wrong(`e2fsck ended with ${code}: ${output}`);
}

/** Offsets from 0 of the bytes that differ, not more than `mostDifferences`. */
function differences(path, backing, { offset, length }) {
  return new Promise((resolve, reject) => {
    const places = [];
    const child = spawn('cmp', ['-l', '-i', String(offset), '-n', String(length), path, backing], { env: toolEnvironment, stdio: ['ignore', 'pipe', 'inherit'] });
    const stop = () => child.kill('SIGKILL');
    process.once('exit', stop);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (places.length < mostDifferences) places.push(offset + Number.parseInt(line, 10) - 1);
      else stop();
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.removeListener('exit', stop);
      const compared = code === 0 || (code === 1 && places.length > 0) || signal === 'SIGKILL';
      if (compared) resolve(places);
      else reject(new Problem(`cmp ended with ${code}`));
    });
  });
}
