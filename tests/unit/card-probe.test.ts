import { describe, expect, it } from 'vitest';
import { asImprintError } from '../../main/domain/errors';
import { probeCapacity, type ProbedCard } from '../../main/flash/card-probe';

const mebibyte = 1024 * 1024;

/** A card that says `bytes` and keeps `real`: what lies behind is lost, or written over what lies before. */
function card(bytes: number, place: (position: number) => number | undefined): ProbedCard & { readonly written: Map<number, Buffer> } {
  const written = new Map<number, Buffer>();
  return {
    path: '/dev/sdz',
    bytes,
    isDevice: true,
    written,
    write(buffer, position) {
      const at = place(position);
      if (at !== undefined) written.set(at, Buffer.from(buffer));
      return Promise.resolve(buffer.length);
    },
    compare(expected, _scratch, position) {
      const at = place(position);
      const kept = at === undefined ? undefined : written.get(at);
      return Promise.resolve(kept?.equals(expected) === true ? -1 : 0);
    },
    settle: () => Promise.resolve(),
    explain: (thrown) => Promise.resolve(asImprintError(thrown)),
  };
}

const outcome = (probed: ProbedCard, imageBytes = 4 * mebibyte, signal = new AbortController().signal): Promise<string> =>
  probeCapacity(probed, imageBytes, signal).then(
    () => 'genuine',
    (thrown: unknown) => asImprintError(thrown).code,
  );

describe('the probe of the capacity', () => {
  it.each([2, 4, 8, 16])('finds a card of one %ith whose addresses wrap round', async (part) => {
    const bytes = 1024 * mebibyte;
    expect(await outcome(card(bytes, (position) => position % (bytes / part)))).toBe('target-counterfeit');
  });

  it('finds a card that forgets what lies behind its real end', async () => {
    expect(await outcome(card(1024 * mebibyte, (position) => (position < 100 * mebibyte ? position : undefined)))).toBe('target-counterfeit');
  });

  it('passes a genuine card, and zeroes what it wrote behind the image', async () => {
    const genuine = card(1024 * mebibyte + 512, (position) => position);
    expect(await outcome(genuine)).toBe('genuine');
    for (const [position, block] of genuine.written) if (position >= 4 * mebibyte) expect(block.every((byte) => byte === 0)).toBe(true);
    expect([...genuine.written.keys()].every((position) => position % 4096 === 0)).toBe(true);
    expect(Math.max(...genuine.written.keys())).toBe(1024 * mebibyte - 4096);
  });

  it('leaves files alone, and stops when it is cancelled', async () => {
    const file = { ...card(8 * mebibyte, (position) => position), isDevice: false };
    expect(await outcome(file)).toBe('genuine');
    expect(file.written.size).toBe(0);
    const controller = new AbortController();
    controller.abort();
    expect(await outcome(card(8 * mebibyte, (position) => position), mebibyte, controller.signal)).toBe('cancelled');
  });
});
