import { asImprintError, cancelled, ImprintError } from '../domain/errors';
import type { ProgressListener } from '../domain/job';
import { ProgressMeter } from '../domain/progress';
import { alignedBuffer, transferBuffers } from '../../native/index';
import { CardEraser, unmappedRanges } from './card-eraser';
import { probeCapacity } from './card-probe';
import { applyOverlay, applySecret, blockBytes, chunkBytes, headBytes, roundUp, secretBlocks, type CardPlan, type Extent } from './card-plan';
import type { CardTarget } from './card-target';
import type { GoldenImage } from './golden-image';
import { givenUpAfter, patience, settledWithin } from './patience';

/** Transfers in flight for one card: enough to keep a card reader busy while the next piece is on its way. */
export const depth = 4;

/** Bytes of locked memory that a writer needs: the expected and the read form of one block. */
export const lockedBytesNeeded = 2 * blockBytes;

export interface CardWriterSettings {
  readonly plan: CardPlan;
  /** Shared with the other cards that are made from it. */
  readonly golden: GoldenImage;
  readonly target: CardTarget;
  /** `lockedBytesNeeded` bytes, aligned to `blockBytes`: the only buffer that ever holds the secret's bytes. */
  readonly locked: Buffer;
  /** The secret's bytes, in locked memory. */
  readonly secret: Buffer;
  readonly signal: AbortSignal;
}

/** A piece of the image in this card's form: the number by which the golden image knows it, and its place in whole sectors. */
interface Piece {
  readonly index: number;
  readonly offset: number;
  readonly length: number;
  /** Without what fills up its last sector. */
  readonly imageLength: number;
}

/**
 * Writes one card and reads it back. Order: head zeroed, rest erased, body, secret blocks; later, when all of that was read
 * back and compared, the head. So a card boots only when everything behind its partition table is right.
 *
 * The body is written in a circle that begins where the other cards are, so that all share what is read of the image.
 */
export class CardWriter {
  readonly #settings: CardWriterSettings;
  /** The image, filled up with zeros to whole sectors of the card. */
  readonly #cardBytes: number;
  readonly #headBytes: number;
  readonly #secretBlocks: readonly Extent[];
  /** The body: every piece but the head. */
  readonly #body: readonly Piece[];
  /** Blocks of the overlay that the image's map leaves out. */
  readonly #unmappedOverlay: readonly { readonly offset: number; readonly bytes: Buffer }[];
  /** Rejects some time after a cancellation, for whoever would wait for a card that does not answer. */
  readonly #givenUp: Promise<never>;
  #untouchedBytes = 0;
  /** What went wrong in the background. */
  #failure: unknown;

