import { existsSync, readFileSync } from 'node:fs';
import { writeFileAtomic } from '../../support/files.mjs';
import { inRoot } from '../../support/paths.mjs';
import { rounded } from './statistics.mjs';

/**
 * One comparison. `better: 'less'` for times, `'more'` for rates.
 * @typedef {{case: string, rival: string, unit: string, better: 'less' | 'more', ours: import('./statistics.mjs').Summary,
 *   theirs: import('./statistics.mjs').Summary}} Comparison
 */

const sameMachine = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** Above 1 Imprint is better, whatever the unit. @param {Comparison} comparison */
const ratioOf = ({ better, ours, theirs }) => (better === 'less' ? theirs.median / ours.median : ours.median / theirs.median);

const plain = (value) => rounded(value).toLocaleString('en', { maximumFractionDigits: 6, useGrouping: false });
const range = ({ least, most }) => `${plain(least)} to ${plain(most)}`;

/** @param {Comparison[]} comparisons @returns {string} a Markdown table; numbers are medians unless the column says otherwise */
export function tableOf(comparisons) {
  const header = ['case', 'rival', 'unit', 'ours', 'min to max', 'runs', 'theirs', 'min to max', 'runs', 'ratio'];
  const rows = comparisons.map((each) => [
    each.case, each.rival, each.unit,
    plain(each.ours.median), range(each.ours), String(each.ours.count),
    plain(each.theirs.median), range(each.theirs), String(each.theirs.count),
    plain(ratioOf(each)),
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => (column < 3 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column < 3 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

/**
 * Keeps a bench's result as docs/bench/<name>.json: `{machine, date, rows: [{case, rival, unit, ours, theirs, ratio}]}`.
 * @param {string} name
 * @param {object} machine
 * @param {Comparison[]} comparisons
 * @param {boolean} part keeps the rows of other cases that were measured on the same machine
 * @returns {string} the file's path from the root
 */
export function keepResult(name, machine, comparisons, part = false) {
  const rows = comparisons.map((each) => ({
    case: each.case,
    rival: each.rival,
    unit: each.unit,
    ours: rounded(each.ours.median),
    theirs: rounded(each.theirs.median),
    ratio: rounded(ratioOf(each)),
  }));
  const path = inRoot('docs', 'bench', `${name}.json`);
  const before = part && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  const measured = new Set(rows.map((row) => row.case));
  const others = sameMachine(before?.machine, machine) ? before.rows.filter((row) => !measured.has(row.case)) : [];
  const result = { machine, date: new Date().toISOString(), rows: [...others, ...rows] };
  writeFileAtomic(path, `${JSON.stringify(result, null, 2)}\n`);
  return `docs/bench/${name}.json`;
}
