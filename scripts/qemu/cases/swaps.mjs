import { slow } from '../bench.mjs';
import { faultsOfRefusal, headOf } from '../findings.mjs';
import { digestOf } from './read-only-cards.mjs';

/** A card that is taken out after its check, and another one of the same size and serial number in its place. */
export async function swaps(bench, report) {
  await swapBeforeOpening(bench, report);
  await swapInTheWrite(bench, report);
}

async function swapBeforeOpening(bench, report) {
  await bench.cards.speed();
  const [first, other] = [bench.cards.make(), bench.cards.make(0x5a)];
  const before = digestOf(other);
  const plugged = await bench.cards.plug(first, { serial: 'SAME' });
  const facts = await bench.guest.ask('inspect', { path: plugged.drive.path });
  await plugged.pull();
  const swapped = await bench.cards.plug(other, { serial: 'SAME' });
  const sameName = swapped.drive.path === plugged.drive.path;
  const { answer, seconds } = await bench.ending(bench.start({ facts }), 30);
  const faults = faultsOfRefusal(answer, seconds, 10, sameName ? ['target-changed'] : ['target-changed', 'target-not-found']);
  if (!answer.ok) report.note(answer.error.sentence);
  await swapped.pull();
  if (digestOf(other) !== before) faults.push('the other card was touched');
  const second = await bench.secondTry(other);
  report.add({ group: 'swap', name: `between check and opening${sameName ? ', same name' : ''}`, phase: 'open', outcome: answer.ok ? 'done' : answer.error.code, head: headOf(other), seconds, second: second.length === 0 ? 'good' : second.join('; '), faults: [...faults, ...second, ...(await bench.custodyFaults())] });
  for (const path of [first, other]) bench.cards.remove(path);
}

async function swapInTheWrite(bench, report) {
  const [first, other] = [bench.cards.make(), bench.cards.make(0x5a)];
  const before = digestOf(other);
  const plugged = await bench.cards.plug(first, { serial: 'SAME' });
  await bench.cards.speed(slow);
  const job = bench.start({ path: plugged.drive.path });
  await job.reaches('write', 0.5);
  const ending = bench.ending(job, 40);
  ending.catch(() => undefined);
  await plugged.pull();
  const swapped = await bench.cards.plug(other, { serial: 'SAME' });
  const { answer, seconds } = await ending;
  const faults = faultsOfRefusal(answer, seconds, 10, ['target-*']);
  await swapped.pull();
  if (digestOf(other) !== before) faults.push('the other card was touched');
  if (headOf(first) !== 'zero') faults.push(`the first card's head is ${headOf(first)}`);
  report.add({ group: 'swap', name: 'in the middle of the write', phase: 'write', outcome: answer.ok ? 'done' : answer.error.code, head: headOf(first), seconds, faults: [...faults, ...(await bench.custodyFaults())] });
  for (const path of [first, other]) bench.cards.remove(path);
  await bench.cards.speed();
}
