import { summarise } from '../harness/statistics.mjs';

const goalMiB = 400;

/**
 * @param {object} each a case @param {Map<string, object[]>} values what the turns measured, by the contender's name
 * @param {string[]} ours names of Imprint's contenders
 * @returns {import('../harness/report.mjs').Comparison[]}
 */
export function comparisonsOf(each, values, ours) {
  return ours.flatMap((imprint) => (each.rates === undefined ? unthrottled(each, values, imprint) : throttled(each, values, imprint)));
}

const isOurs = (name) => name.startsWith('Imprint');
/** Nothing but `zero`, the station's own choice for a card that it does not know, goes without saying. */
const erasing = (imprint) => /\(.*\)/.exec(imprint)?.[0].replace(/^/, ' ') ?? '';

function unthrottled(each, values, imprint) {
  const label = `${each.title}, ${cardsIn(each.cards)}${erasing(imprint)}`;
  const ours = values.get(imprint);
  const rows = [];
  for (const [rival, theirs] of values) {
    if (isOurs(rival)) continue;
    const add = (what, unit, mine, other, name = rival) => rows.push(row(`${label}: ${what}`, name, unit, ours.map(mine), theirs.map(other)));
    add('write + verify', 's', work, work);
    if (rival.startsWith('bmaptool')) add('write + verify', 's', work, write, rival.replace(' + cmp', ', nothing read back'));
    if (each.writeOnly && rival.startsWith('dd')) add('write', 's', write, write, rival.replace(' + cmp', ''));
    if (each.whole) add('whole process, image never seen before', 's', whole, whole);
    if (each.cpu && theirs[0].cpu !== undefined) add('processor time', 's', cpu, cpu);
    if (each.memory && theirs[0].peak !== undefined) add('peak memory', 'MiB', peak, peak);
  }
  if (each.memory) rows.push(row(`${label}: peak memory`, `the goal of ${goalMiB} MiB`, 'MiB', ours.map(peak), [goalMiB]));
  return rows;
}

/** Every set of rates beside the rival's, and Imprint's beside Imprint's own with one card. */
function throttled(each, values, imprint) {
  const rows = [];
  const [one, even, uneven] = each.rates;
  const of = (who, rates) => values.get(`${who}, ${rates.name}`);
  const rivals = [...new Set([...values.keys()].map((name) => name.split(', ')[0]))].filter((name) => !isOurs(name));
  for (const rates of each.rates) {
    const label = `${each.title}, ${rates.name}${erasing(imprint)}`;
    for (const rival of rivals) {
      rows.push(row(`${label}: write + verify of all`, rival, 's', of(imprint, rates).map(work), of(rival, rates).map(work)));
      if (rates === uneven) rows.push(row(`${label}: until the fast ones are done`, rival, 's', of(imprint, rates).map(fastOnes), of(rival, rates).map(fastOnes)));
      if (rates.cpu) rows.push(row(`${label}: processors in use`, rival, 'cores', of(imprint, rates).map(cores), of(rival, rates).map(cores)));
    }
  }
  rows.push(row(`${each.title}, ${even.name}${erasing(imprint)}: write + verify of all`, `${imprint}, ${one.name}`, 's', of(imprint, even).map(work), of(imprint, one).map(work)));
  rows.push(row(`${each.title}, ${uneven.name}${erasing(imprint)}: until the fast ones are done`, `${imprint}, ${even.name}`, 's', of(imprint, uneven).map(fastOnes), of(imprint, even).map(fastOnes)));
  return rows;
}

const work = (measured) => measured.work;
const write = (measured) => measured.write;
const whole = (measured) => measured.whole;
const cpu = (measured) => measured.cpu;
const peak = (measured) => measured.peak;
const cores = (measured) => measured.cpu / measured.work;
/** The slow card is the last one. */
const fastOnes = ({ cards }) => Math.max(...cards.slice(0, 7));

const row = (name, rival, unit, ours, theirs) => ({ case: name, rival, unit, better: 'less', ours: summarise(ours), theirs: summarise(theirs) });
const cardsIn = (count) => (count === 1 ? '1 card' : `${count} cards`);
