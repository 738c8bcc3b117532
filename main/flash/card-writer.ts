import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { cancelled, ImprintError } from '../domain/errors';
import type { ProgressListener } from '../domain/job';
import { ProgressMeter } from '../domain/progress';
import { alignedBuffer, readAt } from '../../native/index';
import { applyOverlay, applySecret, blockBytes, chunkBytes, headBytes, roundUp, secretBlocks, type CardPlan, type Extent } from './card-plan';
import type { CardTarget } from './card-target';
import { transferError } from './io-errors';

/** Transfers in flight for one card: enough to keep a card reader busy while the next piece is read and hashed. */
const depth = 4;

/** Bytes of locked memory that a writer needs: the expected and the read form of one block. */
export const lockedBytesNeeded = 2 * blockBytes;

export interface CardWriterSettings {
  readonly plan: CardPlan;
  readonly target: CardTarget;
  /** `lockedBytesNeeded` bytes, aligned to `blockBytes`: the only buffer that ever holds the secret's bytes. */
  readonly locked: Buffer;
  /** The secret's bytes, in locked memory. */
  readonly secret: Buffer;
  readonly signal: AbortSignal;
}

/**
 * Writes one card and reads it back. Order: head zeroed, body, secret blocks; later, when all of that was read back and
 * compared, the head. So a card boots only when everything behind its partition table is right.
 */
export class CardWriter {
  readonly #settings: CardWriterSettings;
  /** The image, filled up with zeros to whole sectors of the card. */
  readonly #cardBytes: number;
  readonly #headBytes: number;
  readonly #secretBlocks: readonly Extent[];