  /** @throws RangeError where the plan has not exactly the secret's length */
  constructor(settings: CardWriterSettings) {
    const { plan, golden, target, secret } = settings;
    if (plan.secret.reduce((sum, { length }) => sum + length, 0) !== secret.length) {
      throw new RangeError('The places for the secret have another length than the secret.');
    }
    this.#settings = settings;
    this.#cardBytes = roundUp(plan.imageBytes, target.alignment);
    this.#headBytes = Math.min(headBytes, this.#cardBytes);
    this.#secretBlocks = secretBlocks(plan, this.#cardBytes);
    this.#body = golden.index.pieces
      .map(({ offset, length }, index) => ({ index, offset, length: roundUp(offset + length, target.alignment) - offset, imageLength: length }))
      .filter(({ offset }) => offset >= this.#headBytes);
    this.#unmappedOverlay = overlayOutside(plan, golden.index.pieces, target.alignment);
    target.rememberSecret(this.#secretBlocks);
    this.#givenUp = givenUpAfter(settings.signal);
  }

  /** Bytes of the image and the overlay that are written to this card and read back from it. */
  get bytes(): number {
    const body = this.#body.reduce((sum, { imageLength }) => sum + imageLength, 0);
    return this.#headImageBytes + body + this.#unmappedOverlay.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Bytes behind the image that the card keeps from an earlier use. */
  get untouchedBytes(): number {
    return this.#untouchedBytes;
  }

  get #headImageBytes(): number {
    return Math.min(this.#headBytes, this.#settings.plan.imageBytes);
  }

  /**
   * Writes everything but the head.
   *
   * @returns bytes written
   * @throws ImprintError target-write-failed, target-not-a-card (it is the image itself), image-unreadable, image-changed
   *   (not what was hashed at its import), cancelled
   */
  async writeBody(onProgress: ProgressListener): Promise<number> {
    const { plan, golden, target, signal } = this.#settings;
    await target.assertNot(golden.path);
    await this.#write(alignedBuffer(this.#headBytes).fill(0), 0);
    // On the medium before anything else is: an old partition table must not lead into half a new image.
    await this.#unlessGivenUp(target.settle());
    await this.#unlessGivenUp(probeCapacity(target, plan.imageBytes, signal));
    const rest = unmappedRanges(golden.index.pieces, plan.imageBytes, target.alignment);
    const erased = rest.reduce((sum, { length }) => sum + length, 0);
    const meter = new ProgressMeter('write', this.bytes + erased, onProgress, () => performance.now());
    const eraser = new CardEraser(target, rest, plan, meter.add.bind(meter));
    const unmaps = await this.#unlessGivenUp(eraser.begin(signal));
    if (!unmaps) this.#untouchedBytes = await this.#unlessGivenUp(eraser.finish(signal));
    // Not written yet, but an image that changed there is found out before anything else is.
    await golden.take(0);
    golden.release(0);
    meter.add(this.#headImageBytes);
    const erasing = async (stop: AbortSignal): Promise<void> => {
      this.#untouchedBytes = await eraser.finish(stop);
    };
    await this.#beside(unmaps ? erasing : undefined, () =>
      this.#forEachPiece(async (piece, own) => {
        await this.#withBytes(piece, own, (bytes) => this.#write(bytes, piece.offset));
        meter.add(piece.imageLength);
      }),
    );
    // Behind the erasure, which takes in what the image's map leaves out.
    for (const { offset, bytes } of this.#unmappedOverlay) {
      await this.#write(bytes, offset);
      meter.add(bytes.length);
    }
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
    return this.bytes;
  }

  /**
   * Reads the body back and compares it: pieces as they are in the image by their digests, the others byte for byte with
   * image and overlay. Then writes the head and compares it too.
   *
   * @returns bytes read back
   * @throws ImprintError verify-content-differs with the first byte that differs, target-*, image-*, cancelled
   */
  async verifyAndFinish(onProgress: ProgressListener): Promise<number> {
    const { golden, target } = this.#settings;
    const meter = new ProgressMeter('verify', this.bytes, onProgress, () => performance.now());
    const scratches = transferBuffers(depth, chunkBytes);
    await this.#forEachPiece(async (piece, own, turn) => {
      await this.#verifyPiece(piece, own, (scratches[turn] ?? alignedBuffer(chunkBytes)).subarray(0, piece.length));
      meter.add(piece.imageLength);
    });
    for (const { offset, bytes } of this.#unmappedOverlay) {
      await this.#compare(bytes, offset, alignedBuffer(bytes.length));
      meter.add(bytes.length);
    }
    await this.#compareSecretBlocks(this.#headBytes, this.#cardBytes);
    this.#refuseCancelled();
    await target.assertSame();
    const head = await this.#head(golden);
    const scratch = alignedBuffer(chunkBytes);
    // CRASH: the very first block, which makes the card boot, goes last and alone: a card that is pulled before has none.
    const first = Math.min(blockBytes, head.length);
    if (head.length > first) await this.#finishHead(head.subarray(first), first, scratch);
    await this.#finishHead(head.subarray(0, first), 0, scratch);
    meter.add(this.#headImageBytes);
    await target.trim();
    target.rereadPartitionTable();
    return this.bytes;
  }

