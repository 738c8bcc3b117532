import { describe, expect, it } from 'vitest';
import { bmapCandidates } from '../../main/image/block-map/bmap-file';
import { complement, normaliseRanges } from '../../main/image/block-map/ranges';
import { UsedBits } from '../../main/image/block-map/used-bits';

const kibibyte = 1024;

describe('ranges of a block map', () => {
  it('grow to whole blocks, and stop at the end of the image', () => {
    expect(normaliseRanges([{ offset: 5000, length: 10 }], 100_000)).toEqual([{ offset: 4096, length: 4096 }]);
    expect(normaliseRanges([{ offset: 98_500, length: 10 }], 99_000)).toEqual([{ offset: 98_304, length: 99_000 - 98_304 }]);
    expect(normaliseRanges([{ offset: 99_500, length: 10 }, { offset: 10, length: 0 }], 98_304)).toEqual([]);
  });

  it('are sorted and merged, and a gap below 64 KiB is closed', () => {
    const far = { offset: 1024 * kibibyte, length: 4 * kibibyte };
    expect(normaliseRanges([far, { offset: 0, length: 8 * kibibyte }, { offset: 4 * kibibyte, length: 2 * kibibyte }], 2048 * kibibyte)).toEqual([{ offset: 0, length: 8 * kibibyte }, far]);
    expect(normaliseRanges([{ offset: 0, length: 4 * kibibyte }, { offset: 64 * kibibyte, length: 1 }], 2048 * kibibyte)).toEqual([{ offset: 0, length: 68 * kibibyte }]);
    expect(normaliseRanges([{ offset: 0, length: 4 * kibibyte }, { offset: 68 * kibibyte, length: 1 }], 2048 * kibibyte)).toHaveLength(2);
  });

  it('are what is left without the unused extents', () => {
    expect(complement([], 100)).toEqual([{ offset: 0, length: 100 }]);
    expect(complement([{ offset: 50, length: 20 }, { offset: 10, length: 5 }, { offset: 60, length: 5 }], 100)).toEqual([
      { offset: 0, length: 10 },
      { offset: 15, length: 35 },
      { offset: 70, length: 30 },
    ]);
    expect(complement([{ offset: 0, length: 100 }], 100)).toEqual([]);
    expect(complement([{ offset: 90, length: 100 }], 100)).toEqual([{ offset: 0, length: 90 }]);
  });
});

describe('a bitmap of what is used', () => {
  it('gives the same stretches as one bit after the other', () => {
    let state = 7;
    const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 200; round += 1) {
      const count = 1 + random(300);
      const bits = new UsedBits(count);
      const plain = Array.from({ length: count }, () => false);
      for (let marks = random(5); marks > 0; marks -= 1) {
        const start = random(count);
        const end = start + random(count - start + 1);
        bits.mark(start, end);
        plain.fill(true, start, end);
      }
      const [from, to] = [0, random(count) + 1].toSorted((one, other) => one - other) as [number, number];
      const seen = plain.map(() => true);
      for (const [start, end] of bits.unused(from, to)) {
        expect(end).toBeGreaterThan(start);
        seen.fill(false, start, end);
      }
      expect(seen.slice(from, to)).toEqual(plain.slice(from, to));
      expect(bits.countUnused(from, to)).toBe(plain.slice(from, to).filter((used) => !used).length);
    }
  });
});

it('looks for a .bmap file under the names that build systems use', () => {
  expect(bmapCandidates('/images/a.sdimg')).toEqual(['/images/a.sdimg.bmap']);
  expect(bmapCandidates('/images/a.sdimg.xz')).toEqual(['/images/a.sdimg.xz.bmap', '/images/a.sdimg.bmap']);
  expect(bmapCandidates('/images.gz/a.img')).toEqual(['/images.gz/a.img.bmap']);
});