  /** @throws RangeError where the plan has not exactly the secret's length */
  constructor(settings: CardWriterSettings) {
    const { plan, target, secret } = settings;
    if (plan.secret.reduce((sum, { length }) => sum + length, 0) !== secret.length) {
      throw new RangeError('The places for the secret have another length than the secret.');
    }
    this.#settings = settings;
    this.#cardBytes = roundUp(plan.imageBytes, target.alignment);
    this.#headBytes = Math.min(headBytes, this.#cardBytes);
    this.#secretBlocks = secretBlocks(plan, this.#cardBytes);
    target.rememberSecret(this.#secretBlocks);
  }

  /**
   * Writes everything but the head.
   *
   * @returns bytes written
   * @throws ImprintError target-write-failed, target-not-a-card (it is the image itself), image-unreadable, image-changed
   *   (not what was hashed at its import), cancelled
   */
  async writeBody(onProgress: ProgressListener): Promise<number> {
    const { plan, target } = this.#settings;
    await readingImage(() => target.assertNot(plan.imagePath));
    await this.#write(alignedBuffer(this.#headBytes), 0);
    // On the medium before anything else is: an old partition table must not lead into half a new image.
    await target.settle();
    const meter = new ProgressMeter('write', plan.imageBytes, onProgress, () => performance.now());
    const hash = createHash('sha256');
    await this.#forEachChunk(hash.update.bind(hash), async (piece, position) => {
      if (position >= this.#headBytes) await this.#write(piece, position);
      meter.add(this.#imageBytesOf(piece, position));
    });
    if (hash.digest('hex') !== plan.imageSha256) throw imageChanged();
    this.#refuseCancelled();
    try {
      for (const block of this.#secretBlocks) {
        if (block.offset >= this.#headBytes) await this.#writeSecretBlock(block);
      }
      await target.settle();
    } catch (thrown) {
      // SECURITY: a card that is given up must not keep the key.
      await target.spoil().catch(() => undefined);
      throw thrown;
    }
    return plan.imageBytes;
  }

  /**
   * Reads the body back and compares it with the image, the overlay and the secret; then writes the head and compares it
   * too. The image is hashed again on the way, because head and comparison are only worth what it is worth.
   *
   * @returns bytes read back
   * @throws ImprintError verify-content-differs with the first byte that differs, target-*, image-*, cancelled
   */
  async verifyAndFinish(onProgress: ProgressListener): Promise<number> {
    const { plan, target } = this.#settings;
    const meter = new ProgressMeter('verify', plan.imageBytes, onProgress, () => performance.now());
    const head = alignedBuffer(this.#headBytes);
    const scratch = alignedBuffer(chunkBytes * depth);
    const hash = createHash('sha256');
    try {
      await this.#forEachChunk(hash.update.bind(hash), async (piece, position, turn) => {
        if (position < this.#headBytes) {
          piece.copy(head, position);
          return;
        }
        await this.#compare(piece, position, scratch.subarray(turn * chunkBytes, (turn + 1) * chunkBytes));
        meter.add(this.#imageBytesOf(piece, position));
      });
      await this.#compareSecretBlocks(this.#headBytes, this.#cardBytes);
    } catch (thrown) {
      if (thrown instanceof ImprintError && thrown.code === 'verify-content-differs' && !(await this.#isImageUnchanged())) throw imageChanged();
      throw thrown;
    }
    if (hash.digest('hex') !== plan.imageSha256) throw imageChanged();
    this.#refuseCancelled();
    await target.assertSame();
    await this.#write(head, 0);
    for (const block of this.#secretBlocks) {
      if (block.offset < this.#headBytes) await this.#writeSecretBlock(block);
    }
    await target.settle();
    await this.#compare(head, 0, scratch);
    await this.#compareSecretBlocks(0, this.#headBytes);
    meter.add(this.#imageBytesOf(head, 0));
    await target.trim();
    target.rereadPartitionTable();
    return plan.imageBytes;
  }

  /** Compares a piece of the card with what it must hold, but for the secret's blocks. */
  async #compare(piece: Buffer, position: number, scratch: Buffer): Promise<void> {
    for (const run of this.#runsWithoutSecret(position, piece.length)) {
      const expected = piece.subarray(run.offset - position, run.offset - position + run.length);
      await this.#expect(expected, scratch.subarray(0, run.length), run.offset);
    }
  }

  async #compareSecretBlocks(from: number, until: number): Promise<void> {
    const { locked } = this.#settings;
    const expected = locked.subarray(0, blockBytes);
    const read = locked.subarray(blockBytes, 2 * blockBytes);
    for (const block of this.#secretBlocks) {
      if (block.offset < from || block.offset >= until) continue;
      try {
        await this.#composeSecretBlock(block, expected);
        await this.#expect(expected.subarray(0, block.length), read.subarray(0, block.length), block.offset);
      } finally {
        expected.fill(0);
        read.fill(0);
      }
    }
  }

  async #expect(expected: Buffer, scratch: Buffer, position: number): Promise<void> {
    const { target } = this.#settings;
    let difference: number;
    try {
      difference = await target.compare(expected, scratch, position);
    } catch (thrown) {
      throw transferError(thrown, 'target-read-failed', target.path, position);
    }
    if (difference >= 0) {
      throw new ImprintError('verify-content-differs', `The card at ${target.path} gave back something else than was written, first at byte ${String(position + difference)}: throw this card away.`, { field: 'target' });
    }
  }

  async #write(piece: Buffer, position: number): Promise<void> {
    const { target } = this.#settings;
    try {
      await target.write(piece, position);
    } catch (thrown) {
      throw transferError(thrown, 'target-write-failed', target.path, position);
    }
  }

  async #writeSecretBlock(block: Extent): Promise<void> {
    const whole = this.#settings.locked.subarray(0, blockBytes);
    try {
      await this.#composeSecretBlock(block, whole);
      await this.#write(whole.subarray(0, block.length), block.offset);
    } finally {
      whole.fill(0);
    }
  }

  /** A block that holds a piece of the secret, as it must lie on the card. SECURITY: `into` is locked memory. */
  async #composeSecretBlock(block: Extent, into: Buffer): Promise<void> {
    const { plan, secret } = this.#settings;
    const piece = into.subarray(0, block.length);
    const image = await openImage(plan.imagePath);
    try {
      await readGolden(image, piece.subarray(0, this.#imageBytesOf(piece, block.offset)), block.offset);
    } finally {
      await image.close();
    }
    applyOverlay(plan, piece, block.offset);
    applySecret(plan, secret, piece, block.offset);
  }

  /** The parts of a run of the card that hold nothing of the secret. */
  #runsWithoutSecret(position: number, length: number): Extent[] {
    const runs: Extent[] = [];
    let at = position;
    const end = position + length;
    for (const block of this.#secretBlocks) {
      if (block.offset + block.length <= at || block.offset >= end) continue;
      if (block.offset > at) runs.push({ offset: at, length: block.offset - at });
      at = block.offset + block.length;
    }
    if (at < end) runs.push({ offset: at, length: end - at });
    return runs;
  }

  /** How much of a piece is the image's; the rest fills up the last sector. */
  #imageBytesOf(piece: Buffer, position: number): number {
    return Math.min(piece.length, this.#settings.plan.imageBytes - position);
  }

  #refuseCancelled(): void {
    if (this.#settings.signal.aborted) throw cancelled();
  }

  /** Tells, after a difference, whose fault it is. */
  async #isImageUnchanged(): Promise<boolean> {
    const hash = createHash('sha256');
    await this.#forEachChunk(hash.update.bind(hash), () => Promise.resolve());
    return hash.digest('hex') === this.#settings.plan.imageSha256;
  }

