import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asImprintError, type ImprintError } from '../../main/domain/errors';
import type { Progress } from '../../main/domain/job';
import type { Erasure } from '../../main/domain/profile';
import type { CardPlan, Extent } from '../../main/flash/card-plan';
import { CardTarget } from '../../main/flash/card-target';
import { CardWriter, lockedBytesNeeded } from '../../main/flash/card-writer';
import { cutPieces, GoldenImage, type PieceIndex } from '../../main/flash/golden-image';
import { inspectTarget } from '../../main/flash/target-facts';
import { digest, LockedArena } from '../../native/index';
import { attachLoop, bytesReadFrom, detachLoop, loopProblem, makeSparseFile, mountInMemory, unmount } from '../support/loop-devices';

const kibibyte = 1024;
const mebibyte = 1024 * 1024;
const problem = loopProblem();
const arena = new LockedArena(64 * kibibyte);

let folder: string;
const cleanUp: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-writer-'));
});

afterEach(() => {
  for (const undo of cleanUp.splice(0).reverse()) undo();
  rmSync(folder, { recursive: true });
});

afterAll(() => {
  expect(arena.bytesInUse).toBe(0);
  arena.dispose();
});

interface Card {
  readonly imagePath: string;
  /** As the image was when it was made. */
  readonly index: PieceIndex;
  readonly plan: CardPlan;
  readonly secret: Buffer;
  /** What must lie on the card in the end. */
  readonly expected: Buffer;
}

/** A random golden image with an overlay and places for a secret. */
function makeCard(imageBytes: number, overlay: readonly Extent[], places: readonly Extent[], mapped: readonly Extent[] = [{ offset: 0, length: imageBytes }], erasure: Erasure = 'full'): Card {
  const golden = randomBytes(imageBytes);
  const imagePath = join(folder, 'golden.img');
  writeFileSync(imagePath, golden);
  const runs = overlay.map(({ offset, length }) => ({ offset, bytes: randomBytes(Math.min(length, imageBytes - offset)) }));
  const secret = randomBytes(places.reduce((sum, { length }) => sum + length, 0));
  const expected = Buffer.from(golden);
  for (const { offset, bytes } of runs) bytes.copy(expected, offset);
  let from = 0;
  for (const { offset, length } of places) {
    secret.copy(expected, offset, from, from + length);
    from += length;
  }
  const pieces = cutPieces(mapped, imageBytes);
  const digests = Buffer.concat(pieces.map(({ offset, length }) => digest(golden.subarray(offset, offset + length))));
  return { imagePath, index: { pieces, digests }, plan: { imageBytes, erasure, overlay: runs, secret: places }, secret, expected };
}

const block = (number: number, length = 4096): Extent => ({ offset: number * 4096, length });
/** A key of 3 KiB in the middle of a filesystem with 4 KiB blocks, in an image of 5 MiB. */
const usual = (): Card => makeCard(5 * mebibyte, [block(300), block(700, 3 * 4096)], [block(701, 2484)]);

interface Work {
  readonly target: CardTarget;
  readonly writer: CardWriter;
}

async function withWriter<T>({ imagePath, index, plan, secret }: Card, path: string, use: (work: Work) => Promise<T>, signal = new AbortController().signal): Promise<T> {
  const target = await CardTarget.openForWriting(await inspectTarget(path), plan.imageBytes);
  const locked = arena.allocate(lockedBytesNeeded, 4096);
  let golden: GoldenImage | undefined;
  try {
    golden = await GoldenImage.open(imagePath, plan.imageBytes, index);
    return await use({ target, writer: new CardWriter({ plan, golden, target, locked, secret, signal }) });
  } finally {
    await golden?.close();
    await target.close();
    // What held the secret's blocks is zero again, however it went.
    expect(locked.every((byte) => byte === 0)).toBe(true);
    arena.release(locked);
  }
}

const ignore = (): void => undefined;
const code = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'no error', (thrown: unknown) => asImprintError(thrown).code);

function readBack(path: string, length: number, position = 0): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const count = readSync(file, bytes, done, length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(file);
  }
}

function overwrite(path: string, bytes: Buffer, position: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, position);
  closeSync(file);
}

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

