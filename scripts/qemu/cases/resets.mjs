import { slow } from '../bench.mjs';
import { faultsOfFinishedCard, faultsOfRefusal, headOf } from '../findings.mjs';

/** The application's own reset (main/flash/reader-reset.ts) while a card is written, and of a drive that the kernel gave up. */
export async function resets(bench, report) {
  for (const [phase, part] of [['erase', 0.5], ['write', 0.5], ['verify', 0.5]]) await whileWritten(bench, report, phase, part);
  await givenUp(bench, report);
}

/** A reader that is reset in the middle of the work: the card goes on, or ends in a clear state. */
async function whileWritten(bench, report, phase, part) {
  const path = bench.cards.make();
  const plugged = await bench.cards.plug(path);
  await bench.cards.speed(slow);
  const job = bench.start({ path: plugged.drive.path });
  await job.reaches(phase, part);
  const reset = await resetOf(bench, plugged);
  const { answer, seconds } = await bench.ending(job, 120);
  const faults = [...reset.faults, ...(answer.ok ? await faultsOfFinishedCard(path, bench.golden, answer.value.spki) : faultsOfRefusal(answer, seconds, 30, ['target-*']))];
  const head = headOf(path);
  if (!answer.ok) {
    report.note(answer.error.sentence);
    if (head !== 'zero') faults.push(`the head is ${head}`);
  }
  await plugged.pull();
  const second = await bench.secondTry(path);
  report.add({ group: 'reader reset', name: `while a card is written (${reset.seconds.toFixed(1)} s)`, phase, outcome: answer.ok ? 'done' : answer.error.code, head, seconds, second: second.length === 0 ? 'good' : second.join('; '), faults: [...faults, ...second, ...(await bench.custodyFaults())] });
  bench.cards.remove(path);
  await bench.cards.speed();
}

/** What the kernel does with a drive that did not answer: it takes no command any more, until the reader is found anew. */
async function givenUp(bench, report) {
  const path = bench.cards.make();
  const plugged = await bench.cards.plug(path);
  await bench.cards.speed(slow);
  const job = bench.start({ path: plugged.drive.path });
  await job.reaches('write', 0.5);
  await bench.shell(['sh', '-c', `echo offline > /sys/block/${plugged.drive.path.slice('/dev/'.length)}/device/state`]);
  const { answer, seconds } = await bench.ending(job, 60);
  const faults = faultsOfRefusal(answer, seconds, 30, ['target-*']);
  if (!answer.ok) report.note(answer.error.sentence);
  const head = headOf(path);
  if (head !== 'zero') faults.push(`the head is ${head}`);
  const reset = await resetOf(bench, plugged);
  faults.push(...reset.faults);
  if (reset.value?.driverRestarted === false) faults.push('the driver was not restarted');
  await bench.cards.speed();
  // The same card, which nobody took out.
  const second = reset.value === undefined ? ['no drive'] : (await bench.makeCard({ path, drive: reset.value })).faults;
  report.add({ group: 'reader reset', name: `of a drive that the kernel gave up (${reset.seconds.toFixed(1)} s)`, phase: 'write', outcome: answer.ok ? 'done' : answer.error.code, head, seconds, second: second.length === 0 ? 'good' : second.join('; '), faults: [...faults, ...second, ...(await bench.custodyFaults())] });
  await plugged.pull();
  bench.cards.remove(path);
}

/** @returns {Promise<{value?: {path: string, driverRestarted: boolean}, seconds: number, faults: string[]}>} */
async function resetOf(bench, plugged) {
  const { ok, value, error, seconds } = await bench.guest.start('reset', { port: plugged.drive.portPath }).answer;
  return ok ? { value, seconds, faults: [] } : { seconds, faults: [`no reset: ${error.code}: ${error.sentence} ${error.cause}`] };
}
