/**
 * Runs the contenders in turns (A B C A B C …), so that whatever else the machine does meets all of them alike.
 * The first turn warms up and is not counted.
 * @param {{name: string, run: () => Promise<number[]>}[]} contenders `run` prepares, measures, checks the result and throws when it is
 *   wrong; what it returns are the measured values of this turn
 * @param {{runs: number, onTurn?: (turn: number, turns: number) => void}} options
 * @returns {Promise<Map<string, number[]>>} the counted values by the contender's name
 */
export async function interleave(contenders, { runs, onTurn = () => undefined }) {
  const values = new Map(contenders.map(({ name }) => [name, []]));
  for (let turn = 0; turn <= runs; turn += 1) {
    onTurn(turn, runs);
    for (const { name, run } of contenders) {
      const measured = await run();
      if (turn > 0) values.get(name).push(...measured);
    }
  }
  return values;
}
