import { slow } from '../bench.mjs';
import { faultsOfFinishedCard, faultsOfRefusal, headOf } from '../findings.mjs';

/** Three cards at once; one is pulled, one is cancelled. The third must not notice. */
export async function neighbours(bench, report) {
  await bench.cards.speed();
  const cards = [];
  for (const port of [1, 2, 3]) {
    const path = bench.cards.make();
    cards.push(await bench.cards.plug(path, { port }));
  }
  await bench.cards.speed(3 * slow);
  const [pulled, stopped, third] = cards.map(({ drive }) => bench.start({ path: drive.path }));
  await pulled.reaches('write', 0.3);
  const ends = [bench.ending(pulled, 60), bench.ending(stopped, 60), bench.ending(third, 120)];
  for (const each of ends) each.catch(() => undefined);
  await cards[0].pull();
  await stopped.cancel();
  const results = await Promise.all(ends);
  const expectations = [
    ['one of three: pulled', ({ answer, seconds }) => faultsOfRefusal(answer, seconds, 10, ['target-*'])],
    ['one of three: cancelled', ({ answer, seconds }) => faultsOfRefusal(answer, seconds, 4, ['cancelled'])],
    ['one of three: left alone', async ({ answer }) => (answer.ok ? faultsOfFinishedCard(cards[2].path, bench.golden, answer.value.spki) : [answer.error.sentence])],
  ];
  for (const [index, [name, faultsOf]] of expectations.entries()) {
    const { answer, seconds } = results[index];
    const head = headOf(cards[index].path);
    const faults = await faultsOf(results[index]);
    if (!answer.ok && head !== 'zero') faults.push(`the head is ${head}`);
    report.add({ group: 'neighbours', name, phase: 'write', outcome: answer.ok ? 'done' : answer.error.code, head, seconds, faults });
  }
  for (const each of cards.slice(1)) await each.pull();
  for (const { path } of cards) bench.cards.remove(path);
  await bench.cards.speed();
}