  /**
   * Reads the image piece by piece, lays the overlay over each and hands it on; up to `depth` pieces are in flight.
   *
   * @param golden sees each piece before the overlay, in order
   * @param use gets the finished piece in whole sectors, its place, and which of the `depth` turns it has
   */
  async #forEachChunk(golden: (piece: Buffer) => void, use: (piece: Buffer, position: number, turn: number) => Promise<void>): Promise<void> {
    const { plan } = this.#settings;
    const image = await openImage(plan.imagePath);
    const buffers = Array.from({ length: depth }, () => alignedBuffer(chunkBytes));
    const inFlight: Promise<void>[] = buffers.map(() => Promise.resolve());
    try {
      for (let position = 0, turn = 0; position < this.#cardBytes; position += chunkBytes, turn = (turn + 1) % depth) {
        await inFlight[turn];
        this.#refuseCancelled();
        const buffer = buffers[turn];
        if (buffer === undefined) throw new RangeError('no such turn');
        const piece = buffer.subarray(0, Math.min(chunkBytes, this.#cardBytes - position));
        const ofImage = piece.subarray(0, this.#imageBytesOf(piece, position));
        await readGolden(image, ofImage, position);
        piece.fill(0, ofImage.length);
        golden(ofImage);
        applyOverlay(plan, piece, position);
        const work = use(piece, position, turn);
        // An error is thrown when its turn comes round; until then it must not count as unhandled.
        work.catch(() => undefined);
        inFlight[turn] = work;
      }
      await Promise.all(inFlight);
    } finally {
      await Promise.allSettled(inFlight);
      await image.close();
    }
  }
}

function openImage(path: string): Promise<FileHandle> {
  return readingImage(() => open(path, 'r'));
}

/** Fills the piece from the golden image. @throws ImprintError image-changed where it is shorter, image-unreadable */
async function readGolden(image: FileHandle, piece: Buffer, position: number): Promise<void> {
  if ((await readingImage(() => readAt(image.fd, piece, position))) === piece.length) return;
  throw new ImprintError('image-changed', 'The golden image became shorter while it was read: check the image file.', { field: 'image.path' });
}

async function readingImage<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (thrown) {
    if (thrown instanceof ImprintError) throw thrown;
    throw new ImprintError('image-unreadable', 'The golden image cannot be read: check the disk of this computer.', { field: 'image.path', cause: thrown });
  }
}

function imageChanged(): ImprintError {
  return new ImprintError('image-changed', 'The golden image changed after it was checked: the card was not finished; check the image file.', { field: 'image.sha256' });
}