async function writeAndVerify(card: Card, path: string): Promise<void> {
  const { imageBytes } = card.plan;
  await withWriter(card, path, async ({ writer, target }) => {
    expect(await writer.writeBody(ignore)).toBe(imageBytes);
    expect(isZero(readBack(path, Math.min(mebibyte, imageBytes)))).toBe(true);
    expect(readBack(path, Math.max(0, imageBytes - mebibyte), mebibyte).equals(card.expected.subarray(mebibyte))).toBe(true);
    expect(await writer.verifyAndFinish(ignore)).toBe(imageBytes);
    expect(target.bytes).toBeGreaterThanOrEqual(imageBytes);
  });
  expect(readBack(path, imageBytes).equals(card.expected)).toBe(true);
}

const cases: [string, () => Card][] = [
  ['a secret in one block', usual],
  ['a secret across three blocks', () => makeCard(3 * mebibyte, [block(400, 5 * 4096)], [block(401, 4096), block(402, 4096), block(403, 7)])],
  ['a secret in blocks of 1 KiB, in no order, two in one block', () =>
    makeCard(3 * mebibyte, [block(400), block(500)], [{ offset: 500 * 4096 + 3072, length: 1024 }, { offset: 400 * 4096 + 1024, length: 1024 }, { offset: 500 * 4096, length: 300 }])],
  ['a secret across the boundary of two transfers', () => makeCard(4 * mebibyte, [block(511, 8192)], [{ offset: 2 * mebibyte - 2048, length: 4096 }])],
  ['a secret in the first MiB', () => makeCard(3 * mebibyte, [block(0), block(100)], [block(100, 2484)])],
  ['a secret across the end of the first MiB', () => makeCard(3 * mebibyte, [block(255, 8192)], [{ offset: mebibyte - 1024, length: 2048 }])],
  ['a secret in the last, shorter block', () => makeCard(2 * mebibyte + 512, [{ offset: 2 * mebibyte, length: 512 }], [{ offset: 2 * mebibyte, length: 400 }])],
  ['an overlay to the very end of a length in no sectors', () => makeCard(2 * mebibyte + 4096 + 100, [block(512, 8192)], [{ offset: 2 * mebibyte + 4096, length: 100 }])],
  ['an image of 512 bytes more than whole blocks', () => makeCard(3 * mebibyte + 512, [block(300)], [block(300, 2484)])],
  ['an image in no whole sectors', () => makeCard(3 * mebibyte + 4096 + 1000, [block(300)], [block(300, 2484)])],
  ['an image shorter than the head', () => makeCard(600 * kibibyte + 512, [block(10)], [block(10, 2484)])],
  ['an image of exactly the head', () => makeCard(mebibyte, [block(255)], [block(255, 2484)])],
  ['no overlay and no secret', () => makeCard(2 * mebibyte + 8192, [], [])],
];

describe.each(cases)('%s', (_, make) => {
  it('on a new file', async () => {
    const card = make();
    const path = join(folder, 'card.img');
    await writeAndVerify(card, path);
    expect(statSync(path).size).toBe(Math.ceil(card.plan.imageBytes / 512) * 512);
    expect(await inspectTarget(path)).toMatchObject({ kind: 'file' });
  });

  it.skipIf(problem !== undefined).each([512, 4096])(`on a loop device with sectors of %d bytes (${problem ?? 'root'})`, async (sectorBytes) => {
    const card = make();
    // Exactly as long as the image, in whole sectors; losetup does not take less than one.
    const backing = makeSparseFile(join(folder, 'backing'), Math.ceil(card.plan.imageBytes / sectorBytes) * sectorBytes);
    const device = attachLoop(backing, { sectorBytes });
    cleanUp.push(() => detachLoop(device));
    await writeAndVerify(card, device);
  });
});

