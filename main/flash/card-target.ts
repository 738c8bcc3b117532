import { constants } from 'node:fs';
import { open, readFile, realpath, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TargetFacts } from '../domain/targets';
import { cancelled, ImprintError } from '../domain/errors';
import { alignedBuffer, deviceSize, dropCache, flushBuffers, IoQueue, isNativeError, isReadOnly, logicalBlockSize, rereadPartitionTable } from '../../native/index';
import { blockBytes, headBytes, roundUp, type Extent } from './card-plan';
import { goneError, isMediumError, openError, transferError, type TransferCode } from './io-errors';
import { systemRoots } from './system-disks';
import { inspectTarget, notAFile } from './target-facts';

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_DIRECT, O_NOFOLLOW, O_CLOEXEC } = constants as typeof constants & { O_CLOEXEC?: number };
const closeOnExec = O_CLOEXEC ?? 0o2000000;
/** Cards are counted in these, whatever their block size; a file that stands for a card is, too. */
const sectorBytes = 512;

/** Transfers that run at once on one card. */
const queueThreads = 4;

/** How long the block is looked for that made a transfer fail; a bad card takes its time for each. */
const searchMilliseconds = 3000;

/**
 * A card that is open: a block device or a file that stands for one. Transfers bypass the page cache where the system
 * allows it; a file on a filesystem without direct I/O is dropped from the cache before it is read back.
 */
export class CardTarget {
  readonly path: string;
  readonly direct: boolean;
  /** Capacity in bytes; a new file grows to what the image needs, in whole sectors. */
  readonly bytes: number;
  /** Positions and lengths of transfers must be multiples of this. */
  readonly alignment: number;
  readonly fd: number;
  readonly #handle: FileHandle;
  readonly #facts: TargetFacts;
  readonly #created: boolean;
  /** Threads of this card's own: however slow it is, no other card waits for them. */
  readonly #queue = new IoQueue(queueThreads);
  readonly #transfers = new Set<Promise<unknown>>();
  #secretPlaces: readonly Extent[] = [];
  #closing: Promise<void> | undefined;

  private constructor(handle: FileHandle, facts: TargetFacts, bytes: number, direct: boolean, created: boolean) {
    this.#handle = handle;
    this.fd = handle.fd;
    this.path = facts.path;
    this.bytes = bytes;
    this.direct = direct;
    // A filesystem asks for at most its own block; a file may grow for that while it is written.
    this.alignment = facts.kind === 'block-device' ? logicalBlockSize(handle.fd) : blockBytes;
    this.#facts = facts;
    this.#created = created;
  }

  /**
   * Opens for writing, exclusively: nobody else may have the device mounted or open with O_EXCL.
   *
   * @param facts the target as it was checked; it must still be the same medium
   * @throws ImprintError target-*
   */
  static async openForWriting(facts: TargetFacts, neededBytes: number): Promise<CardTarget> {
    const path = facts.realPath;
    assertCardLike(facts);
    if (facts.kind === 'block-device' && facts.bytes < neededBytes) {
      throw new ImprintError('target-too-small', `The card at ${facts.path} is smaller than the image.`, { field: 'target', expected: `at least ${String(neededBytes)} bytes` });
    }
    const created = facts.kind === 'missing';
    const flags = created ? O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW : facts.kind === 'block-device' ? O_RDWR | O_EXCL : O_RDWR | O_NOFOLLOW;
    const { handle, direct } = await openDirect(path, flags | closeOnExec, facts.path, 'target-write-failed');
    const bytes = facts.kind === 'block-device' ? facts.bytes : roundUp(Math.max(facts.bytes, neededBytes), sectorBytes);
    let target: CardTarget;
    try {
      target = new CardTarget(handle, facts, bytes, direct, created);
    } catch (thrown) {
      await handle.close();
      throw openError(thrown, facts.path);
    }
    try {
      if (facts.kind === 'block-device' && isReadOnly(handle.fd)) {
        throw new ImprintError('target-read-only', `${facts.path} is read-only: slide the lock of the card, or take another one.`, { field: 'target' });
      }
      // The medium may have been swapped between the check and now.
      const now = await target.#inspectSame();
      if (facts.kind !== 'block-device') {
        if (now.usedBy.length > 0) throw new ImprintError('target-mounted', `${facts.path} is in use (${now.usedBy.join(', ')}): unmount it first.`, { field: 'target' });
        if (facts.bytes < bytes) await handle.truncate(bytes);
      }
      return target;
    } catch (thrown) {
      await target.abandon();
      throw openError(thrown, facts.path);
    }
  }

