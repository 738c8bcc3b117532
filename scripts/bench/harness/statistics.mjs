/** @typedef {{median: number, least: number, most: number, count: number}} Summary */

/**
 * @param {number[]} values at least one
 * @returns {Summary}
 */
export function summarise(values) {
  if (values.length === 0) throw new RangeError('nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = Number.isInteger(middle) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[Math.floor(middle)];
  return { median, least: sorted[0], most: sorted.at(-1), count: sorted.length };
}

/** Three significant digits: more would be noise. */
export const rounded = (value) => Number(value.toPrecision(3));
