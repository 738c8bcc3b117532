import { createHash } from 'node:crypto';
import type { Clock } from '../../domain/ports';
import { untilCancelled } from '../http/patience';

/** One device of the server's list, as the index needs it. */
export interface IndexedDevice {
  readonly id: string;
  /** Canonical identities of the device and of its auth sets. */
  readonly identities: readonly string[];
}

/** Whoever can read the server's list: a connection. */
export interface ListReader {
  indexedDevices(signal: AbortSignal): AsyncIterable<readonly IndexedDevice[]>;
}

export interface IndexLimits {
  /** Milliseconds after which the list is read again. */
  readonly longestAge: number;
  /** Up to so many devices the list is read each time: two pages are cheaper than an answer that is out of date. */
  readonly smallList: number;
}

export const usualIndexLimits: IndexLimits = { longestAge: 5 * 60_000, smallList: 1000 };

interface Reading {
  readonly done: Promise<void>;
  readonly reader: ListReader;
  readonly stop: AbortController;
  waiters: number;
}

/**
 * Which device of a server has which identity, for servers whose list is too long to read for every card.
 *
 * Memory: one entry of about 100 bytes for each identity of a device (a number of 52 bits and the device's id), 10 MB for
 * 100,000 devices; the old entries are dropped before the list is read again. Two identities fall on one number about once
 * in a million lists of that length; the older one is then not found here. Whoever asks reads the device before it
 * believes an answer, and the server has the last word when an identity is preauthorized.
 */
export class IdentityIndex {
  readonly #clock: Clock;
  readonly #limits: IndexLimits;
  #ids = new Map<number, string>();
  #devices = 0;
  /** When the reading that filled this began; undefined where there was none. */
  #readAt: number | undefined;
  #reading: Reading | undefined;

  constructor(clock: Clock, limits: IndexLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * The id of the device that has this identity in the list, as it was some minutes ago at most.
   *
   * @throws whatever reading the list throws; ImprintError cancelled
   */
  async find(canonical: string, reader: ListReader, signal: AbortSignal): Promise<string | undefined> {
    if (!this.#isFresh()) await this.#refresh(reader, signal);
    return this.#ids.get(keyOf(canonical));
  }

  /** What this station did itself is known at once. */
  add(canonical: string, id: string): void {
    this.#ids.set(keyOf(canonical), id);
  }

  remove(canonical: string): void {
    this.#ids.delete(keyOf(canonical));
  }

  #isFresh(): boolean {
    if (this.#readAt === undefined || this.#devices <= this.#limits.smallList) return false;
    const age = this.#clock.now().getTime() - this.#readAt;
    // Below zero the clock was set back, and nobody knows how old it is.
    return age >= 0 && age < this.#limits.longestAge;
  }

  /** Reads the list once for all cards that wait for it. */
  async #refresh(reader: ListReader, signal: AbortSignal): Promise<void> {
    for (;;) {
      const reading = (this.#reading ??= this.#start(reader));
      reading.waiters += 1;
      try {
        await untilCancelled(reading.done, signal);
        return;
      } catch (thrown) {
        // Another card's connection may have been closed while it read for all: that is no failure of this one.
        if (signal.aborted || reading.reader === reader) throw thrown;
      } finally {
        reading.waiters -= 1;
        if (reading.waiters === 0) this.#abandon(reading);
      }
    }
  }

  #abandon(reading: Reading): void {
    if (this.#reading === reading) this.#reading = undefined;
    reading.stop.abort();
  }

  #start(reader: ListReader): Reading {
    const stop = new AbortController();
    const startedAt = this.#clock.now().getTime();
    this.#readAt = undefined;
    this.#ids = new Map();
    const done = this.#fill(reader, startedAt, stop.signal);
    // Whoever waits is told; where nobody waits any more, nobody needs to know.
    done.catch(() => undefined);
    return { done, reader, stop, waiters: 0 };
  }

  async #fill(reader: ListReader, startedAt: number, signal: AbortSignal): Promise<void> {
    try {
      const ids = new Map<number, string>();
      let devices = 0;
      for await (const page of reader.indexedDevices(signal)) {
        devices += page.length;
        for (const { id, identities } of page) {
          for (const identity of identities) ids.set(keyOf(identity), id);
        }
      }
      if (signal.aborted) return;
      // What was enrolled while the list was read may be missing from the pages that had been read by then.
      for (const [key, id] of this.#ids) ids.set(key, id);
      this.#ids = ids;
      this.#devices = devices;
      this.#readAt = startedAt;
    } finally {
      if (!signal.aborted) this.#reading = undefined;
    }
  }
}

/** 52 bits of the SHA-256: a number that JavaScript holds exactly. */
function keyOf(canonical: string): number {
  const digest = createHash('sha256').update(canonical).digest();
  return digest.readUIntBE(0, 6) * 16 + (digest.readUInt8(6) >> 4);
}