  /** Opens for reading past the page cache. @throws ImprintError target-* */
  static async openForReading(path: string): Promise<CardTarget> {
    const facts = await inspectTarget(path);
    if (facts.kind === 'missing') throw new ImprintError('target-not-found', `There is no card at ${path}: put one in.`, { field: 'target' });
    assertCardLike(facts);
    const { handle, direct } = await openDirect(facts.realPath, O_RDONLY | closeOnExec, path, 'target-read-failed');
    try {
      const target = new CardTarget(handle, facts, facts.bytes, direct, false);
      await target.#forgetCache();
      return target;
    } catch (thrown) {
      await handle.close();
      throw openError(thrown, path, 'target-read-failed');
    }
  }

  /** Whether this is a block device, and not a file that stands for a card. */
  get isDevice(): boolean {
    return this.#facts.kind === 'block-device';
  }

  /** @throws ImprintError target-changed where another medium is in the slot now */
  async assertSame(): Promise<void> {
    await this.#inspectSame();
  }

  /**
   * The golden image must not be its own card, neither as a file nor through a loop device.
   *
   * @throws ImprintError target-not-a-card
   */
  async assertNot(imagePath: string): Promise<void> {
    const [image, own] = await Promise.all([stat(imagePath, { bigint: true }), this.#handle.stat({ bigint: true })]);
    const beneath = this.#facts.loop ? await backingFile(this.#facts.realPath) : undefined;
    if ((image.dev === own.dev && image.ino === own.ino) || (beneath !== undefined && beneath === (await realpath(imagePath)))) {
      throw new ImprintError('target-not-a-card', `${this.path} is the golden image itself; it was not touched.`, { field: 'target', expected: 'a card, or another file' });
    }
  }

  /** @returns the number of bytes read, less than asked for only at the end of the card. @throws NativeError */
  read(buffer: Buffer, position: number): Promise<number> {
    return this.#transfer(() => this.#queue.read(this.fd, buffer, position));
  }

  /** @throws NativeError */
  write(buffer: Buffer, position: number): Promise<number> {
    return this.#transfer(() => this.#queue.write(this.fd, buffer, position));
  }

  /** @returns -1 where the card holds `expected`, else the first offset that differs. @throws NativeError */
  compare(expected: Buffer, scratch: Buffer, position: number): Promise<number> {
    return this.#transfer(() => this.#queue.compare(this.fd, expected, scratch, position));
  }

  /** Fills the buffer from the card. @returns the digest of what was read @throws NativeError */
  digest(buffer: Buffer, position: number): Promise<Buffer> {
    return this.#transfer(() => this.#queue.digest(this.fd, buffer, position));
  }

  /**
   * A failed transfer in words: that the card is gone, else the first block of it that fails. Where blocks could not be
   * written, finding the one overwrites the others with zeros: for cards that are given up.
   */
  async explain(thrown: unknown, code: TransferCode, position: number, length: number): Promise<ImprintError> {
    if (thrown instanceof ImprintError) return thrown;
    if (this.isDevice && sizeNow(this.fd) < this.bytes) return goneError(thrown, code, this.path);
    // SECURITY: a single block may be one with the key, which is never read into memory that is not locked.
    const place = isMediumError(thrown) && length > blockBytes ? await this.#firstBad(code, position, length) : position;
    return transferError(thrown, code, this.path, place);
  }

  /**
   * Makes a range read as zeros, by the device's own means where it has some.
   *
   * @returns whether that took no writing: the device unmaps and vouches for zeros
   * @throws NativeError
   */
  async zeroOut(offset: number, length: number): Promise<boolean> {
    // A file that was made for this card has nothing in it yet.
    if (this.#created) return true;
    try {
      return await this.#transfer(() => this.#queue.zeroOut(this.fd, offset, length));
    } catch (thrown) {
      // A filesystem that makes no holes answers as a file does to a device's request.
      if (this.isDevice || !isNativeError(thrown) || thrown.code !== 'ENOTTY') throw thrown;
    }
    const zeros = alignedBuffer(headBytes).fill(0);
    for (let at = offset; at < offset + length; at += zeros.length) {
      await this.write(zeros.subarray(0, Math.min(zeros.length, offset + length - at)), at);
    }
    return false;
  }

  /** Tells the device that nothing on it is needed any more; what it reads as then is its own business. @throws NativeError */
  async discardAll(): Promise<void> {
    if (this.#facts.kind === 'block-device') await this.#transfer(() => this.#queue.discard(this.fd, 0, this.bytes));
  }

  /** Everything written so far is on the medium, and the next read comes from there. @throws ImprintError target-write-failed */
  async settle(): Promise<void> {
    try {
      // As a transfer: closed under it, the descriptor's number may become another file's.
      await this.#once(async () => {
        await this.#handle.sync();
        await this.#forgetCache();
      });
    } catch (thrown) {
      throw thrown instanceof ImprintError ? thrown : transferError(thrown, 'target-write-failed', this.path, 0);
    }
  }

  /** Takes away from a file what direct I/O had to write beyond its last sector. @throws ImprintError target-write-failed */
  async trim(): Promise<void> {
    if (this.#facts.kind === 'block-device') return;
    try {
      await this.#handle.truncate(this.bytes);
      await this.#handle.sync();
    } catch (thrown) {
      throw transferError(thrown, 'target-write-failed', this.path, this.bytes);
    }
  }

  /** Tells the kernel that the partition table is a new one; whoever holds the device open may make it refuse. */
  rereadPartitionTable(): void {
    if (this.#facts.kind === 'block-device') rereadPartitionTable(this.fd);
  }

  /** From now on `spoil` erases these blocks too. @param blocks offsets and lengths in multiples of `alignment` */
  rememberSecret(blocks: readonly Extent[]): void {
    this.#secretPlaces = blocks;
  }

  /**
   * Zeroes the first and the last MiB, so that neither the partition table nor a GPT backup makes this card boot, and the
   * blocks that hold a secret, where they are known.
   *
   * CRASH: the head of a card is written last, so a kill before that leaves a card that does not boot.
   *
   * @throws ImprintError target-write-failed, and target-changed where another medium is in the slot: that one is not touched
   */
  async spoil(): Promise<void> {
    await this.assertSame();
    const zeros = alignedBuffer(headBytes, blockBytes).fill(0);
    const end = roundUp(this.bytes, this.alignment);
    const tail = Math.max(0, this.bytes - headBytes);
    const alignedTail = tail - (tail % this.alignment);
    const places: readonly Extent[] = [
      { offset: 0, length: Math.min(headBytes, end) },
      ...this.#secretPlaces,
      { offset: alignedTail, length: end - alignedTail },
    ];
    for (const { offset, length } of places) {
      for (let at = offset; at < offset + length; at += zeros.length) {
        try {
          await this.write(zeros.subarray(0, Math.min(zeros.length, offset + length - at)), at);
        } catch (thrown) {
          throw await this.explain(thrown, 'target-write-failed', at, Math.min(zeros.length, offset + length - at));
        }
      }
    }
    await this.trim();
    await this.settle();
  }

  /** Waits for transfers that are under way; those that come later are refused. */
  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#transfers).then(() => {
      this.#queue.close();
      return this.#handle.close();
    });
    return this.#closing;
  }

  /** Closes a target that did not become a card; a file that was made for it is removed. */
  async abandon(): Promise<void> {
    const own = this.#created ? await this.#handle.stat({ bigint: true }).catch(() => undefined) : undefined;
    await this.close();
    if (own === undefined) return;
    const now = await stat(this.#facts.realPath, { bigint: true }).catch(() => undefined);
    if (now?.dev === own.dev && now.ino === own.ino) await unlink(this.#facts.realPath).catch(() => undefined);
  }

  /**
   * CRASH: transfers know nothing but the descriptor's number. Closed under them, the number may become another file's, and
   * they would go on there.
   */
  #transfer<T>(start: () => Promise<T>): Promise<T> {
    return this.#once(() => withRetries(start, () => this.#closing !== undefined));
  }

  #once<T>(start: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(cancelled());
    const transfer = start();
    this.#transfers.add(transfer);
    const ended = (): boolean => this.#transfers.delete(transfer);
    transfer.then(ended, ended);
    return transfer;
  }

  /** The place of the first block that fails by itself; that of the transfer where none does in the time there is. */
  async #firstBad(code: TransferCode, position: number, length: number): Promise<number> {
    const block = alignedBuffer(blockBytes).fill(0);
    const deadline = performance.now() + searchMilliseconds;
    for (let at = position; at < position + length && performance.now() < deadline; at += blockBytes) {
      const piece = block.subarray(0, Math.min(blockBytes, position + length - at));
      try {
        await this.#once(() => (code === 'target-write-failed' ? this.#queue.write(this.fd, piece, at) : this.#queue.read(this.fd, piece, at)));
      } catch (thrown) {
        return isMediumError(thrown) ? at : position;
      }
    }
    return position;
  }

