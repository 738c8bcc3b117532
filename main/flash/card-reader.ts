import type { ImprintError } from '../domain/errors';
import { alignedBuffer } from '../../native/index';
import { blockBytes } from './card-plan';
import type { CardTarget } from './card-target';

/**
 * Reads pieces of any place and length from a card that wants aligned transfers, one after another.
 *
 * SECURITY: a block beside a key may hold the key, so every transfer goes through a buffer that is zeroed at once; with
 * `locked` given it is locked memory as well.
 */
export class CardReader {
  readonly bytes: number;
  readonly #target: CardTarget;
  readonly #bounce: Buffer;
  #last: Promise<void> = Promise.resolve();
  #failure: ImprintError | undefined;

  /** @param locked aligned to 4096 bytes and a multiple of that long */
  constructor(target: CardTarget, locked: Buffer = alignedBuffer(16 * blockBytes)) {
    this.#target = target;
    this.bytes = target.bytes;
    this.#bounce = locked;
  }

  /** The first read that failed, for a caller whose library does not hand such errors on. */
  get failure(): ImprintError | undefined {
    return this.#failure;
  }

  /** Fills `length` bytes of `buffer` from `bufferOffset` with what lies at `position`. @throws ImprintError target-read-failed */
  read(buffer: Buffer, bufferOffset: number, length: number, position: number): Promise<void> {
    // There is one bounce buffer: a second call at the same time waits for its turn.
    const turn = this.#last.then(() => this.#read(buffer, bufferOffset, length, position));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #read(buffer: Buffer, bufferOffset: number, length: number, position: number): Promise<void> {
    let done = 0;
    while (done < length) {
      const at = position + done;
      const start = at - (at % blockBytes);
      const wanted = Math.min(this.#bounce.length, Math.ceil((at + length - done - start) / blockBytes) * blockBytes);
      const piece = this.#bounce.subarray(0, wanted);
      try {
        // Whole blocks also at the end of the card, where less comes back.
        const available = await this.#target.read(piece, start);
        const count = Math.min(length - done, available - (at - start));
        if (count <= 0) throw new RangeError('beyond the end of the card');
        piece.copy(buffer, bufferOffset + done, at - start, at - start + count);
        done += count;
      } catch (thrown) {
        const failure = await this.#target.explain(thrown, 'target-read-failed', at, blockBytes);
        this.#failure ??= failure;
        throw failure;
      } finally {
        piece.fill(0);
      }
    }
  }
}
