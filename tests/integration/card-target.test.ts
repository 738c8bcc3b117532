import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asImprintError } from '../../main/domain/errors';
import { CardTarget } from '../../main/flash/card-target';
import { inspectTarget } from '../../main/flash/target-facts';
import { alignedBuffer } from '../../native/index';
import { makeImage } from '../support/images';
import { attachLoop, attachLoopAt, detachLoop, loopProblem, makeSparseFile, unmount } from '../support/loop-devices';

const mebibyte = 1024 * 1024;
const problem = loopProblem();
const code = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'no error', (thrown: unknown) => asImprintError(thrown).code);
const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

let folder: string;
const cleanUp: (() => void)[] = [];
const inFolder = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-target-'));
});

afterEach(() => {
  for (const undo of cleanUp.splice(0).reverse()) undo();
  rmSync(folder, { recursive: true });
});

function loop(backing: string, options: Parameters<typeof attachLoop>[1] = {}): string {
  const device = attachLoop(backing, options);
  cleanUp.push(() => detachLoop(device));
  return device;
}

describe('a file as target', () => {
  it('is made exclusively, and goes again when it became no card', async () => {
    const path = inFolder('card.img');
    const target = await CardTarget.openForWriting(await inspectTarget(path), 1000);
    expect(statSync(path).size).toBe(1024);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await target.assertSame();
    await target.abandon();
    expect(existsSync(path)).toBe(false);
  });

  it('that was there before stays when it became no card', async () => {
    const path = makeSparseFile(inFolder('card.img'), mebibyte);
    const target = await CardTarget.openForWriting(await inspectTarget(path), mebibyte);
    await target.abandon();
    expect(statSync(path).size).toBe(mebibyte);
  });

  it('is not removed where it is another one by now', async () => {
    const path = inFolder('card.img');
    const target = await CardTarget.openForWriting(await inspectTarget(path), mebibyte);
    writeFileSync(inFolder('other'), 'mine');
    renameSync(inFolder('other'), path);
    expect(await code(target.assertSame())).toBe('target-changed');
    await target.abandon();
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('that appeared after the check is not written', async () => {
    const path = inFolder('card.img');
    const facts = await inspectTarget(path);
    writeFileSync(path, 'mine');
    expect(await code(CardTarget.openForWriting(facts, mebibyte))).toBe('target-changed');
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('that was exchanged after the check is not written', async () => {
    const path = makeSparseFile(inFolder('card.img'), mebibyte);
    const facts = await inspectTarget(path);
    makeSparseFile(inFolder('other'), mebibyte);
    renameSync(inFolder('other'), path);
    expect(await code(CardTarget.openForWriting(facts, mebibyte))).toBe('target-changed');
  });

  it('is not reached through a link that leads nowhere', async () => {
    symlinkSync(inFolder('elsewhere'), inFolder('card.img'));
    expect(await code(CardTarget.openForWriting(await inspectTarget(inFolder('card.img')), mebibyte))).toBe('target-changed');
    expect(existsSync(inFolder('elsewhere'))).toBe(false);
  });

  it('in a folder that is not there is refused', async () => {
    expect(await code(CardTarget.openForWriting(await inspectTarget(inFolder('no/card.img')), mebibyte))).toBe('target-not-found');
  });

  it.each<[string, () => string]>([
    ['a folder', () => folder],
    ['a pipe', () => {
      execFileSync('mkfifo', [inFolder('pipe')]);
      return inFolder('pipe');
    }],
    ['a character device', () => '/dev/zero'],
  ])('that is %s is opened neither for writing nor for reading', async (_, make) => {
    const path = make();
    expect(await code(CardTarget.openForWriting(await inspectTarget(path), mebibyte))).toBe('target-not-a-card');
    expect(await code(CardTarget.openForReading(path))).toBe('target-not-a-card');
  });

  it('that is missing cannot be read', async () => {
    expect(await code(CardTarget.openForReading(inFolder('card.img')))).toBe('target-not-found');
  });
});

describe('closing', () => {
  it('waits for transfers that are under way and refuses later ones', async () => {
    const path = inFolder('card.img');
    const target = await CardTarget.openForWriting(await inspectTarget(path), 8 * mebibyte);
    const bytes = alignedBuffer(8 * mebibyte).fill(7);
    // The short one is through while the long ones are still at work: a close in between would meet them.
    const ends = [4096, 3 * mebibyte, 6 * mebibyte, 8 * mebibyte];
    const order: string[] = [];
    const transfers = ends.map((end, index) => {
      const start = ends[index - 1] ?? 0;
      return target.write(bytes.subarray(start, end), start).finally(() => order.push('transfer'));
    });
    await Promise.all([target.close().then(() => order.push('close')), target.close()]);
    await Promise.all(transfers);
    expect(order).toEqual(['transfer', 'transfer', 'transfer', 'transfer', 'close']);
    expect(await code(target.write(bytes, 0))).toBe('cancelled');
    expect(await code(target.read(bytes, 0))).toBe('cancelled');
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });
});

describe('spoiling', () => {
  it.each([0, 512, 4096 + 512, mebibyte, mebibyte + 512, 2 * mebibyte, 3 * mebibyte + 512])('makes the first and the last MiB zero in a file of %d bytes and keeps its length', async (bytes) => {
    const path = inFolder('card.img');
    const content = randomBytes(bytes);
    writeFileSync(path, content);
    const target = await CardTarget.openForWriting(await inspectTarget(path), bytes);
    await target.spoil();
    await target.close();
    const spoiled = readFileSync(path);
    expect(spoiled).toHaveLength(bytes);
    expect(isZero(spoiled.subarray(0, mebibyte))).toBe(true);
    expect(isZero(spoiled.subarray(Math.max(0, bytes - mebibyte)))).toBe(true);
    const kept = spoiled.subarray(mebibyte, Math.max(mebibyte, bytes - mebibyte - 4096));
    expect(kept.equals(content.subarray(mebibyte, Math.max(mebibyte, bytes - mebibyte - 4096)))).toBe(true);
  });

  it('leaves alone what was put in the place of the card', async () => {
    const path = makeSparseFile(inFolder('card.img'), mebibyte);
    const target = await CardTarget.openForWriting(await inspectTarget(path), mebibyte);
    const other = randomBytes(mebibyte);
    writeFileSync(inFolder('other'), other);
    renameSync(inFolder('other'), path);
    expect(await code(target.spoil())).toBe('target-changed');
    await target.close();
    expect(readFileSync(path).equals(other)).toBe(true);
  });
});

describe.skipIf(problem !== undefined)(`a transfer that fails (${problem ?? 'root'})`, () => {
  // What a loop device reads behind the end of its file is an input/output error.
  const good = mebibyte + 5 * 4096;

  async function brokenCard(): Promise<CardTarget> {
    const backing = makeSparseFile(inFolder('card.img'), 4 * mebibyte);
    const device = loop(backing);
    truncateSync(backing, good);
    return CardTarget.openForReading(device);
  }

  it('is reported with the very block that fails, and its sector', async () => {
    const target = await brokenCard();
    try {
      const buffer = alignedBuffer(mebibyte);
      const thrown: unknown = await target.digest(buffer, mebibyte).catch((error: unknown) => error);
      expect(thrown).toMatchObject({ code: 'EIO' });
      const error = await target.explain(thrown, 'target-read-failed', mebibyte, mebibyte);
      expect(error).toMatchObject({ code: 'target-read-failed', message: expect.stringContaining(`at byte ${String(good)}, sector ${String(good / 512)} (input/output error)`) as string });
    } finally {
      await target.close();
    }
  });

  it('is not looked into where it was a single block, which may hold a key', async () => {
    const target = await brokenCard();
    try {
      const thrown = Object.assign(new Error('pread'), { code: 'EIO' });
      expect((await target.explain(thrown, 'target-read-failed', mebibyte + 4096 * 4, 4096)).message).toContain(`at byte ${String(mebibyte + 4096 * 4)},`);
    } finally {
      await target.close();
    }
  });

  it('of a card that is out says so, whatever the kernel calls it', async () => {
    const backing = makeSparseFile(inFolder('card.img'), 4 * mebibyte);
    const device = loop(backing);
    const target = await CardTarget.openForReading(device);
    try {
      truncateSync(backing, 0);
      execFileSync('losetup', ['--set-capacity', device]);
      const thrown = Object.assign(new Error('pwrite'), { code: 'ENOSPC' });
      expect(await target.explain(thrown, 'target-write-failed', mebibyte, mebibyte)).toMatchObject({ code: 'target-write-failed', message: `The card at ${device} is gone: put it in again and start again.` });
    } finally {
      await target.close();
    }
  });
});

describe.skipIf(problem !== undefined)(`a loop device as target (${problem ?? 'root'})`, () => {
  const image = (): Promise<{ path: string }> => makeImage(inFolder('card.img'), { table: 'mbr', partitions: [{ type: 'ext4', sizeMiB: 8 }] });

  it('says what it is', async () => {
    const device = loop(makeSparseFile(inFolder('card.img'), 2 * mebibyte));
    expect(await inspectTarget(device)).toMatchObject({ kind: 'block-device', bytes: 2 * mebibyte, loop: true, wholeDisk: true, removable: false, readOnly: false, systemDisk: false, usedBy: [] });
    const target = await CardTarget.openForReading(device);
    expect(target).toMatchObject({ direct: true, alignment: 512, bytes: 2 * mebibyte });
    await target.close();
  });

  it.each([512, 4096])('says its sectors of %d bytes', async (sectorBytes) => {
    const target = await CardTarget.openForReading(loop(makeSparseFile(inFolder('card.img'), 2 * mebibyte), { sectorBytes }));
    expect(target.alignment).toBe(sectorBytes);
    await target.close();
  });

  it('makes its file one that is in use', async () => {
    const path = makeSparseFile(inFolder('card.img'), mebibyte);
    const before = await inspectTarget(path);
    const device = loop(path);
    expect((await inspectTarget(path)).usedBy).toEqual([device]);
    expect(await code(CardTarget.openForWriting(before, mebibyte))).toBe('target-mounted');
  });

  it('is opened by one station at a time', async () => {
    const device = loop(makeSparseFile(inFolder('card.img'), mebibyte));
    const facts = await inspectTarget(device);
    const first = await CardTarget.openForWriting(facts, mebibyte);
    expect(await code(CardTarget.openForWriting(facts, mebibyte))).toBe('target-busy');
    await first.abandon();
    const second = await CardTarget.openForWriting(facts, mebibyte);
    await second.close();
    expect(existsSync(device)).toBe(true);
  });

  async function refusesWhileMounted(device: string, mounted: string): Promise<void> {
    const facts = await inspectTarget(device);
    const place = inFolder('mounted place');
    mkdirSync(place);
    execFileSync('mount', ['-o', 'ro', mounted, place]);
    try {
      expect((await inspectTarget(device)).usedBy).toEqual([place]);
      expect(await code(CardTarget.openForWriting(facts, mebibyte))).toBe('target-busy');
      const reading = await CardTarget.openForReading(device);
      await reading.close();
    } finally {
      unmount(place);
    }
    const target = await CardTarget.openForWriting(facts, mebibyte);
    expect(spawnSync('mount', ['-o', 'ro', mounted, place]).status).not.toBe(0);
    await target.close();
  }

  it('is neither opened while it is mounted, nor mounted while it is open', async () => {
    const path = makeSparseFile(inFolder('card.img'), 8 * mebibyte);
    execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', path]);
    const device = loop(path);
    await refusesWhileMounted(device, device);
  });

  it('is neither opened while one of its partitions is mounted, nor mounted while it is open', async ({ skip }) => {
    const { path } = await image();
    const device = loop(path, { partitions: true });
    const partition = `${device}p1`;
    if (!existsSync(partition)) skip('this kernel makes no devices for the partitions of a loop device');
    expect(await inspectTarget(partition)).toMatchObject({ wholeDisk: false, loop: true, usedBy: [] });
    await refusesWhileMounted(device, partition);
  });

  it('with another medium in it is not written', async () => {
    makeSparseFile(inFolder('one'), mebibyte);
    makeSparseFile(inFolder('two'), mebibyte);
    const device = loop(inFolder('one'));
    const facts = await inspectTarget(device);
    detachLoop(device);
    attachLoopAt(device, inFolder('two'));
    const now = await inspectTarget(device);
    expect(now).toMatchObject({ bytes: facts.bytes, realPath: facts.realPath });
    expect(now.identity).not.toBe(facts.identity);
    expect(await code(CardTarget.openForWriting(facts, mebibyte))).toBe('target-changed');
  });

  it('that is empty is an empty reader', async () => {
    const device = attachLoop(makeSparseFile(inFolder('card.img'), mebibyte));
    const facts = await inspectTarget(device);
    detachLoop(device);
    expect(await inspectTarget(device)).toMatchObject({ kind: 'block-device', bytes: 0 });
    expect(await code(CardTarget.openForWriting(facts, mebibyte))).toMatch(/^target-(changed|not-found)$/);
  });

  it('tells the kernel of its new partitions', async ({ skip }) => {
    const { path } = await image();
    const partitionOf = (disk: string): string => `/sys/class/block/${basename(disk)}/${basename(disk)}p1`;
    if (!existsSync(partitionOf(loop(path, { partitions: true })))) skip('this kernel makes no devices for the partitions of a loop device');
    const backing = makeSparseFile(inFolder('backing'), statSync(path).size);
    const device = loop(backing, { partitions: true });
    expect(existsSync(partitionOf(device))).toBe(false);
    const target = await CardTarget.openForWriting(await inspectTarget(device), 0);
    const head = alignedBuffer(mebibyte);
    readFileSync(path).copy(head, 0, 0, mebibyte);
    await target.write(head, 0);
    await target.settle();
    target.rereadPartitionTable();
    await target.close();
    expect(readFileSync(`${partitionOf(device)}/size`, 'utf8').trim()).toBe(String((8 * mebibyte) / 512));
  });
});