  async #inspectSame(): Promise<TargetFacts> {
    const now = await inspectTarget(this.#facts.path);
    const same = this.#facts.kind === 'block-device' ? now.identity === this.#facts.identity : await this.#isStill(now);
    if (same) return now;
    throw new ImprintError('target-changed', `The card at ${this.path} is not the one that was checked: start again with this card.`, { field: 'target' });
  }

  /** Whether the path still leads to the file that is open, and that to the one that was checked. */
  async #isStill(now: TargetFacts): Promise<boolean> {
    if (now.kind !== 'file' || (!this.#created && now.identity !== this.#facts.identity)) return false;
    const [own, there] = await Promise.all([this.#handle.stat({ bigint: true }), stat(now.realPath, { bigint: true }).catch(() => undefined)]);
    return there?.dev === own.dev && there.ino === own.ino;
  }

  async #forgetCache(): Promise<void> {
    if (this.#facts.kind === 'block-device') {
      // BLKFLSBUF needs privileges that a technician does not have; O_DIRECT alone reads the medium too.
      await flushBuffers(this.fd).catch(() => undefined);
    }
    dropCache(this.fd, 0, 0);
  }
}

/** An input/output error is tried again: a reader that was reset, or a card that was busy with itself, answers the next time. */
const retryPauses = [100, 500];

async function withRetries<T>(start: () => Promise<T>, givenUp: () => boolean): Promise<T> {
  for (const pause of retryPauses) {
    try {
      return await start();
    } catch (thrown) {
      const transient = thrown instanceof Error && 'code' in thrown && thrown.code === 'EIO';
      if (!transient || givenUp()) throw thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return start();
}

/** 0 where the medium is out. */
function sizeNow(fd: number): number {
  try {
    return deviceSize(fd);
  } catch {
    return 0;
  }
}

/** SECURITY: opening a pipe would wait for ever, opening a terminal or a tape may act. */
function assertCardLike(facts: TargetFacts): void {
  if (facts.kind === 'file' && facts.identity === notAFile) {
    throw new ImprintError('target-not-a-card', `${facts.path} is neither a block device nor a file.`, { field: 'target', expected: 'a card' });
  }
}

/** The file beneath a loop device (`/dev/loop0`). */
async function backingFile(device: string): Promise<string | undefined> {
  const text = await readFile(join(systemRoots.sys, 'class/block', basename(device), 'loop/backing_file'), 'utf8').catch(() => undefined);
  return text?.trim();
}

async function openDirect(path: string, flags: number, shownPath: string, code: 'target-write-failed' | 'target-read-failed'): Promise<{ handle: FileHandle; direct: boolean }> {
  try {
    return { handle: await open(path, flags | O_DIRECT, 0o600), direct: true };
  } catch (thrown) {
    const noDirectIo = thrown instanceof Error && 'code' in thrown && thrown.code === 'EINVAL';
    if (!noDirectIo) throw openError(thrown, shownPath, code);
  }
  try {
    // open(2) with O_CREAT can leave the file behind when the filesystem refuses O_DIRECT after creating it.
    const retry = (flags & O_CREAT) === 0 ? flags : flags & ~O_EXCL;
    return { handle: await open(path, retry, 0o600), direct: false };
  } catch (thrown) {
    throw openError(thrown, shownPath, code);
  }
}
