/**
 * Which steps a station is killed at. `npm test` takes those where a card, a key or the server changes hands; the whole list is
 * `npm run test:long`, because each one costs five processes.
 */
export const everyStep = process.env['IMPRINT_EVERY_STEP'] === '1';

/** The points of `npm test`, or all of them. */
export function pointsOfRun<Point extends readonly [string, ...unknown[]]>(points: readonly Point[], usual: readonly string[]): readonly Point[] {
  const chosen = points.filter(([name]) => everyStep || usual.includes(name));
  if (!everyStep && chosen.length !== usual.length) throw new Error(`A usual point is in no list: ${usual.join(', ')}`);
  return chosen;
}
