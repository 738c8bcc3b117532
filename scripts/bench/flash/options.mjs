/** As many as a result needs before it is kept. */
const LEAST_RUNS = 5;
const LEAST_RUNS_OF_A_PART = 3;
const USAGE = `Options:
  --runs N       counted runs of each contender, ${LEAST_RUNS} unless said; fewer are not kept
  --cases A,B    only these cases (npm run bench -- flash --cases list); a part is not kept
  --keep         keep this part all the same, with at least ${LEAST_RUNS_OF_A_PART} runs, beside what is kept of other cases
  --quick        images of 256 MiB and one run: shows that everything works, not kept
`;

/**
 * @param {string[]} args
 * @param {string[]} known names of the cases
 * @returns {{part: boolean, runs: number, imageMiB: number, cases: string[], keep: boolean} | undefined} undefined, with words on stderr, when an
 *   argument is wrong or only the list was asked for
 */
export function parseOptions(args, known) {
  let runs;
  let cases = known;
  let quick = false;
  let keepPart = false;
  const refuse = (sentence) => void process.stderr.write(`${sentence}\n${USAGE}Cases: ${known.join(', ')}\n`);
  for (let rest = [...args]; rest.length > 0; ) {
    const option = rest.shift();
    if (option === '--quick') quick = true;
    else if (option === '--keep') keepPart = true;
    else if (option === '--runs') {
      const value = rest.shift() ?? '';
      if (!/^[1-9]\d{0,3}$/.test(value)) return refuse('--runs takes a number from 1 on.');
      runs = Number(value);
    } else if (option === '--cases') {
      cases = (rest.shift() ?? '').split(',');
      const unknown = cases.filter((name) => !known.includes(name));
      if (unknown.length > 0) return refuse(`There is no case "${unknown.join(', ')}".`);
    } else return refuse(`There is no option "${option}".`);
  }
  runs ??= quick ? 1 : LEAST_RUNS;
  return { part: cases !== known, runs, imageMiB: quick ? 256 : 2048, cases, keep: !quick && ((runs >= LEAST_RUNS && cases === known) || (keepPart && runs >= LEAST_RUNS_OF_A_PART)) };
}
