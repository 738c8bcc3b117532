/** One bit for each block or cluster of a filesystem, the lowest bit of a byte first, as ext keeps its bitmaps. */
export class UsedBits {
  readonly bytes: Buffer;
  readonly count: number;

  constructor(count: number) {
    this.count = count;
    this.bytes = Buffer.alloc(Math.ceil(count / 8));
  }

  /** @param end behind the last one */
  mark(start: number, end: number): void {
    for (let index = start; index < end; ) {
      const byte = index >>> 3;
      if (index % 8 === 0 && end - index >= 8) {
        const whole = (end - index) >>> 3;
        this.bytes.fill(0xff, byte, byte + whole);
        index += whole * 8;
        continue;
      }
      this.bytes[byte] = (this.bytes[byte] ?? 0) | (1 << (index & 7));
      index += 1;
    }
  }

  /** The stretches of unused ones between `start` and `end`, as `[start, end)`. */
  *unused(start = 0, end = this.count): Generator<readonly [number, number]> {
    let since: number | undefined;
    for (let index = start; index < end; ) {
      const byte = this.bytes[index >>> 3] ?? 0;
      const whole = index % 8 === 0 && end - index >= 8 && (byte === 0 || byte === 0xff);
      const used = whole ? byte === 0xff : (byte & (1 << (index & 7))) !== 0;
      if (!used) since ??= index;
      else if (since !== undefined) {
        yield [since, index];
        since = undefined;
      }
      index += whole ? 8 : 1;
    }
    if (since !== undefined) yield [since, end];
  }

  countUnused(start: number, end: number): number {
    let count = 0;
    for (const [from, to] of this.unused(start, end)) count += to - from;
    return count;
  }
}
