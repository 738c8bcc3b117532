interface Span {
  offset: number;
  length: number;
}

/** First-fit bookkeeping of a range of bytes. The spans are sorted, never empty, and never touch one another. */
export class FreeList {
  readonly #granule: number;
  readonly #spans: Span[];

  /**
   * @param capacity bytes, a multiple of `granule`
   * @param granule every offset and length is a multiple of it
   */
  constructor(capacity: number, granule: number) {
    this.#granule = granule;
    this.#spans = [{ offset: 0, length: capacity }];
  }

  /** The free spans in the order of their offsets. */
  get spans(): readonly Readonly<Span>[] {
    return this.#spans;
  }

  /** The offset of a piece taken out of the first span that holds it, or undefined if none does. */
  take(length: number, alignment: number): number | undefined {
    const step = Math.max(alignment, this.#granule);
    for (const [index, span] of this.#spans.entries()) {
      const offset = Math.ceil(span.offset / step) * step;
      const after = span.offset + span.length - (offset + length);
      if (after < 0) {
        continue;
      }
      const rest: Span[] = [];
      if (offset > span.offset) {
        rest.push({ offset: span.offset, length: offset - span.offset });
      }
      if (after > 0) {
        rest.push({ offset: offset + length, length: after });
      }
      this.#spans.splice(index, 1, ...rest);
      return offset;
    }
    return undefined;
  }

  /** Takes a piece back and joins it with its free neighbours. */
  give(offset: number, length: number): void {
    const found = this.#spans.findIndex((span) => span.offset > offset);
    const index = found === -1 ? this.#spans.length : found;
    const joined = { offset, length };
    const before = this.#spans[index - 1];
    const after = this.#spans[index];
    let from = index;
    let replaced = 0;
    if (before !== undefined && before.offset + before.length === offset) {
      joined.offset = before.offset;
      joined.length += before.length;
      from -= 1;
      replaced += 1;
    }
    if (after !== undefined && offset + length === after.offset) {
      joined.length += after.length;
      replaced += 1;
    }
    this.#spans.splice(from, replaced, joined);
  }
}
