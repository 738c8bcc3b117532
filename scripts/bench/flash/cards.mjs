import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { freemem } from 'node:os';
import { basename, join } from 'node:path';
import { toolEnvironment } from '../harness/process.mjs';
import { Problem } from '../../support/problem.mjs';
import { mebibyte } from './task.mjs';
import { unthrottle } from './throttle.mjs';

/** In these the kernel counts, whatever a device's block size is. */
const sectorBytes = 512;

/**
 * A card: a loop device that bypasses the page cache on its way to its file.
 * @typedef {{device: string, backing: string, number: string, bytes: number}} Card
 */

/**
 * Cards while `use` runs; loop devices and files are gone afterwards, also after a signal.
 * @param {{count: number, bytes: number, parent: string}} request `parent`: a folder on tmpfs or on a disk
 * @param {(cards: Card[]) => Promise<T>} use
 * @returns {Promise<T>}
 * @template T
 */
export async function withCards({ count, bytes, parent }, use) {
  const folder = mkdtempSync(join(parent, 'imprint-bench-cards-'));
  const cards = [];
  const remove = () => {
    for (const { device, number } of cards.splice(0)) {
      unthrottle(number);
      tool('losetup', ['-d', device]);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  try {
    for (let index = 0; index < count; index += 1) {
      const backing = join(folder, `card-${index}`);
      writeFileSync(backing, '');
      truncateSync(backing, bytes);
      const device = checked('losetup', ['--find', '--show', '--direct-io=on', backing]).trim();
      cards.push({ device, backing, bytes, number: readFileSync(`/sys/class/block/${basename(device)}/dev`, 'utf8').trim() });
      if (readFileSync(`/sys/class/block/${basename(device)}/loop/dio`, 'utf8').trim() !== '1') throw new Problem(`${device} on ${parent} has no direct I/O.`);
    }
    return await use([...cards]);
  } finally {
    process.removeListener('exit', remove);
    remove();
  }
}

/** What lies on a card before a turn: nothing of the image, so that nothing old can pass for something new. */
const oldBytes = Buffer.alloc(mebibyte, 0xa5);

/** A card without anything on it, for cards on a disk. */
export function emptyCard({ device }) {
  checked('blkdiscard', ['-f', device]);
}

/**
 * A card in memory for the next contender. Every block that it is going to write has memory already: a virtual machine's
 * host may take freed memory back and be slow to give it again, which would be what is measured.
 * @param {Card} card
 * @param {readonly {offset: number, length: number}[]} written what the contender writes; the rest is left as on a new card
 */
export function prepareCard({ device, backing, bytes }, written) {
  let at = 0;
  for (const { offset, length } of [...written, { offset: bytes, length: 0 }]) {
    if (offset > at) checked('blkdiscard', ['-f', '-o', String(at), '-l', String(offset - at), device]);
    at = offset + length;
  }
  const file = openSync(backing, 'r+');
  try {
    for (const { offset, length } of written) {
      for (let place = offset; place < offset + length; place += oldBytes.length) {
        writeSync(file, oldBytes, 0, Math.min(oldBytes.length, offset + length - place), place);
      }
    }
  } finally {
    closeSync(file);
  }
}

/** Bytes that were read from and written to a card since the machine started. */
export function traffic({ device }) {
  const fields = readFileSync(`/sys/class/block/${basename(device)}/stat`, 'utf8').trim().split(/\s+/).map(Number);
  return { read: fields[2] * sectorBytes, written: fields[6] * sectorBytes };
}

/** Bytes that may still be filled on a tmpfs, with some air for whoever else is on the machine. */
export function freeMemory() {
  const available = /MemAvailable:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return (available === undefined ? freemem() : Number(available) * 1024) - 1.5 * 2 ** 30;
}

const tool = (program, args) => spawnSync(program, args, { env: toolEnvironment, encoding: 'utf8' });

function checked(program, args) {
  const { status, stdout, stderr, error } = tool(program, args);
  if (status !== 0) throw new Problem(`${program} ${args.join(' ')} failed: ${(error?.message ?? stderr).trim()}`);
  return stdout;
}