  /** Writes a part of the head with the secret's blocks in it, and reads it back. */
  async #finishHead(part: Buffer, position: number, scratch: Buffer): Promise<void> {
    const end = position + part.length;
    await this.#write(part, position);
    for (const block of this.#secretBlocks) {
      if (block.offset >= position && block.offset < end) await this.#writeSecretBlock(block);
    }
    await this.#settings.target.settle();
    await this.#compare(part, position, scratch);
    await this.#compareSecretBlocks(position, end);
  }

  async #head(golden: GoldenImage): Promise<Buffer> {
    const head = alignedBuffer(this.#headBytes).fill(0);
    (await golden.take(0)).copy(head);
    golden.release(0);
    applyOverlay(this.#settings.plan, head, 0);
    return head;
  }

  async #verifyPiece(piece: Piece, own: () => Buffer, scratch: Buffer): Promise<void> {
    const { golden, target } = this.#settings;
    if (this.#isAsInImage(piece)) {
      let found: Buffer;
      try {
        found = await target.digest(scratch, piece.offset);
      } catch (thrown) {
        throw await target.explain(thrown, 'target-read-failed', piece.offset, piece.length);
      }
      if (found.equals(golden.digestOf(piece.index))) return;
      // Which byte, and whether it is the card or the image that changed: the piece itself tells, or throws image-changed.
    }
    await this.#withBytes(piece, own, async (bytes) => {
      await this.#compare(bytes, piece.offset, scratch);
      if (this.#isAsInImage(piece)) throw this.#differs(piece.offset);
    });
  }

  /** Whether neither overlay nor padding make this card's piece another than the image's. */
  #isAsInImage({ index, offset, length }: Piece): boolean {
    const { plan, golden } = this.#settings;
    return golden.index.pieces[index]?.length === length && !plan.overlay.some((run) => run.offset < offset + length && run.offset + run.bytes.length > offset);
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
      throw await target.explain(thrown, 'target-read-failed', position, expected.length);
    }
    if (difference >= 0) throw this.#differs(position + difference);
  }

  #differs(position: number): ImprintError {
    return new ImprintError('verify-content-differs', `The card at ${this.#settings.target.path} gave back something else than was written, first at byte ${String(position)}: throw this card away.`, { field: 'target' });
  }

  async #write(piece: Buffer, position: number): Promise<void> {
    const { target } = this.#settings;
    try {
      await target.write(piece, position);
    } catch (thrown) {
      throw await target.explain(thrown, 'target-write-failed', position, piece.length);
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
    const { plan, golden, secret } = this.#settings;
    const piece = into.subarray(0, block.length);
    await golden.read(piece.subarray(0, Math.min(piece.length, plan.imageBytes - block.offset)), block.offset);
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

  /**
   * SECURITY: not for transfers of the locked memory: whoever gives one up gives the memory back, and what is under way would
   * go on with another key's bytes in it.
   */
  #unlessGivenUp<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#givenUp]);
  }

  /** Does `work` while `background` runs, and ends when both have ended; the one that fails stops the other. */
  async #beside(background: ((stop: AbortSignal) => Promise<void>) | undefined, work: () => Promise<void>): Promise<void> {
    if (background === undefined) {
      await work();
      return;
    }
    const { signal } = this.#settings;
    const stop = new AbortController();
    const running = background(AbortSignal.any([signal, stop.signal]));
    running.catch((thrown: unknown) => {
      this.#failure ??= thrown;
    });
    try {
      await work();
      await this.#unlessGivenUp(running);
    } finally {
      stop.abort();
      await settledWithin(signal.aborted ? patience : undefined, [running]);
    }
  }

  #refuseCancelled(): void {
    if (this.#settings.signal.aborted) throw cancelled();
    if (this.#failure !== undefined) throw asImprintError(this.#failure);
  }

  /** A piece as it must lie on this card, the secret apart; `own` is a buffer for those that differ from the image. */
  async #withBytes(piece: Piece, own: () => Buffer, use: (bytes: Buffer) => Promise<void>): Promise<void> {
    const { plan, golden } = this.#settings;
    const shared = await golden.take(piece.index);
    try {
      if (this.#isAsInImage(piece)) {
        await use(shared);
        return;
      }
      const bytes = own().subarray(0, piece.length).fill(0);
      shared.copy(bytes);
      applyOverlay(plan, bytes, piece.offset);
      await use(bytes);
    } finally {
      golden.release(piece.index);
    }
  }

  /** Goes once round the body, from where the other cards are; up to `depth` pieces are in flight. */
  async #forEachPiece(use: (piece: Piece, own: () => Buffer, turn: number) => Promise<void>): Promise<void> {
    const { golden } = this.#settings;
    const body = this.#body;
    const first = Math.max(0, body.findIndex(({ index }) => index >= golden.newest));
    const buffers: (Buffer | undefined)[] = new Array<undefined>(depth).fill(undefined);
    const inFlight: Promise<void>[] = buffers.map(() => Promise.resolve());
    try {
      for (let count = 0; count < body.length; count += 1) {
        const turn = count % depth;
        await this.#unlessGivenUp(inFlight[turn] ?? Promise.resolve());
        this.#refuseCancelled();
        const piece = body[(first + count) % body.length];
        if (piece === undefined) throw new RangeError('no such piece');
        const work = use(piece, () => (buffers[turn] ??= alignedBuffer(chunkBytes)), turn);
        // An error is thrown when its turn comes round; until then it must not count as unhandled.
        work.catch(() => undefined);
        inFlight[turn] = work;
      }
      await this.#unlessGivenUp(Promise.all(inFlight));
    } finally {
      // A card that does not answer must not keep a cancelled job alive; what is in flight keeps its own memory.
      await settledWithin(this.#settings.signal.aborted ? patience : undefined, inFlight);
    }
  }
}

/** The overlay's blocks that no piece of the image covers, aligned for transfers. */
function overlayOutside({ overlay }: CardPlan, pieces: readonly Extent[], alignment: number): { offset: number; bytes: Buffer }[] {
  const outside: { offset: number; bytes: Buffer }[] = [];
  for (const { offset, bytes } of overlay) {
    let at = offset;
    const end = offset + bytes.length;
    const add = (until: number): void => {
      if (until <= at) return;
      const run = alignedBuffer(roundUp(until - at, alignment)).fill(0);
      bytes.copy(run, 0, at - offset, until - offset);
      outside.push({ offset: at, bytes: run });
    };
    for (const piece of pieces) {
      if (piece.offset + piece.length <= at) continue;
      if (piece.offset >= end) break;
      add(Math.min(piece.offset, end));
      at = piece.offset + piece.length;
    }
    add(end);
  }
  return outside;
}