describe('a file', () => {
  it.skipIf(problem !== undefined)('without direct I/O (ramfs) is written and compared all the same', async () => {
    const place = join(folder, 'ram');
    mountInMemory(place, 'ramfs');
    cleanUp.push(() => unmount(place));
    const card = makeCard(2 * mebibyte + 100, [block(300)], [block(300, 2484)]);
    await withWriter(card, join(place, 'probe.img'), ({ target }) => Promise.resolve(expect(target.direct).toBe(false)));
    await writeAndVerify(card, join(place, 'card.img'));
  });

  it('that was a card before holds nothing of it, and keeps its length', async () => {
    const path = join(folder, 'card.img');
    const boot = Buffer.alloc(512);
    boot.writeUInt16BE(0x55aa, 510);
    writeFileSync(path, Buffer.concat([boot, randomBytes(8 * mebibyte - 512)]));
    await writeAndVerify(usual(), path);
    expect(statSync(path).size).toBe(8 * mebibyte);
    expect(isZero(readBack(path, 3 * mebibyte, 5 * mebibyte))).toBe(true);
  });

  it('that is the golden image itself is not touched', async () => {
    const card = usual();
    const { imagePath } = card;
    const boot = Buffer.from([0x55, 0xaa]);
    overwrite(imagePath, boot, 510);
    const before = readFileSync(imagePath);
    expect(await code(withWriter(card, imagePath, ({ writer }) => writer.writeBody(ignore)))).toBe('target-not-a-card');
    expect(readFileSync(imagePath).equals(before)).toBe(true);
  });

  it.skipIf(problem !== undefined)('beneath a loop device that is the golden image is not touched', async () => {
    const card = usual();
    const before = readFileSync(card.imagePath);
    const device = attachLoop(card.imagePath);
    cleanUp.push(() => detachLoop(device));
    expect(await code(withWriter(card, device, ({ writer }) => writer.writeBody(ignore)))).toBe('target-not-a-card');
    expect(readFileSync(card.imagePath).equals(before)).toBe(true);
  });

  it.skipIf(problem !== undefined)('on a full disk is refused, and the secret is not on it', async () => {
    const place = join(folder, 'small');
    mountInMemory(place, 'tmpfs', 3 * mebibyte);
    cleanUp.push(() => unmount(place));
    const card = usual();
    const path = join(place, 'card.img');
    const error = await withWriter(card, path, ({ writer }) => writer.writeBody(ignore)).catch((thrown: unknown) => thrown as ImprintError);
    expect(error).toMatchObject({ code: 'target-write-failed', message: expect.stringContaining('no room left') as string });
    expect(isZero(readBack(path, mebibyte))).toBe(true);
    expect(readFileSync(path).includes(card.secret.subarray(0, 64))).toBe(false);
  });
});

describe('progress', () => {
  it('counts up to the image\'s length, in both phases', async () => {
    const card = makeCard(5 * mebibyte + 700, [block(300)], [block(300, 2484)]);
    const reports: Progress[] = [];
    await withWriter(card, join(folder, 'card.img'), async ({ writer }) => {
      await writer.writeBody((progress) => reports.push(progress));
      await writer.verifyAndFinish((progress) => reports.push(progress));
    });
    for (const phase of ['write', 'verify']) {
      const done = reports.filter((report) => report.phase === phase).map(({ doneBytes }) => doneBytes);
      expect(done.at(-1)).toBe(card.plan.imageBytes);
      expect(done).toEqual([...done].sort((left, right) => left - right));
    }
    expect(reports.every(({ totalBytes }) => totalBytes === card.plan.imageBytes)).toBe(true);
  });
});

describe('the plan', () => {
  it('must have room for exactly the secret', async () => {
    const card = usual();
    for (const secret of [card.secret.subarray(1), Buffer.concat([card.secret, Buffer.alloc(1)])]) {
      await expect(withWriter({ ...card, secret }, join(folder, `card-${String(secret.length)}.img`), ({ writer }) => writer.writeBody(ignore))).rejects.toThrow(RangeError);
    }
  });
});

