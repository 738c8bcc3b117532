import type { KeyType } from '../domain/keys';

/** How long keys wait for a card that may not come. */
export const idleMilliseconds = 5 * 60_000;

interface Parts<Key> {
  /** Makes one; undefined where it is not wanted any more by then, and nothing of it is left. @throws where none can be made or held */
  readonly make: (type: KeyType, wanted: () => boolean) => Promise<Key | undefined>;
  /** Erases one. */
  readonly release: (key: Key) => void;
  /** Keys were erased: the crypto library may have forms of its own. */
  readonly erased: () => void;
  readonly idle?: number | undefined;
}

/**
 * Key pairs that belong to nobody yet, made while cards are written, so that RSA costs nobody a second at the bench.
 *
 * SECURITY: as many as were asked for at most, of one type, in the same locked memory as the others. A key that nobody took is
 * erased after some idle minutes, when another type is wanted, and at the end of the process. Nothing outside this process
 * hears of a key before a job took it: no log, no record, not even its public half.
 */
export class KeysAhead<Key> {
  readonly #parts: Parts<Key>;
  #keys: Key[] = [];
  #type: KeyType | undefined;
  #most = 0;
  /** Whoever is making keys goes on for as long as this is its own. */
  #turn: object | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: Parts<Key>) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#keys.length;
  }

  /** From now on at most so many of this type; what is more, or of another type, is erased now. */
  want(type: KeyType, most: number): void {
    if (type !== this.#type) this.erase();
    this.#type = type;
    this.#most = most;
    const over = this.#keys.splice(most);
    if (over.length === 0) return;
    over.forEach(this.#parts.release);
    this.#parts.erased();
  }

  /** Makes what is missing, one after the other and beside everything else. */
  fill(): void {
    this.touch();
    if (this.#turn !== undefined || this.#type === undefined) return;
    const turn = {};
    this.#turn = turn;
    void this.#fill(this.#type, turn)
      // No room in locked memory, or no key: the job that needs one makes it then, and says what is wrong.
      .catch(() => undefined)
      .finally(() => {
        if (this.#turn === turn) this.#turn = undefined;
      });
  }

  /** Somebody is at work. */
  touch(): void {
    clearTimeout(this.#timer);
    if (this.#most === 0) return;
    this.#timer = setTimeout(() => {
      this.erase();
    }, this.#parts.idle ?? idleMilliseconds);
    // A process that has nothing else to do ends, and erases them at that.
    this.#timer.unref();
  }

  /** One key of this type, which is the caller's from now on. */
  take(type: KeyType): Key | undefined {
    return type === this.#type ? this.#keys.shift() : undefined;
  }

  /** Erases all, also the one that is being made. They are made again at the next `fill`. */
  erase(): void {
    clearTimeout(this.#timer);
    this.#turn = undefined;
    const keys = this.#keys.splice(0);
    keys.forEach(this.#parts.release);
    if (keys.length > 0) this.#parts.erased();
  }

  async #fill(type: KeyType, turn: object): Promise<void> {
    const wanted = (): boolean => this.#turn === turn && this.#keys.length < this.#most;
    while (wanted()) {
      const key = await this.#parts.make(type, wanted);
      if (key === undefined) return;
      this.#keys.push(key);
    }
  }
}
