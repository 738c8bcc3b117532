import { setTimeout as sleep } from 'node:timers/promises';
import { slow } from '../bench.mjs';
import { faultsOfFinishedCard, faultsOfRefusal, headOf } from '../findings.mjs';
import { readAt } from '../golden.mjs';
import { seededRandom } from '../random.mjs';

/** How many of the moments lie in which phase. */
const phases = { open: 3, erase: 4, write: 4, verify: 4, head: 3, key: 2 };

/** How long after its beginning a card is pulled in a phase that is not measured in bytes. */
const mostMilliseconds = { open: 800, head: 2000, key: 400 };
const partOf = (phase, random) => (phase in mostMilliseconds ? 0 : random());

/** The head is one MiB, written and read: it is slowed down further, so that a pull can hit it; and the key's read-back with it. */
const slowHead = 1024 * 1024;

/** @returns moments in a random order: a part of the phase's bytes, and milliseconds after that */
export function pullMoments(seed) {
  const random = seededRandom(seed);
  const moments = Object.entries(phases).flatMap(([phase, count]) =>
    Array.from({ length: count }, () => ({
      phase,
      part: partOf(phase, random),
      milliseconds: Math.round(random() * (mostMilliseconds[phase] ?? 90)),
    })),
  );
  return moments.map((moment) => [random(), moment]).sort(([one], [other]) => one - other).map(([, moment]) => moment);
}

/** A card is pulled out of the bus at each moment; then it is put in again. */
export async function pulls(bench, report, { seed, only }) {
  for (const [index, moment] of pullMoments(seed).entries()) {
    if (only.length > 0 && !only.includes(index + 1)) continue;
    await pull(bench, report, index + 1, moment);
  }
}

async function pull(bench, report, number, { phase, part, milliseconds }) {
  const path = bench.cards.make();
  const plugged = await bench.cards.plug(path);
  await bench.cards.speed(slow);
  const job = bench.start({ path: plugged.drive.path });
  if (phase === 'head' || phase === 'key') {
    await job.reaches('verify', 0.85);
    await bench.cards.speed(slowHead);
    await Promise.race([phase === 'head' ? firstSectorWritten(path) : job.reaches('key', 0), job.end()]);
  } else {
    await job.reaches(phase, part);
  }
  await sleep(milliseconds);
  const last = job.seen.at(-1);
  const ending = bench.ending(job, 40);
  ending.catch(() => undefined);
  await plugged.pull();
  const faults = [];
  let outcome;
  let seconds;
  try {
    const ended = await ending;
    ({ seconds } = ended);
    outcome = ended.answer.ok ? 'done' : ended.answer.error.code;
    if (ended.answer.ok) {
      // The last phase can be over before the card is out; then it is a good card.
      faults.push(...(await faultsOfFinishedCard(path, bench.golden, ended.answer.value.spki)));
    } else {
      faults.push(...faultsOfRefusal(ended.answer, seconds, 10, ['target-*']));
      faults.push(...(await faultsOfPulledHead(bench, path, phase, job.spki())));
      report.note(ended.answer.error.sentence);
    }
    faults.push(...(await bench.custodyFaults()));
  } catch (error) {
    outcome ??= 'no end';
    faults.push(error.message);
  }
  const head = headOf(path);
  let second;
  try {
    second = await bench.secondTry(path);
  } catch (error) {
    second = [error.message];
  }
  const at = `${(part * 100).toFixed(0)} % + ${milliseconds} ms`;
  report.add({ group: 'pull', name: `${number}: ${at}`, phase: `${phase} (${last?.phase ?? '?'} ${last === undefined ? '' : `${Math.round(last.doneBytes / 1048576)}/${Math.round(last.totalBytes / 1048576)} MiB`})`, outcome, head, seconds, second: second.length === 0 ? 'good' : second.join('; '), faults: [...faults, ...second] });
  if (second.length === 0) bench.cards.remove(path);
}

/** The engine says nothing between the last block of the body and the whole head: the card itself does. */
async function firstSectorWritten(path) {
  for (let tries = 0; tries < 6000 && readAt(path, 510, 2).readUInt16BE() !== 0x55aa; tries += 1) await sleep(10);
}

/**
 * A card that was pulled before the engine first wrote to it is still the old one; every other must not boot. The exception
 * is the moment between the write of the head and the end of its check: nobody can take a partition table back from a card
 * that is out of its reader. Then it must be a whole card.
 */
async function faultsOfPulledHead(bench, path, phase, spki) {
  const head = headOf(path);
  if (head === 'zero') return [];
  if (phase === 'open') {
    const body = readAt(path, 1024 * 1024, 100 * 1024 * 1024);
    return body.every((byte) => byte === 0xa5) ? [] : [`the head is ${head}, and the card is not the old one`];
  }
  if (phase !== 'head' && phase !== 'key') return [`the head is ${head}, and the job was not done`];
  const faults = await faultsOfFinishedCard(path, bench.golden, spki);
  return faults.map((fault) => `the card boots and is not whole: ${fault}`);
}