describe('the golden image', () => {
  it.each<[string, (path: string) => void]>([
    ['other bytes in the body', (path) => overwrite(path, Buffer.from('changed'), 3 * mebibyte)],
    ['other bytes in the head', (path) => overwrite(path, Buffer.from('changed'), 600)],
    ['a shorter length', (path) => truncateSync(path, 2 * mebibyte)],
  ])('with %s than was hashed makes no card', async (_, change) => {
    const card = usual();
    const path = join(folder, 'card.img');
    change(card.imagePath);
    expect(await code(withWriter(card, path, ({ writer }) => writer.writeBody(ignore)))).toBe('image-changed');
    expect(isZero(readBack(path, mebibyte))).toBe(true);
    expect(readFileSync(path).includes(card.secret.subarray(0, 64))).toBe(false);
  });

  const changedBetween = (card: Card, change: (path: string) => void): Promise<string> =>
    code(
      withWriter(card, join(folder, 'card.img'), async ({ writer }) => {
        await writer.writeBody(ignore);
        change(card.imagePath);
        await writer.verifyAndFinish(ignore);
      }),
    );

  it.each<[string, (path: string) => void]>([
    ['in the head, which is only written after the verification', (path) => overwrite(path, Buffer.from('changed'), 600)],
    ['by becoming shorter', (path) => truncateSync(path, 2 * mebibyte)],
  ])('that changes %s between write and verification makes no card, and the card is not blamed', async (_, change) => {
    // Larger than what stays in memory, so that the head has to be read again.
    const card = makeCard(64 * mebibyte, [block(700)], [block(700, 2484)]);
    expect(await changedBetween(card, change)).toBe('image-changed');
    expect(isZero(readBack(join(folder, 'card.img'), mebibyte))).toBe(true);
  });

  it.each([
    ['in the body', 4 * mebibyte],
    ['beside the overlay', 700 * 4096 - 100],
  ])('that changes %s after the write is still on the card as it was hashed', async (_, position) => {
    const card = usual();
    expect(await changedBetween(card, (path) => overwrite(path, Buffer.from('changed'), position))).toBe('no error');
    expect(readBack(join(folder, 'card.img'), card.plan.imageBytes).equals(card.expected)).toBe(true);
  });

  it('that is gone is named', async () => {
    const card = usual();
    rmSync(card.imagePath);
    expect(await code(withWriter(card, join(folder, 'card.img'), ({ writer }) => writer.writeBody(ignore)))).toBe('image-unreadable');
  });
});

describe('cancelling', () => {
  it('in the middle of the write ends it: no head, no secret, not the whole body', async () => {
    const length = 384 * mebibyte;
    const card = makeCard(length, [block(300)], [block(300, 2484)]);
    const path = join(folder, 'card.img');
    const controller = new AbortController();
    const atAbort: number[] = [];
    const result = withWriter(
      card,
      path,
      ({ writer }) =>
        writer.writeBody(({ doneBytes }) => {
          if (doneBytes > 0 && !controller.signal.aborted) {
            atAbort.push(doneBytes);
            controller.abort();
          }
        }),
      controller.signal,
    );
    expect(await code(result)).toBe('cancelled');
    expect(isZero(readBack(path, mebibyte))).toBe(true);
    // At most the transfers in flight come after the cancellation.
    const reached = (atAbort[0] ?? Infinity) + 8 * mebibyte;
    expect(isZero(readBack(path, length - reached, reached))).toBe(true);
    expect(readFileSync(path).includes(card.secret.subarray(0, 64))).toBe(false);
  });

  it('finds no boot block whenever it comes: the first block is the last that is written, alone', async () => {
    const path = join(folder, 'card.img');
    const seen: { position: number; length: number; bootable: boolean }[] = [];
    const card = makeCard(5 * mebibyte, [block(3), block(300)], [block(300, 2484)]);
    await withWriter(card, path, async ({ writer, target }) => {
      const write = target.write.bind(target);
      target.write = async (buffer, position) => {
        seen.push({ position, length: buffer.length, bootable: !isZero(readBack(path, 4096)) });
        return write(buffer, position);
      };
      await writer.writeBody(ignore);
      await writer.verifyAndFinish(ignore);
    });
    expect(seen.at(-1)).toEqual({ position: 0, length: 4096, bootable: false });
    expect(seen.slice(1, -1).filter(({ position, bootable }) => position === 0 || bootable)).toEqual([]);
    expect(seen.at(-2)?.position).toBe(4096);
    expect(isZero(readBack(path, 4096))).toBe(false);
  });

  it.each(['before', 'during'])('%s the verification leaves the head zero', async (when) => {
    const card = usual();
    const path = join(folder, 'card.img');
    const controller = new AbortController();
    const result = withWriter(
      card,
      path,
      async ({ writer }) => {
        await writer.writeBody(ignore);
        if (when === 'before') controller.abort();
        await writer.verifyAndFinish(() => controller.abort());
      },
      controller.signal,
    );
    expect(await code(result)).toBe('cancelled');
    expect(isZero(readBack(path, mebibyte))).toBe(true);
  });
});

