/** As many as a result needs before it is kept. */
const LEAST_RUNS = 5;

/**
 * The options that every bench knows.
 * @param {string[]} args
 * @returns {{runs: number, keep: boolean} | undefined} `runs`: counted ones of each contender, besides the warm-up; `keep`: enough of them
 *   for docs/bench; undefined, with a sentence on stderr, when an argument is wrong
 */
export function parseOptions(args) {
  let runs = LEAST_RUNS;
  const rest = [...args];
  while (rest.length > 0) {
    const option = rest.shift();
    const value = option === '--runs' ? rest.shift() : undefined;
    if (!/^[1-9]\d{0,3}$/.test(value ?? '')) {
      const wrong = option === '--runs' ? '--runs takes a number from 1 on' : `There is no option "${option}"`;
      process.stderr.write(`${wrong}. Only --runs N is known: counted runs of each contender, ${LEAST_RUNS} unless said.\n`);
      return undefined;
    }
    runs = Number(value);
  }
  return { runs, keep: runs >= LEAST_RUNS };
}
