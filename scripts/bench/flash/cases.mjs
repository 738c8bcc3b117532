/**
 * What is measured. `image`: which one (small: the mapped one in 768 MiB, where cards are many or slow); `ours`: which erasures; `compressed`: as .zst; `on`: where the cards' files lie; `used`: full of old bytes before each turn; `rivals`: who else does it; `rates`: bytes
 * per second of each card, several sets of them in one case are
 * measured in turns; `mostRuns`: counted ones, where a turn takes minutes; `whole`, `cpu`, `writeOnly`, `memory`: rows besides write + verify.
 * bmaptool writes through the page cache, so each of its cards takes the memory twice.
 */
const base = { image: 'mapped', compressed: false, on: 'tmpfs', ours: ['imprint'], rivals: ['etcher', 'dd'] };
const bothErasures = ['imprint', 'imprint-discard'];
const withBmaptool = ['etcher', 'dd', 'bmaptool', 'bmaptool-bmap'];
// etcher-sdk cannot read zstd.
const zst = { ...base, compressed: true, rivals: ['dd', 'bmaptool', 'bmaptool-bmap'] };

const card = 90e6;
const slowCard = 20e6;

export const cases = [
  { ...base, name: 'raw-1', cards: 1, ours: bothErasures, rivals: withBmaptool, whole: true },
  { ...base, name: 'used-1', used: true, cards: 1, ours: bothErasures, rivals: ['etcher', 'dd'] },
  { ...base, name: 'raw-4', cards: 4, ours: bothErasures, rivals: withBmaptool, whole: true, cpu: true },
  { ...base, name: 'raw-8', mostRuns: 3, cards: 8 },
  { ...base, name: 'full-1', image: 'full', cards: 1, rivals: [...withBmaptool.slice(0, 3)], whole: true, writeOnly: true },
  { ...base, name: 'full-4', image: 'full', cards: 4, writeOnly: true },
  { ...base, name: 'full-8', mostRuns: 3, image: 'full', cards: 8 },
  { ...zst, name: 'zst-1', cards: 1, whole: true },
  { ...zst, name: 'zst-4', mostRuns: 3, cards: 4, whole: true },
  { ...zst, name: 'zst-8', mostRuns: 3, cards: 8, rivals: ['dd'], whole: true },
  { ...base, name: 'disk-1', ours: bothErasures, on: 'disk', cards: 1, rivals: withBmaptool },
  { ...base, name: 'disk-full-1', on: 'disk', image: 'full', cards: 1, writeOnly: true },
  {
    ...base, name: 'slow', image: 'small', cards: 8, ours: bothErasures, rivals: ['etcher'], mostRuns: 3,
    rates: [
      { name: '1 card of 90 MB/s', of: [card] },
      { name: '8 cards of 90 MB/s', of: Array(8).fill(card), cpu: true },
      { name: '7 cards of 90 MB/s and 1 of 20 MB/s', of: [...Array(7).fill(card), slowCard] },
    ],
  },
  { ...base, name: 'memory', image: 'small', cards: 16, rivals: ['etcher'], mostRuns: 3, memory: true },
];