describe.skipIf(problem !== undefined)(`a loop device (${problem ?? 'root'})`, () => {
  function loop(bytes: number, options: Parameters<typeof attachLoop>[1] = {}): { device: string; backing: string } {
    const backing = makeSparseFile(join(folder, 'backing'), bytes);
    const device = attachLoop(backing, options);
    cleanUp.push(() => detachLoop(device));
    return { device, backing };
  }

  it('is really read by the verification', async () => {
    const card = usual();
    const { device } = loop(8 * mebibyte);
    await withWriter(card, device, async ({ writer, target }) => {
      expect(target.direct).toBe(true);
      await writer.writeBody(ignore);
      const before = bytesReadFrom(device);
      await writer.verifyAndFinish(ignore);
      expect(bytesReadFrom(device) - before).toBeGreaterThanOrEqual(card.plan.imageBytes);
    });
  });

  it.each<[string, number]>([
    ['in the first byte after the head', mebibyte],
    ['in the overlay', 700 * 4096 + 5],
    ['inside the secret', 701 * 4096 + 1000],
    ['behind the secret, in its block', 701 * 4096 + 4000],
    ['in the last byte', 5 * mebibyte - 1],
  ])('that lost a byte %s is found out, at that byte, and gets no head', async (_, position) => {
    const card = usual();
    const { device, backing } = loop(8 * mebibyte);
    const result = withWriter(card, device, async ({ writer }) => {
      await writer.writeBody(ignore);
      // The page cache of the device has the right bytes: whoever asks it finds nothing.
      expect(readBack(device, card.plan.imageBytes - mebibyte, mebibyte).equals(card.expected.subarray(mebibyte))).toBe(true);
      overwrite(backing, Buffer.from([(card.expected[position] ?? 0) ^ 0x10]), position);
      await writer.verifyAndFinish(ignore);
    });
    const error = await result.then(() => undefined, (thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'verify-content-differs', message: expect.stringContaining(`at byte ${String(position)}:`) as string });
    expect(isZero(readBack(backing, mebibyte))).toBe(true);
  });

  it('that is one sector shorter than the image is refused before anything is written', async () => {
    const card = usual();
    const { device, backing } = loop(card.plan.imageBytes - 512);
    overwrite(backing, Buffer.from('old'), 0);
    expect(await code(withWriter(card, device, ({ writer }) => writer.writeBody(ignore)))).toBe('target-too-small');
    expect(readBack(backing, 3).toString()).toBe('old');
  });

  it('that is read-only is refused', async () => {
    const card = usual();
    const { device } = loop(8 * mebibyte, { readOnly: true });
    expect(await code(withWriter(card, device, ({ writer }) => writer.writeBody(ignore)))).toMatch(/^target-(read-only|not-permitted)$/);
  });

  it('keeps neither head nor key once it is spoiled', async () => {
    const card = usual();
    const { device, backing } = loop(8 * mebibyte + 512);
    overwrite(backing, Buffer.from('EFI PART'), 8 * mebibyte);
    await withWriter(card, device, async ({ writer, target }) => {
      await writer.writeBody(ignore);
      await writer.verifyAndFinish(ignore);
      await target.spoil();
    });
    const bytes = readBack(backing, 8 * mebibyte + 512);
    expect(bytes).toHaveLength(8 * mebibyte + 512);
    expect(isZero(bytes.subarray(0, mebibyte))).toBe(true);
    expect(isZero(bytes.subarray(-mebibyte))).toBe(true);
    for (let at = 0; at + 32 <= card.secret.length; at += 32) expect(bytes.includes(card.secret.subarray(at, at + 32))).toBe(false);
  });
});

