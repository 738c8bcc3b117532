import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { run } from '../support/run.mjs';
import { readAt } from './golden.mjs';

const mebibyte = 1024 * 1024;

/** What the head of a card looks like: `zero` cannot boot; `bootable` has a partition table. */
export function headOf(path) {
  const head = readAt(path, 0, mebibyte);
  if (head.every((byte) => byte === 0)) return 'zero';
  if (head.readUInt16BE(510) === 0x55aa) return 'bootable';
  return 'no partition table';
}

/**
 * Everything that must hold of a finished card, seen from outside: outside the data partition it is the golden image byte
 * for byte (the old data is gone), behind the image nothing old is left in the last MiB, the filesystem is clean, and the
 * key in it, read by debugfs, has the public half that the engine reported, by openssl.
 * @returns {Promise<string[]>} what does not hold
 */
export async function faultsOfFinishedCard(path, golden, spki) {
  const faults = [];
  const card = readFileSync(path);
  const image = readFileSync(golden.path);
  const before = golden.dataOffset;
  if (!card.subarray(0, before).equals(image.subarray(0, before))) faults.push(`differs from the image at byte ${firstDifference(card, image, before)}`);
  if (!card.subarray(-mebibyte).every((byte) => byte === 0)) faults.push('old data in the last MiB');
  const place = `${path}?offset=${golden.dataOffset}`;
  const check = await run('/usr/sbin/e2fsck', ['-fn', place]);
  if (check.code !== 0) faults.push(`e2fsck ${check.code}`);
  try {
    const pem = execFileSync('/usr/sbin/debugfs', ['-R', 'cat /mender/mender-agent.pem', place], { stdio: ['ignore', 'pipe', 'ignore'] });
    const found = execFileSync('openssl', ['pkey', '-pubout', '-outform', 'DER'], { input: pem, stdio: ['pipe', 'pipe', 'ignore'] }).toString('base64');
    if (found !== spki) faults.push('another key than the one that was reported');
  } catch {
    faults.push('no readable key');
  }
  return faults;
}

function firstDifference(one, other, end) {
  for (let at = 0; at < end; at += 1) if (one[at] !== other[at]) return at;
  return end;
}

/** What must hold of every refusal: a code of the closed set that is not `unexpected`, and one sentence. */
export function faultsOfRefusal({ ok, error }, seconds, limit, codes) {
  if (ok) return ['it was called done'];
  const faults = [];
  if (!codes.some((code) => (code.endsWith('*') ? error.code.startsWith(code.slice(0, -1)) : error.code === code))) faults.push(`code ${error.code}, expected ${codes.join(' or ')}`);
  if (!/^[A-Z/][^\n]*[.]$/.test(error.sentence)) faults.push(`not one sentence: ${error.sentence}`);
  if (seconds > limit) faults.push(`took ${seconds.toFixed(1)} s, limit ${limit} s`);
  return faults;
}