describe('an image of which only some blocks are mapped', () => {
  const mapped = [
    { offset: 0, length: mebibyte + 4096 },
    { offset: 3 * mebibyte, length: 2 * mebibyte },
  ];
  /** Overlay and secret in mapped blocks, across the edge of the map, and far outside of it. */
  const overlay = [block(300, 4096), block(767, 3 * 4096), block(1500, 2 * 4096)];

  /** Mapped blocks, overlay and secret as they must be; everything else zero. */
  const expectedOf = (card: Card): Buffer => {
    const expected = Buffer.alloc(card.plan.imageBytes);
    for (const { offset, length } of [...mapped, ...overlay]) card.expected.copy(expected, offset, offset, offset + length);
    return expected;
  };

  const make = (card: Card, path: string): Promise<number> =>
    withWriter(card, path, async ({ writer }) => {
      await writer.writeBody(ignore);
      await writer.verifyAndFinish(ignore);
      return writer.bytes;
    });

  const device = (path: string, sectorBytes: number): string => {
    const name = attachLoop(path, { sectorBytes });
    cleanUp.push(() => {
      detachLoop(name);
    });
    return name;
  };

  it.skipIf(problem !== undefined).each([512, 4096])('leaves nothing old on a loop device with sectors of %i bytes (root)', async (sectors) => {
    const card = makeCard(8 * mebibyte, overlay, [block(1500, 2484)], mapped, 'zero');
    const path = join(folder, 'device.img');
    writeFileSync(path, Buffer.alloc(12 * mebibyte, 0xa5));
    const loop = device(path, sectors);
    expect(await make(card, loop)).toBeLessThan(4 * mebibyte);
    expect(readBack(loop, 8 * mebibyte).equals(expectedOf(card))).toBe(true);
    expect(isZero(readBack(loop, 4 * mebibyte, 8 * mebibyte))).toBe(true);
  });

  it.skipIf(problem !== undefined)('keeps what lies behind it on a card that cannot unmap, but for the backup partition table, and says how much (root)', async () => {
    const place = join(folder, 'ram');
    mountInMemory(place, 'ramfs');
    cleanUp.push(() => unmount(place));
    const card = makeCard(8 * mebibyte, overlay, [block(1500, 2484)], mapped, 'zero');
    const path = join(place, 'device.img');
    writeFileSync(path, Buffer.alloc(12 * mebibyte, 0xa5));
    const loop = device(path, 512);
    const untouched = await withWriter(card, loop, async ({ writer }) => {
      await writer.writeBody(ignore);
      await writer.verifyAndFinish(ignore);
      return writer.untouchedBytes;
    });
    expect(untouched).toBe(3 * mebibyte);
    expect(readBack(loop, 8 * mebibyte).equals(expectedOf(card))).toBe(true);
    expect(readBack(loop, 3 * mebibyte, 8 * mebibyte).every((byte) => byte === 0xa5)).toBe(true);
    expect(isZero(readBack(loop, mebibyte, 11 * mebibyte))).toBe(true);
  });

  it.skipIf(problem !== undefined)('stops at once where the erasure beside it fails, and waits for it where it fails itself (root)', async () => {
    const card = makeCard(64 * mebibyte, overlay, [block(1500, 2484)], mapped, 'zero');
    const path = join(folder, 'device.img');
    const run = async (spoilAt: number): Promise<{ readonly error: string; readonly requests: number }> => {
      writeFileSync(path, Buffer.alloc(64 * mebibyte, 0xa5));
      const loop = device(path, 512);
      let requests = 0;
      return withWriter(card, loop, async ({ writer, target }) => {
        const zeroOut = target.zeroOut.bind(target);
        const write = target.write.bind(target);
        const failure = Object.assign(new Error('fallocate'), { code: 'EIO' });
        target.zeroOut = (offset, length) => {
          requests += 1;
          return requests === spoilAt ? Promise.reject(failure) : zeroOut(offset, length);
        };
        let writes = 0;
        target.write = (buffer, position) => {
          writes += 1;
          return spoilAt === 0 && writes > 10 ? Promise.reject(failure) : write(buffer, position);
        };
        const error = await code(writer.writeBody(ignore));
        const after = requests;
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(requests).toBe(after);
        return { error, requests };
      });
    };
    expect((await run(3)).error).toBe('target-write-failed');
    expect((await run(0)).error).toBe('target-write-failed');
    expect(isZero(readBack(path, mebibyte))).toBe(true);
  });

  it('leaves nothing old in a file either', async () => {
    const card = makeCard(8 * mebibyte, overlay, [block(1500, 2484)], mapped, 'zero');
    const path = join(folder, 'card.img');
    const old = Buffer.alloc(8 * mebibyte, 0xa5);
    old.writeUInt16BE(0x55aa, 510);
    writeFileSync(path, old);
    await make(card, path);
    expect(readFileSync(path).equals(expectedOf(card))).toBe(true);
  });

  it.skipIf(problem !== undefined)('does not trust a discard that leaves something (root)', async () => {
    const card = makeCard(8 * mebibyte, overlay, [block(1500, 2484)], mapped, 'discard-verified');
    const path = join(folder, 'device.img');
    writeFileSync(path, Buffer.alloc(8 * mebibyte, 0xa5));
    const loop = device(path, 512);
    await make(card, loop);
    expect(readBack(loop, 8 * mebibyte).equals(expectedOf(card))).toBe(true);
  });

  it('is verified where the overlay lies outside of the map', async () => {
    const card = makeCard(8 * mebibyte, overlay, [block(300, 100)], mapped, 'zero');
    const path = join(folder, 'card.img');
    const result = withWriter(card, path, async ({ writer }) => {
      await writer.writeBody(ignore);
      overwrite(path, Buffer.from('x'), 1501 * 4096 + 7);
      await writer.verifyAndFinish(ignore);
    });
    expect(await code(result)).toBe('verify-content-differs');
  });
});

describe('many cards from one image', () => {
  const makeOn = async (golden: GoldenImage, card: Card, path: string): Promise<void> => {
    const target = await CardTarget.openForWriting(await inspectTarget(path), card.plan.imageBytes);
    const locked = arena.allocate(lockedBytesNeeded, 4096);
    const writer = new CardWriter({ plan: card.plan, golden, target, locked, secret: card.secret, signal: new AbortController().signal });
    await writer.writeBody(ignore);
    await writer.verifyAndFinish(ignore);
    await target.close();
    arena.release(locked);
    expect(readFileSync(path).equals(card.expected)).toBe(true);
  };

  it('read every piece of it once while it stays in memory, and all get the whole of it', async () => {
    // Fewer pieces than stay in memory, so that it does not matter how fast the cards are.
    const card = makeCard(24 * mebibyte, [block(700)], [block(700, 2484)]);
    const golden = await GoldenImage.open(card.imagePath, card.plan.imageBytes, card.index);
    await Promise.all(Array.from({ length: 4 }, (_, index) => makeOn(golden, card, join(folder, `card-${String(index)}.img`))));
    expect(golden.statistics).toEqual({ reads: 24, mostHeld: 24 });
    await golden.close();
  });

  it('hold no more of a large one than the bound says', async () => {
    const card = makeCard(80 * mebibyte, [block(700)], [block(700, 2484)]);
    const golden = await GoldenImage.open(card.imagePath, card.plan.imageBytes, card.index);
    await Promise.all(Array.from({ length: 3 }, (_, index) => makeOn(golden, card, join(folder, `card-${String(index)}.img`))));
    expect(golden.statistics.mostHeld).toBeLessThanOrEqual(32 + 3 * 4 + 1);
    await golden.close();
  });

  it('do not wait for one that stands still', async () => {
    const card = makeCard(80 * mebibyte, [block(700)], [block(700, 2484)]);
    const golden = await GoldenImage.open(card.imagePath, card.plan.imageBytes, card.index);
    // A card that has taken as many pieces as it may and gives none back.
    for (let index = 1; index <= 4; index += 1) await golden.take(index);
    await makeOn(golden, card, join(folder, 'card.img'));
    expect(golden.statistics.mostHeld).toBeLessThanOrEqual(32 + 4 + 4 + 1);
    await golden.close();
  });
});

describe.skipIf(problem !== undefined)('the probe of the capacity (root)', () => {
  it('leaves no trace on a card that has what it says', async () => {
    const card = usual();
    const path = join(folder, 'device.img');
    makeSparseFile(path, 64 * mebibyte);
    const device = attachLoop(path);
    cleanUp.push(() => {
      detachLoop(device);
    });
    await writeAndVerify(card, device);
    expect(readBack(device, card.plan.imageBytes).equals(card.expected)).toBe(true);
    expect(isZero(readBack(device, 58 * mebibyte, 6 * mebibyte))).toBe(true);
  });
});
